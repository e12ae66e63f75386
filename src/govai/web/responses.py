"""Streaming to a browser: the stream is entered before the answer starts, so a refusal is an error and not a broken 200.

It needs Starlette. The stream is closed with the answer, also when the client goes away: then it is recorded as abandoned.
"""

from __future__ import annotations

import re
from contextlib import aclosing
from typing import TYPE_CHECKING, Any, Literal

import anyio
import orjson
from starlette.responses import Response

from govai.core.errors import GovaiError
from govai.web.errors import problem

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Mapping

    from starlette.background import BackgroundTask
    from starlette.types import Receive, Scope, Send

    from govai.doors.generating import AsyncStream

_LINE_ENDS = re.compile(r"\r\n|\r|\n")  # as event streams have them (HTML, section 9.2.5)


async def streaming(
    stream: AsyncStream,
    *,
    media_type: Literal["text/plain", "text/event-stream"] = "text/plain",
    headers: Mapping[str, str] | None = None,
    background: BackgroundTask | None = None,
) -> Response:
    """Enter a stream and return the response that sends its pieces: `return await streaming(gov.astream(…))`.

    Args:
        stream: not yet entered. media_type: `text/plain`; or `text/event-stream`: one event per piece, then an event `end`
            with the record's id, or an event `error` with the problem. headers: more of them. background: run afterwards.

    Raises:
        What `gov.astream` raises when it is entered (`Blocked`, `ReviewPending`, …), before any status is sent.
    """
    await stream.__aenter__()
    kind = _Events if media_type == "text/event-stream" else _Text
    return kind(stream, media_type, headers, background)


class _Text(Response):
    """Sends the pieces as they are. A failure on the way breaks the connection off: the client sees that it is not whole."""

    def __init__(
        self, stream: AsyncStream, media_type: str, headers: Mapping[str, str] | None, background: BackgroundTask | None
    ) -> None:
        self._stream = stream
        self.status_code, self.media_type, self.background = 200, media_type, background
        self.init_headers({"cache-control": "no-store", "x-accel-buffering": "no", **(headers or {})})

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002 -- ASGI's three
        failure: Exception | None = None
        try:
            async with anyio.create_task_group() as group:
                group.start_soon(_until_gone, receive, group.cancel_scope)
                try:
                    await self._send(send)
                except OSError:
                    pass  # a server of ASGI 2.4 says so that the client is gone
                except Exception as error:  # noqa: BLE001 -- raised below, outside of the task group, as itself
                    failure = error
                group.cancel_scope.cancel()
        finally:
            with anyio.CancelScope(shield=True):
                await self._stream.__aexit__(None, None, None)
        if failure is not None:
            raise failure
        if self.background is not None:
            await self.background()

    async def _send(self, send: Send) -> None:
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        async with aclosing(self._chunks()) as chunks:
            async for chunk in chunks:
                await send({"type": "http.response.body", "body": chunk, "more_body": True})
        await send({"type": "http.response.body", "body": b"", "more_body": False})

    async def _chunks(self) -> AsyncGenerator[bytes]:
        async with aclosing(self._pieces()) as pieces:
            async for piece in pieces:
                yield piece.encode("utf-8", "replace")

    def _pieces(self) -> AsyncGenerator[str]:
        pieces: Any = aiter(self._stream)
        return pieces  # type: ignore[no-any-return]


class _Events(_Text):
    """Sends server-sent events. What fails on the way is an event of its own."""

    async def _chunks(self) -> AsyncGenerator[bytes]:
        try:
            async with aclosing(self._pieces()) as pieces:
                async for piece in pieces:
                    yield _event("", piece)
        except GovaiError as error:
            yield _event("error", problem(error).body.decode())
        else:
            yield _event("end", orjson.dumps({"record_id": self._stream.reply.record_id}).decode())


def _event(name: str, text: str) -> bytes:
    lines = [f"event: {name}"] if name else []
    lines += [f"data: {line}" for line in _LINE_ENDS.split(text)]
    return ("\n".join(lines) + "\n\n").encode("utf-8", "replace")


async def _until_gone(receive: Receive, serving: anyio.CancelScope) -> None:
    while (await receive())["type"] != "http.disconnect":
        continue
    serving.cancel()
