"""Google's wire: generateContent and its stream, countTokens, embeddings, images, models; v1, v1beta and Vertex paths alike."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any

from govai.testing.answering import tokens
from govai.testing.arriving import strings
from govai.testing.wires import PIXEL, Events, Wire, routes, vector

if TYPE_CHECKING:
    from govai.testing.answering import Answer
    from govai.testing.arriving import Request

_FINISH = {"length": "MAX_TOKENS", "filter": "SAFETY"}
_WORDS = {
    400: "INVALID_ARGUMENT",
    401: "UNAUTHENTICATED",
    403: "PERMISSION_DENIED",
    404: "NOT_FOUND",
    429: "RESOURCE_EXHAUSTED",
    499: "CANCELLED",
    503: "UNAVAILABLE",
    504: "DEADLINE_EXCEEDED",
}
_SIGNATURE = base64.b64encode(b"signed by the test").decode()


def _generate(request: Request, answer: Answer) -> Any:
    return _whole(request, answer, _parts(request, answer, whole=True), _end(answer))


def _stream(request: Request, answer: Answer) -> Any:
    parts = _parts(request, answer, whole=False)
    said = [_whole(request, answer, [part], None) for part in parts[:-1]]
    said.append(_whole(request, answer, parts[-1:], _end(answer)))
    if "alt=sse" not in request.query:
        return said
    return Events([("", one) for one in said], newline=b"\r\n")


def _end(answer: Answer) -> str:
    return _FINISH.get(answer.finish, "STOP")


def _parts(request: Request, answer: Answer, *, whole: bool) -> list[dict[str, Any]]:
    def pieces(text: str) -> list[str]:
        return [text] if whole else answer.pieces(text)

    parts: list[dict[str, Any]] = []
    if answer.thinking:
        parts += [{"text": piece, "thought": True} for piece in pieces(answer.thinking)]
    if answer.text or not answer.tool_calls:
        parts += [{"text": piece} for piece in pieces(answer.text or "")]
    calls: list[dict[str, Any]] = [
        {"functionCall": {"name": name, "args": given}} for _, name, given in answer.arguments()
    ]
    if calls:
        calls[0]["thoughtSignature"] = _SIGNATURE
    if "IMAGE" in (request.field("generationConfig") or {}).get("responseModalities", ()):
        parts.append({"inlineData": {"mimeType": "image/png", "data": PIXEL}})
    return parts + calls


def _whole(request: Request, answer: Answer, parts: list[dict[str, Any]], end: str | None) -> dict[str, Any]:
    into, out = answer.tokens(request)
    candidate: dict[str, Any] = {"content": {"parts": parts, "role": "model"}, "index": 0}
    if end:
        candidate["finishReason"] = end
    usage = {"promptTokenCount": into, "candidatesTokenCount": out, "totalTokenCount": into + out}
    return {
        "candidates": [candidate],
        "usageMetadata": usage,
        "modelVersion": request.model,
        "responseId": f"response-{request.number}",
    }


def _count(request: Request, answer: Answer) -> Any:
    return {"totalTokens": answer.tokens(request)[0]}


def _embed(request: Request, answer: Answer) -> Any:
    return {"embedding": _embedding(request.json, answer)}


def _batch_embed(request: Request, answer: Answer) -> Any:
    return {"embeddings": [_embedding(one, answer) for one in request.field("requests") or []]}


def _embedding(asked: Any, answer: Answer) -> dict[str, Any]:
    size = asked.get("outputDimensionality") or (asked.get("embedContentConfig") or {}).get("outputDimensionality")
    return {"values": vector(_content(asked.get("content")), answer, size)}


def _content(content: Any) -> str:
    return "\n".join(text for place, text in strings(content) if place.endswith(".text"))


def _predict(request: Request, answer: Answer) -> Any:
    """Shape what older models of Vertex answer: vectors for contents, images for prompts."""
    asked = request.field("instances") or []
    settings = request.field("parameters") or {}
    if any("prompt" in one for one in asked):
        images = settings.get("sampleCount") or 1
        return {"predictions": [{"mimeType": "image/png", "bytesBase64Encoded": PIXEL} for _ in range(images)]}
    size = settings.get("outputDimensionality")
    return {"predictions": [_prediction(str(one.get("content", "")), answer, size) for one in asked]}


def _prediction(text: str, answer: Answer, size: int | None) -> dict[str, Any]:
    counted = {"token_count": tokens(text), "truncated": False}
    return {"embeddings": {"values": vector(text, answer, size), "statistics": counted}}


def _models(_request: Request, _answer: Answer) -> Any:
    return {"models": []}


def _model(request: Request, _answer: Answer) -> Any:
    """Shape what a client asks before it asks the model: how much it takes."""
    return {"name": f"models/{request.model}", "inputTokenLimit": 1_048_576, "outputTokenLimit": 65_536}


def error(status: int, message: str) -> Any:
    """Shape an error."""
    word = _WORDS.get(status, "INTERNAL" if status >= 500 else "FAILED_PRECONDITION")  # noqa: PLR2004 -- RFC 9110
    return {"error": {"code": status, "message": message, "status": word}}


def late_error(status: int, message: str) -> Events:
    """Shape an error inside a stream."""
    return Events([("", error(status, message))], newline=b"\r\n")


GOOGLE = Wire(
    "google",
    (
        *routes(
            ("POST", ":generateContent", _generate),
            ("POST", ":streamGenerateContent", _stream),
            ("POST", ":countTokens", _count),
            ("POST", ":embedContent", _embed),
            ("POST", ":batchEmbedContents", _batch_embed),
            ("POST", ":predict", _predict),
        ),
        *routes(("GET", "/models", _models), ("GET", "/models/[^/:]+", _model), scripted=False),
    ),
    error,
    late_error,
    "x-request-id",
)
