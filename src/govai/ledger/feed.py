"""The feed: sinks read from the ledger, each with a cursor of its own, in order, at least once; a sink that is down delays nobody.

What is down is waited for, without end. What a sink refuses is offered alone, a few times, and then laid aside.
"""

from __future__ import annotations

import os
import threading
import weakref
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from tenacity import RetryCallState, Retrying, retry_if_exception_type, wait_exponential

from govai.core.errors import LedgerUnavailable, SinkRefused
from govai.core.records import new_id
from govai.core.records import now as time_now
from govai.ledger import cursors
from govai.ledger.chain import record_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from govai.core.protocols import Sink
    from govai.core.records import Record
    from govai.ledger.cursors import DeadLetter, Standing
    from govai.ledger.store import Ledger

TRIES = 5  # of a record that the sink refuses
_BATCH = 500
_WAIT = wait_exponential(multiplier=0.2, max=30.0)
_IDLE_S, _BUSY_S = 1.0, 0.1  # how often it is looked whether other processes wrote, or another feeder is done
_GRACE_S = 1.0  # for a sink that uses all of its time to close
_Page = list[tuple[int, str, "bytes | None"]]


class Feed:
    """Feeds one sink from one ledger, in a thread of its own."""

    def __init__(self, ledger: Ledger, sink: Sink) -> None:
        self.sink = sink
        self.failing = False
        self._ledger = weakref.ref(ledger)
        self._private = ledger.path == ":memory:"  # nobody else writes to it
        self._pid, self._holder = os.getpid(), new_id()
        self._news, self._idle, self._stop = threading.Event(), threading.Condition(), threading.Event()
        self._position, self._alone_to, self._waits = 0, 0, False
        if (attached := getattr(sink, "attached", None)) is not None:
            attached(self.record)  # not the ledger's own: a sink that keeps it would keep the ledger alive
        self._thread = threading.Thread(target=self._run, name=f"govai-sink-{sink.name}"[:40], daemon=True)
        self._thread.start()

    def record(self, record_id: str) -> Record | None:
        """Return a record of the ledger by its id; None where there is none, or no ledger any more.

        Raises:
            LedgerUnavailable: it is damaged, or the database does not answer.
        """
        ledger = self._ledger()
        return ledger.record(record_id) if ledger is not None else None

    def wake(self) -> None:
        """There may be new records."""
        self._news.set()

    def drain(self, position: int, timeout: float) -> None:
        """Wait until the sink has taken everything up to `position`, fails, or `timeout` seconds have passed.

        A forked child has no feeds: those of its parent find what it wrote.
        """
        if self._pid != os.getpid():
            return
        self.wake()
        with self._idle:
            self._idle.wait_for(lambda: self._position >= position or self.failing, timeout)

    def close(self, timeout: float) -> None:
        """Stop, let others feed the sink, and close it; one that does not close in time is left behind."""
        if self._pid != os.getpid():
            return
        self._stop.set()
        self._news.set()
        self._thread.join(timeout)
        ledger = self._ledger()
        if ledger is not None and not self._thread.is_alive():
            with suppress(LedgerUnavailable):  # else the lease runs out
                ledger.guarded(lambda on: cursors.release(on, self.sink.name, self._holder))
        closing = threading.Thread(target=_close, args=(self.sink, timeout), name="govai-sink-close", daemon=True)
        closing.start()
        closing.join(timeout + _GRACE_S)

    def _run(self) -> None:
        while not self._stop.is_set():
            self._news.wait(_BUSY_S if self._waits else None if self._private else _IDLE_S)
            self._news.clear()
            retry = Retrying(wait=_WAIT, sleep=self._rest, retry=retry_if_exception_type(Exception), stop=self._stopped)
            try:
                while retry(self._step):
                    pass
            except Exception:  # noqa: BLE001 -- stopped while failing: the cursor stays, the records are offered next time
                return

    def _step(self) -> bool:
        """Offer one batch; return whether there may be more to do."""
        ledger = self._ledger()
        if ledger is None or self._stop.is_set():
            self._stop.set()
            return False
        seen = ledger.guarded(lambda on: cursors.standing(on, self.sink.name))
        letters = ledger.guarded(lambda on: cursors.due(on, self.sink.name))
        if not letters and not ledger.rows_after(seen.position, 1):
            self._now(seen.position)
            return False
        taken = ledger.guarded(lambda on: cursors.take(on, self.sink.name, self._holder))
        self._waits = taken is None
        if taken is None:
            self._now(seen.position, failing=bool(seen.error))
            return False
        for letter in letters:
            self._offer_again(ledger, letter)
        page = self._page(ledger, taken)
        if page:
            self._offer(ledger, taken, page)
        return bool(page or letters)

    def _page(self, ledger: Ledger, seen: Standing) -> _Page:
        alone = seen.tries > 0 or seen.position < self._alone_to
        return ledger.rows_after(seen.position, 1 if alone else _BATCH)

    def _offer(self, ledger: Ledger, seen: Standing, page: _Page) -> None:
        last = page[-1][0]
        try:
            records = _records(page)
            if records:
                self.sink.emit(records)
        except (SinkRefused, _Damaged) as error:
            if len(page) > 1:
                self._alone_to = last  # which of them it is shows when each comes alone
                return
            if isinstance(error, SinkRefused) and seen.tries + 1 < TRIES:
                self._failed(ledger, seen, error, refused=True)
                raise
            letter = cursors.DeadLetter(self.sink.name, last, page[0][1], _type_of(error), seen.tries + 1, time_now())
            moved = ledger.guarded(lambda on: cursors.bury(on, self.sink.name, seen, letter))
        except BaseException as error:
            self._failed(ledger, seen, error, refused=False)
            raise
        else:
            moved = ledger.guarded(lambda on: cursors.move(on, self.sink.name, seen, last))
        if moved:
            self._now(last)

    def _offer_again(self, ledger: Ledger, letter: DeadLetter) -> None:
        record, outcome = ledger.record(letter.record), ""
        try:
            if record is not None:
                self.sink.emit([record])
        except SinkRefused as error:
            outcome = _type_of(error)
        except BaseException:
            self._now(self._position, failing=True)
            raise
        ledger.guarded(lambda on: cursors.answered(on, letter, outcome))

    def _failed(self, ledger: Ledger, seen: Standing, error: BaseException, *, refused: bool) -> None:
        self._now(seen.position, failing=True)
        kind = _type_of(error)
        ledger.guarded(lambda on: cursors.failed(on, self.sink.name, seen, kind, refused=refused))

    def _now(self, position: int, *, failing: bool = False) -> None:
        with self._idle:
            self._position, self.failing = position, failing
            self._idle.notify_all()

    def _rest(self, seconds: float) -> None:
        self._stop.wait(seconds)

    def _stopped(self, _state: RetryCallState) -> bool:
        return self._stop.is_set()


class _Damaged(Exception):
    """What stands in the ledger is no record."""


def _close(sink: Sink, timeout: float) -> None:
    with suppress(Exception):  # what it has not taken is offered next time
        sink.close(timeout)


def _records(page: _Page) -> Sequence[Record]:
    """Return the records of a page; one whose bytes were purged has nothing to say."""
    try:
        return [record_of(raw, named) for _position, named, raw in page if raw != b""]
    except LedgerUnavailable:
        raise _Damaged from None


def _type_of(error: BaseException) -> str:
    """Return a failure's type, with its HTTP status if it has one: never its words, which may quote a record."""
    status: Any = getattr(error, "status", None)
    return (
        f"{type(error).__name__.lstrip('_')} {status}" if isinstance(status, int) else type(error).__name__.lstrip("_")
    )
