"""Settle: one plain object fed with the pieces of an answer. It restores them by destination and says how it ended.

A one-shot answer is a stream of one piece. It decides nothing and writes nothing: `on_end` does, exactly once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from govai.core.exchange import Channel, Operation, Part, Path, ReplySlot, ReplyView, ToolCallView
from govai.core.messages import ToolCall
from govai.protect.restoring import Restorer
from govai.wire.codec import encode, parse, parse_without_vectors, put
from govai.wire.sse import EventSplitter, RawEvent, with_data

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from govai.flow.asked import Asked
    from govai.flow.outgoing import Outgoing
    from govai.protect.tokens import Tokens

Ending = "Callable[[str, str], None]"  # (status, error class) of the attempt
_OK = range(200, 300)
_READ = (
    Operation.GENERATE,
    Operation.FETCH,
    Operation.EMBED,
    Operation.RENDER,
)  # what holds texts, or tells what was used


def broken(error: BaseException) -> tuple[str, str]:
    """Return how an attempt ends that an error ended: it failed, or whoever waited for it went away."""
    return "failed" if isinstance(error, Exception) else "abandoned", type(error).__name__


class _Event(NamedTuple):
    raw: RawEvent
    body: Any
    tools: list[ToolCallView]
    news: list[ReplySlot]


class Settlement:
    """The answer to one attempt.

    Args:
        outgoing: the request it answers. tokens: the placeholders of this call.
        asked: its trace is filled. on_end: called once with (`completed` | `failed` | `abandoned`, error class).
        on_pending: called with the answer's id before it is handed out, when the answer is to be fetched by it later.
    """

    def __init__(
        self,
        outgoing: Outgoing,
        tokens: Tokens,
        asked: Asked,
        on_end: Callable[[str, str], None],
        on_pending: Callable[[str], None],
    ) -> None:
        self._wire, self._operation = outgoing.wire, outgoing.operation
        self._trace = asked.trace
        self._restorer: Restorer[_Event] = Restorer(
            tokens, receives=asked.receives, json_answer=outgoing.view.json_answer
        )
        self._splitter = EventSplitter()
        self._on_end: Callable[[str, str], None] | None = on_end
        self._on_pending = on_pending
        self.unread = False  # whether something in it is no event, no JSON, no answer
        self._terminal = False
        self._said: dict[Channel, list[str]] = {}
        self._arguments: dict[Channel, list[str]] = {}
        self._called: dict[Channel, tuple[str, str]] = {}

    @property
    def incidents(self) -> list[str]:
        """What was not restored and why, in words without values."""
        return list(self._restorer.incidents)

    @property
    def complete(self) -> bool:
        """Whether the answer said that it was at its end."""
        return self._terminal

    def whole(self, status: int, raw: bytes) -> bytes:
        """Take a complete answer and return it restored. An answer that cannot be read stays in its protected form."""
        if status not in _OK:
            self._end("failed", f"http_{status}")
            return raw
        if self._operation not in _READ:
            self._end("completed", "")
            return raw
        try:
            body = parse_without_vectors(raw) if self._operation is Operation.EMBED else parse(raw)
            view = self._wire.read_reply(body)
        except ValueError:
            self.unread = True
            self._end(*(("completed", "") if self._operation is Operation.RENDER else ("failed", "unreadable")))
            return raw  # sound is no JSON
        news = self._note(view)
        changes = self._restorer.whole(view)
        for path, text in changes:
            put(body, path, text)
        self._collect(view.tools, news, dict(changes), body)
        self._finish_tools()
        error = view.error or ("empty" if self._operation is Operation.GENERATE and not _says_anything(view) else "")
        restored = self._written(body, raw) if changes else raw
        self._end("failed" if error else "completed", error or ("unreadable" if self.unread else ""))
        return restored

    def feed(self, chunk: bytes) -> bytes:
        """Take a piece of a stream and return what may leave now."""
        return b"".join(self._emit(self._through(event)) for event in self._splitter.feed(chunk))

    def finish(self) -> bytes:
        """The stream ended by itself: return what still waited."""
        left = self._splitter.finish()
        self.unread = self.unread or left.strip() not in (b"", b"data: [DONE]")
        out = self._emit(self._restorer.finish()) + left
        self._finish_tools()
        if self._terminal or self._trace.finish_reason or self._trace.error:
            self._end_complete()
        else:
            self._end("failed", "cut")
        return out

    def abandon(self) -> None:
        """The caller stopped listening: before the end, unless it is of what the provider reported."""
        self._finish_tools()
        if self._terminal or self._trace.error:
            self._end_complete()
        else:
            self._end("abandoned", "")

    def fail(self, error: BaseException) -> None:
        """The connection broke, or the call was cancelled; an answer that was complete before is complete."""
        if self._terminal:
            self._end_complete()
            return
        self._end(*broken(error))

    def _end_complete(self) -> None:
        """The answer came to its end, be it an error that the provider reports."""
        self._end("failed" if self._trace.error else "completed", self._trace.error or "")

    def _end(self, status: str, error: str) -> None:
        ending, self._on_end = self._on_end, None
        if ending is not None:
            self._trace.error = error or None
            ending(status, error)

    def _through(self, event: RawEvent) -> Iterable[tuple[_Event, list[tuple[Path, str]]]]:
        body = None
        view = ReplyView(slots=[])
        if event.data is not None:
            try:
                body = "[DONE]" if event.data == b"[DONE]" else parse(event.data)
                view = self._wire.read_event(body)
            except ValueError:
                self.unread, self._trace.error = True, "unreadable"
        return self._restorer.feed(view, _Event(event, body, view.tools, self._note(view)))

    def _emit(self, ready: Iterable[tuple[_Event, list[tuple[Path, str]]]]) -> bytes:
        out = []
        for event, changes in ready:
            for path, text in changes:
                put(event.body, path, text)
            if event.news or event.tools:
                self._collect(event.tools, event.news, dict(changes), event.body)
            said = self._written(event.body, b"") if changes else b""
            out.append(with_data(event.raw, said) if said else event.raw.raw)
        return b"".join(out)

    def _written(self, body: Any, otherwise: bytes) -> bytes:
        """Return a restored document, `otherwise` if it can be read but not written: nested too deep, it stays protected."""
        try:
            return encode(body)
        except ValueError:
            self.unread = True
            return otherwise

    def _note(self, view: ReplyView) -> list[ReplySlot]:
        """Take note of what an answer or an event says; return the slots that say something new."""
        trace = self._trace
        self._terminal = self._terminal or view.terminal
        trace.model = view.model or trace.model
        trace.finish_reason = view.finish_reason or trace.finish_reason
        trace.request_id = trace.request_id or view.id
        trace.error = view.error or trace.error
        if view.id:
            if view.pending and not trace.pending and self._operation is Operation.GENERATE:
                self._on_pending(view.id)
            trace.pending = view.pending
        if view.usage is not None:
            if view.usage.input_tokens is not None:
                trace.usage.input_tokens = view.usage.input_tokens
            if view.usage.output_tokens is not None:
                trace.usage.output_tokens = view.usage.output_tokens
        return [slot for slot in view.slots if self._is_new(slot)]

    def _is_new(self, slot: ReplySlot) -> bool:
        """Keep what a slot says for those who review it; return whether it counts: what was said counts once."""
        said = self._said.setdefault(slot.channel, [])
        if slot.again and said:
            if slot.text not in "".join(said):  # not what was said: nobody would see it otherwise
                self._trace.aside.setdefault(slot.channel, []).append(slot.text)
            return False
        said.append(slot.text)
        if slot.channel.part is Part.TEXT and slot.channel.choice == 0:
            self._trace.protected.append(slot.text)
        else:  # other choices, tool arguments, refusals, reasoning: a reviewer sees them too
            self._trace.aside.setdefault(slot.channel, []).append(slot.text)
        return True

    def _collect(self, tools: list[ToolCallView], news: list[ReplySlot], changes: dict[Path, str], body: Any) -> None:
        for tool in tools:
            if tool.channel.choice == 0:
                if tool.path is not None and tool.channel in self._called:
                    self._finish_tools()  # whole calls in a format that does not number them
                self._called[tool.channel] = (tool.id or "", tool.name)
                whole = _at(body, tool.path) if tool.path is not None else None
                if whole:  # an object given at once; in a stream it is empty and its text follows
                    self._arguments[tool.channel] = [encode(whole).decode("utf-8", "replace")]
        for slot in news:
            if slot.channel.choice:
                continue
            text = changes.get(slot.path, slot.text)
            if slot.channel.part in (Part.TEXT, Part.JSON):
                self._trace.pieces.append(text)
                self._trace.text.append(text)
            elif slot.channel.part is Part.TOOL and slot.escaped:
                self._arguments.setdefault(slot.channel, []).append(text)

    def _finish_tools(self) -> None:
        for channel, (call_id, name) in self._called.items():
            try:
                arguments = parse("".join(self._arguments.get(channel, ())).encode("utf-8", "replace"))
            except ValueError:
                arguments = {}
            self._trace.tools.append(ToolCall(call_id, name, arguments if isinstance(arguments, dict) else {}))
        self._called.clear()
        self._arguments.clear()


def _says_anything(view: ReplyView) -> bool:
    return bool(view.slots or view.tools or view.finish_reason or view.usage or view.model or view.id)


def _at(body: Any, path: Path) -> Any:
    for step in path:
        body = body.get(step) if isinstance(body, dict) else body[step]
    return body
