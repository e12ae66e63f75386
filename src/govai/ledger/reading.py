"""Reading: records by filter, by page, by id, call and link, on whichever database. It writes nothing."""

from __future__ import annotations

import threading
import time
from contextlib import contextmanager
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from govai.core.errors import LedgerUnavailable
from govai.core.lang import say
from govai.ledger.chain import record_of
from govai.ledger.filtering import Filter
from govai.ledger.paging import Page, cursor, position_of
from govai.storage.opening import open_database

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from govai.core.records import Record

    Execute = Callable[[str, Sequence[Any]], list[tuple[Any, ...]]]

_CHUNK = 1_000
_SETTLING_S = 2.0  # the longest that a page waits for commits under way; they take milliseconds
_ROWS = "SELECT position, id, bytes FROM records"
EVERYTHING = Filter()
PURGED = b""  # what a purge leaves of a record's bytes: there is nothing to read, and `verify` accounts for it


@contextmanager
def reading_at(url: str) -> Iterator[Reading]:
    """Give what reads the ledger at a URL, without making or changing it.

    Raises:
        ConfigError: there is none. LedgerUnavailable: it cannot be read.
    """
    database, kind = open_database(url), ""
    try:
        connection = database.connect_reading()
        try:
            yield Reading(connection.execute, connection.in_flight, server=database.remote)
        finally:
            connection.close()
    except database.errors as error:
        kind = type(error).__name__
    if kind:
        raise LedgerUnavailable(
            say(f"the ledger cannot be read ({kind})", f"le registre est illisible ({kind})"),
            where=database.url,
            todo=say(
                "govai ledger verify says what is wrong; one of an older govai: govai ledger migrate",
                "govai ledger verify dit ce qui ne va pas ; s'il est d'un govai plus ancien : govai ledger migrate",
            ),
        )


class Reading:
    """Reads one ledger.

    Args:
        execute: runs one statement and returns its rows. in_flight: who is writing and could still commit below what is seen.
        server: the database is PostgreSQL, whose SQL for bytes differs.
    """

    def __init__(self, execute: Execute, in_flight: Callable[[], frozenset[str]], *, server: bool) -> None:
        self._execute, self._in_flight, self._server = execute, in_flight, server

    def records(
        self,
        wanted: Filter = EVERYTHING,
        *,
        limit: int | None = None,
        after: int | None = None,
        newest_first: bool = False,
    ) -> Iterator[Record]:
        """Yield records, oldest first or newest first, in flat memory.

        Raises:
            LedgerUnavailable: a record is damaged; it says which.
        """
        rows = self._rows(wanted, after, newest_first=newest_first, chunk=_CHUNK)
        for count, (_position, record) in enumerate(rows):
            if count == limit:
                return
            yield record

    def page(self, wanted: Filter, given: str | None, *, size: int, newest_first: bool) -> Page:
        """Return a page; `given` is the cursor of the one before it.

        Raises:
            ConfigError: a cursor that is none, or of another question. LedgerUnavailable: a record is damaged.
        """
        after = None if given is None else position_of(given, wanted.name, newest_first=newest_first)
        last = self._settled()
        begin = after if not newest_first or after is not None else last + 1
        found: list[tuple[int, Record]] = []
        for position, record in self._rows(wanted, begin, newest_first=newest_first, chunk=size, last=last):
            found.append((position, record))
            if len(found) == size:
                break
        records = tuple(record for _position, record in found)
        if newest_first:
            at = found[-1][0] if len(found) == size else None
        else:
            at = found[-1][0] if len(found) == size else max(last, after or 0)
        return Page(records, None if at is None else cursor(at, wanted.name, newest_first=newest_first))

    def record(self, named: str) -> Record | None:
        """Return the record of an id."""
        return next(self._found("id=?", named), None)

    def of_call(self, call_id: str) -> list[Record]:
        """Return all records of a call, oldest first."""
        return list(self._found("call_id=?", call_id))

    def linked(self, parent: str) -> list[Record]:
        """Return the records that name an earlier one, or a ticket, oldest first."""
        return list(self._found("id IN (SELECT child FROM links WHERE parent=?)", parent))

    def about(self, named: str) -> Iterator[Record]:
        """Yield a record with its outcome, or all records of a call."""
        chosen = {
            row[0]: row
            for where in ("id=?", "call_id=?", "intent_id=?")
            for row in self._execute(f"{_ROWS} WHERE {where}", (named,))
        }
        for _position, (_at, record, raw) in sorted(chosen.items()):
            if raw != PURGED:
                yield record_of(raw, record)

    def _found(self, where: str, value: str) -> Iterator[Record]:
        for _position, named, raw in self._execute(f"{_ROWS} WHERE {where} ORDER BY position", (value,)):
            if raw != PURGED:
                yield record_of(raw, named)

    def _rows(
        self, wanted: Filter, after: int | None, *, newest_first: bool, chunk: int, last: int | None = None
    ) -> Iterator[tuple[int, Record]]:
        where, values = wanted.condition(server=self._server)
        onward, order = ("position<?", "DESC") if newest_first else ("position>?", "ASC")
        parts = [where, *(("position<=?",) if last is not None else ())]
        values += [last] if last is not None else []
        while True:
            begin = [] if after is None else [after]
            asked = " AND ".join(filter(None, [*parts, onward if begin else ""])) or "1=1"
            rows = self._execute(f"{_ROWS} WHERE {asked} ORDER BY position {order} LIMIT ?", [*values, *begin, chunk])
            for position, named, raw in rows:
                if raw != PURGED and wanted.keeps(record := record_of(raw, named)):
                    yield int(position), record
            if len(rows) < chunk:
                return
            after = rows[-1][0]

    def _settled(self) -> int:
        """Return the last position below which nothing can appear any more: whoever was writing has ended."""
        ((last,),) = self._execute("SELECT coalesce(max(position),0) FROM records", ())
        awaited, deadline = self._in_flight(), time.monotonic() + _SETTLING_S
        pause = threading.Event()
        while awaited and time.monotonic() < deadline:
            pause.wait(0.002)
            awaited &= self._in_flight()
        return int(last) if not awaited else self._before_gap(int(last))

    def _before_gap(self, last: int) -> int:
        """Return the last position before the newest gap among the last records: a transaction that hangs may fill it."""
        rows = self._execute(
            "SELECT position FROM records WHERE position<=? ORDER BY position DESC LIMIT ?", (last, _CHUNK)
        )
        bound = last
        for (here,), (below,) in pairwise(rows):
            if here - below > 1:
                bound = int(below)
        return bound
