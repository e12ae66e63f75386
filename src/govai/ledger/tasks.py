"""Waiting tasks: those that wait in the same turn of their event loop share one commit. It knows no database.

A file is written in the loop itself: handing over would cost more than it takes. A server is waited for in a thread of our
own: a loop's executor may be full of the application's work, or shut down.
"""

from __future__ import annotations

import threading
import weakref
from contextlib import suppress
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING

from govai.ledger.waiting import Waiting

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable, Sequence

    from govai.core.records import Draft

    Write = Callable[[Callable[[], list[Waiting]]], None]

_Pairs = list[tuple[Waiting, "asyncio.Future[None]"]]
_Job = tuple[_Pairs, "asyncio.AbstractEventLoop", "Write", "Callable[[], None]"]


class Tasks:
    """Tasks of any number of loops that wait for one writer.

    Args:
        in_thread: write in a thread of our own.
    """

    def __init__(self, *, in_thread: bool) -> None:
        self._in_thread = in_thread
        self._lock = threading.RLock()
        self._pending: dict[asyncio.AbstractEventLoop, _Pairs] = {}
        self._jobs: SimpleQueue[_Job | None] = SimpleQueue()
        self._thread: threading.Thread | None = None
        weakref.finalize(self, self._jobs.put, None).atexit = False

    def add(self, drafts: Sequence[Draft], write: Write) -> tuple[Waiting, asyncio.Future[None]]:
        """Have the running loop write the drafts at its next turn; the future ends when that is `done`, or cannot be known."""
        import asyncio

        loop = asyncio.get_running_loop()
        mine, future = Waiting(drafts), loop.create_future()
        with self._lock:
            if loop not in self._pending:
                for gone in [one for one in self._pending if one.is_closed()]:
                    del self._pending[gone]
                loop.call_soon(self._flush, loop, write)
                self._pending[loop] = []
            self._pending[loop].append((mine, future))
        return mine, future

    def _flush(self, loop: asyncio.AbstractEventLoop, write: Write) -> None:
        """Write what waits now; in a thread: and again what comes meanwhile."""
        with self._lock:
            pairs = [one for one in self._pending.get(loop, ()) if not one[1].done()]
            if not pairs or not self._in_thread:
                self._pending.pop(loop, None)
            else:
                self._pending[loop] = []
        if pairs and self._in_thread:
            self._hand_over((pairs, loop, write, lambda: self._flush(loop, write)))
        elif pairs:
            try:
                write(lambda: _still_wanted(pairs))
            finally:
                _tell(pairs)

    def _hand_over(self, job: _Job) -> None:
        with self._lock:
            self._jobs.put(job)
            if self._thread is None:
                self._thread = threading.Thread(target=_carry, args=(self._jobs,), name="govai-commits", daemon=True)
                self._thread.start()


def _carry(jobs: SimpleQueue[_Job | None]) -> None:
    """Write job by job, those of several loops that came meanwhile together."""
    while (job := jobs.get()) is not None:
        at_once = [job, *_meanwhile(jobs)]
        del job
        _write_all(at_once)
        at_once.clear()  # or what is no longer used would live until the next job


def _meanwhile(jobs: SimpleQueue[_Job | None]) -> list[_Job]:
    found: list[_Job] = []
    with suppress(Empty):
        while (more := jobs.get_nowait()) is not None:
            found.append(more)
        jobs.put(None)
    return found


def _write_all(jobs: list[_Job]) -> None:
    pairs = [one for job in jobs for one in job[0]]
    try:
        jobs[0][2](lambda: _still_wanted(pairs))
    except Exception as problem:  # noqa: BLE001 -- those who wait are told
        for mine, _future in pairs:
            mine.error, mine.done = mine.error or problem, True
    for some, loop, _write, again in jobs:
        with suppress(RuntimeError):  # the loop is closed: nobody waits
            loop.call_soon_threadsafe(_told, some, again)


def _told(pairs: _Pairs, again: Callable[[], None]) -> None:
    _tell(pairs)
    again()


def _still_wanted(pairs: _Pairs) -> list[Waiting]:
    return [mine for mine, future in pairs if not future.cancelled()]


def _tell(pairs: _Pairs) -> None:
    for _mine, future in pairs:
        if not future.done():
            future.set_result(None)
