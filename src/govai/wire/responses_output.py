"""Where the text stands in the items of a response: messages, reasoning, tool calls. Knows nothing of events.

What is beside the answer's own text goes in channels of Part.REFUSAL: restored, not part of the reply's text.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from govai.core.exchange import Channel, Part, ReplySlot, ToolCallView
from govai.wire.answers import text_or_none

if TYPE_CHECKING:
    from collections.abc import Iterator

    from govai.core.exchange import Path, ReplyView

_ITEM, _SUMMARIES, _NAMES, _ANNOTATIONS, _OTHERS = 1_000_000, 500, 1000, 10_000, 500_000  # channel numbers
_MOST = 1000  # annotations of one part
_CALLS = {
    "function_call": "arguments",
    "custom_tool_call": "input",
}  # calls of the caller's own tools, and what they say
_ACTIONS = {  # calls that the caller runs on its own machine, and where they say what to do
    "local_shell_call": ("action",),
    "shell_call": ("action",),
    "computer_call": ("actions", "action"),
    "apply_patch_call": ("operation",),
}
_CONTROL = frozenset(
    "id type status role phase call_id caller execution approval_request_id container_id file_id fingerprint "
    "encrypted_content image_url file_url file_data background output_format quality size outcome".split()
)


class Saying(NamedTuple):
    """How a text is said: `choice` 0 is the answer; `whole`, `again` are a slot's."""

    choice: int = 0
    whole: bool = True
    again: bool = False


def channel(part: Part, item: int, number: int = 0) -> Channel:
    """Return the channel of a run of text in output item number `item`."""
    return Channel(0, part, item * _ITEM + number)


def summary(number: int) -> int:
    """Return the number of a reasoning item's summary among its runs; its content is numbered from 0."""
    return _SUMMARIES + number


def note(view: ReplyView, path: Path, text: Any, place: Channel, saying: Saying, *, escaped: bool = False) -> None:
    """Note a text, if it is one."""
    if isinstance(text, str) and text:
        at = place._replace(choice=saying.choice)
        view.slots.append(ReplySlot(path, text, at, escaped, saying.whole, saying.again))


def note_item(view: ReplyView, path: Path, item: Any, index: int, saying: Saying) -> None:
    """Note an output item's text, each kind of item as what it is."""
    if not isinstance(item, dict):
        return
    kind = text_or_none(item.get("type")) or ""
    if kind == "message":
        _message(view, path, item, index, saying)
    elif kind == "reasoning":
        for key in ("summary", "content"):
            _parts(view, (*path, key), item.get(key), index, saying)
    elif kind in _CALLS:
        key = _CALLS[kind]
        place = _announce(view, path, item, index, saying)
        note(view, (*path, key), item.get(key), place, saying, escaped=key == "arguments")
    elif kind in _ACTIONS or (kind == "tool_search_call" and item.get("execution") == "client"):
        _action(view, path, item, index, saying)
    elif kind == "program":  # checked when it comes back
        note(view, (*path, "code"), item.get("code"), channel(Part.SIGNED, index), saying)
    else:
        _others(view, path, item, index, saying)


def note_part(view: ReplyView, path: Path, part: Any, item: int, index: int, saying: Saying) -> None:
    """Note a content part's text."""
    if not isinstance(part, dict):
        return
    kind = part.get("type")
    aside = kind in ("summary_text", "reasoning_text")
    number = summary(index) if kind == "summary_text" else index
    note(view, (*path, "text"), part.get("text"), channel(Part.REFUSAL if aside else Part.TEXT, item, number), saying)
    note(view, (*path, "refusal"), part.get("refusal"), channel(Part.REFUSAL, item, number), saying)
    annotations = part.get("annotations")
    for at, annotation in enumerate(annotations if isinstance(annotations, list) else ()):
        note_annotation(view, (*path, "annotations", at), annotation, item, index, at, saying)


def note_annotation(
    view: ReplyView, path: Path, annotation: Any, item: int, index: int, at: int, saying: Saying
) -> None:
    """Note what an annotation cites."""
    if not isinstance(annotation, dict):
        return
    first = _ANNOTATIONS + 3 * (index * _MOST + at)
    for number, key in enumerate(("title", "url", "filename")):
        note(view, (*path, key), annotation.get(key), channel(Part.REFUSAL, item, first + number), _once(saying))


def _once(saying: Saying) -> Saying:
    """What never comes in pieces."""
    return saying._replace(whole=True)


def _message(view: ReplyView, path: Path, item: dict[str, Any], index: int, saying: Saying) -> None:
    if item.get("role") not in (None, "assistant"):  # what was asked, given back
        saying = saying._replace(choice=saying.choice or 1)
    content = item.get("content")
    note(view, (*path, "content"), content, channel(Part.TEXT, index), saying)
    _parts(view, (*path, "content"), content, index, saying)


def _parts(view: ReplyView, path: Path, parts: Any, index: int, saying: Saying) -> None:
    for at, part in enumerate(parts if isinstance(parts, list) else ()):
        note_part(view, (*path, at), part, index, at, saying)


def _announce(view: ReplyView, path: Path, item: dict[str, Any], index: int, saying: Saying) -> Channel:
    """A tool's name is the caller's own text: it was protected on its way out like any other."""
    place = channel(Part.TOOL, index)
    name = item.get("name")
    if isinstance(name, str) and name:
        view.tools.append(ToolCallView(place._replace(choice=saying.choice), text_or_none(item.get("call_id")), name))
    for number, key in enumerate(("name", "namespace")):
        note(view, (*path, key), item.get(key), channel(Part.REFUSAL, index, _NAMES + number), _once(saying))
    return place


def _action(view: ReplyView, path: Path, item: dict[str, Any], index: int, saying: Saying) -> None:
    """What the caller is asked to do itself: a tool call whose arguments are an object."""
    kind = item["type"]
    place = channel(Part.TOOL, index)
    for key in _ACTIONS.get(kind, ("arguments",)):
        what = item.get(key)
        if what:
            at = (*path, key) if isinstance(what, dict) else None
            who = place._replace(choice=saying.choice)
            view.tools.append(ToolCallView(who, text_or_none(item.get("call_id")), kind.removesuffix("_call"), at))
            for here, text in _leaves((*path, key), what):
                note(view, here, text, place, _once(saying))
            return


def _others(view: ReplyView, path: Path, item: dict[str, Any], index: int, saying: Saying) -> None:
    """What the provider's own tools were asked and returned, and items of a kind nobody knows yet."""
    for key, value in item.items():
        if key == "arguments" and isinstance(value, str):
            note(view, (*path, key), value, channel(Part.REFUSAL, index), saying, escaped=True)
        elif key == "code":
            note(view, (*path, key), value, channel(Part.REFUSAL, index), saying)
    known = {"arguments", "code", "result"} if item.get("type") == "image_generation_call" else {"arguments", "code"}
    rest = {key: value for key, value in item.items() if key not in known}
    for number, (here, text) in enumerate(_leaves(path, rest)):
        note(view, here, text, channel(Part.REFUSAL, index, _OTHERS + number), _once(saying))


def _leaves(path: Path, value: Any) -> Iterator[tuple[Path, str]]:
    """Return every string in a value that is not the protocol's own, in its order."""
    todo: list[tuple[Path, Any]] = [(path, value)]
    while todo:
        here, item = todo.pop()
        if isinstance(item, str):
            yield here, item
        elif isinstance(item, dict):
            todo.extend(((*here, key), inner) for key, inner in reversed(item.items()) if key not in _CONTROL)
        elif isinstance(item, list):
            todo.extend(((*here, at), item[at]) for at in reversed(range(len(item))))
