"""Where the text stands in a chat completion and in the events of its stream. Knows nothing of requests."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from govai.core.exchange import Channel, Part, ReplySlot, ReplyView, ToolCallView, Usage
from govai.wire.answers import count, error_name, leaves, text_or_none

if TYPE_CHECKING:
    from govai.core.exchange import Path

# What is read beside the answer's own text goes in channels of Part.REFUSAL: restored, not part of the reply's text.
_BESIDE = (("refusal", 0), ("reasoning_content", 1), ("reasoning", 2))
_TRANSCRIPT, _ANNOTATIONS, _TOOL_NAMES, _PIECES, _LEGACY_CALL = 50, 10_000, 20_000, 100, 1000  # channel numbers


def read_reply(body: Any) -> ReplyView:
    """Return every place of a complete reply that holds text; ValueError when it is not an object."""
    if not isinstance(body, dict):
        raise ValueError("it is not an object")  # noqa: TRY004 -- one error for what cannot be read
    return _answer(body, "message", whole=True)


def read_event(event: Any) -> ReplyView:
    """Return every place of one stream event that holds text; ValueError when it is not an object."""
    if isinstance(event, dict):
        return _answer(event, "delta", whole=False)
    if event == "[DONE]":
        return ReplyView([], terminal=True)
    raise ValueError("it is not an object")


def _answer(body: dict[str, Any], holder: str, *, whole: bool) -> ReplyView:
    usage, error = body.get("usage"), body.get("error")
    view = ReplyView(
        [],
        [],
        _usage(usage) if usage else None,
        text_or_none(body.get("model")),
        None,
        text_or_none(body.get("id")),
        error=error_name(error) if error else None,
    )
    choices = body.get("choices")
    if isinstance(choices, list):
        for at, choice in enumerate(choices):
            if isinstance(choice, dict):
                _choice(view, at, choice, holder, whole=whole)
    return view


def _choice(view: ReplyView, at: int, choice: dict[str, Any], holder: str, *, whole: bool) -> None:
    number = choice.get("index", at)
    if not isinstance(number, int):
        number = at
    finish = choice.get("finish_reason")
    if number == 0 and isinstance(finish, str):
        view.finish_reason = finish
    message = choice.get(holder)
    if not isinstance(message, dict):
        return
    content = message.get("content")
    if isinstance(content, str):
        if content:
            path = ("choices", at, holder, "content")
            view.slots.append(ReplySlot(path, content, Channel(number, Part.TEXT, 0), False, whole))
        if len(message) == 1:
            return  # what nearly every event is
    elif isinstance(content, list):
        _pieces(view, ("choices", at, holder, "content"), content, number, whole=whole)
    _message(view, ("choices", at, holder), message, number, whole=whole)


def _usage(usage: Any) -> Usage | None:
    if not isinstance(usage, dict):
        return None
    return Usage(count(usage.get("prompt_tokens")), count(usage.get("completion_tokens")))


def _message(view: ReplyView, path: Path, message: dict[str, Any], choice: int, *, whole: bool) -> None:
    """Note all of a message but its content."""
    for key, number in _BESIDE:
        text = message.get(key)
        if isinstance(text, str) and text:
            channel = Channel(choice, Part.REFUSAL, number)
            view.slots.append(ReplySlot((*path, key), text, channel, whole=whole))
    calls = message.get("tool_calls")
    if isinstance(calls, list):
        for at, call in enumerate(calls):
            if isinstance(call, dict):
                index = count(call.get("index"))
                channel = Channel(choice, Part.TOOL, at if index is None else index)
                _call(view, (*path, "tool_calls", at), call, channel, whole=whole)
    function = message.get("function_call")
    if isinstance(function, dict):
        channel = Channel(choice, Part.TOOL, _LEGACY_CALL)
        _function(view, (*path, "function_call"), function, None, channel, whole=whole)
    audio = message.get("audio")
    if isinstance(audio, dict) and isinstance(audio.get("transcript"), str):
        channel = Channel(choice, Part.REFUSAL, _TRANSCRIPT)
        view.slots.append(ReplySlot((*path, "audio", "transcript"), audio["transcript"], channel, whole=whole))
    annotations = message.get("annotations")
    if isinstance(annotations, list):
        _annotations(view, (*path, "annotations"), annotations, choice)


def _pieces(view: ReplyView, path: Path, pieces: list[Any], choice: int, *, whole: bool) -> None:
    """Content in parts, as servers that reason aloud give it; in a stream they continue what came before."""
    for at, piece in enumerate(pieces):
        if not isinstance(piece, dict):
            continue
        number = _PIECES + at if whole else 0
        if isinstance(piece.get("text"), str):
            channel = Channel(choice, Part.TEXT, number)
            view.slots.append(ReplySlot((*path, at, "text"), piece["text"], channel, whole=whole))
        thoughts = piece.get("thinking")
        for within, thought in enumerate(thoughts if isinstance(thoughts, list) else ()):
            if isinstance(thought, dict) and isinstance(thought.get("text"), str):
                channel = Channel(choice, Part.SIGNED, number * _PIECES + within if whole else 0)
                place = (*path, at, "thinking", within, "text")
                view.slots.append(ReplySlot(place, thought["text"], channel, whole=whole))


def _annotations(view: ReplyView, path: Path, annotations: list[Any], choice: int) -> None:
    for at, annotation in enumerate(annotations):
        cited = annotation.get("url_citation") if isinstance(annotation, dict) else None
        for number, key in enumerate(("title", "url")):
            if isinstance(cited, dict) and isinstance(cited.get(key), str):
                channel = Channel(choice, Part.REFUSAL, _ANNOTATIONS + 2 * at + number)
                view.slots.append(ReplySlot((*path, at, "url_citation", key), cited[key], channel))


def _call(view: ReplyView, path: Path, call: dict[str, Any], channel: Channel, *, whole: bool) -> None:
    call_id = text_or_none(call.get("id"))
    function, custom = call.get("function"), call.get("custom")
    if isinstance(function, dict):
        _function(view, (*path, "function"), function, call_id, channel, whole=whole)
    if isinstance(custom, dict):
        _announce(view, (*path, "custom"), custom, call_id, channel)
        text = custom.get("input")
        if isinstance(text, str) and text:
            view.slots.append(ReplySlot((*path, "custom", "input"), text, channel, whole=whole))


def _function(
    view: ReplyView, path: Path, function: dict[str, Any], call_id: str | None, channel: Channel, *, whole: bool
) -> None:
    given = function.get("arguments")
    at_once = isinstance(given, dict)  # some servers give them as an object
    _announce(view, path, function, call_id, channel, (*path, "arguments") if at_once else None)
    if at_once:
        view.slots.extend(leaves((*path, "arguments"), given, channel))
    elif isinstance(given, str) and given:
        view.slots.append(ReplySlot((*path, "arguments"), given, channel, escaped=True, whole=whole))


def _announce(
    view: ReplyView,
    path: Path,
    function: dict[str, Any],
    call_id: str | None,
    channel: Channel,
    arguments: Path | None = None,
) -> None:
    """A tool's name is the caller's own text: it was protected on its way out like any other."""
    name = function.get("name")
    if isinstance(name, str) and name:
        view.tools.append(ToolCallView(channel, call_id, name, arguments))
        number = _TOOL_NAMES + channel.number
        view.slots.append(ReplySlot((*path, "name"), name, Channel(channel.choice, Part.REFUSAL, number)))
