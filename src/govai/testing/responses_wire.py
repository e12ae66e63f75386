"""OpenAI's Responses: plain, streamed, and in the background, where a GET brings the answer."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from govai.testing.wires import EPOCH, Events, compact, routes

if TYPE_CHECKING:
    from govai.testing.answering import Answer
    from govai.testing.arriving import Request

CANCEL = "/cancel"
_EARLIER = re.compile(r"/responses/resp_(\d+)")
_FINISH = {"length": "max_output_tokens", "filter": "content_filter"}


def respond(request: Request, answer: Answer) -> Any:
    """Shape a response, its events, or what a background response is at first."""
    if request.field("background") and not request.stream:
        return _response(request, answer, "queued", [])
    return _events(request, answer) if request.stream else whole(request, answer)


def whole(request: Request, answer: Answer) -> dict[str, Any]:
    """Shape the whole response, also for the GET that asks for an earlier one."""
    status = "incomplete" if answer.finish in _FINISH else "completed"
    return _response(request, answer, status, _items(request, answer))


def cancelled(request: Request, answer: Answer) -> dict[str, Any]:
    """Shape a response that was cancelled before it was made."""
    return _response(request, answer, "cancelled", [])


def _events(request: Request, answer: Answer) -> Events:
    made = whole(request, answer)
    begun = _response(request, answer, "in_progress", [])
    said: list[dict[str, Any]] = [
        {"type": f"response.{word}", "response": begun} for word in ("created", "in_progress")
    ]
    for index, item in enumerate(made["output"]):
        said += _item_events(item, index, answer)
    said.append({"type": f"response.{made['status']}", "response": made})
    return Events([(one["type"], {**one, "sequence_number": number}) for number, one in enumerate(said)])


def _items(request: Request, answer: Answer) -> list[dict[str, Any]]:
    number, items = request.number, []
    if answer.thinking:
        summary = [{"type": "summary_text", "text": answer.thinking}]
        items.append({"id": f"rs_{number}", "type": "reasoning", "summary": summary})
    if answer.text or not answer.tool_calls:
        part = {"type": "output_text", "text": answer.text or "", "annotations": [], "logprobs": []}
        status = "incomplete" if answer.finish in _FINISH else "completed"
        items.append(
            {"id": f"msg_{number}", "type": "message", "role": "assistant", "status": status, "content": [part]}
        )
    items += [
        {
            "id": f"fc_{number}_{at}",
            "type": "function_call",
            "call_id": id_,
            "name": name,
            "arguments": compact(given),
            "status": "completed",
        }
        for at, (id_, name, given) in enumerate(answer.arguments())
    ]
    return items


def _item_events(item: dict[str, Any], index: int, answer: Answer) -> list[dict[str, Any]]:
    where = {"item_id": item["id"], "output_index": index}
    if item["type"] == "message":
        part = item["content"][0]
        place, empty = {**where, "content_index": 0}, {**part, "text": ""}
        begun: dict[str, Any] = {"status": "in_progress", "content": []}
        inside = [
            {"type": "response.content_part.added", **place, "part": empty},
            *_run("response.output_text", place, "text", part["text"], answer, logprobs=[]),
            {"type": "response.content_part.done", **place, "part": part},
        ]
    elif item["type"] == "reasoning":
        part = item["summary"][0]
        place, begun = {**where, "summary_index": 0}, {"summary": []}
        name = "response.reasoning_summary"
        inside = [
            {"type": f"{name}_part.added", **place, "part": {**part, "text": ""}},
            *_run(f"{name}_text", place, "text", part["text"], answer),
            {"type": f"{name}_part.done", **place, "part": part},
        ]
    else:
        begun = {"status": "in_progress", "arguments": ""}
        inside = _run("response.function_call_arguments", where, "arguments", item["arguments"], answer)
        inside[-1]["name"] = item["name"]
    return [
        {"type": "response.output_item.added", "output_index": index, "item": {**item, **begun}},
        *inside,
        {"type": "response.output_item.done", "output_index": index, "item": item},
    ]


def _run(name: str, place: dict[str, Any], key: str, text: str, answer: Answer, **more: Any) -> list[dict[str, Any]]:
    deltas = [{"type": f"{name}.delta", **place, "delta": piece, **more} for piece in answer.pieces(text)]
    return [*deltas, {"type": f"{name}.done", **place, key: text, **more}]


def _response(request: Request, answer: Answer, status: str, output: list[dict[str, Any]]) -> dict[str, Any]:
    into, out = answer.tokens(request)
    usage = {
        "input_tokens": into,
        "input_tokens_details": {"cached_tokens": 0, "cache_write_tokens": 0},
        "output_tokens": out,
        "output_tokens_details": {"reasoning_tokens": 0},
        "total_tokens": into + out,
    }
    ended = status in ("completed", "incomplete")
    return {
        "id": f"resp_{request.number}",
        "object": "response",
        "created_at": EPOCH,
        "status": status,
        "background": bool(request.field("background")),
        "error": None,
        "incomplete_details": {"reason": _FINISH[answer.finish]} if status == "incomplete" else None,
        "instructions": request.field("instructions"),
        "max_output_tokens": request.field("max_output_tokens"),
        "metadata": request.field("metadata") or {},
        "model": request.model,
        "output": output,
        "parallel_tool_calls": True,
        "previous_response_id": request.field("previous_response_id"),
        "reasoning": {"effort": None, "summary": None},
        "store": request.field("store", True),
        "temperature": request.field("temperature", 1.0),
        "text": request.field("text") or {"format": {"type": "text"}},
        "tool_choice": request.field("tool_choice", "auto"),
        "tools": request.field("tools") or [],
        "top_p": request.field("top_p", 1.0),
        "truncation": "disabled",
        "usage": usage if ended else None,
    }


def number_of(request: Request) -> int:
    """Return the number of the request that an earlier response answered."""
    return int(_EARLIER.findall(request.path)[-1])


RESPONSES = (
    *routes(("POST", "/responses", respond)),
    *routes(
        ("GET", r"/responses/resp_\d+", whole),
        ("POST", rf"/responses/resp_\d+{CANCEL}", cancelled),
        scripted=False,
        earlier=True,
    ),
)
