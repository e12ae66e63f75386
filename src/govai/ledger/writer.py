"""The writer: many waiting callers, one durable commit. Threads follow a leader; tasks of a loop share one flush.

No timer gathers them: whoever finds the way free writes all that is pending.
"""

from __future__ import annotations

import os
import sqlite3
import threading
import time
import weakref
from collections import deque
from contextlib import suppress
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Any

from govai.core.errors import LedgerUnavailable
from govai.core.lang import say
from govai.ledger.chain import Chain, Row
from govai.ledger.schema import connect, create

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable, Sequence

    from govai.core.records import Draft

WRITER_LEASE_S = 30.0  # a writer that has not said for so long that it lives is taken for dead
_HEARTBEAT_S = 10.0
_LINGER_S = 0.05  # the longest an outcome waits for a commit to ride on

_INSERT = "INSERT INTO records(chain,seq,id,time,kind,call_id,intent_id,purpose,hash,bytes) VALUES(?,?,?,?,?,?,?,?,?,?)"
_writers: weakref.WeakSet[Writer] = weakref.WeakSet()
_inherited: list[Any] = []  # a forked child must neither use nor close its parent's connections


@dataclass(slots=True)
class _Waiting:
    drafts: Sequence[Draft]
    done: bool = False
    error: BaseException | None = None


class Writer:
    """Appends to one chain of one database.

    Args:
        path: of the database. committed: called after each commit, for the sinks.
    """

    def __init__(self, path: str, committed: Callable[[], None]) -> None:
        self.path, self._committed = path, committed
        create(path)
        self._reset()
        self.connection = connect(path)
        _writers.add(self)

    def _reset(self) -> None:
        self.lock = threading.RLock()
        self._queue = threading.RLock()
        self._waiting: list[_Waiting] = []
        self._outcomes: deque[Draft] = deque()
        self._loops: dict[asyncio.AbstractEventLoop, list[tuple[Sequence[Draft], asyncio.Future[None]]]] = {}
        self._chain = Chain.new()
        self._alive_until = 0.0
        self._open: set[str] = set()
        self._bell: SimpleQueue[None] = SimpleQueue()
        self._rung = False
        self._flusher: threading.Thread | None = None
        self.closed = False

    def forked(self) -> None:
        """Start anew in a forked child: another connection, another chain, nothing pending (it is the parent's)."""
        _inherited.append(self.connection)
        closed = self.closed
        self._reset()
        self.closed = closed
        if not closed and self.path != ":memory:":
            self.connection = connect(self.path)

    def commit(self, drafts: Sequence[Draft]) -> None:
        """Return once the drafts are durable; LedgerUnavailable, and none of them written, otherwise."""
        self._refuse_closed()
        mine = _Waiting(drafts)
        with self._queue:
            self._waiting.append(mine)
        with self.lock:
            if not mine.done:
                with self._queue:
                    batch, self._waiting = self._waiting, []
                self._write(batch)
        if mine.error is not None:
            raise _unavailable(mine.error)

    async def acommit(self, drafts: Sequence[Draft]) -> None:
        """The asyncio twin: tasks that wait in the same turn of their loop share one commit."""
        import asyncio

        self._refuse_closed()
        loop = asyncio.get_running_loop()
        future: asyncio.Future[None] = loop.create_future()
        with self._queue:
            waiting = self._loops.setdefault(loop, [])
            waiting.append((drafts, future))
        if len(waiting) == 1:
            loop.call_soon(self._flush_loop, loop)
        try:
            await future
        except asyncio.CancelledError as cancelled:
            if future.cancelled() or future.exception() is not None:  # nothing is written
                raise
            _cancel_later(cancelled)

    def enqueue(self, draft: Draft) -> None:
        """Take an outcome that nobody waits for; it rides on the next commit, or is written within 50 ms.

        A finalizer may call it from inside any of this class's own steps: it takes no lock that could be held there.
        """
        self._outcomes.append(draft)
        if not self._rung:
            self._rung = True
            self._bell.put(None)
            if self._flusher is None:
                self._start_flusher()

    def flush(self) -> None:
        """Write what is queued; LedgerUnavailable when it cannot be."""
        if self._outcomes:
            self.commit(())

    def close(self) -> None:
        """Write what is queued and say that this writer is gone."""
        if self.closed:
            return
        try:
            self.flush()
            with self.lock:
                self.connection.execute("DELETE FROM writers WHERE chain=?", (self._chain.id,))
        finally:
            self.closed = True
            self._bell.put(None)
            with self.lock:
                self.connection.close()

    def _refuse_closed(self) -> None:
        if self.closed:
            raise LedgerUnavailable(
                say("the ledger is closed", "le registre est fermé"),
                todo=say("its Governor was closed; open another", "son Governor a été fermé ; ouvrez-en un autre"),
            )

    def _flush_loop(self, loop: asyncio.AbstractEventLoop) -> None:
        with self._queue:
            waiting = [one for one in self._loops.pop(loop, []) if not one[1].cancelled()]
        batch = [_Waiting(drafts) for drafts, _future in waiting]
        with self.lock:
            self._write(batch)
        for mine, (_drafts, future) in zip(batch, waiting, strict=True):
            if future.cancelled():
                continue
            if mine.error is None:
                future.set_result(None)
            else:
                future.set_exception(_unavailable(mine.error))

    def _write(self, batch: list[_Waiting]) -> None:
        """Write a batch and all queued outcomes in one transaction; the lock is held."""
        outcomes = [self._outcomes.popleft() for _ in range(len(self._outcomes))]
        before = (self._chain.seq, self._chain.head)
        error: BaseException | None = None
        try:
            self._transact([*outcomes, *(draft for mine in batch for draft in mine.drafts)])
        except (sqlite3.Error, TypeError, ValueError) as problem:
            error = problem
            self._chain.seq, self._chain.head = before
            self._outcomes.extendleft(reversed(outcomes))
            if not self.closed and self.connection.in_transaction:
                self.connection.execute("ROLLBACK")
        for mine in batch:
            mine.done, mine.error = True, error
        if error is None:
            self._committed()

    def _transact(self, drafts: list[Draft]) -> None:
        run = self.connection.execute
        run("BEGIN IMMEDIATE")
        rows: list[Row] = []
        opened: list[tuple[str, str, str, str]] = []
        ended: list[str] = []
        for draft in drafts:
            if draft.kind == "outcome":
                if run("INSERT OR IGNORE INTO outcomes VALUES(?)", (draft.intent_id,)).rowcount == 0:
                    continue
                ended.append(draft.intent_id)
            row = self._chain.link(draft)
            rows.append(row)
            if draft.kind == "intent":
                opened.append((draft.id, row.chain, row.call_id, row.purpose))
        self.connection.executemany(_INSERT, rows)
        if opened:
            self.connection.executemany("INSERT INTO open_intents VALUES(?,?,?,?)", opened)
        if ended:
            self.connection.executemany("DELETE FROM open_intents WHERE intent_id=?", [(one,) for one in ended])
        now = time.time()
        if rows:
            run("INSERT OR REPLACE INTO heads VALUES(?,?,?)", (self._chain.id, self._chain.seq, self._chain.head))
        if now > self._alive_until - WRITER_LEASE_S + _HEARTBEAT_S:
            run("INSERT OR REPLACE INTO writers VALUES(?,?)", (self._chain.id, now + WRITER_LEASE_S))
            self._alive_until = now + WRITER_LEASE_S
        run("COMMIT")
        self._open.update(one[0] for one in opened)
        self._open.difference_update(ended)
        if opened and self._flusher is None:
            self._start_flusher()

    def _start_flusher(self) -> None:
        with self._queue:
            if self._flusher is None and not self.closed:
                self._flusher = threading.Thread(
                    target=_keep_flushing, args=(weakref.ref(self),), name="govai-ledger", daemon=True
                )
                self._flusher.start()

    def turn(self) -> SimpleQueue[None]:
        """Do what is due in the background; return the bell to wait for."""
        if self._rung:
            self._rung = False
            _pause(self, _LINGER_S)
        with self.lock:
            beat = bool(self._open) and time.time() > self._alive_until - WRITER_LEASE_S + _HEARTBEAT_S
            if (self._outcomes or beat) and not self.closed:
                self._write([])
        return self._bell


def _cancel_later(cancelled: asyncio.CancelledError) -> None:
    """Have the running task cancelled where it waits next: what is durable already needs its caller, to say how it ended."""
    import asyncio

    task = asyncio.current_task()
    if task is not None:
        task.uncancel()
        task.cancel(*cancelled.args)


def _pause(writer: Writer, seconds: float) -> None:
    """Let a commit come by that takes the outcomes along."""
    threading.Event().wait(0 if writer.closed else seconds)


def _keep_flushing(alive: weakref.ref[Writer]) -> None:
    while (writer := alive()) is not None and not writer.closed:
        bell = writer.turn()
        del writer
        with suppress(Empty):
            bell.get(timeout=_HEARTBEAT_S)


def _unavailable(error: BaseException) -> LedgerUnavailable:
    kind = type(error).__name__
    return LedgerUnavailable(
        say(
            f"the ledger cannot be written ({kind}), so nothing left",
            f"registre non inscriptible ({kind}) : rien n'est parti",
        ),
        todo=say(
            "mend the disk, the rights or the lock, and call again",
            "réparez le disque, les droits ou le verrou, et rappelez",
        ),
    )


def _after_fork() -> None:
    for writer in list(_writers):
        writer.forked()


if hasattr(os, "register_at_fork"):  # not on Windows, which does not fork
    os.register_at_fork(after_in_child=_after_fork)
