"""Where the text stands in a message and in the events of its stream. Knows nothing of requests."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from govai.core.exchange import Channel, Part, ReplySlot, ReplyView, ToolCallView, Usage
from govai.wire.answers import count, error_name, leaves, text_or_none

if TYPE_CHECKING:
    from collections.abc import Callable

    from govai.core.exchange import Path

_SIGNED = {"thinking": "thinking", "compaction": "content"}  # blocks that come back unchanged, and where their text is
# What is read beside the answer's own text goes in channels of Part.REFUSAL: restored, not part of the reply's text.
_CITATIONS, _TOOL_NAMES, _WHY = 10_000, 10_000_000, 9_999  # channel numbers
_MOST = 1000  # citations of one block


def read_reply(body: Any) -> ReplyView:
    """Return every place of a complete reply that holds text; ValueError when it is not an object."""
    if not isinstance(body, dict):
        raise ValueError("it is not an object")  # noqa: TRY004 -- one error for what cannot be read
    view = _about(body)
    content = body.get("content")
    for index, block in enumerate(content if isinstance(content, list) else ()):
        if isinstance(block, dict):
            _block(view, ("content", index), block, index, whole=True)
    _why(view, (), body)
    if body.get("type") == "error":
        view.error = error_name(body.get("error"))
    return view


def read_event(event: Any) -> ReplyView:
    """Return every place of one stream event that holds text; ValueError when it is not an object."""
    if not isinstance(event, dict):
        raise ValueError("it is not an object")  # noqa: TRY004 -- one error for what cannot be read
    view = ReplyView([])
    kind = event.get("type")
    reader = _EVENTS.get(kind) if isinstance(kind, str) else None
    if reader is not None:
        reader(view, event)
    return view


def _about(body: dict[str, Any]) -> ReplyView:
    return ReplyView(
        [],
        usage=_usage(body.get("usage")),
        model=text_or_none(body.get("model")),
        finish_reason=text_or_none(body.get("stop_reason")),
        id=text_or_none(body.get("id")),
    )


def _usage(usage: Any) -> Usage | None:
    if not isinstance(usage, dict):
        return None
    return Usage(count(usage.get("input_tokens")), count(usage.get("output_tokens")))


def _block(view: ReplyView, path: Path, block: dict[str, Any], index: int, *, whole: bool) -> None:
    kind = block.get("type")
    if kind == "tool_use":
        _tool(view, path, block, index)
        return
    signed = _SIGNED.get(kind) if isinstance(kind, str) else None
    if signed is not None:
        text = block.get(signed)
        if isinstance(text, str) and text:
            view.slots.append(ReplySlot((*path, signed), text, Channel(0, Part.SIGNED, index), whole=whole))
        return
    text = block.get("text")
    if isinstance(text, str) and text:
        view.slots.append(ReplySlot((*path, "text"), text, Channel(0, Part.TEXT, index), whole=whole))
    citations = block.get("citations")
    for at, citation in enumerate(citations if isinstance(citations, list) else ()):
        _cited(view, (*path, "citations", at), citation, index * _MOST + at)


def _tool(view: ReplyView, path: Path, block: dict[str, Any], index: int) -> None:
    """A tool's name is the caller's own text: it was protected on its way out like any other."""
    channel = Channel(0, Part.TOOL, index)
    name = block.get("name")
    if isinstance(name, str) and name:
        view.tools.append(ToolCallView(channel, text_or_none(block.get("id")), name, (*path, "input")))
        view.slots.append(ReplySlot((*path, "name"), name, Channel(0, Part.REFUSAL, _TOOL_NAMES + index)))
    view.slots.extend(leaves((*path, "input"), block.get("input"), channel))


def _cited(view: ReplyView, path: Path, citation: Any, number: int) -> None:
    if not isinstance(citation, dict):
        return
    for at, key in enumerate(("cited_text", "document_title", "title")):
        text = citation.get(key)
        if isinstance(text, str) and text:
            channel = Channel(0, Part.REFUSAL, _CITATIONS + 3 * number + at)
            view.slots.append(ReplySlot((*path, key), text, channel))


def _why(view: ReplyView, path: Path, holder: dict[str, Any]) -> None:
    """Why the model declined."""
    details = holder.get("stop_details")
    text = details.get("explanation") if isinstance(details, dict) else None
    if isinstance(text, str) and text:
        channel = Channel(0, Part.REFUSAL, _WHY)
        view.slots.append(ReplySlot((*path, "stop_details", "explanation"), text, channel))


def _start(view: ReplyView, event: dict[str, Any]) -> None:
    message = event.get("message")
    if isinstance(message, dict):
        about = _about(message)
        view.usage, view.model, view.id, view.finish_reason = about.usage, about.model, about.id, about.finish_reason


def _block_start(view: ReplyView, event: dict[str, Any]) -> None:
    block = event.get("content_block")
    if isinstance(block, dict):
        _block(view, ("content_block",), block, count(event.get("index")) or 0, whole=False)


def _block_delta(view: ReplyView, event: dict[str, Any]) -> None:
    delta, index = event.get("delta"), event.get("index")
    if not isinstance(delta, dict):
        return
    index = index if isinstance(index, int) else 0
    kind = delta.get("type")
    if kind == "citations_delta":
        _cited(view, ("delta", "citation"), delta.get("citation"), index * _MOST)
        return
    place = _DELTAS.get(kind) if isinstance(kind, str) else None
    if place is None:
        return
    key, part = place
    text = delta.get(key)
    if isinstance(text, str):
        view.slots.append(
            ReplySlot(("delta", key), text, Channel(0, part, index), escaped=part is Part.TOOL, whole=False)
        )


def _message_delta(view: ReplyView, event: dict[str, Any]) -> None:
    delta = event.get("delta")
    view.usage = _usage(event.get("usage"))
    if isinstance(delta, dict):
        view.finish_reason = text_or_none(delta.get("stop_reason"))
        _why(view, ("delta",), delta)


def _stop(view: ReplyView, _event: dict[str, Any]) -> None:
    view.terminal = True


def _error(view: ReplyView, event: dict[str, Any]) -> None:
    view.error = error_name(event.get("error"))


_DELTAS = {
    "text_delta": ("text", Part.TEXT),
    "input_json_delta": ("partial_json", Part.TOOL),
    "thinking_delta": ("thinking", Part.SIGNED),
    "compaction_delta": ("content", Part.SIGNED),
}
_EVENTS: dict[str, Callable[[ReplyView, dict[str, Any]], None]] = {
    "message_start": _start,
    "content_block_start": _block_start,
    "content_block_delta": _block_delta,
    "message_delta": _message_delta,
    "message_stop": _stop,
    "error": _error,
}
