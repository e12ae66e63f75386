"""Ledger: what the rest of govai and its users see of the system of record."""

from __future__ import annotations

import weakref
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from govai.core.errors import GovaiError, LedgerUnavailable
from govai.core.lang import say
from govai.core.records import Draft, Record
from govai.ledger.chain import record_of
from govai.ledger.checkpointing import Maker, Pacer
from govai.ledger.contents import Contents
from govai.ledger.custody import Custody
from govai.ledger.inquiry import Inquiry
from govai.ledger.rights import Rights
from govai.ledger.writer import Writer
from govai.storage.opening import open_database

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from govai.core.checkpoints import Anchor, Checkpoint
    from govai.core.database import Connection
    from govai.core.people import People
    from govai.core.protocols import KeyStore, Sink
    from govai.ledger.bundle import Bundle
    from govai.ledger.feed import Feed
    from govai.ledger.outbox import SinkState
    from govai.ledger.proof import Proof
    from govai.ledger.reading import Reading
    from govai.ledger.signing import Signer
    from govai.ledger.verify import Verification

T = TypeVar("T")
_PAGE_OF = "SELECT position, id, bytes FROM records WHERE {} ORDER BY position LIMIT ?"


class Ledger(Inquiry, Custody, Rights):
    """The system of record: `records()`, `page()`, `lineage()`, `verify()`.

    Args:
        url: `sqlite:///x.db` (relative), `sqlite:////abs/x.db`, `:memory:`, or `postgresql://user@host/database`.
        sinks: fed from it. keys: what signs, encrypts and looks up; without it the ledger only records.
        people: recognises who `about`, `erase`, … ask about, as calls are recorded.

    Raises:
        ConfigError: another URL, or a file that cannot be made. LedgerUnavailable: not a ledger's database.
    """

    def __init__(
        self, url: str, *, sinks: Sequence[Sink] = (), keys: KeyStore | None = None, people: People | None = None
    ) -> None:
        self.database = open_database(url)
        self.url, self.path, self.keys = self.database.url, self.database.path, keys
        self._contents = Contents(lambda: self.keys)
        self.people = people
        self._feeds: list[Feed] = []
        self._anchors: list[Anchor] = []
        self._maker = Maker(self)
        self._pacer = Pacer(self._maker)
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

    def anchor(self, anchor: Anchor) -> None:
        """Hand every checkpoint to an anchor, from where its cursor stands; one of a name."""
        from govai.ledger.anchoring import Anchoring

        if all(one.name != anchor.name for one in self._anchors):
            self._anchors.append(anchor)
            own = weakref.proxy(self)  # its feed's thread must not keep the ledger alive
            self.attach(Anchoring(anchor, lambda drafts: own.commit(drafts)))  # noqa: PLW0108 -- own.commit would hold it

    def checkpoint(self) -> Checkpoint | None:
        """Sign where all chains stand now, and record it; None when nothing happened since the last one.

        Raises:
            ConfigError: the ledger was opened without keys. LedgerUnavailable: it cannot be written.
        """
        self._writer.flush()
        return self._maker.make()

    def append_alone(self, make: Callable[[Connection], Sequence[Draft]]) -> int:
        """Append what `make` returns while nobody else writes to the ledger; return how many. Raises LedgerUnavailable."""
        return self._writer.commit_alone(make)

    @property
    def public_keys(self) -> tuple[str, ...]:
        """The Ed25519 public keys that checkpoints of this ledger may be signed by, hexadecimal; the newest first."""
        return self._maker.public_keys()

    def proof(self, record_id: str) -> Proof:
        """Return what proves one record to someone who has the public key and nothing else; it reveals no other record.

        Raises:
            ConfigError: there is no such record, or no checkpoint covers it yet (`checkpoint()` makes one).
        """
        from govai.ledger.proof import prove

        return self.read_apart(lambda connection: prove(connection, record_id))

    def export_bundle(self, path: str | Path) -> Bundle:
        """Sign where the chains stand, and write a ZIP file that verifies offline with only the public key.

        Raises:
            ConfigError: it cannot be written there. LedgerUnavailable: the ledger cannot be read.
        """
        from govai.ledger.bundle import write_bundle

        self._writer.flush()
        if self.keys is not None:
            self._maker.make()
        return self.read_apart(lambda connection: write_bundle(connection, path, self.public_keys))

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
        """Return one record by its id, None when there is none, or it was purged.

        Raises:
            LedgerUnavailable: it is damaged, or the database does not answer.
        """
        found = self._read("SELECT bytes FROM records WHERE id=?", (record_id,))
        return record_of(found[0][0], record_id) if found and found[0][0] != b"" else None

    def verify(self) -> Verification:
        """Check every record: bytes against digests, digests against each other, chains against their heads, outcomes."""
        from govai.ledger.verify import Trust, verify_connection

        self._writer.flush()
        self.sweep()
        trust = Trust(self.public_keys, tuple(self._anchors), _beside(self.keys, self.path))
        return self.read_apart(lambda connection: verify_connection(connection, self.database, trust))

    def sweep(self) -> int:
        """Give the outcome `unknown` to intents whose writer is gone; return how many."""
        now = self.guarded(lambda on: on.now())
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
        """Flush and close; sinks get `timeout` seconds each.

        Raises:
            LedgerUnavailable: what was queued cannot be written; everything is closed all the same.
        """
        self._at_exit.detach()
        if self._writer.closed:
            return
        with ExitStack() as closing:
            closing.callback(self._writer.close)
            for feed in reversed(self._feeds):
                closing.callback(feed.close, timeout)
            self._pacer.close()
            if self._anchors:
                with suppress(GovaiError):  # what is not anchored now is so next time
                    self.checkpoint()
            self.flush(timeout)

    def rows_after(self, position: int, count: int) -> list[tuple[int, str, bytes | None]]:
        """Return up to `count` records after a position, for a sink, as (position, id, bytes).

        On a server, transactions end in another order than they began: a page ends before a record that may still come.
        """
        page = self._read(_PAGE_OF.format("position>?"), (position, count))
        if _has_gap(position, page):
            awaited = self.guarded(lambda on: on.in_flight())
            page = self._read(_PAGE_OF.format("position>?"), (position, count))
            if awaited and _has_gap(position, page):
                page = page[: _until_gap(position, page)]
        return page

    def sinks(self) -> list[SinkState]:
        """Return how each sink is doing: those attached, and those that other processes feed.

        Raises:
            LedgerUnavailable: the database does not answer.
        """
        from govai.ledger.outbox import states

        return self.guarded(lambda on: states(on, self._attached()))

    def replay(self, name: str, start: str) -> None:
        """Offer everything from a point on to a sink again.

        Args:
            name: the sink's. start: `start`, a record's id, or a time (RFC 3339).

        Raises:
            ConfigError: no such sink, record or time. LedgerUnavailable: the database does not answer.
        """
        from govai.ledger.outbox import replay

        self.guarded(lambda on: replay(on, name, start, self._attached()))
        self._wake()

    def replay_dead(self, name: str) -> int:
        """Offer a sink's dead letters again; return how many.

        Raises:
            ConfigError: no such sink. LedgerUnavailable: the database does not answer.
        """
        from govai.ledger.outbox import replay_dead

        count = self.guarded(lambda on: replay_dead(on, name, self._attached()))
        self._wake()
        return count

    def _signer(self) -> Signer:
        return self._maker.signer()

    def _attached(self) -> list[str]:
        return [feed.sink.name for feed in self._feeds]

    def _flushed(self) -> dict[str, int]:
        self._writer.flush()
        return dict.fromkeys(self._attached(), 0) | {
            str(sink): int(at) for sink, at in self._read("SELECT sink, position FROM cursors")
        }

    def _opened(self) -> Writer:
        try:
            return Writer(self.database, self._wake, self._contents)
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
        from govai.ledger.reading import Reading

        self._writer.flush()
        self.sweep()
        return Reading(self._read, lambda: self.guarded(lambda on: on.in_flight()), server=self.database.remote)

    def _read(self, query: str, values: Sequence[Any] = ()) -> list[Any]:
        return self.guarded(lambda on: on.execute(query, values))

    def guarded(self, step: Callable[[Connection], T]) -> T:
        """Run a step on the writer's connection; a server that went away is asked once more.

        Raises:
            LedgerUnavailable: the database does not answer.
        """
        with self._writer.lock:
            for last in (False, True):
                try:
                    return step(self.connection)
                except self.database.errors as error:
                    kind = type(error).__name__
                    if last or not self.database.mendable(error):
                        break
        raise self._unreadable(kind)

    def _unreadable(self, kind: str) -> LedgerUnavailable:
        return LedgerUnavailable(
            say(f"the ledger cannot be read ({kind})", f"le registre ne peut être lu ({kind})"),
            where=self.url,
            todo=say("mend the disk, the server or the rights, and call again", "réparez disque, serveur ou droits"),
        )

    def read_apart(self, step: Callable[[Connection], T]) -> T:
        """Run a step on a connection that only reads.

        Raises:
            LedgerUnavailable: the database does not answer.
        """
        try:
            reader = self.database.connect_reading()
            try:
                return step(reader)
            finally:
                reader.close()
        except self.database.errors as error:
            kind = type(error).__name__
        raise self._unreadable(kind)

    def _wake(self) -> None:
        if self.keys is not None:
            self._pacer.committed()
        for feed in self._feeds:
            feed.wake()


def _beside(keys: KeyStore | None, path: str) -> tuple[str, ...]:
    """Say when whoever can rewrite the ledger can also sign it."""
    kind, _, place = str(getattr(keys, "source", "")).partition(":")
    if kind != "file" or path in ("", ":memory:") or Path(place).resolve().parent != Path(path).resolve().parent:
        return ()
    return (
        say(
            "the key file lies beside the ledger: who can write the one can read the other; only an anchor proves anything then",
            "le fichier de clé est à côté du registre : qui écrit l'un lit l'autre ; seul un ancrage prouve alors",
        ),
    )


def _has_gap(position: int, page: Sequence[tuple[int, str, bytes | None]]) -> bool:
    return bool(page) and page[-1][0] - position != len(page)


def _until_gap(position: int, page: Sequence[tuple[int, str, bytes | None]]) -> int:
    """Return how many of a page follow each other without a gap."""
    return next((at for at, row in enumerate(page) if row[0] != position + at + 1), len(page))


def _close_at_exit(alive: weakref.ref[Ledger]) -> None:
    ledger = alive()
    if ledger is not None:
        ledger.close(timeout=2.0)
