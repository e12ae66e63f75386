"""What a governed transport is sending at this moment: a client inside that transport sends it on, and govai looks once.

It follows the code (a context variable), and counts for this very request only: anything else sent meanwhile is governed.
"""

from __future__ import annotations

from contextvars import ContextVar
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import httpx2

_leaving: ContextVar[tuple[httpx2.Request, bytes] | None] = ContextVar("govai_leaving", default=None)


class Leaving:
    """Holds a governed request and its protected body while it is sent: `with Leaving(request, raw): …`."""

    __slots__ = ("_sent", "_token")

    def __init__(self, request: httpx2.Request, raw: bytes) -> None:
        self._sent = (request, raw)

    def __enter__(self) -> None:
        self._token = _leaving.set(self._sent)

    def __exit__(self, *exc: object) -> None:
        _leaving.reset(self._token)


def is_leaving(request: httpx2.Request, raw: bytes) -> bool:
    """Whether this is the governed request that is being sent: the same method, place and protected bytes."""
    sent = _leaving.get()
    if sent is None:
        return False
    first, protected = sent
    return (
        raw == protected
        and request.method == first.method
        and (request.url.netloc, request.url.raw_path) == (first.url.netloc, first.url.raw_path)
    )


def leaves_for(host: str) -> bool:
    """Whether a governed request is being sent to `host` (no port): a transport may do that with another library."""
    sent = _leaving.get()
    return sent is not None and sent[0].url.host.lower() == host.lower()
