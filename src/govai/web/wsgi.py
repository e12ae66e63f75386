"""The WSGI middleware, and streaming over WSGI. It needs no framework."""

from __future__ import annotations

from contextvars import copy_context
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Self

from govai.core.errors import GovaiError
from govai.core.scope import enter_for_good
from govai.web.connection import Connection
from govai.web.errors import problem
from govai.web.naming import Names

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

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
        answer = _Answer(start_response, self._ticket_url)
        try:
            answer.context.run(enter_for_good, self._names.read_now(Connection.of_wsgi(environ)))
            answer.body = answer.context.run(self.app, environ, answer.start)
            answer.parts = answer.context.run(iter, answer.body)
        except GovaiError as error:
            answer.parts = iter([answer.refuse(error)])
        return answer


class _Answer:
    """An answer whose every step, and its closing, runs in the request's own context; an error before its start becomes it."""

    def __init__(self, start_response: Callable[..., Any], ticket_url: str) -> None:
        self.context = copy_context()
        self.body: Any = None
        self.parts: Iterator[bytes] = iter(())
        self._start_response, self._ticket_url, self._started = start_response, ticket_url, False

    def start(self, *args: Any) -> Any:
        self._started = True
        return self._start_response(*args)

    def refuse(self, error: GovaiError) -> bytes:
        if self._started:
            raise error
        made = problem(error, ticket_url=self._ticket_url)
        named = [*made.headers.items(), ("Content-Length", str(len(made.body)))]
        self.start(f"{made.status} {HTTPStatus(made.status).phrase}", named)
        return made.body

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> bytes:
        try:
            return self.context.run(next, self.parts)
        except GovaiError as error:
            return self.refuse(error)

    def close(self) -> None:
        if hasattr(self.body, "close"):
            self.context.run(self.body.close)


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
