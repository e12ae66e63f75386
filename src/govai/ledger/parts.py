"""Scanning in parts: processes take ranges of positions at the same time, and what they found is fitted together. Only a
ledger without any fault comes out of it; where anything at all is odd, nobody knows, and one process looks from the start.

A ledger is one part where it is small, or the machine has one core. A part begins in the midst of chains: it takes the
first row's word for what was before, which is checked when fitting.
"""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple, Self

from govai.ledger.chain import Row
from govai.ledger.merkle import root_of
from govai.ledger.scanning import MOST, End, Scan, spelled

if TYPE_CHECKING:
    from collections.abc import Sequence

    from govai.core.checkpoints import Span
    from govai.core.database import Connection, Database
    from govai.ledger.claims import Claims, Pledge

LEAST = 100_000  # positions that are worth a process of their own
PROCESSES = min(4, len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1)
ROWS = f"SELECT {','.join(Row._fields)} FROM records{{}} ORDER BY position"  # noqa: S608 -- our words
_RANGE = "SELECT hash FROM records WHERE chain=? AND seq BETWEEN ? AND ? ORDER BY seq"
_COMMAND = (
    "-P",
    "-c",
    "from govai.ledger.parts import serve; serve()",
)  # -P: nothing of the current folder is imported
_FAILURES: tuple[type[Exception], ...] = (
    *(OSError, subprocess.SubprocessError),  # a process that cannot be had, or fails
    *(pickle.PickleError, EOFError, LookupError, AttributeError),  # one that says something else
    *(ValueError, TypeError),  # rows that are none
)


class Part(NamedTuple):
    """Positions after one and up to another; None: without an end."""

    after: int | None
    last: int | None

    def query(self) -> tuple[str, tuple[int, ...]]:
        """Return the query of its rows, and the query's values."""
        bounds = {"position>?": self.after, "position<=?": self.last}
        asked = [words for words, bound in bounds.items() if bound is not None]
        where = " WHERE " + " AND ".join(asked) if asked else ""
        return ROWS.format(where), tuple(bound for bound in bounds.values() if bound is not None)


class Begun(NamedTuple):
    """What a part took for granted of a chain: where it stood before the part's first row of it, and that row's time."""

    seq: int
    head: str
    time: str


class Ended(NamedTuple):
    """Where a part left a chain, as an `End` says it."""

    seq: int
    head: str
    id: str
    latest: str


@dataclass(frozen=True, slots=True)
class Found:
    """What the scan of one part found.

    Attributes:
        clean: no row is odd. begun, ended: by chain. crossing: spans that end in it and began before it.
        open, early, emptied, count: as in `Scan`.
    """

    clean: bool
    count: int
    begun: dict[str, Begun]
    ended: dict[str, Ended]
    crossing: list[Span]
    open: set[str]
    early: dict[str, str]
    emptied: list[tuple[str, str, int]]


class PartScan(Scan):
    """A scan that begins in the midst of chains."""

    def __init__(self, claims: Claims) -> None:
        super().__init__(claims)
        self.begun: dict[str, Begun] = {}
        self.crossing: list[Span] = []

    def end_of(self, row: Sequence[Any]) -> End:
        """Return where the scan stands on a row's chain: at its first row, where that says."""
        found = self.ends.get(row[0])
        return found if found is not None else self._begin(Row._make(row))

    def _begin(self, row: Row) -> End:
        end = self.ends[row.chain] = End(self.claims.on(row.chain))
        if row.seq != 1:
            said = spelled(row.bytes) if row.bytes else None
            end.stand(row.seq - 1, said["prev"] if said else "?")
            self.begun[row.chain] = Begun(end.seq, end.head, row.time)
        return end

    def _settle(self, end: End, pledge: Pledge, digest: str) -> None:
        if (begun := self.begun.get(pledge.span.chain)) is not None and pledge.span.first <= begun.seq:
            self.crossing.append(pledge.span)
        super()._settle(end, pledge, digest)

    def result(self) -> Found:
        """Return what was found."""
        ended = {chain: Ended(end.seq, end.head, end.id, end.latest) for chain, end in self.ends.items()}
        clean = not self.faults and not self.suspects and not any(end.gaps for end in self.ends.values())
        return Found(clean, self.count, self.begun, ended, self.crossing, self.open, self.early, self.emptied)


def scan_in_parts(scan: Scan, connection: Connection, database: Database) -> bool:
    """Scan a whole ledger, a large one by several processes; False, and nothing done, where not all is well."""
    parts = _divided(connection) if database.path != ":memory:" and sys.executable else []
    if not parts:
        return False
    try:
        with ExitStack() as ending:
            others = [ending.enter_context(_Process(database, scan.claims, part)) for part in parts[:-1]]
            for other in others:
                other.ask()
            last = _scanned(database, scan.claims, parts[-1])
            found = [*(one.found() for one in others), last]
        return _fit(scan, connection, found)
    except (*_FAILURES, *database.errors):
        return False  # whatever it was, looking from the start meets it again and names it


def serve() -> None:
    """Scan the part that stdin names, and write what was found to stdout: the other end of `scan_in_parts`."""
    database, claims, part = pickle.load(sys.stdin.buffer)  # noqa: S301 -- from our own parent, by a pipe
    pickle.dump(_scanned(database, claims, part), sys.stdout.buffer)


class _Process:
    """Another process that scans a part; it ends with the block at the latest."""

    def __init__(self, database: Database, claims: Claims, part: Part) -> None:
        paths = {
            "PYTHONPATH": os.pathsep.join(one for one in sys.path if one)
        }  # what is imported here is what is there
        self._process = subprocess.Popen(  # noqa: S603 -- this very Python, our own words
            (sys.executable, *_COMMAND),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={**os.environ, **paths},
        )
        self._asked = pickle.dumps((database, claims, part))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                with suppress(OSError):
                    pipe.close()

    def ask(self) -> None:
        """Say what to scan: by a pipe, for a command line, where a password could stand, is public."""
        if self._process.stdin is not None:
            with self._process.stdin as asking:
                asking.write(self._asked)
            self._process.stdin = None

    def found(self) -> Found:
        """Return what it found; raises SubprocessError where it could not."""
        said, _ = self._process.communicate()
        if self._process.returncode:
            raise subprocess.SubprocessError
        found = pickle.loads(said)  # noqa: S301 -- from our own child, by a pipe
        return found if isinstance(found, Found) else _not_found()


def _not_found() -> Found:
    raise ValueError("not what a part finds")


def _scanned(database: Database, claims: Claims, part: Part) -> Found:
    scan, connection = PartScan(claims), database.connect_reading()
    try:
        connection.hasten()
        scan.run(connection.stream(*part.query()))
    finally:
        connection.close()
    return scan.result()


def _divided(connection: Connection) -> list[Part]:
    """Return the parts of a ledger, [] where it has no rows, or positions that are none."""
    ((first,),) = connection.execute("SELECT min(position) FROM records")
    ((last,),) = connection.execute("SELECT max(position) FROM records")  # apart: each is one look at an index
    if not isinstance(first, int) or not isinstance(last, int):
        return []
    count = max(1, min(PROCESSES, (last - first + 1) // LEAST))
    if connection.execute("SELECT 1 FROM records WHERE position IS NULL LIMIT 1"):
        return []
    cuts = [first + (last - first) * at // count for at in range(1, count)]
    return [Part(after, until) for after, until in zip([None, *cuts], [*cuts, None], strict=True)]


def _fit(scan: Scan, connection: Connection, parts: Sequence[Found]) -> bool:
    """Fit the parts together into a scan of the whole; False, and nothing done, where they do not fit."""
    ended: dict[str, Ended] = {}
    for part in parts:
        if not part.clean or not all(_goes_on(begun, ended.get(chain)) for chain, begun in part.begun.items()):
            return False
        if any(chain in ended for chain in part.ended.keys() - part.begun.keys()):
            return False  # a chain that begins twice
        ended.update(part.ended)
    if not _all_announced(parts) or not all(_is_whole(connection, span) for part in parts for span in part.crossing):
        return False
    for chain, left in ended.items():
        end = scan.ends[chain] = End(scan.claims.on(chain))
        end.stand(left.seq, left.head)
        end.id, end.latest = left.id, left.latest
    scan.emptied.extend([row for part in parts for row in part.emptied][:MOST])
    scan.count = sum(part.count for part in parts)
    return True


def _goes_on(begun: Begun, before: Ended | None) -> bool:
    """Whether a chain stood where a part took it to stand."""
    return (
        before is not None
        and before.seq == begun.seq
        and begun.head in (before.head, "?")
        and before.latest <= begun.time
    )


def _all_announced(parts: Sequence[Found]) -> bool:
    """Whether each outcome that found no intent in its own part has one of its own elsewhere."""
    awaited = [intent for part in parts for intent in part.early]
    return len(set(awaited)) == len(awaited) and set(awaited) <= set().union(*(part.open for part in parts))


def _is_whole(connection: Connection, span: Span) -> bool:
    digests = [digest for (digest,) in connection.execute(_RANGE, (span.chain, span.first, span.last))]
    return root_of([bytes.fromhex(one) for one in digests]).hex() == span.root
