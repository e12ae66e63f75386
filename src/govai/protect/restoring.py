"""Restore an answer: each placeholder of this call becomes its value where its destination allows, and nowhere else.

In a stream, events wait only while one of them may hold part of a placeholder, or while what follows one may show that
it stands in an address; their number and order stay. A placeholder that is cut, glued to other letters, or not one of
this call's stays as it is and is reported. It knows no wire format and no policy.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Generic, TypeVar, cast

from govai.core.exchange import Channel, Part, ReplySlot, ReplyView
from govai.core.taxonomy import Sensitivity, in_any
from govai.protect.documents import Document, Reading, escaped, unescaped
from govai.protect.streaming import Change, Line, Pieces, Waiting
from govai.protect.suspects import SUSPECT, Known, Watch
from govai.protect.tokens import LOOKALIKE, PREFIX, word_after, word_before

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from govai.protect.tokens import Held, Tokens

T = TypeVar("T")
_TEXT = Channel(0, Part.TEXT)
_UNREAD_MAX = 4096  # characters kept before they are read for their context
_AHEAD = 96  # characters looked at after a placeholder; an address that goes on longer is taken for one
_HOST_RUN = re.compile("[\\w.。．｡@+%~:\u00ad\u200b-\u200d\u2060-]*")  # and what hosts are read without
_HOST = re.compile(r":[/\\]|@\w|(?<![.。．｡])[.。．｡](?:[^\W\d_]|xn--)")  # what makes an address of the word it is in
_TOOL_NAME = re.compile(r"[A-Za-z0-9_.-]{1,64}")
_HOLD = "hold"  # not a reason: what follows is not known yet


class _Run:
    """One channel: what is known of the text already settled, and what still waits."""

    __slots__ = ("_length", "_unread", "after_token", "is_tool", "pending", "pieces", "reading", "tool", "watch")

    def __init__(self, reading: Reading | Document, tool: str, *, is_tool: bool, watch: Watch) -> None:
        self.reading, self.watch = reading, watch
        self.tool, self.is_tool = tool, is_tool
        self.pending = ""
        self.pieces = Pieces()
        self.after_token = False
        self._unread: list[str] = []
        self._length = 0

    def passed(self, text: str) -> None:
        """Take note of settled text; its context is only looked at when a placeholder asks for it."""
        self._unread.append(text)
        self._length += len(text)
        if self._length > _UNREAD_MAX:
            self.catch_up()

    def catch_up(self) -> None:
        """Read what was settled since the last time."""
        if self._unread:
            self.reading.read("".join(self._unread))
            self._unread.clear()
            self._length = 0


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
        self._known = Known(tokens.held)
        self._receives = receives or {}
        self._json = json_answer
        self._tools: dict[Channel, str] = {}
        self._runs: dict[Channel, _Run] = {}
        self._watches: dict[Channel, Watch] = {}  # where nothing was protected
        self._line: Line[T] = Line()
        self._reported: dict[str, None] = {}

    @property
    def incidents(self) -> list[str]:
        """What was not restored and why, each once, without values: `placeholder-cut`, `placeholder-unknown`,
        `placeholder-glued`, `withheld-url`, `withheld-link-target`, `withheld-attribute`, `withheld-script`,
        `withheld-tool:NAME`."""
        return list(self._reported)

    def whole(self, view: ReplyView) -> list[Change]:
        """Return the slots of a complete reply that change; those that are not `whole` continue each other."""
        if not all(slot.whole for slot in view.slots):
            nothing = cast("T", None)  # there is no event to hand on
            return [change for _, changes in (*self.feed(view, nothing), *self.finish()) for change in changes]
        self._note_tools(view)
        return [
            (slot.path, text)
            for slot in view.slots
            if slot.channel.part is not Part.SIGNED and (text := self._complete(slot)) != slot.text
        ]

    def restore_text(self, text: str) -> str:
        """Return one complete plain text restored."""
        return self._complete(ReplySlot((), text, _TEXT))

    def feed(self, view: ReplyView, item: T) -> list[tuple[T, list[Change]]]:
        """Take one event and return those that may leave now, in order, each with its changed slots.

        A channel is taken to be over when another one begins in the same choice, when its text comes whole, and when
        the answer ends.
        """
        if not self._held:
            self._only_watch(view)
            return [(item, [])]
        announced = [tool.channel for tool in view.tools if tool.channel not in self._tools]
        self._note_tools(view)
        waiting = Waiting()
        for slot in view.slots:
            self._take(slot, waiting)
        for channel in announced:
            self._end_others(channel)
        if view.terminal or view.finish_reason:
            for channel, run in self._runs.items():
                if view.terminal or channel.choice == 0:
                    self._end(run)
        return self._line.through(item, waiting)

    def finish(self) -> list[tuple[T, list[Change]]]:
        """The stream ended: return what still waited; a placeholder that is not complete stays as it is."""
        for run in self._runs.values():
            self._end(run)
        for watch in self._watches.values():
            self._report(watch.end())
        return self._line.ready()

    def _only_watch(self, view: ReplyView) -> None:
        for slot in view.slots:
            if PREFIX[0] in slot.text or slot.channel in self._watches:
                watch = self._watches.setdefault(slot.channel, Watch(self._known, self._held))
                self._report(watch.read(slot.text))

    def _note_tools(self, view: ReplyView) -> None:
        for tool in view.tools:
            self._tools[tool.channel] = tool.name

    def _report(self, incidents: Iterable[str]) -> None:
        for incident in incidents:
            self._reported[incident] = None

    def _run_of(self, slot: ReplySlot) -> _Run:
        channel = slot.channel
        is_json = slot.escaped or channel.part is Part.JSON or (self._json and channel.part is Part.TEXT)
        return _Run(
            Document() if is_json else Reading(),
            self._tools.get(channel, ""),
            is_tool=channel.part is Part.TOOL,
            watch=Watch(self._known, self._held),
        )

    def _complete(self, slot: ReplySlot) -> str:
        if PREFIX[0] not in slot.text:
            return slot.text
        run, waiting = self._run_of(slot), Waiting()
        run.pieces.add(waiting, slot.path, slot.text)
        run.pending = slot.text
        self._end(run)
        return waiting.changes[0][1] if waiting.changes else slot.text

    def _take(self, slot: ReplySlot, waiting: Waiting) -> None:
        text = slot.text
        if not text or slot.channel.part is Part.SIGNED:
            return
        run = self._runs.get(slot.channel)
        if slot.whole:
            if run is not None:
                self._end(run)
            restored = self._complete(slot)
            if restored != text:
                waiting.changes.append((slot.path, restored))
            return
        if run is None:
            run = self._begin(slot)
        if not run.pending and PREFIX[0] not in text:
            self._pass(run, text)
            return
        run.pieces.add(waiting, slot.path, text)
        run.pending += text
        self._settle(run, final=False)

    def _begin(self, slot: ReplySlot) -> _Run:
        self._end_others(slot.channel)
        run = self._runs[slot.channel] = self._run_of(slot)
        return run

    def _end_others(self, begun: Channel) -> None:
        for channel, run in self._runs.items():
            if channel.choice == begun.choice and channel != begun:
                self._end(run)

    def _end(self, run: _Run) -> None:
        if run.pending:
            self._settle(run, final=True)
        self._report(run.watch.end())

    def _pass(self, run: _Run, text: str) -> None:
        """Settle text that stays as it is."""
        run.passed(text)
        run.after_token = False
        self._report(run.watch.read(text))

    def _settle(self, run: _Run, *, final: bool) -> None:
        """Settle what is decided of a run's pending text, and hand it to the pieces it came from."""
        text, at, seek = run.pending, 0, 0
        while found := SUSPECT.search(text, seek):
            start, token = found.start(), found.group()
            held = self._held.get(token)
            if held is None:
                seek = start + len(PREFIX)
                continue
            at = self._stay(run, text, at, start)
            why = self._refuses(run, held) or self._follows(run, text, found.end(), final=final)
            if why == _HOLD:
                run.pending = text[at:]
                return
            at = seek = found.end()
            self._put(run, token, held, why)
        keep = len(text) if final else self._known.waits_from(text, at)
        at = self._stay(run, text, at, keep)
        run.pending = text[at:]

    def _stay(self, run: _Run, text: str, start: int, end: int) -> int:
        if end > start:
            run.pieces.settle(end - start, None)
            self._pass(run, text[start:end])
        return end

    def _put(self, run: _Run, token: str, held: Held, why: str | None) -> None:
        if why is not None:
            self._report([why])
            self._stay(run, token, 0, len(token))
            return
        self._report(run.watch.end())
        run.pieces.settle(len(token), escaped(held.value, run.reading.depth))
        run.passed(token)
        run.after_token = True

    def _refuses(self, run: _Run, held: Held) -> str | None:
        """Return why what stands before a placeholder keeps it from being restored, None where nothing does."""
        run.catch_up()
        if not run.after_token and word_before(run.reading.recent):
            return "placeholder-glued"
        if _stands_for_itself(held):
            return None
        if run.is_tool and not in_any(held.datum.category, tuple(self._receives.get(run.tool, ()))):
            name = run.tool if _TOOL_NAME.fullmatch(run.tool) and not LOOKALIKE.search(run.tool) else "?"
            return f"withheld-tool:{name}"
        why = run.reading.forbids()
        return f"withheld-{why}" if why else None

    def _follows(self, run: _Run, text: str, end: int, *, final: bool) -> str | None:
        """Return why what stands after a placeholder keeps it from being restored, `_HOLD` if that is not known yet."""
        ahead = text[end : end + _AHEAD]
        beside = SUSPECT.match(text, end)
        touches = beside is not None and beside.group() in self._held
        if not final and not touches and ahead and self._known.begins(text[end:]):
            return _HOLD
        meant = unescaped(ahead, run.reading.depth)
        if not meant:
            return None if final or len(ahead) == _AHEAD else _HOLD
        if not touches and word_after(meant[0]):
            return "placeholder-glued"
        word = _HOST_RUN.match(meant)
        length = word.end() if word else 0
        if _HOST.search(meant, 0, length + 1):
            return "withheld-url"
        if length < len(meant):
            return None
        if len(ahead) == _AHEAD:
            return "withheld-url"
        return None if final else _HOLD


def _stands_for_itself(held: Held) -> bool:
    """Whether a placeholder stands for text of the caller's that only looked like one."""
    known = held.datum.category is not None or held.datum.sensitivity > Sensitivity.PUBLIC
    return not known and LOOKALIKE.search(held.value) is not None
