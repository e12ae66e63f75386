"""A local server that speaks the wire of OpenAI chat and Responses, Anthropic messages, Mistral and Google (tests/google_wire.py): it
answers with what it was sent.

The model's name says how: `echo` at once; `echo-3` in pieces of three characters when streaming; `status-429` with that
status (`status-500x2`: twice, then an answer); `redirect` to another host, `redirect-here` once to itself; `tool` with a tool call holding the text; `think` with the text as thinking too; `quote-JSON` with the JSON given; `wait` not before `go` is set; `stall-3` as `echo-3` does, but
the second half not before `go` is set. A form is answered with
its prompt. Every request is kept in `log`.
"""

from __future__ import annotations

import json
import re
import threading
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import tests.google_wire


SOUND = bytes(range(256)) * 8


class Server:
    def __init__(self) -> None:
        self.log: list[dict[str, Any]] = []
        self.replies: dict[str, tuple[int, dict[str, str], bytes]] = {}
        self.failures: dict[str, int] = {}
        self.arrived, self.go = threading.Semaphore(0), threading.Event()  # of `wait` and `stall`
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *args: object) -> None:
                pass

            def do_GET(self) -> None:
                self._answer(200, {"content-type": "application/json"}, b'{"object":"list","data":[]}')

            def do_POST(self) -> None:
                raw = self.rfile.read(int(self.headers.get("content-length", 0)))
                outer.log.append({"path": self.path, "headers": dict(self.headers), "raw": raw})
                case = self.path.split("/")[2] if self.path.startswith("/c/") else ""
                if case in outer.replies:
                    self._answer(*outer.replies[case])
                    return
                if self.headers["content-type"].startswith("multipart/"):
                    prompt = raw.partition(b'name="prompt"\r\n\r\n')[2].partition(b"\r\n")[0].decode()
                    heard = {"text": prompt, "model": "m", "language": "fr", "usage": {"prompt_tokens": 3, "completion_tokens": 4}, "created": 1, "data": [{"revised_prompt": prompt}]}
                    self._answer(200, {"content-type": "application/json"}, json.dumps(heard).encode())
                    return
                if self.path.endswith("/speech"):
                    self._answer(200, {"content-type": "audio/mpeg"}, SOUND)
                    return
                self._speak(json.loads(raw))

            def _answer(self, status: int, headers: dict[str, str], body: bytes) -> None:
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("content-length", str(len(body)))
                self.end_headers()
                if self._model.startswith("stall"):
                    self.wfile.write(body[: len(body) // 2])
                    self._wait()
                    body = body[len(body) // 2 :]
                with suppress(ConnectionError):  # who waits may be gone
                    self.wfile.write(body)

            def _wait(self) -> None:
                outer.arrived.release()
                outer.go.wait()

            _model = ""

            def _speak(self, body: dict[str, Any]) -> None:
                on_vertex = re.search(r"/models/([^/:]+):(?:streamR|r)awPredict", self.path)
                google = None if on_vertex else tests.google_wire.call(self.path)
                model = google[0] if google else on_vertex[1] if on_vertex else body.get("model", "echo")
                text = tests.google_wire.said(body) if google else _said(body)
                self._model = model
                if model == "wait":
                    self._wait()
                if model == "tool" and _answered(body):
                    model, text = "echo", "fini"
                anthropic = "anthropic-version" in {k.lower() for k in self.headers} or "anthropic_version" in body
                if model.startswith("status-"):
                    status, _, times = model.removeprefix("status-").partition("x")
                    seen = outer.failures[model] = outer.failures.get(model, 0) + 1
                    if not times or seen <= int(times):
                        error = {"type": "error", "error": {"type": "failed", "code": "failed", "message": text}}
                        if google:
                            error = tests.google_wire.error(int(status), text)
                        self._answer(int(status), {"content-type": "application/json", "retry-after": "0", "retry-after-ms": "1"}, json.dumps(error).encode())
                        return
                if model == "redirect":
                    self._answer(307, {"location": "http://elsewhere.invalid/v1/chat/completions"}, b"")
                    return
                if model == "redirect-here":
                    outer.failures[model] = outer.failures.get(model, 0) + 1
                    if outer.failures[model] % 2:
                        self._answer(307, {"location": self.path}, b"")
                        return
                if self.path.endswith("/embeddings"):
                    self._answer(200, {"content-type": "application/json"}, json.dumps(_vectors(body["input"], model)).encode())
                    return
                size = int(model.partition("-")[2]) if model.startswith(("echo-", "cut-", "stall-")) else 1000
                if google:
                    self._answer(200, *tests.google_wire.answer(model, google[1], text, body, size))
                    return
                if self.path.endswith("/responses"):
                    reply = _response(text, model)
                    kind, raw = ("text/event-stream", _response_events(reply, size)) if body.get("stream") else ("application/json", json.dumps(reply).encode())
                    self._answer(200, {"content-type": kind, "x-request-id": "req-1"}, raw)
                    return
                if self.path in ("/v1/completions", "/v1/images/generations", "/v1/moderations"):
                    self._answer(200, {"content-type": "application/json"}, json.dumps(_plain_reply(self.path, text)).encode())
                    return
                if body.get("stream") or self.path.endswith(":streamRawPredict"):
                    named = self.headers.get("user-agent", "").startswith("mistral")  # each piece of a tool call has a name there
                    events = _anthropic_events(text, size) if anthropic else _openai_events(text, size, model, {"name": ""} if named else {})
                    self._answer(200, {"content-type": "text/event-stream", "x-request-id": "req-1"}, events)
                    return
                reply = _anthropic_reply(text, model) if anthropic else _openai_reply(text, model)
                self._answer(200, {"content-type": "application/json", "x-request-id": "req-1"}, json.dumps(reply).encode())

        self._http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._http.daemon_threads = True
        self.host = f"127.0.0.1:{self._http.server_port}"
        self.url = f"http://{self.host}"

    def __enter__(self) -> Server:
        threading.Thread(target=self._http.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        return self

    def __exit__(self, *exc: object) -> None:
        self.go.set()
        self._http.shutdown()
        self._http.server_close()

    @property
    def bodies(self) -> list[bytes]:
        return [entry["raw"] for entry in self.log]


def _answered(body: dict[str, Any]) -> bool:
    """Whether the last message is what a tool returned."""
    last = (body.get("contents") or body.get("messages") or [{}])[-1]
    parts = last.get("parts") or last.get("content")
    kinds = {kind for part in parts if isinstance(part, dict) for kind in (part.get("type"), *part)} if isinstance(parts, list) else set()
    return last.get("role") == "tool" or bool(kinds & {"tool_result", "functionResponse"})


def _vectors(given: Any, model: str) -> dict[str, Any]:
    """Each text's vector says how long it is; the last text's comes first, as the order is not promised."""
    texts = [given] if isinstance(given, str) else given
    data = [{"object": "embedding", "index": at, "embedding": [float(len(text)), 0.5]} for at, text in enumerate(texts)]
    return {"id": "emb-1", "object": "list", "model": model, "data": data[::-1], "usage": {"prompt_tokens": 3, "completion_tokens": 0, "total_tokens": 3}}


def _said(body: dict[str, Any]) -> str:
    if "contents" in body:
        return "".join(part.get("text", "") for part in body["contents"][-1]["parts"])
    said = body.get("messages") or body.get("input") or body.get("prompt")
    last = said[-1] if isinstance(said, list) and said else said
    content = last.get("content", last.get("output")) if isinstance(last, dict) else last
    if isinstance(content, list):
        return "".join(part.get("text", "") for part in content)
    return content or ""


def _openai_reply(text: str, model: str) -> dict[str, Any]:
    message: dict[str, Any] = {"role": "assistant", "content": text}
    if model == "tool":
        arguments = json.dumps({"to": text}, ensure_ascii=False)
        message = {"role": "assistant", "content": None, "tool_calls": [{"id": "c1", "type": "function", "function": {"name": "mail", "arguments": arguments}}]}
    if model == "think":
        message["content"] = [{"type": "thinking", "thinking": [{"type": "text", "text": text}], "closed": True}, {"type": "text", "text": text}]
    return {
        "id": "chatcmpl-1", "object": "chat.completion", "created": 1, "model": model,
        "choices": [{"index": 0, "message": message, "finish_reason": "tool_calls" if model == "tool" else "stop"}],
        "usage": {"prompt_tokens": 3, "completion_tokens": 4, "total_tokens": 7},
    }


def _openai_events(text: str, size: int, model: str, later: dict[str, str]) -> bytes:
    deltas: list[dict[str, Any]] = [{"role": "assistant", "content": ""}]
    deltas += [{"content": text[at : at + size]} for at in range(0, len(text), size)]
    if model == "tool":
        arguments = json.dumps({"to": text}, ensure_ascii=False)
        deltas = [{"tool_calls": [{"index": 0, "id": "c1", "type": "function", "function": {"name": "mail", "arguments": ""}}]}]
        deltas += [{"tool_calls": [{"index": 0, "function": {**later, "arguments": arguments[at : at + 3]}}]} for at in range(0, len(arguments), 3)]
    if model == "think":
        deltas[1:1] = [{"content": [{"type": "thinking", "thinking": [{"type": "text", "text": text[at : at + 3]}]}]} for at in range(0, len(text), 3)]
    base = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1, "model": model}
    chunks = [{**base, "choices": [{"index": 0, "delta": delta, "finish_reason": None}]} for delta in deltas]
    chunks.append({**base, "choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]})
    chunks.append({**base, "choices": [], "usage": {"prompt_tokens": 3, "completion_tokens": 4, "total_tokens": 7}})
    return b"".join(b"data: " + json.dumps(chunk).encode() + b"\n\n" for chunk in chunks) + b"data: [DONE]\n\n"


def _plain_reply(path: str, text: str) -> dict[str, Any]:
    if path.endswith("/images/generations"):
        return {"created": 1, "data": [{"b64_json": "iVBO", "revised_prompt": text}]}
    if path.endswith("/moderations"):
        return {"id": "modr-1", "model": "m", "results": []}
    return {"id": "cmpl-1", "object": "text_completion", "created": 1, "model": "m", "choices": [{"index": 0, "text": text, "finish_reason": "stop", "logprobs": None}]}


def _response(text: str, model: str) -> dict[str, Any]:
    item: dict[str, Any] = {"type": "message", "id": "msg_1", "role": "assistant", "status": "completed", "content": [{"type": "output_text", "text": text, "annotations": []}]}
    if model == "tool":
        item = {"type": "function_call", "id": "fc_1", "call_id": "c1", "name": "mail", "status": "completed", "arguments": json.dumps({"to": text}, ensure_ascii=False)}
    failed = model.startswith("fail-")
    return {
        "id": "resp_1", "object": "response", "created_at": 1, "model": model, "status": "failed" if failed else "completed", "output": [] if failed else [item],
        "error": {"code": model.removeprefix("fail-"), "message": text} if failed else None, "incomplete_details": None, "instructions": None, "metadata": {}, "parallel_tool_calls": True,
        "temperature": 1.0, "tool_choice": "auto", "tools": [], "top_p": 1.0,
        "usage": {"input_tokens": 3, "input_tokens_details": {"cached_tokens": 0}, "output_tokens": 4, "output_tokens_details": {"reasoning_tokens": 0}, "total_tokens": 7},
    }


def _response_events(reply: dict[str, Any], size: int) -> bytes:
    events: list[dict[str, Any]] = [{"type": "response.created", "response": {**reply, "status": "in_progress", "output": [], "usage": None, "error": None}}]
    for at, item in enumerate(reply["output"]):
        place = {"output_index": at, "item_id": item["id"]}
        if item["type"] == "message":
            (part,) = item["content"]
            events += [{"type": "response.output_item.added", "output_index": at, "item": {**item, "status": "in_progress", "content": []}}, {"type": "response.content_part.added", "content_index": 0, "part": {**part, "text": ""}, **place}]
            events += [{"type": "response.output_text.delta", "content_index": 0, "delta": part["text"][start : start + size], "logprobs": [], **place} for start in range(0, len(part["text"]), size)]
            events += [{"type": "response.output_text.done", "content_index": 0, "text": part["text"], "logprobs": [], **place}, {"type": "response.content_part.done", "content_index": 0, "part": part, **place}]
        else:
            events.append({"type": "response.output_item.added", "output_index": at, "item": {**item, "arguments": "", "status": "in_progress"}})
            events += [{"type": "response.function_call_arguments.delta", "delta": item["arguments"][start : start + 3], **place} for start in range(0, len(item["arguments"]), 3)]
            events.append({"type": "response.function_call_arguments.done", "arguments": item["arguments"], "name": item["name"], **place})
        events.append({"type": "response.output_item.done", "output_index": at, "item": item})
    events.append({"type": f"response.{reply['status']}", "response": reply})
    return b"".join(f"event: {e['type']}\n".encode() + b"data: " + json.dumps({**e, "sequence_number": n}).encode() + b"\n\n" for n, e in enumerate(events))


def _anthropic_reply(text: str, model: str) -> dict[str, Any]:
    block = {"type": "tool_use", "id": "t1", "name": "mail", "input": {"to": text}} if model == "tool" else {"type": "text", "text": text}
    return {
        "id": "msg_1", "type": "message", "role": "assistant", "model": model, "content": [block],
        "stop_reason": "tool_use" if model == "tool" else "end_turn", "stop_sequence": None, "usage": {"input_tokens": 3, "output_tokens": 4},
    }


def _anthropic_events(text: str, size: int) -> bytes:
    message = {**_anthropic_reply("", "echo"), "content": [], "stop_reason": None, "usage": {"input_tokens": 3, "output_tokens": 1}}
    events: list[dict[str, Any]] = [{"type": "message_start", "message": message}]
    events.append({"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}})
    for at in range(0, len(text), size):
        events.append({"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": text[at : at + size]}})
    events.append({"type": "content_block_stop", "index": 0})
    events.append({"type": "message_delta", "delta": {"stop_reason": "end_turn", "stop_sequence": None}, "usage": {"output_tokens": 4}})
    events.append({"type": "message_stop"})
    return b"".join(b"event: " + e["type"].encode() + b"\ndata: " + json.dumps(e).encode() + b"\n\n" for e in events)
