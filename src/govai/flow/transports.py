"""The transports: they hand requests to `admit` and answers to `settle`. They take no decision.

A GovernedTransport stands in the place of a client's own, which does the sending. What it does is written once, in mixins
over the base classes of an HTTP library: httpx2 here, others of the same API in `stacks`.
"""

from __future__ import annotations

import warnings
import weakref
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar

import httpx2

from govai.core.errors import GovaiError
from govai.core.lang import say
from govai.core.scope import Scope
from govai.flow import ending
from govai.flow.admit import admit
from govai.flow.answers import answer_of, is_stream, opened, refuse_redirect, respond
from govai.flow.asked import asked_here
from govai.flow.batches import BATCHES
from govai.flow.leaving import Leaving, is_leaving
from govai.flow.releasing import hold, restored
from govai.flow.sdk_errors import as_sdk_error, base_of
from govai.flow.waits import arun, run
from govai.wire.multipart import content_type_of

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator
    from types import ModuleType

    from govai.flow.call import Call
    from govai.flow.engine import Engine
    from govai.flow.settling import Settlement


@dataclass(frozen=True, slots=True)
class Governing:
    """How a transport governs.

    Attributes:
        engine: the governor's parts. defaults: purpose, actor, … of the client, under the scope and the keywords.
        like: the family of wire formats that the client speaks; "" where nobody knows: each request tells.
        base: the SDK's base exception, where it wraps ours. door: `wrap` or `instrument`, as recorded.
    """

    engine: Engine
    defaults: Scope = field(default_factory=Scope)
    like: str = ""
    base: type[Exception] | None = None
    door: str = "wrap"


class Governed:
    """Mixed into a BaseTransport of `library`: sends what is admitted through `inner`.

    Closing it leaves `inner` open: the pool belongs to the caller's client.
    """

    library: ClassVar[ModuleType]
    stream: ClassVar[type[GovernedEvents]]

    def __init__(self, inner: httpx2.BaseTransport, governing: Governing) -> None:
        self.inner, self.governing = inner, governing

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        try:
            return self._handle(request)
        except GovaiError as error:
            raise as_sdk_error(error, self.governing.base or base_of(request))  # noqa: B904 -- the same error, in the SDK's own family

    def _handle(self, request: httpx2.Request) -> httpx2.Response:
        raw = request.read()
        if is_leaving(request, raw):
            return self.inner.handle_request(request)
        how = self.governing
        asked = asked_here(how.defaults, how.door, request.extensions)
        call = run(admit(how.engine, asked, request, raw, how.like))
        if call.answer is not None:
            answer, raw = restored(call)
            return respond(self.library, answer.status, answer.headers, raw)
        try:
            sent = outgoing_request(self.library, request, call.raw)
            with Leaving(sent, call.raw):
                response = self.inner.handle_request(sent)
        except BaseException as error:
            ending.broke(call, error)
            raise
        return self._settle(call, request, response)

    def _settle(self, call: Call, request: httpx2.Request, response: httpx2.Response) -> httpx2.Response:
        if (refusal := refuse_redirect(self.library, request, response)) is not None:
            ending.failed(call, "redirect")
            response.close()
            raise refusal
        streamed = is_stream(response) and call.read.operation not in BATCHES
        if streamed and not call.held:
            events = self.stream(response, ending.settlement(call, response.headers))
            call.asked.trace.stream = weakref.ref(events)
            return opened(self.library, response, events)
        try:
            raw = response.read()
        except BaseException as error:
            ending.broke(call, error)
            raise
        finally:
            response.close()
        answer = answer_of(response, raw)
        raw = run(hold(call, answer, response.headers, stream=streamed)) if call.held else ending.whole(call, answer)
        return respond(self.library, answer.status, answer.headers, raw, response.extensions)


class AsyncGoverned:
    """The asyncio twin of Governed."""

    library: ClassVar[ModuleType]
    stream: ClassVar[type[AsyncGovernedEvents]]

    def __init__(self, inner: httpx2.AsyncBaseTransport, governing: Governing) -> None:
        self.inner, self.governing = inner, governing

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        try:
            return await self._handle(request)
        except GovaiError as error:
            raise as_sdk_error(error, self.governing.base or base_of(request))  # noqa: B904 -- the same error, in the SDK's own family

    async def _handle(self, request: httpx2.Request) -> httpx2.Response:
        raw = await request.aread()
        if is_leaving(request, raw):
            return await self.inner.handle_async_request(request)
        how = self.governing
        asked = asked_here(how.defaults, how.door, request.extensions)
        call = await arun(admit(how.engine, asked, request, raw, how.like))
        if call.answer is not None:
            answer, raw = restored(call)
            return respond(self.library, answer.status, answer.headers, raw)
        try:
            sent = outgoing_request(self.library, request, call.raw)
            with Leaving(sent, call.raw):
                response = await self.inner.handle_async_request(sent)
        except BaseException as error:
            ending.broke(call, error)
            raise
        return await self._settle(call, request, response)

    async def _settle(self, call: Call, request: httpx2.Request, response: httpx2.Response) -> httpx2.Response:
        if (refusal := refuse_redirect(self.library, request, response)) is not None:
            ending.failed(call, "redirect")
            await response.aclose()
            raise refusal
        streamed = is_stream(response) and call.read.operation not in BATCHES
        if streamed and not call.held:
            events = self.stream(response, ending.settlement(call, response.headers))
            call.asked.trace.stream = weakref.ref(events)
            return opened(self.library, response, events)
        try:
            raw = await response.aread()
        except BaseException as error:
            ending.broke(call, error)
            raise
        finally:
            await response.aclose()
        answer = answer_of(response, raw)
        if call.held:
            raw = await arun(hold(call, answer, response.headers, stream=streamed))
        else:
            raw = ending.whole(call, answer)
        return respond(self.library, answer.status, answer.headers, raw, response.extensions)


class GovernedEvents:
    """Mixed into a SyncByteStream: a stream of events, restored as it comes. Left before its end it is abandoned; dropped
    there without being closed, it warns like an unclosed file."""

    def __init__(self, response: httpx2.Response, settlement: Settlement) -> None:
        self._response, self._settlement = response, settlement
        self._chunks = response.iter_bytes()  # one for all who iterate: SDKs come again for what they left unread
        self._unclosed = weakref.finalize(self, _dropped, settlement)

    def __iter__(self) -> Iterator[bytes]:
        try:
            for chunk in self._chunks:
                if out := self._settlement.feed(chunk):
                    yield out
            if out := self._settlement.finish():
                yield out
        except GeneratorExit:
            self._settlement.abandon()
            raise
        except BaseException as error:
            self._settlement.fail(error)
            self._unclosed.detach()
            raise
        self._unclosed.detach()

    def close(self) -> None:
        self._unclosed.detach()
        self._settlement.abandon()
        self._response.close()


class AsyncGovernedEvents:
    """The asyncio twin of GovernedEvents."""

    def __init__(self, response: httpx2.Response, settlement: Settlement) -> None:
        self._response, self._settlement = response, settlement
        self._chunks = response.aiter_bytes()  # one for all who iterate: SDKs come again for what they left unread
        self._unclosed = weakref.finalize(self, _dropped, settlement)

    async def __aiter__(self) -> AsyncIterator[bytes]:
        try:
            async for chunk in self._chunks:
                if out := self._settlement.feed(chunk):
                    yield out
            if out := self._settlement.finish():
                yield out
        except GeneratorExit:
            self._settlement.abandon()
            raise
        except BaseException as error:
            self._settlement.fail(error)
            self._unclosed.detach()
            raise
        self._unclosed.detach()

    async def aclose(self) -> None:
        self._unclosed.detach()
        self._settlement.abandon()
        await self._response.aclose()


def _dropped(settlement: Settlement) -> None:
    """Settle a stream that nobody holds any more. It may run inside the garbage collector, so it waits for nothing."""
    settlement.abandon()
    if not settlement.complete:
        warnings.warn(
            say(
                "a streamed answer was dropped before its end without being closed: its connection stays open, and it is "
                "recorded as abandoned; read it in a `with` block, or close it",
                "une réponse en flux a été lâchée avant sa fin sans être fermée : sa connexion reste ouverte, et elle est "
                "enregistrée comme abandonnée ; lisez-la dans un bloc `with`, ou fermez-la",
            ),
            ResourceWarning,
            stacklevel=2,
            source=settlement,
        )


def outgoing_request(library: ModuleType, request: httpx2.Request, raw: bytes) -> httpx2.Request:
    """Return the request with its protected body: same method, URL, headers and extensions."""
    headers = request.headers.copy()
    for name in ("content-encoding", "transfer-encoding"):
        headers.pop(name, None)
    if raw and headers.get("content-type", "").lower().startswith("multipart/form-data"):
        headers["content-type"] = content_type_of(raw)
    if raw or "content-length" in headers:
        headers["content-length"] = str(len(raw))
    sent: httpx2.Request = library.Request.__new__(library.Request)  # its constructor would parse headers and URL anew
    sent.method, sent.url, sent.headers, sent.extensions = request.method, request.url, headers, request.extensions
    sent.stream = library.ByteStream(raw)
    sent.read()  # a transport of somebody else's may ask for its content
    return sent


class GovernedStream(GovernedEvents, httpx2.SyncByteStream):
    """A stream of events of httpx2."""


class AsyncGovernedStream(AsyncGovernedEvents, httpx2.AsyncByteStream):
    """The asyncio twin of GovernedStream."""


class GovernedTransport(Governed, httpx2.BaseTransport):
    """Stands in the place of a transport of httpx2."""

    library: ClassVar[ModuleType] = httpx2
    stream: ClassVar[type[GovernedEvents]] = GovernedStream


class AsyncGovernedTransport(AsyncGoverned, httpx2.AsyncBaseTransport):
    """The asyncio twin of GovernedTransport."""

    library: ClassVar[ModuleType] = httpx2
    stream: ClassVar[type[AsyncGovernedEvents]] = AsyncGovernedStream
