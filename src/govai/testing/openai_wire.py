"""OpenAI's wire: chat completions, legacy completions, embeddings, moderations, images, models. Responses stand beside."""

from __future__ import annotations

import base64
import struct
from typing import TYPE_CHECKING, Any

from govai.testing.responses_wire import RESPONSES
from govai.testing.wires import EPOCH, PIXEL, Events, Wire, as_list, compact, plain, routes, vector

if TYPE_CHECKING:
    from govai.testing.answering import Answer
    from govai.testing.arriving import Request

_FINISH = {"length": "length", "filter": "content_filter"}
_KINDS = {
    400: ("invalid_request_error", "bad_request"),
    401: ("invalid_request_error", "invalid_api_key"),
    403: ("invalid_request_error", "permission_denied"),
    404: ("invalid_request_error", "not_found"),
    429: ("requests", "rate_limit_exceeded"),
}
_HARMS = (
    "harassment harassment/threatening hate hate/threatening illicit illicit/violent self-harm self-harm/instructions "
    "self-harm/intent sexual sexual/minors violence violence/graphic"
).split()


def chat(request: Request, answer: Answer) -> Any:
    """Shape a chat completion, or its chunks."""
    finish = _FINISH.get(answer.finish, "tool_calls" if answer.tool_calls else "stop")
    base = {"id": f"chatcmpl-{request.number}", "created": EPOCH, "model": request.model}
    if request.stream:
        return _chunks(request, answer, base, finish)
    message: dict[str, Any] = {"role": "assistant", "content": answer.text or None, "refusal": None}
    if answer.thinking:  # the name that servers which show it have agreed on
        message["reasoning_content"] = answer.thinking
    if answer.tool_calls:
        message["tool_calls"] = tool_calls(answer)
    else:
        message["content"] = answer.text
    choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": finish}
    return {**base, "object": "chat.completion", "choices": [choice], "usage": usage(request, answer)}


def tool_calls(answer: Answer) -> list[dict[str, Any]]:
    """Return the tool calls of a message."""
    return [
        {"id": id_, "type": "function", "function": {"name": name, "arguments": compact(given)}}
        for id_, name, given in answer.arguments()
    ]


def usage(request: Request, answer: Answer) -> dict[str, int]:
    """Return the tokens as chat completions count them."""
    into, out = answer.tokens(request)
    return {"prompt_tokens": into, "completion_tokens": out, "total_tokens": into + out}


def _chunks(request: Request, answer: Answer, base: dict[str, Any], finish: str) -> Events:
    deltas: list[dict[str, Any]] = [{"role": "assistant", "content": ""}]
    if answer.thinking:
        deltas += [{"reasoning_content": piece} for piece in answer.pieces(answer.thinking)]
    if answer.text:
        deltas += [{"content": piece} for piece in answer.pieces(answer.text)]
    for index, call in enumerate(tool_calls(answer)):
        said = call["function"].pop("arguments")
        deltas.append({"tool_calls": [{"index": index, **call, "function": {**call["function"], "arguments": ""}}]})
        deltas += [
            {"tool_calls": [{"index": index, "function": {"arguments": piece}}]} for piece in answer.pieces(said)
        ]
    ends: list[tuple[dict[str, Any], str | None]] = [*((delta, None) for delta in deltas), ({}, finish)]
    base = {**base, "object": "chat.completion.chunk"}
    events = [
        {**base, "choices": [{"index": 0, "delta": delta, "logprobs": None, "finish_reason": end}]}
        for delta, end in ends
    ]
    if (request.field("stream_options") or {}).get("include_usage"):
        events.append({**base, "choices": [], "usage": usage(request, answer)})
    return plain(events)


def completions(request: Request, answer: Answer) -> Any:
    """Shape a legacy completion, or its chunks."""
    base = {"id": f"cmpl-{request.number}", "object": "text_completion", "created": EPOCH, "model": request.model}
    finish = _FINISH.get(answer.finish, "stop")

    def of(text: str, end: str | None) -> dict[str, Any]:
        return {**base, "choices": [{"index": 0, "text": text, "logprobs": None, "finish_reason": end}]}

    if request.stream:
        return plain([*(of(piece, None) for piece in answer.pieces(answer.text or "")), of("", finish)])
    return {**of(answer.text or "", finish), "usage": usage(request, answer)}


def embeddings(request: Request, answer: Answer) -> Any:
    """Shape vectors, as numbers or as base64 of little-endian floats."""
    rows = []
    for index, text in enumerate(as_list(request.field("input"))):
        numbers: Any = vector(str(text), answer, request.field("dimensions"))
        if request.field("encoding_format") == "base64":
            numbers = base64.b64encode(struct.pack(f"<{len(numbers)}f", *numbers)).decode()
        rows.append({"object": "embedding", "index": index, "embedding": numbers})
    into = answer.tokens(request)[0]
    counted = {"prompt_tokens": into, "total_tokens": into}
    return {"object": "list", "data": rows, "model": request.model, "usage": counted}


def _moderations(request: Request, answer: Answer) -> Any:
    flagged = answer.finish == "filter"
    result = {
        "flagged": flagged,
        "categories": dict.fromkeys(_HARMS, flagged),
        "category_scores": dict.fromkeys(_HARMS, float(flagged)),
        "category_applied_input_types": {harm: ["text"] for harm in _HARMS},
    }
    results = [result for _ in as_list(request.field("input"))]
    return {"id": f"modr-{request.number}", "model": request.model or "omni-moderation-latest", "results": results}


def _images(request: Request, _answer: Answer) -> Any:
    image = {"b64_json": PIXEL}
    if request.field("response_format") == "url":
        image = {"url": f"data:image/png;base64,{PIXEL}"}
    return {"created": EPOCH, "data": [image for _ in range(request.field("n") or 1)]}


def _heard(_request: Request, answer: Answer) -> Any:
    return {"text": answer.text}


def models(_request: Request, _answer: Answer) -> Any:
    """Shape an empty list of models."""
    return {"object": "list", "data": []}


def error(status: int, message: str) -> Any:
    """Shape an error."""
    kind, code = _KINDS.get(status, ("server_error", None) if status >= 500 else ("invalid_request_error", None))  # noqa: PLR2004 -- RFC 9110
    return {"error": {"message": message, "type": kind, "param": None, "code": code}}


def late_error(status: int, message: str) -> Events:
    """Shape an error inside a stream of chunks."""
    return plain([error(status, message)], ends=b"")


OPENAI = Wire(
    "openai",
    (
        *routes(
            ("POST", "/chat/completions", chat),
            ("POST", "/completions", completions),
            ("POST", "/embeddings", embeddings),
            ("POST", "/moderations", _moderations),
            ("POST", "/images/(?:generations|edits)", _images),
            ("POST", "/audio/(?:transcriptions|translations)", _heard),
        ),
        *RESPONSES,
        *routes(("GET", "/models", models), scripted=False),
    ),
    error,
    late_error,
    "x-request-id",
)
