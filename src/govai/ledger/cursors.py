"""Where each sink stands: its cursor, who feeds it until when, what failed last, its dead letters. It knows no sink.

One process feeds a sink of a name at a time: it holds a lease that each batch renews. A cursor moves only from where it was
seen. A batch that took longer than the lease counts all the same: else two slow feeders would repeat it for ever.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from govai.core.records import now as time_now

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from govai.core.database import Connection

LEASE_S = 15.0  # a holder that has not moved the cursor for so long may be followed by another
_AT_ONCE = 100

_ROW = "SELECT position,holder,alive_until,tries,error,since FROM cursors WHERE sink=?"


@dataclass(frozen=True, slots=True)
class Standing:
    """A sink's row.

    Attributes:
        position: of the last record it took. holder, until: who feeds it, and until when on the database's clock.
        tries: how often the record after `position` was refused. error: the last failure's type, "" while all is well.
        since: when it began to fail (RFC 3339).
    """

    position: int = 0
    holder: str = ""
    until: float = 0.0
    tries: int = 0
    error: str = ""
    since: str = ""


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A record that a sink refused.

    Attributes:
        sink: its name. position, record: which record. error: the last refusal's type. tries: how often; 0: it is to be
            offered again. time: when it was given up (RFC 3339).
    """

    sink: str
    position: int
    record: str
    error: str
    tries: int
    time: str


def standing(connection: Connection, sink: str) -> Standing:
    """Return where a sink stands."""
    found = connection.execute(_ROW, (sink,))
    return Standing(*found[0]) if found else Standing()


def take(connection: Connection, sink: str, holder: str) -> Standing | None:
    """Take or renew the lease; return where the sink stands, None when another feeds it."""
    now, found = connection.now(), standing(connection, sink)
    if found.holder == holder and found.until > now + LEASE_S / 2:
        return found
    with _changing(connection, sink):
        found = standing(connection, sink)
        if found.holder not in ("", holder) and now < found.until <= now + 2 * LEASE_S:  # later: the clock was set back
            return None
        found = replace(found, holder=holder, until=now + LEASE_S)
        _put(connection, sink, found)
    return found


def move(connection: Connection, sink: str, seen: Standing, position: int) -> bool:
    """Move the cursor on from where it was seen, whoever feeds the sink by now; False when it is not there any more."""
    until = connection.now() + LEASE_S
    with _changing(connection, sink):
        found = standing(connection, sink)
        if found.position != seen.position:
            return False
        mine = found.holder == seen.holder
        _put(connection, sink, Standing(position, found.holder, until if mine else found.until))
    return True


def failed(connection: Connection, sink: str, seen: Standing, error: str, *, refused: bool) -> None:
    """Note a failure; `refused`: it counts as a try of the record after the cursor."""
    with _changing(connection, sink):
        if _is_still(connection, sink, seen):
            tries = seen.tries + 1 if refused else seen.tries
            _put(connection, sink, replace(seen, tries=tries, error=error, since=seen.since or time_now()))


def bury(connection: Connection, sink: str, seen: Standing, letter: DeadLetter) -> bool:
    """Make a record a dead letter and move the cursor past it, both or neither."""
    with _changing(connection, sink):
        if not _is_still(connection, sink, seen):
            return False
        _write(connection, letter)
        _put(connection, sink, replace(seen, position=letter.position, tries=0, error="", since=""))
    return True


def release(connection: Connection, sink: str, holder: str) -> None:
    """Let another feed the sink at once."""
    if standing(connection, sink).holder == holder:
        with _changing(connection, sink):
            found = standing(connection, sink)
            if found.holder == holder:
                _put(connection, sink, replace(found, holder="", until=0.0))


def rewind(connection: Connection, sink: str, position: int) -> None:
    """Set the cursor, whoever holds it: what comes after `position` is offered again."""
    with _changing(connection, sink):
        found = standing(connection, sink)
        _put(connection, sink, Standing(position, found.holder, found.until))


def dead_count(connection: Connection, sink: str) -> int:
    """Return how many dead letters a sink has."""
    ((count,),) = connection.execute("SELECT count(*) FROM dead_letters WHERE sink=? AND error<>''", (sink,))
    return int(count)


def dead(connection: Connection, sink: str) -> list[DeadLetter]:
    """Return a sink's dead letters, oldest first."""
    rows = connection.execute(
        "SELECT sink,position,record,error,tries,time FROM dead_letters WHERE sink=? AND error<>'' ORDER BY position",
        (sink,),
    )
    return [DeadLetter(*row) for row in rows]


def offer_again(connection: Connection, sink: str) -> int:
    """Have the dead letters of a sink offered again; return how many."""
    with _changing(connection, sink):
        letters = dead(connection, sink)
        for letter in letters:
            _write(connection, replace(letter, tries=0))
    return len(letters)


def due(connection: Connection, sink: str) -> list[DeadLetter]:
    """Return some of the dead letters that are to be offered again, oldest first."""
    rows = connection.execute(
        "SELECT sink,position,record,error,tries,time FROM dead_letters WHERE sink=? AND error<>'' AND tries=0 "
        "ORDER BY position LIMIT ?",
        (sink, _AT_ONCE),
    )
    return [DeadLetter(*row) for row in rows]


def answered(connection: Connection, letter: DeadLetter, error: str) -> None:
    """Note what came of a dead letter offered again: "" if it was taken, else the refusal's type."""
    with _changing(connection, letter.sink):
        _write(connection, replace(letter, error=error, tries=1, time=time_now()))


def _changing(connection: Connection, sink: str) -> AbstractContextManager[None]:
    return connection.alone(f"cursor {sink}")


def _is_still(connection: Connection, sink: str, seen: Standing) -> bool:
    found = standing(connection, sink)
    return (found.position, found.holder) == (seen.position, seen.holder)


def _put(connection: Connection, sink: str, row: Standing) -> None:
    values = (sink, row.position, row.holder, row.until, row.tries, row.error, row.since)
    connection.insert("cursors", [values])


def _write(connection: Connection, letter: DeadLetter) -> None:
    values = (letter.sink, letter.position, letter.record, letter.error, letter.tries, letter.time)
    connection.insert("dead_letters", [values])
