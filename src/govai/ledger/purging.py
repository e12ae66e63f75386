"""Purging: emptying the records whose time is over. Their rows, digests and places stay, and a record says which they were.

It goes in steps of some hundred records, each one transaction with its own `purge` record: an interrupted purge is a
shorter one. It decides nothing: the retention and the holds do.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from govai.core.records import Draft
from govai.core.retention import CONTENT, PURGEABLE, spelled
from govai.ledger.claims import digest_of
from govai.ledger.contents import HOLDING
from govai.ledger.holds import condition, holds

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from datetime import datetime

    from govai.core.database import Connection
    from govai.ledger.signing import Signer

_STEP = 500  # attempts, records or contents emptied in one transaction: nobody writes for some 100 ms
_END = 2**62
_RECORDS = "r.kind=? AND r.purpose=? AND r.time<? AND length(r.bytes)>0"
_FROM = {
    "intent": "records r JOIN records o ON o.intent_id=r.id AND o.kind='outcome'",  # one that has not ended stays
    CONTENT: "contents c JOIN records r ON r.id=c.record",
}
_OTHERS = "records r"


class Terms(Protocol):
    """What says how long things are kept."""

    def cutoff(self, purpose: str, kind: str, now: datetime, /) -> datetime | None:
        """Return the moment before which what was recorded is to go, None where it stays."""
        ...


@dataclass(frozen=True, slots=True)
class Purged:
    """What a purge did, or would do.

    Attributes:
        dry_run: nothing was changed. records: the ids of the `purge` records that say so.
        purged: how many by (purpose, kind), kept contents as kind `content`. held: how many a hold kept, by its id.
        waiting: how many wait for a sink that has not taken them yet; sinks: those that are behind.
    """

    dry_run: bool
    purged: dict[tuple[str, str], int]
    held: dict[str, int]
    waiting: int = 0
    sinks: tuple[str, ...] = ()
    records: tuple[str, ...] = ()

    @property
    def count(self) -> int:
        """How many records were, or would be, emptied; contents are counted by themselves."""
        return sum(count for (_purpose, kind), count in self.purged.items() if kind != CONTENT)

    def to_json(self) -> dict[str, Any]:
        """Return the report as plain JSON data."""
        return {
            "dry_run": self.dry_run,
            "purged": _counted(self.purged),
            "held": self.held,
            "waiting": self.waiting,
            "sinks": list(self.sinks),
            "records": list(self.records),
        }


class Due(NamedTuple):
    """What is to go: one kind of one purpose that is older than a moment (as records spell it)."""

    kind: str
    purpose: str
    before: str

    def where(self) -> tuple[str, list[Any]]:
        """Return what says so in SQL, and its values."""
        if self.kind == CONTENT:
            return "c.purpose=? AND c.time<?", [self.purpose, self.before]
        return _RECORDS, [self.kind, self.purpose, self.before]

    @property
    def source(self) -> str:
        """The rows it is looked for in."""
        return _FROM.get(self.kind, _OTHERS)


def due(connection: Connection, terms: Terms, now: datetime) -> list[Due]:
    """Return everything whose time is over, by kind and purpose."""
    kinds = sorted(PURGEABLE - {CONTENT, "outcome"})  # an outcome goes with its intent
    marks = ",".join("?" * len(kinds))
    known = connection.execute(f"SELECT DISTINCT kind, purpose FROM records WHERE kind IN ({marks})", kinds)  # noqa: S608 -- marks only
    known += [(CONTENT, purpose) for (purpose,) in connection.execute("SELECT DISTINCT purpose FROM contents")]
    found = ((kind, purpose, terms.cutoff(purpose, kind, now)) for kind, purpose in sorted(known))
    return [Due(kind, purpose, spelled(cutoff)) for kind, purpose, cutoff in found if cutoff is not None]


def survey(connection: Connection, everything: Sequence[Due], passed: int) -> Purged:
    """Count what would go, what a hold keeps, what waits for a sink.

    Args:
        passed: the position up to which every sink has taken the records.
    """
    purged: Counter[tuple[str, str]] = Counter()
    kept: Counter[str] = Counter()
    waiting = 0
    for one in everything:
        where, values = one.where()
        free, own = _free(connection)
        reach, bound = _reach(one, passed)
        total = _count(connection, one, f"{where} AND {free}", [*values, *own])
        goes = _count(connection, one, f"{where} AND {free} AND {reach}", [*values, *own, *bound])
        waiting += total - goes
        _add(purged, one, goes)
        for hold in holds(connection):
            named, its = condition(connection, hold)
            kept[hold.id] += _count(connection, one, f"{where} AND {named}", [*values, *its])
    return Purged(True, dict(purged), {name: count for name, count in kept.items() if count}, waiting)


def purge(
    append_alone: Callable[[Callable[[Connection], Sequence[Draft]]], object],
    signer: Signer,
    everything: Sequence[Due],
    passed: int,
    counted: Purged,
) -> Purged:
    """Empty what is due, step by step; `append_alone` runs a step while nobody else writes. Return the report.

    Each step's record is signed, so that nobody empties anything by writing one who only can write to the database.
    """
    purged: Counter[tuple[str, str]] = Counter()
    records: list[str] = []
    for one in everything:
        after: Any = ("", "") if one.kind == CONTENT else 0
        while after is not None:
            step = _Step(one, signer, passed, after)
            append_alone(step.run)
            _add(purged, one, step.count)
            records += step.records
            after = step.last
    return replace(counted, dry_run=False, purged=dict(purged), records=tuple(records))


class _Step:
    """One transaction of a purge. `last`: where the next one goes on, None when this was the last."""

    def __init__(self, what: Due, signer: Signer, passed: int, after: Any) -> None:
        self._what, self._signer, self._passed, self._after = what, signer, passed, after
        self.count, self.records = 0, list[str]()
        self.last: Any = None

    def run(self, connection: Connection) -> list[Draft]:
        """Empty some, and return the record that says which."""
        rows = self._found(connection)
        self.count = len(rows)
        if not rows:
            return []
        if self._what.kind == CONTENT:
            self.last = (rows[-1][0], rows[-1][1])
            emptied: list[tuple[str, int, str, str]] = []
            forget(connection, [row[1] for row in rows])
        else:
            self.last = rows[-1][0]
            emptied = sorted({(*row[at : at + 4],) for row in rows for at in range(1, len(row), 4)})
            _empty(connection, [row[2] for row in emptied])
        draft = Draft("purge", "", self._signer.signed(_body(emptied, self._what, self.count)))
        self.records.append(draft.id)
        return [draft]

    def _found(self, connection: Connection) -> list[tuple[Any, ...]]:
        one = self._what
        where, values = one.where()
        free, own = _free(connection)
        reach, bound = _reach(one, self._passed)
        if one.kind == CONTENT:
            columns, order = "c.time, c.record", "c.time, c.record"
            further, place = "(c.time>? OR (c.time=? AND c.record>?))", [self._after[0], *self._after]
        else:
            columns, order = "r.position, r.chain, r.seq, r.id, r.hash", "r.position"
            columns += ", o.chain, o.seq, o.id, o.hash" if one.kind == "intent" else ""
            further, place = "r.position>?", [self._after]
        query = f"SELECT {columns} FROM {one.source} WHERE {where} AND {free} AND {reach} AND {further} ORDER BY {order} LIMIT ?"  # noqa: S608 -- our words
        return connection.execute(query, [*values, *own, *bound, *place, _STEP])


def forget(connection: Connection, records: Sequence[str]) -> None:
    """Delete what is kept of the content of records, in the running transaction."""
    for some, marks in _some(records):
        connection.execute(f"DELETE FROM contents WHERE record IN ({marks})", some)  # noqa: S608 -- marks only
        connection.execute(f"DELETE FROM holdings WHERE what='{HOLDING}' AND name IN ({marks})", some)  # noqa: S608 -- marks only


def _empty(connection: Connection, records: Sequence[str]) -> None:
    connection.insert("purging", [("retention",)])
    for some, marks in _some(records):
        connection.execute(f"UPDATE records SET bytes=? WHERE id IN ({marks})", (b"", *some))  # noqa: S608 -- marks only
    connection.execute("DELETE FROM purging")
    forget(connection, records)
    gone: set[str] = set()
    for some, marks in _some(records):
        gone.update(ref for (ref,) in connection.execute(f"SELECT subject FROM uses WHERE record IN ({marks})", some))  # noqa: S608 -- marks only
        connection.execute(f"DELETE FROM uses WHERE record IN ({marks})", some)  # noqa: S608 -- marks only
        connection.execute(f"DELETE FROM links WHERE child IN ({marks})", some)  # noqa: S608 -- marks only
    if gone:
        _unlink(connection, sorted(gone))


def _unlink(connection: Connection, refs: Sequence[str]) -> None:
    """Forget people of whom nothing is left: their references and keys lead nowhere any more."""
    for some, marks in _some(refs):
        nothing = "NOT EXISTS(SELECT 1 FROM uses u WHERE u.subject={0}) AND NOT EXISTS(SELECT 1 FROM holdings h WHERE h.subject={0})"
        for table, column in (("subjects", "ref"), ("subject_keys", "subject")):
            left = nothing.format(f"{table}.{column}")
            connection.execute(f"DELETE FROM {table} WHERE {column} IN ({marks}) AND {left}", some)  # noqa: S608 -- our words
    connection.execute("UPDATE epochs SET value=value+1 WHERE name='subjects'")


def _body(emptied: Sequence[tuple[str, int, str, str]], what: Due, count: int) -> dict[str, Any]:
    purged: Counter[tuple[str, str]] = Counter()
    _add(purged, what, count)
    return {
        "purged": [{"chain": chain, "from": first, "to": last} for chain, first, last in _ranges(emptied)],
        "digest": digest_of(digest for _chain, _seq, _id, digest in emptied),
        "before": what.before,
        "counts": _counted(purged),
    }


def _ranges(rows: Sequence[tuple[str, int, str, str]]) -> Iterator[tuple[str, int, int]]:
    """Yield (chain, first, last) of what follows each other without a gap; `rows` are sorted."""
    chain, first, last = "", 0, 0
    for row in rows:
        if row[0] == chain and row[1] == last + 1:
            last = row[1]
            continue
        if chain:
            yield chain, first, last
        chain, first, last = row[0], row[1], row[1]
    if chain:
        yield chain, first, last


def _free(connection: Connection) -> tuple[str, list[Any]]:
    """Return what says in SQL that no hold names a row `r`, and its values."""
    named = [condition(connection, hold) for hold in holds(connection)]
    where = " OR ".join(words for words, _ in named)
    return f"NOT ({where})" if named else "1=1", [value for _, values in named for value in values]


def _reach(what: Due, passed: int) -> tuple[str, list[int]]:
    """Return what says in SQL that every sink has taken it. Sinks take no contents."""
    if what.kind == CONTENT:
        return "1=1", []
    return (
        ("r.position<=? AND o.position<=?", [passed, passed]) if what.kind == "intent" else ("r.position<=?", [passed])
    )


def _count(connection: Connection, what: Due, where: str, values: Sequence[Any]) -> int:
    return int(connection.execute(f"SELECT count(*) FROM {what.source} WHERE {where}", values)[0][0])  # noqa: S608 -- our words


def _add(purged: Counter[tuple[str, str]], what: Due, count: int) -> None:
    if count:
        purged[what.purpose, what.kind] += count
        if what.kind == "intent":
            purged[what.purpose, "outcome"] += count


def _counted(purged: dict[tuple[str, str], int]) -> list[dict[str, Any]]:
    return [{"purpose": purpose, "kind": kind, "count": count} for (purpose, kind), count in sorted(purged.items())]


def _some(names: Sequence[str]) -> Iterator[tuple[Sequence[str], str]]:
    for at in range(0, len(names), 500):
        some = names[at : at + 500]
        yield some, ",".join("?" * len(some))
