"""What a governed transport is sending at this moment: a client inside that transport sends it on, and govai looks once.

It follows the code (a context variable), and counts for this very request only: anything else sent meanwhile is governed.
"""

from __future__ import annotations

from contextlib import suppress
from contextvars import ContextVar
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import httpx2


class Leaving:
    """Holds a governed request and its protected body while it is sent: `with Leaving(request, raw): …`.

    A task that was started meanwhile keeps the variable, but what it holds has ended.
    """

    __slots__ = ("_token", "raw", "request", "under_way")

    def __init__(self, request: httpx2.Request, raw: bytes) -> None:
        self.request, self.raw, self.under_way = request, raw, False

    def __enter__(self) -> None:
        self.under_way, self._token = True, _leaving.set(self)

    def __exit__(self, *exc: object) -> None:
        self.under_way = False
        with suppress(ValueError):  # a coroutine that nobody finishes is closed in another context
            _leaving.reset(self._token)


_leaving: ContextVar[Leaving | None] = ContextVar("govai_leaving", default=None)


def is_leaving(request: httpx2.Request, raw: bytes) -> bool:
    """Whether this is the governed request that is being sent: the same method, place and protected bytes."""
    one = _leaving.get()
    if one is None or not one.under_way:
        return False
    url, sent = request.url, one.request.url
    return (raw, request.method, url.netloc, url.raw_path) == (one.raw, one.request.method, sent.netloc, sent.raw_path)


def leaves_for(host: str) -> bool:
    """Whether a governed request is being sent to `host` (no port): a transport may do that with another library."""
    one = _leaving.get()
    return one is not None and one.under_way and one.request.url.host.lower() == host.lower()
