"""`govai ledger sinks`: the state of the outbox as a table, and what sets a sink back. It knows no sink."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from govai.core.errors import ConfigError, LedgerUnavailable
from govai.core.lang import say

if TYPE_CHECKING:
    from govai.ledger.outbox import SinkState

_MINUTE, _HOUR, _DAY = 60, 3600, 86400


def show_sinks(url: str) -> None:
    """Print one line a sink."""
    found = _states(url)
    if not found:
        typer.echo(say("no sink was ever fed from this ledger", "aucune destination n'a été alimentée par ce registre"))
    for one in found:
        typer.echo(f"{one.name}: {_said(one)}")


def again(url: str, name: str | None, start: str | None, *, dead: bool) -> None:
    """Offer records to a sink again: its dead letters, or everything from a point on.

    Raises:
        ConfigError: neither or both are named, no such sink, or no such point.
    """
    from govai.ledger.store import Ledger

    if name is None or dead == (start is not None):
        raise ConfigError(
            say("name a sink and what to offer it again", "nommez une destination et quoi lui reproposer"),
            where="--replay",
            todo="--replay NAME --from ID|TIME|start, --replay NAME --dead",
        )
    _states(url)  # a ledger that is not there is an error, not a new ledger
    ledger = Ledger(url)
    try:
        if start is not None:
            ledger.replay(name, start)
            behind = next(one.behind for one in ledger.sinks() if one.name == name)
            done = say(f"{behind} records will be offered again", f"{behind} enregistrements seront reproposés")
        else:
            count = ledger.replay_dead(name)
            done = say(f"{count} dead letters will be offered again", f"{count} mis de côté seront reproposés")
    finally:
        ledger.close()
    typer.echo(f"{name}: {done}")


def _states(url: str) -> list[SinkState]:
    from govai.ledger.outbox import states
    from govai.storage.opening import open_database

    database = open_database(url)
    try:
        connection = database.connect_reading()
        try:
            return states(connection)
        finally:
            connection.close()
    except database.errors as error:
        kind = type(error).__name__
    raise LedgerUnavailable(
        say(f"the ledger cannot be read ({kind})", f"le registre est illisible ({kind})"),
        where=database.url,
        todo=say(
            "one of an older govai: govai ledger migrate; else govai ledger verify says what is wrong",
            "s'il est d'un govai plus ancien : govai ledger migrate ; sinon govai ledger verify dit ce qui ne va pas",
        ),
    )


def _said(one: SinkState) -> str:
    words = [say("up to date", "à jour")]
    if one.behind:
        ago = _duration(one.behind_s)
        words = [
            say(
                f"{one.behind} records behind, the oldest {ago} old", f"{one.behind} en retard, le plus ancien de {ago}"
            )
        ]
    if one.error:
        words.append(
            say(f"failing since {one.failing_since}: {one.error}", f"en échec depuis {one.failing_since} : {one.error}")
        )
    if one.tries:
        words.append(
            say(f"the next record was refused {one.tries} times", f"le prochain a été refusé {one.tries} fois")
        )
    if one.dead_letters:
        words.append(say(f"{one.dead_letters} dead letters", f"{one.dead_letters} mis de côté"))
    words.append(
        say("fed now", "alimentée en ce moment") if one.fed else say("nobody feeds it now", "personne ne l'alimente")
    )
    return "; ".join(words)


def _duration(seconds: float) -> str:
    for unit, name in ((_DAY, say("d", "j")), (_HOUR, "h"), (_MINUTE, "min")):
        if seconds >= unit:
            return f"{seconds / unit:.0f} {name}"
    return f"{seconds:.0f} s"
