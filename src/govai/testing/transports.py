"""The provider as a transport of httpx2 or httpx: the two have the same shape under two names."""

from __future__ import annotations

import time
from functools import cache
from typing import TYPE_CHECKING, Any

from govai.testing.arriving import Request

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from govai.testing.provider import Provider
    from govai.testing.replying import Sent


def transport(provider: Provider, http: Any) -> Any:
    """Return a transport, sync and async, of `http`: the module `httpx2` or `httpx`."""
    return _kind(http)(provider)


@cache
def _kind(http: Any) -> Any:
    """Return the transport class of an HTTP library."""

    class Pieces(http.SyncByteStream, http.AsyncByteStream):  # type: ignore[misc]
        """The bytes of an answer, in the pieces that the provider sends."""

        def __init__(self, sent: Sent) -> None:
            self._sent = sent

        def __iter__(self) -> Iterator[bytes]:
            yield from self._sent.pieces
            self._end()

        async def __aiter__(self) -> AsyncIterator[bytes]:
            for piece in self._sent.pieces:
                yield piece
            self._end()

        def _end(self) -> None:
            if self._sent.cut:
                raise http.RemoteProtocolError("the connection was cut, as the test scripted it")

    class ProviderTransport(http.BaseTransport, http.AsyncBaseTransport):  # type: ignore[misc]
        """Answers in process. Closing it closes nothing."""

        def __init__(self, provider: Provider) -> None:
            self._provider = provider

        def handle_request(self, request: Any) -> Any:
            sent = self._provider.reply(_arrived(request, request.read()))
            if wait := self._wait(request, sent):
                time.sleep(wait)
            return self._response(request, sent)

        async def handle_async_request(self, request: Any) -> Any:
            sent = self._provider.reply(_arrived(request, await request.aread()))
            if wait := self._wait(request, sent):
                import anyio

                await anyio.sleep(wait)
            return self._response(request, sent)

        def _wait(self, request: Any, sent: Sent) -> float:
            limit = request.extensions.get("timeout", {}).get("read")
            if limit is not None and sent.delay > limit:
                raise http.ReadTimeout("the answer is later than the client waits, as the test scripted it")
            return sent.delay

        def _response(self, request: Any, sent: Sent) -> Any:
            return http.Response(sent.status, headers=dict(sent.headers), stream=Pieces(sent), request=request)

    return ProviderTransport


def _arrived(request: Any, body: bytes) -> Request:
    headers = {name.lower(): value for name, value in request.headers.items()}
    url = request.url
    return Request(
        method=request.method,
        host=url.netloc.decode("ascii"),
        path=url.path,
        query=url.query.decode("ascii"),
        headers=headers,
        body=body,
    )
