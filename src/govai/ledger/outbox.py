"""The sinks as a person sees them: how far behind each is, what fails, what was laid aside; and how they are set back."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from govai.core.errors import ConfigError
from govai.core.lang import say
from govai.core.names import did_you_mean
from govai.ledger import cursors

if TYPE_CHECKING:
    from collections.abc import Iterable

    from govai.core.database import Connection

START = "start"


@dataclass(frozen=True, slots=True)
class SinkState:
    """How a sink is doing.

    Attributes:
        name: the sink's. behind: how many records it has not taken. behind_s: seconds since the oldest of them was made.
        error: the last failure's type, "" while all is well. failing_since: when it began (RFC 3339).
        tries: how often the next record was refused. dead_letters: how many records were laid aside.
        fed: whether a process feeds it at this moment.
    """

    name: str
    behind: int
    behind_s: float
    error: str
    failing_since: str
    tries: int
    dead_letters: int
    fed: bool


def states(connection: Connection, attached: Iterable[str] = ()) -> list[SinkState]:
    """Return all sinks that were ever fed or are `attached`, by name."""
    known = "SELECT sink FROM cursors UNION SELECT sink FROM dead_letters"
    names = {str(name) for (name,) in connection.execute(known)} | set(attached)
    return [_state(connection, name) for name in sorted(names)]


def _state(connection: Connection, name: str) -> SinkState:
    at, now = cursors.standing(connection, name), connection.now()
    ((behind,),) = connection.execute("SELECT count(*) FROM records WHERE position>?", (at.position,))
    oldest = connection.execute("SELECT time FROM records WHERE position>? ORDER BY position LIMIT 1", (at.position,))
    since = now - datetime.fromisoformat(oldest[0][0]).timestamp() if oldest else 0.0
    dead = cursors.dead_count(connection, name)
    fed = bool(at.holder) and at.until > now
    return SinkState(name, int(behind), max(0.0, since), at.error, at.since, at.tries, dead, fed)


def replay(connection: Connection, name: str, start: str, attached: Iterable[str] = ()) -> None:
    """Have everything from a point on offered to a sink again.

    Args:
        name: the sink's. start: `start`, a record's id, or a time (RFC 3339; UTC unless it says another zone).

    Raises:
        ConfigError: no such sink, record or time.
    """
    _known(connection, name, attached)
    cursors.rewind(connection, name, _position(connection, start) - 1)


def replay_dead(connection: Connection, name: str, attached: Iterable[str] = ()) -> int:
    """Have a sink's dead letters offered again; return how many.

    Raises:
        ConfigError: no such sink.
    """
    _known(connection, name, attached)
    return cursors.offer_again(connection, name)


def _known(connection: Connection, name: str, attached: Iterable[str]) -> None:
    names = [one.name for one in states(connection, attached)]
    if name not in names:
        raise ConfigError(
            say("no sink of this name was ever fed", "aucune destination de ce nom n'a été alimentée"),
            where=name,
            todo=did_you_mean(name, names),
        )


def _position(connection: Connection, start: str) -> int:
    if start == START:
        return 1
    found = connection.execute("SELECT position FROM records WHERE id=?", (start,))
    if not found:
        try:
            moment = datetime.fromisoformat(start)
        except ValueError:
            pass
        else:
            moment = moment.replace(tzinfo=moment.tzinfo or UTC).astimezone(UTC)
            text = moment.isoformat(timespec="microseconds").replace("+00:00", "Z")
            found = connection.execute("SELECT min(position) FROM records WHERE time>=?", (text,))
    if found and found[0][0] is not None:
        return int(found[0][0])
    raise ConfigError(
        say(
            "no record has this id, and none was made since then",
            "aucun enregistrement de cet id, ni depuis cette date",
        ),
        where=start,
        todo=say(
            "a record's id, a time (2026-11-24T09:30:00Z) or start", "un id, une date (2026-11-24T09:30:00Z) ou start"
        ),
    )
