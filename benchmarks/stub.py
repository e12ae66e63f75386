"""A provider that costs next to nothing: OpenAI chat and Anthropic messages, whole and streamed, over keep-alive.

It runs in a process of its own, so that its work is not counted as the client's. It greets whoever the prompt names by
placeholder, so that restoring is measured too. A model called `stub-200` streams 200 pieces. `python -m benchmarks.stub`
"""

from __future__ import annotations

import asyncio
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache

_LENGTH = re.compile(rb"content-length: *(\d+)", re.IGNORECASE)
_NAMED = re.compile(rb"Zq[A-Z][a-z]+[A-Z2-7]{12}")
_PIECES = re.compile(rb'"model": ?"stub-(\d+)"')
_STREAMED = re.compile(rb'"stream": ?true')


@contextmanager
def running() -> Iterator[int]:
    """Run the stub in a process of its own; give its port."""
    process = subprocess.Popen([sys.executable, "-m", "benchmarks.stub"], stdout=subprocess.PIPE, text=True)
    try:
        yield int(process.stdout.readline())
    finally:
        process.terminate()
        process.wait()


class _Connection(asyncio.Protocol):
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport, self._held = transport, b""

    def data_received(self, data: bytes) -> None:
        self._held += data
        while (end := self._held.find(b"\r\n\r\n")) >= 0:
            head = self._held[:end]
            length = _LENGTH.search(head)
            stop = end + 4 + (int(length.group(1)) if length else 0)
            if len(self._held) < stop:
                return
            body, self._held = self._held[end + 4 : stop], self._held[stop:]
            self._transport.write(_answer(head, body))


def _answer(head: bytes, body: bytes) -> bytes:
    named = _NAMED.search(body)
    who = named.group() if named else b"Anabelle"
    anthropic = b"/v1/messages" in head.split(b"\r\n", 1)[0]
    if not _STREAMED.search(body):
        whole = _anthropic() if anthropic else _openai()
        return _response(b"application/json", whole.replace(b"WHO", who))
    found = _PIECES.search(body)
    pieces = int(found.group(1)) if found else 20
    events = _anthropic_events(pieces) if anthropic else _openai_events(pieces)
    return _response(b"text/event-stream", events.replace(b"WHO", who[:5]).replace(b"NAME", who[5:]))


def _response(kind: bytes, body: bytes) -> bytes:
    return b"HTTP/1.1 200 OK\r\ncontent-type: %s\r\ncontent-length: %d\r\n\r\n%s" % (kind, len(body), body)


def _pieces(count: int) -> list[str]:
    words = ["Bonjour ", "WHO", "NAME", ", "]
    return words + [f"mot{number} " for number in range(count - len(words))]


@lru_cache(64)
def _openai() -> bytes:
    message = {"role": "assistant", "content": "Bonjour WHO, vous nous manquez. À bientôt !"}
    return json.dumps(
        {
            "id": "stub-1",
            "object": "chat.completion",
            "created": 1,
            "model": "stub",
            "choices": [{"index": 0, "message": message, "finish_reason": "stop"}],
            "usage": {"prompt_tokens": 500, "completion_tokens": 12, "total_tokens": 512},
        }
    ).encode()


@lru_cache(64)
def _openai_events(count: int) -> bytes:
    base = {"id": "stub-1", "object": "chat.completion.chunk", "created": 1, "model": "stub"}
    deltas: list[tuple[dict, str | None]] = [({"content": piece}, None) for piece in _pieces(count)]
    events = [
        {**base, "choices": [{"index": 0, "delta": delta, "finish_reason": end}]}
        for delta, end in [*deltas, ({}, "stop")]
    ]
    return b"".join(b"data: " + json.dumps(event).encode() + b"\n\n" for event in events) + b"data: [DONE]\n\n"


@lru_cache(64)
def _anthropic() -> bytes:
    return json.dumps(
        {
            "id": "msg_1",
            "type": "message",
            "role": "assistant",
            "model": "stub",
            "content": [{"type": "text", "text": "Bonjour WHO, vous nous manquez. À bientôt !"}],
            "stop_reason": "end_turn",
            "stop_sequence": None,
            "usage": {"input_tokens": 500, "output_tokens": 12},
        }
    ).encode()


@lru_cache(64)
def _anthropic_events(count: int) -> bytes:
    message = {**json.loads(_anthropic()), "content": [], "stop_reason": None}
    events = [
        {"type": "message_start", "message": message},
        {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
        *(
            {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": piece}}
            for piece in _pieces(count)
        ),
        {"type": "content_block_stop", "index": 0},
        {
            "type": "message_delta",
            "delta": {"stop_reason": "end_turn", "stop_sequence": None},
            "usage": {"output_tokens": 12},
        },
        {"type": "message_stop"},
    ]
    lines = ((event["type"].encode(), json.dumps(event).encode()) for event in events)
    return b"".join(b"event: %s\ndata: %s\n\n" % line for line in lines)


async def _serve() -> None:
    server = await asyncio.get_running_loop().create_server(_Connection, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    try:
        asyncio.run(_serve())
    except KeyboardInterrupt:
        pass
