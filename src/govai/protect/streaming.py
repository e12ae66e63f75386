"""Events on their way through: each leaves when all its texts are settled, in order, none added and none lost."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from govai.core.exchange import Path

T = TypeVar("T")
Change = tuple[Path, str]


@dataclass(slots=True)
class Waiting:
    """How many texts of one event are not settled yet, and what changes in those that are."""

    changes: list[Change] = field(default_factory=list)
    texts: int = 0


class Line(Generic[T]):
    """The events that wait, in order."""

    __slots__ = ("_events",)

    def __init__(self) -> None:
        self._events: deque[tuple[T, Waiting]] = deque()

    def through(self, item: T, waiting: Waiting) -> list[tuple[T, list[Change]]]:
        """Take one event and return those that may leave now."""
        if not self._events and not waiting.texts:
            return [(item, waiting.changes)]
        self._events.append((item, waiting))
        return self.ready()

    def ready(self) -> list[tuple[T, list[Change]]]:
        """Return the events that may leave now."""
        out = []
        while self._events and not self._events[0][1].texts:
            item, waiting = self._events.popleft()
            out.append((item, waiting.changes))
        return out


@dataclass(slots=True)
class _Piece:
    """One slot's text, of which `left` characters are not settled yet."""

    waiting: Waiting
    path: Path
    text: str
    left: int
    out: list[str] = field(default_factory=list)


class Pieces:
    """The texts of one channel that wait."""

    __slots__ = ("_pieces",)

    def __init__(self) -> None:
        self._pieces: deque[_Piece] = deque()

    def add(self, waiting: Waiting, path: Path, text: str) -> None:
        """Take the next text of the channel; it may not be empty."""
        waiting.texts += 1
        self._pieces.append(_Piece(waiting, path, text, len(text)))

    def settle(self, length: int, instead: str | None) -> None:
        """The next `length` characters stay, or become `instead` in the text where they begin."""
        while length:
            piece = self._pieces[0]
            size = min(length, piece.left)
            at = len(piece.text) - piece.left
            piece.out.append(piece.text[at : at + size] if instead is None else instead)
            instead = instead and ""
            piece.left -= size
            length -= size
            if not piece.left:
                self._close(self._pieces.popleft())

    @staticmethod
    def _close(piece: _Piece) -> None:
        piece.waiting.texts -= 1
        text = "".join(piece.out)
        if text != piece.text:
            piece.waiting.changes.append((piece.path, text))
