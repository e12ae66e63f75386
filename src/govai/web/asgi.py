"""The ASGI middleware: one scope per request, and govai's errors as HTTP answers. It needs no framework."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from govai.core.errors import GovaiError
from govai.core.scope import entered
from govai.web.connection import Connection
from govai.web.errors import problem
from govai.web.naming import Names

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, MutableMapping

    from govai.governor.governor import Governor
    from govai.web.naming import AsyncNamed

    Scoped = MutableMapping[str, Any]
    Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
    Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
    ASGIApp = Callable[[Scoped, Receive, Send], Awaitable[None]]

GOVERNOR = "govai.governor"  # where the dependency finds the middleware's governor in the ASGI scope


class GovernMiddleware:
    """Holds a `govai.scope` around each request and websocket, streamed bodies and background tasks included.

    Args:
        app: the ASGI application. governor: whose policy knows the purposes; default: the default one.
        purpose, actor, subject, job, session: a string, or a callable (sync or async) of the `Connection`; what it does
            not find stays unset, and the policy decides (`PurposeRequired`). The actor is recorded as claimed.
        ticket_url: where a review's ticket can be asked after, with `{ticket_id}`: the `Location` of a 202.

    A govai error that nobody caught becomes an answer in problem+json (RFC 9457), as long as none has started.

    Raises:
        ConfigError: the policy has no such purpose.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        governor: Governor | None = None,
        purpose: AsyncNamed = "",
        actor: AsyncNamed = "",
        subject: AsyncNamed = "",
        job: AsyncNamed = "",
        session: AsyncNamed = "",
        ticket_url: str = "",
    ) -> None:
        self.app, self._ticket_url = app, ticket_url
        self._names = Names(governor, purpose, actor, subject, job, session)

    async def __call__(self, scope: Scoped, receive: Receive, send: Send) -> None:
        """Serve one connection (ASGI 3.0)."""
        if scope["type"] not in ("http", "websocket"):
            await self.app(scope, receive, send)
            return
        started = False

        async def watched(message: MutableMapping[str, Any]) -> None:
            nonlocal started
            started = True
            await send(message)

        try:
            if self._names.governor is not None:
                scope[GOVERNOR] = self._names.governor
            with entered(await self._names.read(Connection.of_asgi(scope))):
                await self.app(scope, receive, watched)
        except GovaiError as error:
            if started or scope["type"] != "http":
                raise
            await _answer(problem(error, ticket_url=self._ticket_url), send)


async def _answer(answer: Any, send: Send) -> None:
    headers = [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in answer.headers.items()]
    headers.append((b"content-length", str(len(answer.body)).encode("ascii")))
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})
    await send({"type": "http.response.body", "body": answer.body})
