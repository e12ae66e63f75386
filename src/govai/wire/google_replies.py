"""Where the text stands in Google's answers and in the events of their streams. Knows nothing of requests.

An event is a whole answer that holds the next piece; a stream asked for without `alt=sse` is a list of them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from govai.core.exchange import Channel, Part, ReplySlot, ReplyView, ToolCallView, Usage
from govai.wire.answers import count, error_name, text_or_none
from govai.wire.google_spelling import field_of, items, listed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from govai.core.exchange import Path

# What is read beside the answer's own text goes in channels of Part.REFUSAL: restored, not part of the reply's text.
_ASIDE = 10_000  # channel numbers from here on
_MOST = 1000  # parts of one answer
_BESIDE = {"executableCode": "code", "codeExecutionResult": "output", "audioTranscription": "text"}
_SOURCES = frozenset(
    "text title uri domain license placeAnswerSources renderedContent webSearchQueries retrievalQueries imageSearchQueries "
    "retrievedUrl".split()
)
_METADATA = ("citationMetadata", "groundingMetadata", "urlContextMetadata")
_SIGNATURE = "#"  # between a call's id and its signature


def read_reply(body: Any) -> ReplyView:
    """Return every place of a complete reply that holds text; ValueError when it is no answer.

    The pieces of a list continue each other, as events do.
    """
    if isinstance(body, list):
        view = ReplyView([])
        for index, piece in enumerate(body):
            _answer(view, (index,), piece, at=index * _MOST)
        return view
    view = ReplyView([])
    _answer(view, (), body)
    view.slots = [slot._replace(whole=True, channel=_own(slot, at)) for at, slot in enumerate(view.slots)]
    view.terminal = False
    return view


def read_event(event: Any) -> ReplyView:
    """Return every place of one stream event that holds text; ValueError when it is not an object."""
    view = ReplyView([])
    _answer(view, (), event)
    return view


def _own(slot: ReplySlot, number: int) -> Channel:
    """Return a channel of its own for a part of a complete reply: nothing continues it."""
    return slot.channel if slot.channel.part is Part.TOOL else slot.channel._replace(number=number)


def _answer(view: ReplyView, path: Path, body: Any, *, at: int = 0) -> None:
    if not isinstance(body, dict):
        raise ValueError("it is not an object")  # noqa: TRY004 -- one error for what cannot be read
    view.usage = _usage(field_of(body, "usageMetadata")) or view.usage
    view.model = text_or_none(field_of(body, "modelVersion")) or view.model
    view.id = text_or_none(field_of(body, "responseId")) or view.id
    for index, candidate in enumerate(listed(body.get("candidates"))):
        if isinstance(candidate, dict):
            choice = count(candidate.get("index"))
            _candidate(view, (*path, "candidates", index), candidate, index if choice is None else choice, at)
    _feedback(view, (*path, "promptFeedback"), body.get("promptFeedback"))
    if "error" in body:
        view.error = _error(body["error"])


def _feedback(view: ReplyView, path: Path, feedback: Any) -> None:
    """Why the prompt was not answered at all."""
    if isinstance(feedback, dict) and (reason := _word(feedback.get("blockReason"))):
        view.finish_reason, view.terminal, view.error = reason, True, "content_filter"
        _aside(view, (*path, "blockReasonMessage"), feedback.get("blockReasonMessage"), 0)


def _candidate(view: ReplyView, path: Path, candidate: dict[str, Any], choice: int, at: int) -> None:
    content = candidate.get("content")
    if isinstance(content, dict):
        for number, (here, part) in enumerate(items((*path, "content", "parts"), content.get("parts"))):
            if isinstance(part, dict):
                _part(view, here, part, choice, at + number)
    _aside(view, (*path, "finishMessage"), candidate.get("finishMessage"), choice)
    for name in _METADATA:
        for here, text in _sourced((*path, name), candidate.get(name)):
            _aside(view, here, text, choice)
    reason = _word(candidate.get("finishReason"))
    if reason and choice == 0:
        view.finish_reason, view.terminal = reason, True


def _part(view: ReplyView, path: Path, part: dict[str, Any], choice: int, number: int) -> None:
    text = part.get("text")
    if isinstance(text, str) and text:
        kind = Part.SIGNED if part.get("thought") is True else Part.TEXT
        view.slots.append(ReplySlot((*path, "text"), text, Channel(choice, kind), whole=False))
    call = part.get("functionCall")
    if isinstance(call, dict):
        _call(view, (*path, "functionCall"), call, Channel(choice, Part.TOOL, number), part.get("thoughtSignature"))
    for name, key in _BESIDE.items():
        inner = part.get(name)
        if isinstance(inner, dict):
            _aside(view, (*path, name, key), inner.get(key), choice)


def _call(view: ReplyView, path: Path, call: dict[str, Any], channel: Channel, signature: Any) -> None:
    """A tool's name is the caller's own text: it was protected on its way out like any other."""
    name = call.get("name")
    if isinstance(name, str) and name:
        view.tools.append(ToolCallView(channel, signed_id(call.get("id"), signature), name, (*path, "args")))
        _aside(view, (*path, "name"), name, channel.choice)
    view.slots.extend(ReplySlot(here, text, channel) for here, text in _leaves((*path, "args"), call.get("args")))
    for here, piece in items((*path, "partialArgs"), call.get("partialArgs")):
        text = piece.get("stringValue") if isinstance(piece, dict) else None
        if isinstance(text, str):
            view.slots.append(ReplySlot((*here, "stringValue"), text, channel, whole=False))


def signed_id(call_id: Any, signature: Any) -> str:
    """Return the id of a call, which carries its signature: Google wants it back with the call."""
    ours = call_id if isinstance(call_id, str) else ""
    return f"{ours}{_SIGNATURE}{signature}" if isinstance(signature, str) and signature else ours


def id_and_signature(signed: str) -> tuple[str, str]:
    """Return what `signed_id` put together."""
    call_id, _, signature = signed.partition(_SIGNATURE)
    return call_id, signature


def _leaves(path: Path, value: Any) -> Iterator[tuple[Path, str]]:
    todo: list[tuple[Path, Any]] = [(path, value)]
    while todo:
        here, item = todo.pop()
        if isinstance(item, str):
            yield here, item
        elif isinstance(item, dict):
            todo.extend(((*here, key), inner) for key, inner in reversed(item.items()))
        elif isinstance(item, list):
            todo.extend(((*here, at), item[at]) for at in reversed(range(len(item))))


def _sourced(path: Path, metadata: Any) -> Iterator[tuple[Path, str]]:
    """The texts of what an answer rests on; its offsets and tokens are not text."""
    for here, text in _leaves(path, metadata):
        if any(step in _SOURCES for step in here[len(path) :]):
            yield here, text


def _aside(view: ReplyView, path: Path, text: Any, choice: int) -> None:
    if isinstance(text, str) and text:
        view.slots.append(ReplySlot(path, text, Channel(choice, Part.REFUSAL, _ASIDE + len(view.slots))))


def _word(value: Any) -> str | None:
    """Return an enum's value, which Google gives as a number where the query asks for it (`enum-encoding=int`)."""
    return str(value) if count(value) else text_or_none(value)


def _usage(usage: Any) -> Usage | None:
    """Thoughts are output, and what Google's tools put into the prompt is input: both are paid as such."""
    if not isinstance(usage, dict):
        return None
    return Usage(
        _sum(usage, "promptTokenCount", "toolUsePromptTokenCount"),
        _sum(usage, "candidatesTokenCount", "thoughtsTokenCount"),
    )


def _sum(usage: dict[str, Any], *names: str) -> int | None:
    counts = [found for name in names if (found := count(usage.get(name))) is not None]
    return sum(counts) if counts else None


def _error(error: Any) -> str:
    return error_name({"code": error.get("status") or error.get("code")} if isinstance(error, dict) else None)
