"""The feed: sinks read from the ledger, each with a cursor of its own, in order, at least once; a sink that is down delays nobody."""

from __future__ import annotations

import threading
import weakref
from typing import TYPE_CHECKING

from tenacity import RetryCallState, Retrying, retry_if_exception_type, wait_exponential

from govai.ledger.chain import record_of

if TYPE_CHECKING:
    from govai.core.protocols import Sink
    from govai.ledger.store import Ledger

_BATCH = 500
_WAIT = wait_exponential(multiplier=0.2, max=30.0)


class Feed:
    """Feeds one sink from one ledger, in a thread of its own."""

    def __init__(self, ledger: Ledger, sink: Sink) -> None:
        self.sink = sink
        self._ledger = weakref.ref(ledger)
        self._news, self._idle, self._stop = threading.Event(), threading.Condition(), threading.Event()
        self._position = ledger.cursor(sink.name)
        self.failing = False
        if (attached := getattr(sink, "attached", None)) is not None:
            attached(ledger.record)
        self._thread = threading.Thread(target=self._run, name=f"govai-sink-{sink.name}"[:40], daemon=True)
        self._thread.start()

    def wake(self) -> None:
        """There may be new records."""
        self._news.set()

    def drain(self, position: int, timeout: float) -> None:
        """Wait until the sink has taken everything up to `position`, fails, or `timeout` seconds have passed."""
        self.wake()
        with self._idle:
            self._idle.wait_for(lambda: self._position >= position or self.failing, timeout)

    def close(self, timeout: float) -> None:
        """Stop, and close the sink."""
        self._stop.set()
        self._news.set()
        self._thread.join(timeout)
        self.sink.close(timeout)

    def _run(self) -> None:
        while not self._stop.is_set():
            self._news.wait()
            self._news.clear()
            retry = Retrying(
                wait=_WAIT,
                sleep=self._rest,
                retry=retry_if_exception_type(Exception),
                stop=self._stopped,
                reraise=False,
            )
            try:
                retry(self._step)
            except Exception:  # noqa: BLE001 -- stopped while failing: the cursor stays, the records are offered next time
                return

    def _step(self) -> None:
        while not self._stop.is_set():
            ledger = self._ledger()
            if ledger is None:
                self._stop.set()
                return
            batch = ledger.rows_after(self._position, _BATCH)
            if not batch:
                return
            try:
                self.sink.emit(
                    [record_of(raw, named) for _position, named, raw in batch if raw != b""]
                )  # nor what was purged
                ledger.move_cursor(self.sink.name, batch[-1][0])
            except BaseException:
                self._now(self._position, failing=True)
                raise
            self._now(batch[-1][0], failing=False)

    def _now(self, position: int, *, failing: bool) -> None:
        with self._idle:
            self._position, self.failing = position, failing
            self._idle.notify_all()

    def _rest(self, seconds: float) -> None:
        self._stop.wait(seconds)

    def _stopped(self, _state: RetryCallState) -> bool:
        return self._stop.is_set()
