"""What tests/server.py says on Google's paths: the model's name says how, as there.

Besides: `think` thinks first; `two-tools` calls two tools, with signatures; `cut` stops in the middle of a stream; `late`
reports an error inside it.
"""

from __future__ import annotations

import json
import re
from typing import Any

JSON, EVENTS = {"content-type": "application/json; charset=UTF-8"}, {"content-type": "text/event-stream"}


def call(path: str) -> tuple[str, str] | None:
    """Return the model and the method that a path names (`listed`: a stream without SSE), None when it is not Google's."""
    found = re.search(r"/models/([^/:]+):(\w+)", path)
    if found is None or "/publishers/anthropic/" in path:
        return None
    listed = found[2] == "streamGenerateContent" and "alt=sse" not in path
    return found[1], "listed" if listed else found[2]


def said(body: dict[str, Any]) -> str:
    contents = body.get("contents") or [{}]
    return "".join(part.get("text", "") for part in contents[-1].get("parts", []))


def error(status: int, text: str) -> dict[str, Any]:
    word = {400: "INVALID_ARGUMENT", 401: "UNAUTHENTICATED", 404: "NOT_FOUND", 429: "RESOURCE_EXHAUSTED", 503: "UNAVAILABLE"}.get(status, "UNKNOWN")
    return {"error": {"code": status, "message": text, "status": word}}


def answer(model: str, method: str, text: str, body: dict[str, Any], size: int) -> tuple[dict[str, str], bytes]:
    if method == "batchEmbedContents":
        return JSON, json.dumps({"embeddings": [{"values": [float(len(r["content"]["parts"][0]["text"])), 0.5]} for r in body["requests"]]}).encode()
    if method == "countTokens":
        return JSON, json.dumps({"totalTokens": 3}).encode()
    parts = _parts(model, text, size if method in ("streamGenerateContent", "listed") else 1_000_000)
    if method == "generateContent":
        return JSON, json.dumps(_piece(parts, last=True)).encode()
    pieces = [_piece([part], last=False) for part in parts]
    if model == "late":
        pieces.append({"error": {"code": 503, "message": text, "status": "UNAVAILABLE"}})
    elif not model.startswith("cut"):
        pieces.append(_piece([{"text": ""}], last=True))
    if method == "listed":
        return JSON, json.dumps(pieces).encode()
    return EVENTS, b"".join(b"data: " + json.dumps(piece).encode() + b"\r\n\r\n" for piece in pieces)


def _parts(model: str, text: str, size: int) -> list[dict[str, Any]]:
    if model == "tool":
        return [{"functionCall": {"name": "mail", "args": {"to": text}}, "thoughtSignature": "c2lnbg=="}]
    if model == "two-tools":
        return [{"functionCall": {"id": "c1", "name": "mail", "args": {"to": text}}}, {"functionCall": {"id": "c2", "name": "other", "args": {"to": text}}}, {"functionCall": {"name": "now"}}]
    spoken: list[dict[str, Any]] = [{"text": text[at : at + size]} for at in range(0, len(text), size)]
    return [{"text": "je pense à " + text, "thought": True}, *spoken] if model == "think" else spoken


def _piece(parts: list[dict[str, Any]], *, last: bool) -> dict[str, Any]:
    candidate: dict[str, Any] = {"content": {"role": "model", "parts": parts}, "index": 0}
    piece: dict[str, Any] = {"candidates": [candidate], "modelVersion": "echo", "responseId": "resp-1", "usageMetadata": {"promptTokenCount": 3}}
    if last:
        candidate["finishReason"] = "STOP"
        piece["usageMetadata"] = {"promptTokenCount": 3, "candidatesTokenCount": 4, "thoughtsTokenCount": 2, "totalTokenCount": 9}
    return piece
