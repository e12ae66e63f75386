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
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING

from govai.core.errors import GovaiError, LedgerUnavailable
from govai.core.lang import say
from govai.ledger.appending import Appender, refuse_restricted
from govai.ledger.tasks import Tasks
from govai.ledger.waiting import Threads, Waiting

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


class Writer:
    """Appends to one chain of one database.

    Args:
        database: where. committed: called after each commit, for the sinks. contents: puts what is kept beside records.
    """

    def __init__(self, database: Database, committed: Callable[[], None], contents: Contents) -> None:
        self._database, self._committed, self._contents = database, committed, contents
        self._failures: tuple[type[Exception], ...] = (
            LedgerUnavailable,
            *database.errors,
            TypeError,
            ValueError,
        )
        self.connection: Connection = database.connect()
        self._reset()
        _writers.add(self)

    def _reset(self) -> None:
        self.lock = threading.RLock()
        self._threads, self._tasks = Threads(), Tasks(in_thread=self._database.remote)
        self._outcomes: deque[Draft] = deque()
        self._due: list[Draft] = []  # outcomes taken from there and not written yet
        self._appender = Appender(self._database, self._contents)
        self._alive_until = 0.0
        self._bell: SimpleQueue[None] = SimpleQueue()
        self._rung = False
        self._starting = threading.RLock()
        self._flusher: threading.Thread | None = None
        self.closed = False

    def forked(self) -> None:
        """Start anew in a forked child: another chain, nothing pending (it is the parent's, and so are the sinks)."""
        closed = self.closed
        self._reset()
        self.closed, self._committed = closed, _nobody

    @property
    def chain(self) -> str:
        """The id of the chain it writes."""
        return self._appender.chain.id

    def commit(self, drafts: Sequence[Draft]) -> None:
        """Return once the drafts are durable; LedgerUnavailable, and none of them counts, otherwise."""
        self._refuse_closed()
        mine = Waiting(drafts)
        try:
            self._threads.run(mine, self._write)
        except BaseException:  # interrupted: it may be durable, and nothing will leave for it
            self._give_up(drafts)
            raise
        if mine.error is not None:
            raise _unavailable(mine.error)

    def commit_alone(self, make: Callable[[Connection], Sequence[Draft]]) -> int:
        """Append what `make` returns while nobody else writes to the ledger, and return how many; raises as `commit`."""
        with self.lock:
            self._refuse_closed()
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
        mine, future = self._tasks.add(drafts, self._write)
        try:
            await future
        except asyncio.CancelledError as cancelled:
            if not future.done() or future.cancelled() or not mine.done or mine.error is not None:
                self._give_up(drafts)
                raise
            _cancel_later(cancelled)
        if not mine.done:
            self._give_up(drafts)
            raise _unavailable(InterruptedError())
        if mine.error is not None:
            raise _unavailable(mine.error)

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
        if self._is_due():
            self.commit(())

    def close(self) -> None:
        """Write what is queued and say that this writer is gone."""
        if self.closed:
            return
        try:
            self.flush()
            with self.lock, suppress(*self._database.errors):  # else its lease runs out
                if self._is_due():
                    self._write(list)
                self._appender.leave(self.connection)
                self.closed = True  # under the lock: whoever still waits for it is refused
        finally:
            self.closed = True
            self._bell.put(None)
            with self.lock:
                self.connection.close()

    def _is_due(self) -> bool:
        return bool(self._outcomes or self._due or self._appender.given_up)

    def _give_up(self, drafts: Sequence[Draft]) -> None:
        """Nobody waits for these any more: what of them is durable all the same is ended soon."""
        self._appender.give_up(drafts)
        self._bell.put(None)

    def _refuse_closed(self) -> None:
        if self.closed:
            raise LedgerUnavailable(
                say("the ledger is closed", "le registre est fermé"),
                todo=say("its Governor was closed; open another", "son Governor a été fermé ; ouvrez-en un autre"),
            )

    def _write(self, waiting: Callable[[], list[Waiting]]) -> None:
        """Write what waits when it is this call's turn, and all queued outcomes, in one transaction."""
        with self.lock:
            batch = waiting()
            while self._outcomes:  # so that an interrupt between two steps loses none
                self._due.append(self._outcomes[0])
                self._outcomes.popleft()
            error: BaseException | None = None
            refused: dict[int, GovaiError] = {}
            try:
                self._refuse_closed()
                refused = self._append(self._due, batch)
                self._due.clear()
            except self._failures as problem:
                error = problem
            for mine in batch:
                mine.error = error or refused.get(id(mine))
                mine.done = True
            if error is None:
                self._committed()

    def _append(self, outcomes: list[Draft], batch: list[Waiting]) -> dict[int, GovaiError]:
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
        with self._starting, suppress(RuntimeError):  # no thread starts while Python ends: closing writes what is due
            if self._flusher is None and not self.closed:
                flusher = threading.Thread(
                    target=_keep_flushing, args=(weakref.ref(self),), name="govai-ledger", daemon=True
                )
                flusher.start()
                self._flusher = flusher

    def turn(self) -> SimpleQueue[None]:
        """Do what is due in the background; return the bell to wait for."""
        if self._rung:
            self._rung = False
            _pause(self, _LINGER_S)
        with self.lock:
            beat = bool(self._appender.open) and time.monotonic() > self._alive_until - WRITER_LEASE_S + _HEARTBEAT_S
            if (beat or self._is_due()) and not self.closed:
                self._write(list)
        return self._bell


def _nobody() -> None:
    """A forked child's feeds are threads of its parent: they find what it wrote."""


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
