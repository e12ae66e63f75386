"""A conversation as Google's contents: tool calls and their results are parts of turns. Knows no SDK."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from govai.wire.google_replies import id_and_signature

if TYPE_CHECKING:
    from collections.abc import Sequence

    from govai.core.messages import Message, ToolCall


def contents(messages: Sequence[Message]) -> list[dict[str, Any]]:
    """Return the contents; what was said as system is not in them.

    The results of one turn's calls go into one turn: Google counts them.
    """
    contents: list[dict[str, Any]] = []
    waiting: list[ToolCall] = []
    before = ""
    for message in messages:
        if message.role == "system":
            continue
        if message.role == "tool":
            part = _response(message, waiting)
            if before == "tool":
                contents[-1]["parts"].append(part)
            else:
                contents.append({"role": "user", "parts": [part]})
        else:
            waiting = list(message.tool_calls)
            role = "model" if message.role == "assistant" else "user"
            contents.append({"role": role, "parts": _parts(message)})
        before = message.role
    return contents


def _parts(message: Message) -> list[dict[str, Any]]:
    parts: list[dict[str, Any]] = []
    if message.content or not message.tool_calls:
        parts.append({"text": message.content})
    for call in message.tool_calls:
        call_id, signature = id_and_signature(call.id)
        part: dict[str, Any] = {"functionCall": {"name": call.name, "args": call.arguments}}
        if call_id:
            part["functionCall"]["id"] = call_id
        if signature:
            part["thoughtSignature"] = signature
        parts.append(part)
    return parts


def _response(message: Message, waiting: list[ToolCall]) -> dict[str, Any]:
    """Google wants the function's name; where its calls have no ids, their answers come in the order of the calls."""
    call = next((call for call in waiting if call.id == message.tool_call_id), None)
    response: dict[str, Any] = {"name": call.name if call else "", "response": {"result": message.content}}
    if call is not None:
        waiting.remove(call)
    if call_id := id_and_signature(message.tool_call_id)[0]:
        response["id"] = call_id
    return {"functionResponse": response}
