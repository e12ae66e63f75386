"""Where the text stands in a response and in the events of its stream. Knows nothing of requests.

A stream says its text in deltas, and says it again whole when a part, an item and the response are done. Every saying is
a slot of the same channel; those after the deltas are marked `again`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from govai.core.exchange import Part, ReplyView, Usage
from govai.wire.answers import count, error_name, text_or_none
from govai.wire.responses_output import Saying, channel, note, note_annotation, note_item, note_part, summary

if TYPE_CHECKING:
    from collections.abc import Callable

    from govai.core.exchange import Path

_WHOLE, _BEGUN, _DONE = Saying(), Saying(whole=False), Saying(again=True)
_ENDED = frozenset({"completed", "incomplete", "failed", "cancelled"})


def read_reply(body: Any) -> ReplyView:
    """Return every place of a complete reply that holds text; ValueError when it is not an object."""
    if not isinstance(body, dict):
        raise ValueError("it is not an object")  # noqa: TRY004 -- one error for what cannot be read
    view = ReplyView([])
    _response(view, ("output",), body, _WHOLE)
    given = body.get("data")
    for at, item in enumerate(given if isinstance(given, list) else ()):
        note_item(view, ("data", at), item, at, Saying(choice=1))  # what was asked, not what was answered
    if view.error is None and body.get("error"):
        view.error = error_name(body["error"])
    return view


def read_event(event: Any) -> ReplyView:
    """Return every place of one stream event that holds text; ValueError when it is not an object."""
    if not isinstance(event, dict):
        if event == "[DONE]":  # some servers end every stream so; the response's own last event came before
            return ReplyView([])
        raise ValueError("it is not an object")
    view = ReplyView([])
    kind = event.get("type")
    if not isinstance(kind, str):
        return view
    if (running := _RUNNING.get(kind)) is not None:
        _run(view, event, running)
    elif (reader := _READERS.get(kind)) is not None:
        reader(view, event)
    elif isinstance(event.get("response"), dict):
        _response(view, ("response", "output"), event["response"], _DONE)
        view.terminal = kind.removeprefix("response.") in _ENDED
    return view


def _response(view: ReplyView, path: Path, body: dict[str, Any], saying: Saying) -> None:
    status, usage, details = body.get("status"), body.get("usage"), body.get("incomplete_details")
    view.id, view.model = text_or_none(body.get("id")), text_or_none(body.get("model"))
    view.pending = status in ("queued", "in_progress") and bool(body.get("background"))
    if isinstance(usage, dict):
        view.usage = Usage(count(usage.get("input_tokens")), count(usage.get("output_tokens")))
    if isinstance(status, str) and status in _ENDED:
        reason = details.get("reason") if isinstance(details, dict) else None
        view.finish_reason = reason if isinstance(reason, str) else status
    if status == "failed" or (body.get("error") and body.get("object") == "response"):
        view.error = error_name(body.get("error"))
    output = body.get("output")
    for at, item in enumerate(output if isinstance(output, list) else ()):
        note_item(view, (*path, at), item, at, saying)


class _Running(NamedTuple):
    """An event that holds a piece of one run of text: where, what it is, and the index that tells it from its siblings."""

    key: str
    part: Part
    among: str = ""
    saying: Saying = _BEGUN
    escaped: bool = False


def _run(view: ReplyView, event: dict[str, Any], running: _Running) -> None:
    number = _at(event, running.among)
    if running.among == "summary_index":
        number = summary(number)
    place = channel(running.part, _at(event, "output_index"), number)
    note(view, (running.key,), event.get(running.key), place, running.saying, escaped=running.escaped)


def _at(event: dict[str, Any], key: str) -> int:
    return count(event.get(key)) or 0


def _part_event(view: ReplyView, event: dict[str, Any], saying: Saying) -> None:
    index = "summary_index" if "summary_index" in event else "content_index"
    note_part(view, ("part",), event.get("part"), _at(event, "output_index"), _at(event, index), saying)


def _item_event(view: ReplyView, event: dict[str, Any], saying: Saying) -> None:
    note_item(view, ("item",), event.get("item"), _at(event, "output_index"), saying)


def _annotated(view: ReplyView, event: dict[str, Any]) -> None:
    at = (_at(event, "output_index"), _at(event, "content_index"), _at(event, "annotation_index"))
    note_annotation(view, ("annotation",), event.get("annotation"), *at, _WHOLE)


def _shell_output(view: ReplyView, event: dict[str, Any]) -> None:
    _streams(view, ("delta",), event.get("delta"), event, _BEGUN)


def _shell_outputs(view: ReplyView, event: dict[str, Any]) -> None:
    outputs = event.get("output")
    for at, output in enumerate(outputs if isinstance(outputs, list) else ()):
        _streams(view, ("output", at), output, event, _DONE)


def _streams(view: ReplyView, path: Path, output: Any, event: dict[str, Any], saying: Saying) -> None:
    for number, key in enumerate(("stdout", "stderr")):
        place = channel(Part.REFUSAL, _at(event, "output_index"), 2 * _at(event, "command_index") + number)
        note(view, (*path, key), output.get(key) if isinstance(output, dict) else None, place, saying)


def _failed(view: ReplyView, event: dict[str, Any]) -> None:
    inner = event.get("error")
    view.error = error_name(inner if isinstance(inner, dict) else {"code": event.get("code")})


def _both(stem: str, key: str, part: Part, among: str = "", *, escaped: bool = False) -> dict[str, _Running]:
    """Return the two events of a run: pieces of it, and the whole of it again."""
    return {
        f"response.{stem}.delta": _Running("delta", part, among, _BEGUN, escaped),
        f"response.{stem}.done": _Running(key, part, among, _DONE, escaped),
    }


_RUNNING: dict[str, _Running] = {
    **_both("output_text", "text", Part.TEXT, "content_index"),
    **_both("refusal", "refusal", Part.REFUSAL, "content_index"),
    **_both("reasoning_text", "text", Part.REFUSAL, "content_index"),
    **_both("reasoning_summary_text", "text", Part.REFUSAL, "summary_index"),
    **_both("function_call_arguments", "arguments", Part.TOOL, escaped=True),
    **_both("custom_tool_call_input", "input", Part.TOOL),
    **_both("mcp_call_arguments", "arguments", Part.REFUSAL, escaped=True),
    **_both("code_interpreter_call_code", "code", Part.REFUSAL),
    **_both("shell_call_command", "command", Part.TOOL),
    "response.shell_call_command.added": _Running("command", Part.TOOL),
    "response.audio.transcript.delta": _Running("delta", Part.REFUSAL),
}
_READERS: dict[str, Callable[[ReplyView, dict[str, Any]], None]] = {
    "response.content_part.added": lambda view, event: _part_event(view, event, _BEGUN),
    "response.content_part.done": lambda view, event: _part_event(view, event, _DONE),
    "response.reasoning_summary_part.added": lambda view, event: _part_event(view, event, _BEGUN),
    "response.reasoning_summary_part.done": lambda view, event: _part_event(view, event, _DONE),
    "response.output_item.added": lambda view, event: _item_event(view, event, _BEGUN),
    "response.output_item.done": lambda view, event: _item_event(view, event, _DONE),
    "response.output_text.annotation.added": _annotated,
    "response.shell_call_output_content.delta": _shell_output,
    "response.shell_call_output_content.done": _shell_outputs,
    "error": _failed,
}
