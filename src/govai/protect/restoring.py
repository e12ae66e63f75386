"""Restore an answer: each placeholder of this call becomes its value where its destination allows, and nowhere else.

In a stream, events wait only while one of them may hold part of a placeholder; their number and order stay. A
placeholder that is cut, glued to other letters, or not one of this call's stays as it is and is reported.
"""

from __future__ import annotations

import json
from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Generic, TypeVar

from govai.core.exchange import Channel, Part, Path, ReplySlot, ReplyView
from govai.core.taxonomy import Sensitivity, in_any
from govai.protect.destinations import forbidden, is_json, unescaped
from govai.protect.tokens import LOOKALIKE, PREFIX

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from govai.protect.tokens import Held, Tokens

T = TypeVar("T")
Change = tuple[Path, str]
_LONGEST = 40  # characters; no placeholder is longer


@dataclass(slots=True)
class _Entry(Generic[T]):
    """An event on its way, and how many of its texts are not settled yet."""

    item: T
    changes: list[Change] = field(default_factory=list)
    waiting: int = 0


@dataclass(slots=True)
class _Piece:
    """One slot's text, of which `left` characters are not settled yet."""

    entry: _Entry[object]
    path: Path
    text: str
    left: int
    out: list[str] = field(default_factory=list)


@dataclass(slots=True)
class _Run:
    """One channel: the text already settled, and what still waits."""

    escaped: bool
    tool: str = ""
    is_tool: bool = False
    before: str = ""
    pending: str = ""
    pieces: deque[_Piece] = field(default_factory=deque)


class Restorer(Generic[T]):
    """Restores one answer.

    Args:
        tokens: the placeholders of this call; no other is ever restored.
        receives: for each tool, the categories whose values its arguments may hold (a category covers its children).
        json_answer: the text is a JSON document, so values are escaped.
    """

    def __init__(
        self, tokens: Tokens, *, receives: Mapping[str, Sequence[str]] | None = None, json_answer: bool = False
    ) -> None:
        self._held = tokens.held
        self._receives = receives or {}
        self._json = json_answer
        self._tools: dict[Channel, str] = {}
        self._runs: dict[Channel, _Run] = {}
        self._queue: deque[_Entry[T]] = deque()
        self._reported: dict[str, None] = {}

    @property
    def incidents(self) -> list[str]:
        """What was not restored and why, each once, without values."""
        return list(self._reported)

    def whole(self, view: ReplyView) -> list[Change]:
        """Return the slots of a complete reply that change."""
        self._note_tools(view)
        return [
            (slot.path, text)
            for slot in view.slots
            if slot.channel.part is not Part.SIGNED and (text := self._complete(slot)) != slot.text
        ]

    def feed(self, view: ReplyView, item: T) -> list[tuple[T, list[Change]]]:
        """Take one event and return those that may leave now, in order, each with its changed slots."""
        if view.tools:
            self._note_tools(view)
        if not self._held:
            for slot in view.slots:
                if PREFIX in slot.text:
                    self._complete(slot)
            return [(item, [])]
        entry: _Entry[T] = _Entry(item)
        for slot in view.slots:
            self._take(slot, entry)
        if self._runs and (view.terminal or view.finish_reason):
            for channel, run in self._runs.items():
                if run.pending and (view.terminal or channel.choice == 0):
                    self._settle(run, final=True)
        if not self._queue and not entry.waiting:
            return [(item, entry.changes)]
        self._queue.append(entry)
        return self._ready()

    def finish(self) -> list[tuple[T, list[Change]]]:
        """The stream ended: return what still waited; a placeholder that is not complete stays as it is."""
        for run in self._runs.values():
            self._settle(run, final=True)
        return self._ready()

    def _note_tools(self, view: ReplyView) -> None:
        for tool in view.tools:
            self._tools[tool.channel] = tool.name

    def _ready(self) -> list[tuple[T, list[Change]]]:
        ready = []
        while self._queue and not self._queue[0].waiting:
            entry = self._queue.popleft()
            ready.append((entry.item, entry.changes))
        return ready

    def _run_of(self, slot: ReplySlot) -> _Run:
        channel = slot.channel
        is_tool = channel.part is Part.TOOL
        escaped = slot.escaped or channel.part is Part.JSON or (self._json and channel.part is Part.TEXT)
        return _Run(escaped, self._tools.get(channel, ""), is_tool)

    def _complete(self, slot: ReplySlot) -> str:
        if PREFIX not in slot.text:
            return slot.text
        run = self._run_of(slot)
        return self._restored(run, slot.text, final=True)[0]

    def _take(self, slot: ReplySlot, entry: _Entry[T]) -> None:
        if slot.channel.part is Part.SIGNED:
            return
        if slot.whole:
            text = self._complete(slot)
            if text != slot.text:
                entry.changes.append((slot.path, text))
            return
        run = self._runs.get(slot.channel)
        if run is None:
            run = self._runs[slot.channel] = self._run_of(slot)
        if not run.pending and "Z" not in slot.text:
            run.before += slot.text
            return
        if not slot.text:
            return
        entry.waiting += 1
        run.pieces.append(_Piece(entry, slot.path, slot.text, len(slot.text)))  # type: ignore[arg-type]
        run.pending += slot.text
        self._settle(run, final=False)

    def _settle(self, run: _Run, *, final: bool) -> None:
        """Settle what is decided of a run's pending text and hand it to the pieces it came from."""
        keep = 0 if final else self._undecided(run)
        text = run.pending[: len(run.pending) - keep]
        if not text:
            return
        _out, parts = self._restored(run, text, final=final, follows=run.pending[len(text) : len(text) + 1])
        run.before += text
        run.pending = run.pending[len(text) :]
        for length, replaced in parts:
            self._hand_out(run.pieces, length, replaced)

    @staticmethod
    def _hand_out(pieces: deque[_Piece], length: int, replaced: str | None) -> None:
        """Give the next `length` characters to their pieces: as they are, or `replaced` to the one they begin in."""
        while length:
            piece = pieces[0]
            size = min(length, piece.left)
            at = len(piece.text) - piece.left
            piece.out.append(piece.text[at : at + size] if replaced is None else replaced)
            replaced = replaced and ""
            piece.left -= size
            length -= size
            if not piece.left:
                pieces.popleft()
                piece.entry.waiting -= 1
                text = "".join(piece.out)
                if text != piece.text:
                    piece.entry.changes.append((piece.path, text))

    def _undecided(self, run: _Run) -> int:
        """Return how many characters at the end may still become a placeholder of this call."""
        tail = run.pending[-_LONGEST:]
        start = tail.find("Z")
        while start >= 0:
            rest = tail[start:]
            if any(token.startswith(rest) for token in self._held):
                return len(rest)  # a part, or a whole one whose right neighbour is not known yet
            start = tail.find("Z", start + 1)
        return 0

    def _restored(
        self, run: _Run, text: str, *, final: bool, follows: str = ""
    ) -> tuple[str, list[tuple[int, str | None]]]:
        """Return `text` restored, and the same as (length, replacement) parts in order."""
        parts: list[tuple[int, str | None]] = []
        out: list[str] = []
        at = 0
        for found in LOOKALIKE.finditer(text):
            after = text[found.end() : found.end() + 1] or follows
            value = self._value(run, text, found.start(), found.group(), after)
            if value is None:
                continue
            parts += [(found.start() - at, None), (found.end() - found.start(), value)]
            out += [text[at : found.start()], value]
            at = found.end()
        parts.append((len(text) - at, None))
        out.append(text[at:])
        if final:
            self._report_cut(text)
        return "".join(out), [part for part in parts if part[0]]

    def _value(self, run: _Run, text: str, start: int, token: str, after: str) -> str | None:
        held = self._held.get(token)
        if held is None:
            self._reported["placeholder-unknown"] = None
            return None
        left = run.before + text[:start]
        as_json = run.escaped or (not run.is_tool and is_json(left))
        left = unescaped(left) if as_json else left
        if after.isalnum() or left[-1:].isalnum():
            self._reported["placeholder-glued"] = None
            return None
        if not _stands_for_itself(held):
            if run.is_tool and not in_any(held.datum.category, tuple(self._receives.get(run.tool, ()))):
                self._reported["withheld-tool"] = None
                return None
            why = forbidden(left)
            if why:
                self._reported[f"withheld-{why}"] = None
                return None
        return json.dumps(held.value, ensure_ascii=False)[1:-1] if as_json else held.value

    def _report_cut(self, text: str) -> None:
        tail = text[-_LONGEST:]
        at = tail.rfind(PREFIX)
        if at >= 0 and len(tail) - at > len(PREFIX) + 2:
            rest = tail[at:]
            if any(token.startswith(rest) and token != rest for token in self._held):
                self._reported["placeholder-cut"] = None


def _stands_for_itself(held: Held) -> bool:
    """Whether a placeholder stands for text of the caller's that only looked like one."""
    return held.datum.category is None and held.datum.sensitivity is Sensitivity.PUBLIC
