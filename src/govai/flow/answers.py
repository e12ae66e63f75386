"""Answers as HTTP: which headers still hold once a body was decoded and restored, and where a redirect may not lead.

`library` is the one that the answer's client rides on: httpx2, or httpx, whose API is the same.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from govai.core.errors import Ungoverned
from govai.core.lang import say
from govai.flow.envelope import Answer

if TYPE_CHECKING:
    from collections.abc import Iterable
    from types import ModuleType

    import httpx2

_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_CHANGED = frozenset({"content-encoding", "content-length", "transfer-encoding"})


def is_stream(response: httpx2.Response) -> bool:
    """Whether the answer is a stream of server-sent events."""
    return response.headers.get("content-type", "").lower().startswith("text/event-stream")


def kept_headers(response: httpx2.Response) -> tuple[tuple[str, str], ...]:
    """Return the headers that are still true of the decoded body."""
    return tuple(pair for pair in response.headers.multi_items() if pair[0].lower() not in _CHANGED)


def answer_of(response: httpx2.Response, raw: bytes) -> Answer:
    """Return a complete answer as an envelope keeps it."""
    return Answer(response.status_code, kept_headers(response), raw)


def respond(
    library: ModuleType, status: int, headers: Iterable[tuple[str, str]], raw: bytes, extensions: object = None
) -> httpx2.Response:
    """Return a complete response of `library` with `raw` as its body, whose stream works in sync and in async clients."""
    named = [*headers, ("content-length", str(len(raw)))]
    response: httpx2.Response = library.Response(
        status,
        headers=named,
        stream=library.ByteStream(raw),
        extensions=dict(extensions) if isinstance(extensions, dict) else None,
    )
    return response


def opened(library: ModuleType, response: httpx2.Response, events: object) -> httpx2.Response:
    """Return a response of `library` whose body is still to come from the stream `events`."""
    made: httpx2.Response = library.Response(
        response.status_code, headers=kept_headers(response), stream=events, extensions=response.extensions
    )
    return made


def refuse_redirect(library: ModuleType, request: httpx2.Request, response: httpx2.Response) -> Ungoverned | None:
    """Return the refusal of a redirect that leads to another host, None otherwise."""
    if response.status_code not in _REDIRECTS or "location" not in response.headers:
        return None
    try:
        target = request.url.join(response.headers["location"])
        same = (target.scheme, target.host, target.port) == (request.url.scheme, request.url.host, request.url.port)
    except library.InvalidURL:
        same = False
    if same:
        return None
    return Ungoverned(
        say("the provider redirects to another host", "le fournisseur redirige vers un autre hôte"),
        where=request.url.host,
        todo=say("point the client at that host, and register it in the policy", "visez cet hôte et déclarez-le"),
    )
