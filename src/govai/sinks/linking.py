"""One connection, kept between batches and opened anew once when it fails: it may have died of idleness. Knows no broker."""

from __future__ import annotations

import threading
from contextlib import suppress
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from govai.core.records import Record

C = TypeVar("C")
R = TypeVar("R")


class Link(Generic[C]):
    """Holds what `connect` returns.

    Args:
        connect: opens a connection. close: closes one; what it raises means nothing. lasting: errors that another
            connection does not cure.
    """

    def __init__(
        self,
        connect: Callable[[], C],
        close: Callable[[C], object],
        *,
        lasting: Callable[[], tuple[type[BaseException], ...]] = tuple,
    ) -> None:
        self._connect, self._close, self._lasting = connect, close, lasting
        self._kept: C | None = None
        self._lock = threading.Lock()

    def use(self, work: Callable[[C], R]) -> R:
        """Return what `work` makes of the connection; what fails on a kept one is done again on a new one."""
        with self._lock:
            if self._kept is not None:
                try:
                    return work(self._kept)
                except Exception as error:
                    self._drop()
                    if isinstance(error, self._lasting()):
                        raise
            self._kept = self._connect()
            try:
                return work(self._kept)
            except BaseException:
                self._drop()
                raise

    def close(self, timeout: float) -> None:
        """Close what is kept; what is in use for longer than `timeout` seconds is left to its user."""
        if self._lock.acquire(timeout=timeout):
            try:
                self._drop()
            finally:
                self._lock.release()

    def _drop(self) -> None:
        kept, self._kept = self._kept, None
        if kept is not None:
            with suppress(Exception):  # it is given up either way
                self._close(kept)


class Taken:
    """Which records of a batch were taken before the rest failed: offered again, they are left out."""

    def __init__(self) -> None:
        self._ids: list[str] = []  # from the cursor on

    def left(self, records: Sequence[Record]) -> Sequence[Record]:
        """Return those still to be sent of a batch, which begins at the cursor."""
        count = min(len(self._ids), len(records))
        if [record.id for record in records[:count]] != self._ids[:count]:  # the cursor was set elsewhere
            self._ids.clear()
            count = 0
        return records[count:]

    def note(self, records: Sequence[Record]) -> None:
        """These were taken."""
        self._ids.extend(record.id for record in records)

    def done(self, records: Sequence[Record]) -> None:
        """All of a batch was taken: the cursor moves on."""
        del self._ids[: len(records)]
