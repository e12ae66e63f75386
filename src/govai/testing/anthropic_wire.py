"""Anthropic's wire: messages, plain and streamed, the count of their tokens, models."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from govai.testing.wires import Events, Wire, compact, routes

if TYPE_CHECKING:
    from govai.testing.answering import Answer
    from govai.testing.arriving import Request

_FINISH = {"length": "max_tokens", "filter": "refusal"}
_KINDS = {
    400: "invalid_request_error",
    401: "authentication_error",
    403: "permission_error",
    404: "not_found_error",
    413: "request_too_large",
    429: "rate_limit_error",
    529: "overloaded_error",
}
_SIGNATURE = "c2lnbmVkIGJ5IHRoZSB0ZXN0"  # "signed by the test"


def _messages(request: Request, answer: Answer) -> Any:
    blocks = _blocks(answer)
    into, out = answer.tokens(request)
    message = {
        "id": f"msg_{request.number}",
        "type": "message",
        "role": "assistant",
        "model": request.model,
        "content": blocks,
        "stop_reason": _FINISH.get(answer.finish, "tool_use" if answer.tool_calls else "end_turn"),
        "stop_sequence": None,
        "usage": {"input_tokens": into, "output_tokens": out},
    }
    return _events(message, answer) if request.stream else message


def _blocks(answer: Answer) -> list[dict[str, Any]]:
    blocks: list[dict[str, Any]] = []
    if answer.thinking:
        blocks.append({"type": "thinking", "thinking": answer.thinking, "signature": _SIGNATURE})
    if answer.text or not answer.tool_calls:
        blocks.append({"type": "text", "text": answer.text})
    return blocks + [
        {"type": "tool_use", "id": f"toolu_{id_}", "name": name, "input": given}
        for id_, name, given in answer.arguments()
    ]


def _events(message: dict[str, Any], answer: Answer) -> Events:
    usage = message["usage"]
    begun = {**message, "content": [], "stop_reason": None, "usage": {**usage, "output_tokens": 1}}
    said: list[dict[str, Any]] = [{"type": "message_start", "message": begun}]
    for index, block in enumerate(message["content"]):
        said += _block_events(block, index, answer)
    ended = {"stop_reason": message["stop_reason"], "stop_sequence": None}
    said += [{"type": "message_delta", "delta": ended, "usage": usage}, {"type": "message_stop"}]
    said.insert(2, {"type": "ping"})
    return Events([(one["type"], one) for one in said])


def _block_events(block: dict[str, Any], index: int, answer: Answer) -> list[dict[str, Any]]:
    if block["type"] == "tool_use":
        empty, key, kind, text = {**block, "input": {}}, "partial_json", "input_json_delta", compact(block["input"])
    else:
        key = block["type"]
        empty, kind, text = {**block, key: ""}, f"{key}_delta", block[key]
    deltas = [{"type": kind, key: piece} for piece in answer.pieces(text)]
    if "signature" in block:
        empty["signature"] = ""
        deltas.append({"type": "signature_delta", "signature": block["signature"]})
    return [
        {"type": "content_block_start", "index": index, "content_block": empty},
        *({"type": "content_block_delta", "index": index, "delta": delta} for delta in deltas),
        {"type": "content_block_stop", "index": index},
    ]


def _count(request: Request, answer: Answer) -> Any:
    return {"input_tokens": answer.tokens(request)[0]}


def _models(_request: Request, _answer: Answer) -> Any:
    return {"data": [], "has_more": False, "first_id": None, "last_id": None}


def error(status: int, message: str) -> Any:
    """Shape an error."""
    return {"type": "error", "error": {"type": _KINDS.get(status, "api_error"), "message": message}}


def late_error(status: int, message: str) -> Events:
    """Shape an error inside a stream."""
    return Events([("error", error(status, message))])


ANTHROPIC = Wire(
    "anthropic",
    (
        *routes(
            ("POST", "/messages", _messages),
            ("POST", "/messages/count_tokens", _count),
            ("POST", "/publishers/anthropic/models/[^/]+:(?:rawPredict|streamRawPredict)", _messages),  # Vertex
        ),
        *routes(("GET", "/models", _models), scripted=False),
    ),
    error,
    late_error,
    "request-id",
)
