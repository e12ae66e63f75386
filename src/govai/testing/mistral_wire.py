"""Mistral's wire: chat, agents and fill-in-the-middle, plain and streamed, embeddings, models. OpenAI's, but for thinking and errors."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from govai.testing.openai_wire import models, tool_calls, usage
from govai.testing.wires import EPOCH, Events, Wire, as_list, plain, routes, vector

if TYPE_CHECKING:
    from govai.testing.answering import Answer
    from govai.testing.arriving import Request

_FINISH = {"length": "length", "filter": "error"}
_KINDS = {400: ("invalid_model", "1500"), 404: ("not_found", "1500"), 429: ("rate_limited", "1300")}
_DETAILS = (401, 403)
_HARMS = "sexual hate_and_discrimination violence_and_threats selfharm pii".split()


def _chat(request: Request, answer: Answer) -> Any:
    finish = _FINISH.get(answer.finish, "tool_calls" if answer.tool_calls else "stop")
    base = {"id": f"{request.number:032x}", "created": EPOCH, "model": request.model}
    if request.stream:
        return _chunks(request, answer, base, finish)
    content: Any = answer.text
    if answer.thinking:
        content = [_thinking(answer.thinking), {"type": "text", "text": answer.text}]
    message = {"role": "assistant", "content": content, "tool_calls": tool_calls(answer) or None, "prefix": False}
    choice = {"index": 0, "message": message, "finish_reason": finish}
    return {**base, "object": "chat.completion", "choices": [choice], "usage": usage(request, answer)}


def _thinking(text: str) -> dict[str, Any]:
    return {"type": "thinking", "thinking": [{"type": "text", "text": text}]}


def _chunks(request: Request, answer: Answer, base: dict[str, Any], finish: str) -> Events:
    deltas: list[dict[str, Any]] = [{"role": "assistant", "content": ""}]
    if answer.thinking:
        deltas += [{"content": [_thinking(piece)]} for piece in answer.pieces(answer.thinking)]
    if answer.text:
        deltas += [{"content": piece} for piece in answer.pieces(answer.text)]
    last: dict[str, Any] = {"content": ""}
    if answer.tool_calls:  # Mistral sends calls whole, with the end
        last["tool_calls"] = [{**call, "index": index} for index, call in enumerate(tool_calls(answer))]
    base = {**base, "object": "chat.completion.chunk"}
    events = [{**base, "choices": [{"index": 0, "delta": delta, "finish_reason": None}]} for delta in deltas]
    end = {"index": 0, "delta": last, "finish_reason": finish}
    return plain([*events, {**base, "choices": [end], "usage": usage(request, answer)}])


def _embeddings(request: Request, answer: Answer) -> Any:
    rows = [
        {
            "object": "embedding",
            "index": index,
            "embedding": vector(str(text), answer, request.field("output_dimension")),
        }
        for index, text in enumerate(as_list(request.field("input")))
    ]
    counted = {**usage(request, answer), "completion_tokens": 0}
    return {
        "id": f"{request.number:032x}",
        "object": "list",
        "data": rows,
        "model": request.model,
        "usage": {**counted, "total_tokens": counted["prompt_tokens"]},
    }


def _moderations(request: Request, answer: Answer) -> Any:
    flagged = answer.finish == "filter"
    result = {"categories": dict.fromkeys(_HARMS, flagged), "category_scores": dict.fromkeys(_HARMS, float(flagged))}
    results = [result for _ in as_list(request.field("input"))]
    return {"id": f"{request.number:032x}", "model": request.model, "results": results}


def error(status: int, message: str) -> Any:
    """Shape an error: three shapes, by status."""
    if status in _DETAILS:
        return {"detail": message}
    if status == 422:  # noqa: PLR2004 -- RFC 9110
        return {"detail": [{"type": "extra_forbidden", "loc": ["body"], "msg": message, "input": None}]}
    kind, code = _KINDS.get(status, ("service_unavailable", None))
    return {"object": "error", "message": message, "type": kind, "param": None, "code": code, "raw_status_code": status}


def late_error(status: int, message: str) -> Events:
    """Shape an error inside a stream."""
    return plain([error(status, message)], ends=b"")


MISTRAL = Wire(
    "mistral",
    (
        *routes(
            ("POST", "/chat/completions", _chat),
            ("POST", "/fim/completions", _chat),
            ("POST", "/agents/completions", _chat),
            ("POST", "/publishers/mistralai/models/[^/]+:(?:rawPredict|streamRawPredict)", _chat),  # Vertex
            ("POST", "/embeddings", _embeddings),
            ("POST", "(?:/chat)?/moderations", _moderations),
        ),
        *routes(("GET", "/models", models), scripted=False),
    ),
    error,
    late_error,
    "mistral-correlation-id",
)
