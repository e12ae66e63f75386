"""The writer: many waiting callers, one durable commit. Threads follow a leader; tasks of a loop share one flush.

No timer gathers them: whoever finds the way free writes all that is pending.
"""

from __future__ import annotations

import os
import threading
import time
import weakref
from collections import deque
from contextlib import suppress
from dataclasses import dataclass, field
from queue import Empty, SimpleQueue
from threading import Lock
from typing import TYPE_CHECKING

from govai.core.errors import GovaiError, LedgerUnavailable
from govai.core.lang import say
from govai.ledger.appending import Appender, refuse_restricted

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable, Sequence

    from govai.core.database import Connection, Database
    from govai.core.records import Draft
    from govai.ledger.contents import Contents

WRITER_LEASE_S = 30.0  # a writer that has not said for so long that it lives is taken for dead
_HEARTBEAT_S = 10.0
_LINGER_S = 0.05  # the longest an outcome waits for a commit to ride on

_writers: weakref.WeakSet[Writer] = weakref.WeakSet()


@dataclass(slots=True)
class _Waiting:
    """What waits to be written. `gate` opens when it is, or when its thread is to lead."""

    drafts: Sequence[Draft]
    done: bool = False
    leads: bool = False
    error: BaseException | None = None
    gate: Lock = field(default_factory=Lock)


class Writer:
    """Appends to one chain of one database.

    Args:
        database: where. committed: called after each commit, for the sinks. contents: puts what is kept beside records.
    """

    def __init__(self, database: Database, committed: Callable[[], None], contents: Contents) -> None:
        self._database, self._committed, self._contents = database, committed, contents
        self._failures: tuple[type[Exception], ...] = (*database.errors, TypeError, ValueError)
        self.connection: Connection = database.connect()
        self._reset()
        _writers.add(self)

    def _reset(self) -> None:
        self.lock = threading.RLock()
        self._queue = threading.RLock()
        self._waiting: list[_Waiting] = []
        self._led = False
        self._outcomes: deque[Draft] = deque()
        self._loops: dict[asyncio.AbstractEventLoop, list[tuple[Sequence[Draft], asyncio.Future[None]]]] = {}
        self._appender = Appender(self._database, self._contents)
        self._alive_until = 0.0
        self._bell: SimpleQueue[None] = SimpleQueue()
        self._rung = False
        self._flusher: threading.Thread | None = None
        self.closed = False

    def forked(self) -> None:
        """Start anew in a forked child: another chain, nothing pending (it is the parent's)."""
        closed = self.closed
        self._reset()
        self.closed = closed

    @property
    def chain(self) -> str:
        """The id of the chain it writes."""
        return self._appender.chain.id

    def commit(self, drafts: Sequence[Draft]) -> None:
        """Return once the drafts are durable; LedgerUnavailable, and none of them counts, otherwise."""
        self._refuse_closed()
        mine = _Waiting(drafts)
        mine.gate.acquire()
        with self._queue:
            self._waiting.append(mine)
            mine.leads = not self._led
            self._led = True
        if not mine.leads:
            self._follow(mine)
        if mine.leads:
            self._lead()
        if mine.error is not None:
            raise _unavailable(mine.error)

    def commit_alone(self, make: Callable[[Connection], Sequence[Draft]]) -> int:
        """Append what `make` returns while nobody else writes to the ledger, and return how many; raises as `commit`."""
        self._refuse_closed()
        with self.lock:
            try:
                count = self._appender.append_alone(self.connection, lambda: make(self.connection))
            except self._database.errors as error:
                problem: BaseException = error
            else:
                if count:
                    self._committed()
                return count
        raise _unavailable(problem)

    async def acommit(self, drafts: Sequence[Draft]) -> None:
        """The asyncio twin: tasks that wait in the same turn of their loop share one commit.

        A server is waited for in a thread; the tasks that come meanwhile share the next commit.
        """
        import asyncio

        self._refuse_closed()
        loop = asyncio.get_running_loop()
        future: asyncio.Future[None] = loop.create_future()
        with self._queue:
            first = loop not in self._loops
            self._loops.setdefault(loop, []).append((drafts, future))
        if first:
            loop.call_soon(self._flush_remote if self._database.remote else self._flush_loop, loop)
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
            with self.lock, suppress(*self._database.errors):  # else its lease runs out
                self._appender.leave(self.connection)
        finally:
            self.closed = True
            self._bell.put(None)
            with self.lock:
                self.connection.close()

    def _follow(self, mine: _Waiting) -> None:
        """Wait until a leader wrote it, or made it the next leader."""
        try:
            mine.gate.acquire()
        except BaseException:  # interrupted: it is not to be written, and must not be waited for
            with self._queue:
                if mine in self._waiting:
                    self._waiting.remove(mine)
                if mine.leads:
                    self._hand_on()
            raise

    def _lead(self) -> None:
        """Write what waits, wake whose it was, and let the first of those who came meanwhile lead."""
        batch: list[_Waiting] = []
        try:
            with self.lock:
                with self._queue:
                    batch, self._waiting = self._waiting, []
                self._write(batch)
        finally:
            with self._queue:
                self._hand_on()
            for one in batch:
                if not one.leads:
                    one.gate.release()

    def _hand_on(self) -> None:
        self._led = bool(self._waiting)
        if self._waiting:
            self._waiting[0].leads = True
            self._waiting[0].gate.release()

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
        _tell(batch, waiting)

    def _flush_remote(self, loop: asyncio.AbstractEventLoop) -> None:
        """Have a thread write what waits now, and again for what comes meanwhile."""
        with self._queue:
            waiting = [one for one in self._loops.get(loop, []) if not one[1].cancelled()]
            if not waiting:
                self._loops.pop(loop, None)
                return
            self._loops[loop] = []
        batch = [_Waiting(drafts) for drafts, _future in waiting]

        def write() -> None:
            with self.lock:
                self._write(batch)

        def written(done: asyncio.Future[None]) -> None:
            problem = None if done.cancelled() else done.exception()
            for mine in batch:
                mine.error = mine.error or problem
            _tell(batch, waiting)
            self._flush_remote(loop)

        loop.run_in_executor(None, write).add_done_callback(written)

    def _write(self, batch: list[_Waiting]) -> None:
        """Write a batch and all queued outcomes in one transaction; the lock is held."""
        outcomes = [self._outcomes.popleft() for _ in range(len(self._outcomes))]
        error: BaseException | None = None
        try:
            refused = self._append(outcomes, batch)
        except self._failures as problem:
            error, refused = problem, {}
            self._outcomes.extendleft(reversed(outcomes))
        except BaseException:  # an interrupt: whoever waits must not take what is not durable for written
            self._outcomes.extendleft(reversed(outcomes))
            for mine in batch:
                mine.done, mine.error = True, LedgerUnavailable(say("interrupted", "interrompu"))
            raise
        for mine in batch:
            mine.done, mine.error = True, error or refused.get(id(mine))
        if error is None:
            self._committed()

    def _append(self, outcomes: list[Draft], batch: list[_Waiting]) -> dict[int, GovaiError]:
        """Append what may be; return the errors of those whose intents the ledger does not take."""
        refused: dict[int, GovaiError] = {}

        def drafts() -> list[Draft]:  # looked at inside the transaction: who is restricted is known there
            refused.clear()
            taken = list(outcomes)
            for mine in batch:
                if (no := refuse_restricted(self._appender.subjects, mine.drafts)) is not None:
                    refused[id(mine)] = no
                else:
                    taken.extend(mine.drafts)
            return taken

        beat = time.monotonic() > self._alive_until - WRITER_LEASE_S + _HEARTBEAT_S
        self._appender.append(self.connection, drafts, lease_s=WRITER_LEASE_S if beat else 0.0)
        if beat:
            self._alive_until = time.monotonic() + WRITER_LEASE_S
        if self._appender.open and self._flusher is None:
            self._start_flusher()
        return refused

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
            beat = bool(self._appender.open) and time.monotonic() > self._alive_until - WRITER_LEASE_S + _HEARTBEAT_S
            if (self._outcomes or beat or self._appender.doubtful) and not self.closed:
                self._write([])
        return self._bell


def _tell(batch: list[_Waiting], waiting: list[tuple[Sequence[Draft], asyncio.Future[None]]]) -> None:
    for mine, (_drafts, future) in zip(batch, waiting, strict=True):
        if future.cancelled():
            continue
        if mine.error is None:
            future.set_result(None)
        else:
            future.set_exception(_unavailable(mine.error))


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


def _unavailable(error: BaseException) -> GovaiError:
    if isinstance(error, GovaiError):
        return error
    kind = type(error).__name__
    return LedgerUnavailable(
        say(
            f"the ledger cannot be written ({kind}), so nothing left",
            f"registre non inscriptible ({kind}) : rien n'est parti",
        ),
        todo=say(
            "mend the disk, the server, the rights or the lock, and call again",
            "réparez le disque, le serveur, les droits ou le verrou, et rappelez",
        ),
    )


def _after_fork() -> None:
    for writer in list(_writers):
        writer.forked()


if hasattr(os, "register_at_fork"):  # not on Windows, which does not fork
    os.register_at_fork(after_in_child=_after_fork)
