"""What a person who reviews is shown: the text, and all prose beside it, wherever it stands. Nothing else may be released.

A format says where the text is; what a caller or a provider puts elsewhere would pass unread. It knows no desk.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from govai.core.exchange import SlotKind, spell
from govai.wire.codec import parse
from govai.wire.sse import EventSplitter

if TYPE_CHECKING:
    from collections.abc import Iterator

    from govai.flow.asked import Trace
    from govai.flow.call import Call
    from govai.flow.envelope import Answer

_OWN = (SlotKind.TEXT, SlotKind.KEY, SlotKind.CONTROL)


def prompt(call: Call) -> str:
    """Return the prompt as it is about to leave: its messages, then the prose in settings, tools, headers, the query."""
    return "\n\n".join(text for _path, text in call.texts()) + aside(call)


def aside(call: Call) -> str:
    """Return the prose of a request that stands in none of its messages, a line each; "" when there is none."""
    view, lines = call.read.view, []
    for slot in (*view.slots, *call.read.extra):
        if slot.message < 0 and slot.kind in _OWN and _is_prose(slot.text):
            text = _now(call.read.body, slot.path) if slot.kind is SlotKind.TEXT else slot.text
            lines.append(f"\n[{spell(slot.path)}] {text}" if slot.kind is not SlotKind.KEY else f"\n[…] {slot.text}")
    return "".join(lines)


def answer(call: Call, trace: Trace, given: Answer, *, stream: bool) -> str:
    """Return an answer in its protected form: its text, the tools it calls, what is beside, and prose of no known place."""
    beside = (
        f"\n[{channel.part.value} {channel.choice}.{channel.number}] {''.join(said)}"
        for channel, said in trace.aside.items()
    )
    shown = "".join(trace.protected) + "".join(f"\n→ {tool.name}()" for tool in trace.tools) + "".join(beside)
    known = shown + "\n" + "\n".join(_strings(parse(call.raw)) if call.raw.startswith(b"{") else ())
    unknown = dict.fromkeys(
        text
        for body in _documents(given.raw, stream=stream)
        for text in _strings(body)
        if _is_prose(text) and text.strip() not in known
    )
    return shown + "".join(f"\n[…] {text}" for text in unknown)


def _is_prose(text: str) -> bool:
    return len(text.split(None, 1)) > 1


def _now(body: Any, path: Any) -> str:
    for step in path:
        body = body[step]
    return str(body)


def _documents(raw: bytes, *, stream: bool) -> Iterator[Any]:
    if not stream:
        yield parse(raw)
        return
    for event in EventSplitter().feed(raw):
        if event.data is not None and event.data != b"[DONE]":
            yield parse(event.data)


def _strings(body: Any) -> Iterator[str]:
    todo = [body]
    while todo:
        item = todo.pop()
        if isinstance(item, str):
            yield item
        elif isinstance(item, dict):
            todo.extend(reversed([*item, *item.values()]))
        elif isinstance(item, list):
            todo.extend(reversed(item))
