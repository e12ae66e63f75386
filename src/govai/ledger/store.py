"""Ledger: what the rest of govai and its users see of the system of record."""

from __future__ import annotations

import weakref
from typing import TYPE_CHECKING, Any

from govai.core.errors import LedgerUnavailable
from govai.core.lang import say
from govai.core.records import Draft, Record
from govai.ledger.chain import record_of
from govai.ledger.inquiry import Inquiry
from govai.ledger.reading import Reading
from govai.ledger.verify import Verification, verify_connection
from govai.ledger.writer import Writer
from govai.storage.opening import open_database

if TYPE_CHECKING:
    from collections.abc import Sequence

    from govai.core.database import Connection
    from govai.core.protocols import KeyStore, Sink
    from govai.ledger.feed import Feed

_PAGE_OF = "SELECT position, id, bytes FROM records WHERE {} ORDER BY position LIMIT ?"


class Ledger(Inquiry):
    """The system of record: `records()`, `page()`, `lineage()`, `verify()`.

    Args:
        url: `sqlite:///x.db` (relative), `sqlite:////abs/x.db`, `:memory:`, or `postgresql://user@host/database`.
        sinks: fed from it. keys: what signs, encrypts and looks up; without it the ledger only records.

    Raises:
        ConfigError: another URL, or a file that cannot be made. LedgerUnavailable: not a ledger's database.
    """

    def __init__(self, url: str, *, sinks: Sequence[Sink] = (), keys: KeyStore | None = None) -> None:
        self.database = open_database(url)
        self.url, self.path, self.keys = self.database.url, self.database.path, keys
        self._feeds: list[Feed] = []
        self._writer = self._opened()
        # after the streams that are still open then: finalizers run at exit from the youngest to the oldest
        self._at_exit = weakref.finalize(_close_at_exit, _close_at_exit, weakref.ref(self))
        self.sweep()
        for sink in sinks:
            self.attach(sink)

    def __repr__(self) -> str:
        return f"<Ledger {self.url}>"

    @property
    def connection(self) -> Connection:
        """The writer's connection, for the other parts of the ledger."""
        return self._writer.connection

    def attach(self, sink: Sink) -> None:
        """Feed a sink from here on where its cursor stands; one sink of a name."""
        from govai.ledger.feed import Feed

        if all(feed.sink.name != sink.name for feed in self._feeds):
            self._feeds.append(Feed(self, sink))
            self._feeds[-1].wake()

    def commit(self, drafts: Sequence[Draft]) -> None:
        """Return once the drafts are durable.

        Raises:
            LedgerUnavailable: they are not; none of them counts. Blocked: an intent about someone who asked for restriction.
        """
        self._writer.commit(drafts)

    async def acommit(self, drafts: Sequence[Draft]) -> None:
        """The asyncio twin of `commit`."""
        await self._writer.acommit(drafts)

    def enqueue(self, draft: Draft) -> None:
        """Take an outcome that nobody waits for."""
        self._writer.enqueue(draft)

    def record(self, record_id: str) -> Record | None:
        """Return one record by its id, None when there is none.

        Raises:
            LedgerUnavailable: it is damaged, or the database does not answer.
        """
        found = self._read("SELECT bytes FROM records WHERE id=?", (record_id,))
        return record_of(found[0][0], record_id) if found else None

    def verify(self) -> Verification:
        """Check every record: bytes against digests, digests against each other, chains against their heads, outcomes."""
        self._writer.flush()
        self.sweep()
        reader = self.database.connect_reading()
        try:
            return verify_connection(reader, self.database.errors)
        finally:
            reader.close()

    def sweep(self) -> int:
        """Give the outcome `unknown` to intents whose writer is gone; return how many."""
        now = self._guarded(self.connection.now)
        gone = self._read(
            "SELECT o.intent_id, o.call_id, o.purpose, o.chain FROM open_intents o "
            "LEFT JOIN writers w ON w.chain=o.chain WHERE w.alive_until IS NULL OR w.alive_until<?",
            (now,),
        )
        if gone:
            body = {"status": "unknown", "error": "writer_gone"}
            self.commit(
                [Draft("outcome", call, {**body, "purpose": why}, intent_id=intent) for intent, call, why, _ in gone]
            )
        return len(gone)

    def flush(self, timeout: float = 5.0) -> None:
        """Write what is queued, and wait until the sinks that are healthy have taken everything."""
        self._writer.flush()
        if self._feeds:
            ((last,),) = self._read("SELECT coalesce(max(position),0) FROM records")
            for feed in self._feeds:
                feed.drain(last, timeout)

    def close(self, timeout: float = 5.0) -> None:
        """Flush and close; sinks get `timeout` seconds each."""
        self._at_exit.detach()
        if self._writer.closed:
            return
        self.flush(timeout)
        for feed in self._feeds:
            feed.close(timeout)
        self._writer.close()

    def rows_after(self, position: int, count: int) -> list[tuple[int, str, bytes | None]]:
        """Return up to `count` records after a position, for a sink, as (position, id, bytes).

        On a server, transactions end in another order than they began: a page ends before a record that may still come.
        """
        page = self._read(_PAGE_OF.format("position>?"), (position, count))
        if _has_gap(position, page):
            awaited = self._guarded(self.connection.in_flight)
            page = self._read(_PAGE_OF.format("position>?"), (position, count))
            if awaited and _has_gap(position, page):
                page = page[: _until_gap(position, page)]
        return page

    def cursor(self, sink: str) -> int:
        """Return how far a sink has come."""
        found = self._read("SELECT position FROM cursors WHERE sink=?", (sink,))
        return int(found[0][0]) if found else 0

    def move_cursor(self, sink: str, position: int) -> None:
        """Note how far a sink has come; raises LedgerUnavailable."""
        self._guarded(lambda: self.connection.insert("cursors", [(sink, position)]))

    def _opened(self) -> Writer:
        try:
            return Writer(self.database, self._wake)
        except self.database.errors as error:
            kind = type(error).__name__
        raise LedgerUnavailable(
            say(f"the ledger cannot be opened ({kind})", f"le registre ne peut être ouvert ({kind})"),
            where=self.url,
            todo=say(
                "is it a ledger's database, and is it there? choose another ledger=",
                "est-ce un registre, et est-il là ? choisissez un autre ledger=",
            ),
        )

    def _reading(self) -> Reading:
        self._writer.flush()
        self.sweep()
        return Reading(self._read, lambda: self._guarded(self.connection.in_flight), server=self.database.remote)

    def _read(self, query: str, values: Sequence[Any] = ()) -> list[Any]:
        rows: list[Any] = self._guarded(lambda: self.connection.execute(query, values))
        return rows

    def _guarded(self, step: Any) -> Any:
        """Run a step on the writer's connection; a server that went away is asked once more."""
        with self._writer.lock:
            for last in (False, True):
                try:
                    return step()
                except self.database.errors as error:
                    kind = type(error).__name__
                    if last or not self.database.mendable(error):
                        break
        raise LedgerUnavailable(
            say(f"the ledger cannot be read ({kind})", f"le registre ne peut être lu ({kind})"),
            where=self.url,
            todo=say("mend the disk, the server or the rights, and call again", "réparez disque, serveur ou droits"),
        )

    def _wake(self) -> None:
        for feed in self._feeds:
            feed.wake()


def _has_gap(position: int, page: Sequence[tuple[int, str, bytes | None]]) -> bool:
    return bool(page) and page[-1][0] - position != len(page)


def _until_gap(position: int, page: Sequence[tuple[int, str, bytes | None]]) -> int:
    """Return how many of a page follow each other without a gap."""
    return next((at for at, row in enumerate(page) if row[0] != position + at + 1), len(page))


def _close_at_exit(alive: weakref.ref[Ledger]) -> None:
    ledger = alive()
    if ledger is not None:
        ledger.close(timeout=2.0)
