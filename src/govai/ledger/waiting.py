"""Waiting threads: one of them leads, and writes what all of them wait for. It knows neither database nor event loop."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from threading import Lock
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from govai.core.records import Draft


@dataclass(slots=True, eq=False)
class Waiting:
    """What waits to be written. `gate` opens when it is, or when its thread is to lead."""

    drafts: Sequence[Draft]
    done: bool = False
    error: BaseException | None = None
    gate: Lock = field(default_factory=Lock)


class Threads:
    """Threads that wait for one writer.

    An interrupt (Ctrl-C) may come between any two steps. It is the interrupted thread's alone: what it was about to write for
    others goes back to them, and writing something twice is for whoever writes to notice. Every step of `_hand_on` can be
    done again, and is when an interrupt cut it short.
    """

    def __init__(self) -> None:
        self._queue = threading.RLock()
        self._waiting: list[Waiting] = []
        self._batch: list[Waiting] = []
        self._leader: Waiting | None = None

    def run(self, mine: Waiting, write: Callable[[Callable[[], list[Waiting]]], None]) -> None:
        """Return once it is `done`.

        Args:
            write: writes what the function it is given returns, and notes in each how it ended.
        """
        mine.gate.acquire()
        try:
            with self._queue:
                self._waiting.append(mine)
                self._leader = self._leader or mine
            while not mine.done:
                with self._queue:
                    leads = self._leader is mine
                if leads:
                    write(self._take)
                    self._leave(mine)
                else:
                    mine.gate.acquire()
        except BaseException:
            self._leave(mine)
            raise

    def _take(self) -> list[Waiting]:
        """Return what waits now; it is the leader's to write."""
        with self._queue:
            self._batch, self._waiting = self._waiting, []
        return self._batch

    def _leave(self, mine: Waiting) -> None:
        """Wake whose is written, and let the first of those who still wait lead."""
        with self._queue:
            if self._leader is mine:
                self._hand_on(mine)
            elif mine in self._waiting:
                self._waiting.remove(mine)

    def _hand_on(self, mine: Waiting) -> None:
        left = [one for one in (*self._batch, *self._waiting) if not one.done and one is not mine]
        written = [one for one in self._batch if one.done]
        self._waiting = list(dict.fromkeys(left))
        for one in (*written, *self._waiting[:1]):
            if one.gate.locked():
                one.gate.release()
        self._batch = []
        self._leader = self._waiting[0] if self._waiting else None
        if self._leader is not None and self._leader.gate.locked():
            self._leader.gate.release()
