"""The WSGI middleware, and streaming over WSGI. It needs no framework."""

from __future__ import annotations

from contextvars import copy_context
from typing import TYPE_CHECKING, Any, Self

from govai.core.errors import GovaiError
from govai.core.scope import enter_for_good
from govai.web.connection import Connection
from govai.web.errors import problem
from govai.web.naming import Names

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from contextvars import Context

    from govai.doors.generating import Stream
    from govai.governor.governor import Governor
    from govai.web.naming import Named

    WSGIApp = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]


class WsgiMiddleware:
    """Holds a `govai.scope` around each request, and while its body is iterated.

    Arguments and answers to errors are those of `GovernMiddleware`; callables are sync. Flask and Django answer
    errors themselves: `govai.web.install(app)`, or `govai.web.django.Problems` in Django's `MIDDLEWARE`.
    """

    def __init__(
        self,
        app: WSGIApp,
        *,
        governor: Governor | None = None,
        purpose: Named = "",
        actor: Named = "",
        subject: Named = "",
        job: Named = "",
        session: Named = "",
        ticket_url: str = "",
    ) -> None:
        self.app, self._ticket_url = app, ticket_url
        self._names = Names(governor, purpose, actor, subject, job, session)

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        """Serve one request (PEP 3333)."""
        context, started = copy_context(), []

        def watched(*args: Any) -> Any:
            started.append(True)
            return start_response(*args)

        try:
            context.run(enter_for_good, self._names.read_now(Connection.of_wsgi(environ)))
            return _Body(context, context.run(self.app, environ, watched))
        except GovaiError as error:
            if started:
                raise
            answer = problem(error, ticket_url=self._ticket_url)
            named = [*answer.headers.items(), ("Content-Length", str(len(answer.body)))]
            start_response(_status_line(answer.status), named)
            return [answer.body]


class _Body:
    """A body whose every step, and its closing, runs in the request's own context."""

    def __init__(self, context: Context, body: Iterable[bytes]) -> None:
        self._context, self._body = context, body
        self._parts = context.run(iter, body)

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> bytes:
        return self._context.run(next, self._parts)

    def close(self) -> None:
        if hasattr(self._body, "close"):
            self._context.run(self._body.close)


def pieces(stream: Stream) -> Pieces:
    """Enter a stream and return its pieces as a WSGI body: `flask.Response(pieces(gov.stream(…)), mimetype="text/plain")`.

    The server closes it with the answer, also when the client goes away: then it is recorded as abandoned.

    Raises:
        What `gov.stream` raises when it is entered (`Blocked`, `ReviewPending`, …), before any status is sent.
    """
    stream.__enter__()
    return Pieces(stream)


class Pieces:
    """The pieces of an entered stream as bytes (UTF-8)."""

    def __init__(self, stream: Stream) -> None:
        self._stream = stream
        self._pieces: Iterator[str] = iter(stream)

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> bytes:
        return next(self._pieces).encode("utf-8", "replace")

    def close(self) -> None:
        """Close the stream."""
        self._stream.__exit__(None, None, None)


def _status_line(status: int) -> str:
    from http import HTTPStatus

    return f"{status} {HTTPStatus(status).phrase}"
