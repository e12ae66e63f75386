"""Guards: libraries that govai cannot look into refuse to reach model providers, and say what to use instead.

Each guard stands where its library begins a request. It knows where that goes, and nothing of what is sent.
"""

from __future__ import annotations

import inspect
import re
from dataclasses import dataclass, field
from functools import wraps
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from govai.core.lang import say
from govai.doors.patching import Patch

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType

    Refuse = Callable[["Guard", str], None]

_CLIENT = (
    "use the SDK's own client over httpx2 or httpx, which is governed",
    "utilisez le client du SDK sur httpx2 ou httpx, qui est gouverné",
)
_SIGNED = (
    "use the provider's own API: requests to AWS are signed with their body before govai could protect it",
    "utilisez l'API du fournisseur : les requêtes vers AWS sont signées avec leur corps avant toute protection",
)
_REST = ("use the HTTP transport (transport='rest')", "utilisez le transport HTTP (transport='rest')")
_SOCKET = ("use the plain HTTP endpoints", "utilisez les points d'accès HTTP")


@dataclass(frozen=True, slots=True)
class Guard:
    """A library that is refused where it begins a request.

    Attributes:
        name: as people know it. package: of the import system, to see whether it is installed. module, place: what is
        guarded (`Class.method`, or `function`). said: which of its arguments say where to. host: reads the host with its
        port from their values, None where one was not given. way_out: what to use instead, in both languages.
    """

    name: str
    package: str
    module: str
    place: str
    said: tuple[str, ...]
    host: Callable[..., str] = field(repr=False)
    way_out: tuple[str, str] = field(repr=False)

    def install(self, module: ModuleType, refuse: Refuse) -> list[Patch]:
        """Guard a loaded module: `refuse` is called with the host of every request, and raises where it must.

        Returns:
            Nothing where this version of the library has no such place.
        """
        kind, _, name = self.place.rpartition(".")
        owner = getattr(module, kind, None) if kind else module
        found = getattr(owner, name, None)
        if found is None:
            return []
        signature = inspect.signature(found)
        if not set(self.said) <= set(signature.parameters):
            return []

        @wraps(found)
        def begin(*args: Any, **kwargs: Any) -> Any:
            try:
                given = signature.bind(*args, **kwargs).arguments
            except TypeError:  # the library says better what is wrong
                return found(*args, **kwargs)
            refuse(self, self.host(*(given.get(word) for word in self.said)))
            return found(*args, **kwargs)

        return [Patch(owner, name, lambda _found: begin)]

    @property
    def todo(self) -> str:
        """What to use instead."""
        return say(*self.way_out)


def _place(host: object, port: object = None) -> str:
    name = host.decode("ascii", "replace") if isinstance(host, bytes) else str(host or "")
    name = f"[{name}]" if ":" in name and not name.startswith("[") else name
    return f"{name}:{port}" if port else name


def _of_url(url: object) -> str:
    try:
        return urlsplit(str(url)).netloc.rpartition("@")[2]
    except ValueError:  # the library will not read it either
        return ""


def _of_request(request: Any) -> str:
    return _of_url(request.url)


def _of_connection(connection: Any, url: object) -> str:
    """Read it from a connection of http.client: through a proxy it asks for the whole URL, or tunnels."""
    if str(url).startswith(("http:", "https:")):
        return _of_url(url)
    tunnel = connection._tunnel_host  # noqa: SLF001 -- the standard library offers no public way to read it back
    return _place(tunnel, connection._tunnel_port) if tunnel else _place(connection.host, connection.port)  # noqa: SLF001


def _of_pool(pool: Any, url: object) -> str:
    return _of_url(url) if str(url).startswith(("http:", "https:")) else _place(pool.host, pool.port)


def _of_session(session: Any, url: Any) -> str:
    built = session._build_url(url)  # noqa: SLF001 -- joins the session's base URL
    return _place(built.host, built.port)


def _of_target(target: object) -> str:
    return re.sub(r"^(?:dns|ipv4|ipv6):", "", str(target).rpartition("/")[2])


def _of_uri(uri: Any) -> str:
    return _place(uri.host, uri.port)


def _of_address(address: Any) -> str:
    return _place(*address[:2])


_WS, _WS_LEGACY, _WS_NAME = "websockets.asyncio.client", "websockets.legacy.client", "websockets"
_ON_URL, _SOCKETS = ("self", "url"), "sockets, asyncio"
GUARDS: tuple[Guard, ...] = (
    Guard(
        "aiohttp", "aiohttp", "aiohttp.client", "ClientSession._request", ("self", "str_or_url"), _of_session, _CLIENT
    ),
    Guard("urllib, http.client", "http", "http.client", "HTTPConnection.putrequest", _ON_URL, _of_connection, _CLIENT),
    Guard(
        "requests, urllib3",
        "urllib3",
        "urllib3.connectionpool",
        "HTTPConnectionPool.urlopen",
        _ON_URL,
        _of_pool,
        _CLIENT,
    ),
    Guard(
        "botocore, boto3", "botocore", "botocore.httpsession", "URLLib3Session.send", ("request",), _of_request, _SIGNED
    ),
    Guard("grpc", "grpc", "grpc._channel", "Channel.__init__", ("target",), _of_target, _REST),
    Guard("grpc", "grpc", "grpc.aio._channel", "Channel.__init__", ("target",), _of_target, _REST),
    Guard(_WS_NAME, _WS_NAME, _WS, "connect.__init__", ("uri",), _of_url, _SOCKET),
    Guard(_WS_NAME, _WS_NAME, "websockets.client", "ClientProtocol.__init__", ("uri",), _of_uri, _SOCKET),
    Guard(_WS_NAME, _WS_NAME, _WS_LEGACY, "Connect.__init__", ("uri",), _of_url, _SOCKET),
    Guard("websocket-client", "websocket", "websocket._core", "WebSocket.connect", ("url",), _of_url, _SOCKET),
    # what other libraries connect by: the net below the guards above
    Guard(_SOCKETS, "socket", "socket", "create_connection", ("address",), _of_address, _CLIENT),
    Guard(
        _SOCKETS, "asyncio", "asyncio.base_events", "BaseEventLoop.create_connection", ("host", "port"), _place, _CLIENT
    ),
)
