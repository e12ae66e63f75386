"""Legal holds: what must be kept for a claim (GDPR art. 17(3)(e), 18(2)). They stop purges and erasures. No raw value is in one."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import orjson

from govai.core.errors import ConfigError, LedgerUnavailable
from govai.core.lang import say
from govai.core.records import Draft, new_id, now

if TYPE_CHECKING:
    from collections.abc import Sequence

    from govai.core.database import Connection

_REASON = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/-]{0,63}")


@dataclass(frozen=True, slots=True)
class Hold:
    """Something that must stay. What it names counts together: a purpose and a subject hold that subject's data for that purpose.

    Attributes:
        id: of the hold, and of the record that placed it. time: RFC 3339. reason: the id of a file elsewhere.
        purpose, call_id: only those, "" for any. subjects: references and look-up digests of people, () for anyone.
    """

    id: str
    time: str
    reason: str
    purpose: str = ""
    call_id: str = ""
    subjects: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Return the hold as plain JSON data."""
        return {
            "id": self.id,
            "time": self.time,
            "reason": self.reason,
            "purpose": self.purpose,
            "call": self.call_id,
            "subjects": list(self.subjects),
        }


def place(
    connection: Connection, reason: str, purpose: str, call_id: str, subjects: Sequence[str]
) -> tuple[Hold, list[Draft]]:
    """Place a hold in the running transaction; return it and its record.

    Raises:
        ConfigError: it names nothing, its reason is no id, or nobody is known by a reference.
    """
    if not is_file_id(reason):
        raise ConfigError(
            say("a hold's reason is the id of a file", "le motif d'un gel est l'identifiant d'un dossier"),
            where="reason_id",
            todo=say("letters, digits, . _ / -; never a name: LIT-2026-04", "jamais un nom : LIT-2026-04"),
        )
    if not (purpose or call_id or subjects):
        raise ConfigError(
            say("a hold names what is to stay", "un gel nomme ce qui doit rester"),
            todo="purpose=, subject=, call_id=",
        )
    named = _resolved(connection, subjects)
    if subjects and not named:
        raise ConfigError(
            say("nobody is known by this reference", "personne n'est connu sous cette référence"),
            where="subject",
            todo=say("look it up first", "cherchez-la d'abord"),
        )
    hold = Hold(new_id(), now(), reason, purpose, call_id, tuple(sorted({*named, *subjects})))
    connection.insert("legal_holds", [(hold.id, hold.time, orjson.dumps(hold.to_json()))])
    body = {"status": "placed", "reason": reason, "purpose": purpose, "call": call_id, "subjects": sorted(named)}
    return hold, [Draft("hold", "", body, id=hold.id, time=hold.time)]


def is_file_id(text: str) -> bool:
    """Whether a text is the id of a file elsewhere: the only thing that may be written down as a reason."""
    return _REASON.fullmatch(text) is not None


def lift(connection: Connection, hold_id: str) -> list[Draft]:
    """Take a hold away in the running transaction; return its record.

    Raises:
        ConfigError: there is no such hold.
    """
    if all(one.id != hold_id for one in holds(connection)):
        raise ConfigError(
            say("no hold has this id", "aucun gel n'a cet identifiant"), where=hold_id[:40], todo="govai ledger holds"
        )
    connection.execute("DELETE FROM legal_holds WHERE id=?", (hold_id,))
    return [Draft("hold", "", {"status": "released", "hold": hold_id})]


def holds(connection: Connection) -> list[Hold]:
    """Return the holds that stand, oldest first.

    Raises:
        LedgerUnavailable: one is damaged; while nobody knows what must stay, nothing goes.
    """
    rows = connection.execute("SELECT id, scope FROM legal_holds ORDER BY id")
    return [_hold(str(named), scope) for named, scope in rows]


def _hold(named: str, scope: Any) -> Hold:
    try:
        said = orjson.loads(scope)
        subjects = tuple(said["subjects"])
        hold = Hold(said["id"], said["time"], said["reason"], said["purpose"], said["call"], subjects)
        texts = (hold.id, hold.time, hold.reason, hold.purpose, hold.call_id, *subjects)
        if hold.id == named and all(isinstance(one, str) for one in texts) and isinstance(said["subjects"], list):
            return hold
    except (ValueError, TypeError, KeyError):
        pass
    raise LedgerUnavailable(
        say(f"legal hold {named[:40]} is damaged", f"le gel {named[:40]} est endommagé"),
        where="legal_holds",
        todo=say("its record (kind hold) says what it named", "son enregistrement (hold) dit ce qu'il nommait"),
    )


def held(connection: Connection, refs: Sequence[str]) -> list[str]:
    """Return the ids of the holds that keep what is recorded of someone, by any of their references; [] when none does."""
    if not refs:
        return []
    marks = ",".join("?" * len(refs))
    stopping = []
    for hold in holds(connection):
        where, values = condition(connection, hold)
        query = f"SELECT 1 FROM uses w JOIN records r ON r.id=w.record WHERE w.subject IN ({marks}) AND {where} LIMIT 1"  # noqa: S608 -- our words
        named = not hold.purpose and not hold.call_id and not set(refs).isdisjoint(hold.subjects)
        if named or connection.execute(query, (*refs, *values)):
            stopping.append(hold.id)
    return stopping


def condition(connection: Connection, hold: Hold) -> tuple[str, list[Any]]:
    """Return what says in SQL that a row `r` of `records` is held, and its values."""
    where: list[str] = []
    values: list[Any] = []
    for column, value in (("purpose", hold.purpose), ("call_id", hold.call_id)):
        if value:
            where.append(f"r.{column}=?")
            values.append(value)
    if hold.subjects:
        refs = sorted({*_resolved(connection, hold.subjects), *hold.subjects})
        used = f"FROM uses u JOIN records x ON x.id=u.record WHERE u.subject IN ({','.join('?' * len(refs))})"
        where.append(f"(r.id IN (SELECT u.record {used}) OR r.call_id IN (SELECT x.call_id {used} AND x.call_id<>''))")
        values += [*refs, *refs]
    return "(" + " AND ".join(where) + ")", values


def _resolved(connection: Connection, subjects: Sequence[str]) -> list[str]:
    """Return all references of people named by a reference or a look-up digest, whichever each is."""
    if not subjects:
        return []
    marks = ",".join("?" * len(subjects))
    by_ref = f"SELECT lookup FROM subjects WHERE ref IN ({marks})"  # noqa: S608 -- marks only
    query = f"SELECT ref FROM subjects WHERE lookup IN ({marks}) OR lookup IN ({by_ref})"  # noqa: S608 -- marks only
    return sorted(str(ref) for (ref,) in connection.execute(query, (*subjects, *subjects)))
