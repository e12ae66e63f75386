"""`generate`, `stream` and their asyncio twins: one interface over the providers."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Self

from govai.core.lang import say
from govai.core.messages import Reply
from govai.doors.attempting import aattempt, attempt, translated
from govai.doors.failing import unheard
from govai.doors.family import Request
from govai.doors.schemas import read_answer
from govai.doors.stating import receives
from govai.flow.asked import Asked, effective

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from govai.core.scope import Scope
    from govai.doors.clients import Clients, Target
    from govai.doors.stating import Statement


@dataclass(frozen=True, slots=True)
class Order:
    """A call as a door received it.

    Attributes:
        statement: what is said. targets: where it may go, in order. asked: what holds for it.
        max_tokens, temperature: of the answer. timeout: seconds. client: a native client to use.
        body: a protected body that goes out as it is (a resumed ticket).
    """

    statement: Statement
    targets: tuple[Target, ...]
    asked: Asked = field(repr=False)
    max_tokens: int | None = None
    temperature: float | None = None
    timeout: float = 600.0
    client: Any = field(default=None, repr=False)
    body: dict[str, Any] | None = field(default=None, repr=False)


def ask(statement: Statement, defaults: Scope, said: Scope, *, key: str = "", model: str = "") -> Asked:
    """Return what holds for a call: keywords over the innermost scope over the governor's defaults."""
    scope = effective(defaults, said)
    declared = statement.declared
    return Asked(
        scope=replace(scope, tracked=scope.tracked + declared.tracked),
        door="generate",
        key=key,
        subjects=declared.subjects,
        declared=statement.has_data or bool(scope.tracked),
        receives=receives(statement.tools),
        template=statement.template,
        derived=statement.derived,
        model=model,
    )


def body_for(order: Order, target: Target, *, stream: bool) -> dict[str, Any]:
    """Return the JSON body for one target, with sealed values still as references."""
    if order.body is not None:
        return order.body
    said = order.statement
    request = Request(
        model=target.model,
        messages=said.messages,
        system=said.system,
        schema=said.schema,
        tools=said.tools,
        max_tokens=order.max_tokens,
        temperature=order.temperature,
        stream=stream,
    )
    return target.family.body(request, target.provider)


def generate(clients: Clients, order: Order) -> Reply:
    """Make the call and return its reply."""

    def send(target: Target) -> Any:
        client = clients.sync(target, order.client)
        return target.family.send(client, target.model, body_for(order, target, stream=False), order.timeout)

    target, asked, native = attempt(order.targets, order.asked, send)
    return reply(order, target, asked, native)


async def agenerate(clients: Clients, order: Order) -> Reply:
    """The asyncio twin of `generate`."""

    async def send(target: Target) -> Any:
        client = clients.asyncio(target, order.client)
        return await target.family.send(client, target.model, body_for(order, target, stream=False), order.timeout)

    target, asked, native = await aattempt(order.targets, order.asked, send)
    return reply(order, target, asked, native)


def reply(order: Order, target: Target, asked: Asked, native: Any) -> Reply:
    """Return the reply of a finished call from what the transport saw of it."""
    trace = asked.trace
    text = "".join(trace.text)
    parsed = None
    if order.statement.schema is not None:
        parsed = read_answer(order.statement.schema, text, target.provider.name, trace.record_id)
    return Reply(
        text=text,
        tool_calls=trace.tools,
        finish_reason=trace.finish_reason,
        usage=trace.usage,
        model=trace.model or target.model,
        provider=trace.provider or target.provider.name,
        record_id=trace.record_id,
        decision=trace.decision,
        parsed=parsed,
        native=native,
        protected="".join(trace.protected),
        sent=trace.sent,
    )


class _Piecewise:
    """What both streams share: the call, and its reply once complete."""

    def __init__(self, clients: Clients, order: Order) -> None:
        self._clients, self._order = clients, order
        self._opened: tuple[Target, Asked, Any] | None = None
        self._reply: Reply | None = None

    @property
    def reply(self) -> Reply:
        """The reply: complete once the stream was read to its end, what came so far before."""
        if self._reply is not None:
            return self._reply
        target, asked, native = self._now()
        return reply(replace(self._order, statement=replace(self._order.statement, schema=None)), target, asked, native)

    def _now(self) -> tuple[Target, Asked, Any]:
        if self._opened is None:
            raise RuntimeError(
                say(
                    "open the stream first: with gov.stream(…) as stream",
                    "ouvrez d'abord le flux : with gov.stream(…) as stream",
                )
            )
        return self._opened

    def _complete(self) -> None:
        """Make the reply once the stream has ended, unless it ended before the answer did."""
        target, asked, native = self._now()
        if (failure := unheard(asked.trace, target.provider.name)) is not None:
            raise failure
        self._reply = reply(self._order, target, asked, native)


class Stream(_Piecewise):
    """Pieces of an answer, restored: `with gov.stream(…) as stream: for piece in stream: …`; then `stream.reply`."""

    def __enter__(self) -> Self:
        def send(target: Target) -> Any:
            client = self._clients.sync(target, self._order.client)
            return target.family.open(
                client, target.model, body_for(self._order, target, stream=True), self._order.timeout
            )

        self._opened = attempt(self._order.targets, self._order.asked, send)
        return self

    def __iter__(self) -> Iterator[str]:
        target, asked, native = self._now()
        events = iter(native)
        while True:
            try:
                next(events)
            except StopIteration:
                break
            except Exception as error:  # noqa: BLE001 -- translated outside, so that the native error is not chained
                failure = translated(error, target)
            else:
                yield from asked.trace.take()
                continue
            raise failure
        yield from asked.trace.take()
        self._complete()

    def __exit__(self, *exc: object) -> None:
        if self._opened is not None:
            try:
                self._opened[2].close()
            finally:
                if (stream := self._opened[1].trace.stream()) is not None:
                    stream.close()  # some SDKs leave that to the garbage collector


class AsyncStream(_Piecewise):
    """The asyncio twin of Stream: `async with gov.astream(…) as stream: async for piece in stream: …`."""

    async def __aenter__(self) -> Self:
        async def send(target: Target) -> Any:
            client = self._clients.asyncio(target, self._order.client)
            return await target.family.open(
                client, target.model, body_for(self._order, target, stream=True), self._order.timeout
            )

        self._opened = await aattempt(self._order.targets, self._order.asked, send)
        return self

    async def __aiter__(self) -> AsyncIterator[str]:
        target, asked, native = self._now()
        events = aiter(native)
        while True:
            try:
                await anext(events)
            except StopAsyncIteration:
                break
            except Exception as error:  # noqa: BLE001 -- translated outside, so that the native error is not chained
                failure = translated(error, target)
            else:
                for piece in asked.trace.take():
                    yield piece
                continue
            raise failure
        for piece in asked.trace.take():
            yield piece
        self._complete()

    async def __aexit__(self, *exc: object) -> None:
        if self._opened is not None:
            try:
                await self._opened[2].close()
            finally:
                if (stream := self._opened[1].trace.stream()) is not None:
                    await stream.aclose()  # some SDKs leave that to the loop
