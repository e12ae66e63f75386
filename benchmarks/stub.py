"""A provider that costs next to nothing: every wire format, whole and streamed, over keep-alive.

It runs in a process of its own, so that its work is not counted as the client's. Its answers are those of
`govai.testing.Provider`, made once for each kind of request; each greets whoever the prompt names by placeholder, so that
restoring is measured too. A model called `stub-200` streams 200 pieces. `python -m benchmarks.stub`
"""

from __future__ import annotations

import asyncio
import random
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from govai.testing import Answer, Provider, Request

_LENGTH = re.compile(rb"content-length: *(\d+)", re.IGNORECASE)
_NAMED = re.compile(rb"Zq[A-Z][a-z]+[A-Z2-7]{12}")
_PIECES = re.compile(rb"\bstub-(\d+)\b")
_STREAMED = re.compile(rb'"stream": ?true|:streamGenerateContent')
_SIZE = 11  # characters of a piece: the first ends inside the placeholder
_TEXT, _ANYBODY = "Bonjour WHONAME, vous nous manquez. À bientôt !", b"Anabelle"
_VECTOR = [random.Random(n).uniform(-0.1, 0.1) for n in range(1536)]
_ready: dict[tuple[object, ...], tuple[bytes, bytes]] = {}  # content type and body, by the kind of request
_FILE = b'{"id":"file-stub","object":"file","bytes":1,"created_at":1,"filename":"b.jsonl","purpose":"batch","status":"processed"}'
_HINTS = ("user-agent", "x-goog-api-key", "anthropic-version")  # they tell whose wire a request speaks


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
    line, *headers = head.decode("latin-1").split("\r\n")
    named = dict(header.lower().split(": ", 1) for header in headers)
    hints = {hint: named[hint] for hint in _HINTS if hint in named}
    streamed = _STREAMED.search(head + body) is not None
    found = _PIECES.search(head + body)
    pieces = int(found.group(1)) if found else 20
    kind = (line, *hints.values(), streamed, pieces)
    if kind not in _ready:
        _ready[kind] = _made(line, hints, body, pieces if streamed else 0)
    named_one = _NAMED.search(body)
    who = named_one.group() if named_one else _ANYBODY
    content_type, answer = _ready[kind]
    answer = answer.replace(b"WHO", who[:5]).replace(b"NAME", who[5:])
    return b"HTTP/1.1 200 OK\r\ncontent-type: %s\r\ncontent-length: %d\r\n\r\n%s" % (content_type, len(answer), answer)


def _made(line: str, hints: dict[str, str], body: bytes, pieces: int) -> tuple[bytes, bytes]:
    """Return content type and body of the answer to a request, with WHO and NAME where it greets."""
    method, place, _ = line.split(" ")
    path, _, query = place.partition("?")
    if path.endswith("/files"):
        return b"application/json", _FILE
    words = _TEXT + " mot " * (_SIZE * pieces // 5)
    text = words[: _SIZE * pieces] if pieces else _TEXT
    asked = Request(method, "stub", path, query, hints, body)
    sent = Provider(chunk=_SIZE).always(Answer(text, vector=_VECTOR, usage=(500, 12))).reply(asked)
    return sent.headers["content-type"].encode(), b"".join(sent.pieces)


async def _serve() -> None:
    server = await asyncio.get_running_loop().create_server(_Connection, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    try:
        asyncio.run(_serve())
    except KeyboardInterrupt:
        pass
