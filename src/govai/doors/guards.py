"""Guards: libraries that govai cannot look into refuse to reach model providers, and say what to use instead.

Each guard stands where its library begins a request. It knows where that goes, and nothing of what is sent.
"""

from __future__ import annotations

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
        guarded (`Class.method`). argument: of that method, its name and its position after `self`, says where to.
        host: reads the host and its port from `self` and that argument. way_out: what to use instead, in both languages.
    """

    name: str
    package: str
    module: str
    place: str
    argument: tuple[str, int]
    host: Callable[[Any, Any], str] = field(repr=False)
    way_out: tuple[str, str] = field(repr=False)

    def install(self, module: ModuleType, refuse: Refuse) -> list[Patch]:
        """Guard a loaded module: `refuse` is called with the host of every request, and raises where it must.

        Returns:
            Nothing where this version of the library has no such place.
        """
        kind, _, name = self.place.partition(".")
        owner: Any = getattr(module, kind, None)
        if not hasattr(owner, name):
            return []
        word, position = self.argument

        def guarded(found: Callable[..., Any]) -> Callable[..., Any]:
            @wraps(found)
            def begin(one: Any, *args: Any, **kwargs: Any) -> Any:
                if word in kwargs or position < len(args):  # else it is the library that complains
                    refuse(self, self.host(one, kwargs[word] if word in kwargs else args[position]))
                return found(one, *args, **kwargs)

            return begin

        return [Patch(owner, name, guarded)]

    @property
    def todo(self) -> str:
        """What to use instead."""
        return say(*self.way_out)


def _place(host: object, port: object = None) -> str:
    name = str(host)
    name = f"[{name}]" if ":" in name and not name.startswith("[") else name
    return f"{name}:{port}" if port else name


def _of_url(_one: object, url: object) -> str:
    try:
        return urlsplit(str(url)).netloc.rpartition("@")[2]
    except ValueError:  # the library will not read it either
        return ""


def _of_request(one: object, request: Any) -> str:
    return _of_url(one, request.url)


def _of_connection(one: Any, url: object) -> str:
    """Read it from a connection of http.client: through a proxy it asks for the whole URL, or tunnels."""
    if str(url).startswith(("http:", "https:")):
        return _of_url(one, url)
    return _place(one._tunnel_host, one._tunnel_port) if one._tunnel_host else _place(one.host, one.port)  # noqa: SLF001


def _of_pool(one: Any, url: object) -> str:
    return _of_url(one, url) if str(url).startswith(("http:", "https:")) else _place(one.host, one.port)


def _of_session(one: Any, url: Any) -> str:
    built = one._build_url(url)  # noqa: SLF001 -- joins the session's base URL
    return _place(built.host or "", built.port)


def _of_target(_one: object, target: object) -> str:
    return re.sub(r"^(?:dns|ipv4|ipv6):", "", str(target).rpartition("/")[2])


def _of_uri(_one: object, uri: Any) -> str:
    return _place(uri.host, uri.port)


_URL, _TARGET, _URI = ("url", 1), ("target", 0), ("uri", 0)
GUARDS: tuple[Guard, ...] = (
    Guard("aiohttp", "aiohttp", "aiohttp.client", "ClientSession._request", ("str_or_url", 1), _of_session, _CLIENT),
    Guard("urllib, http.client", "http", "http.client", "HTTPConnection.putrequest", _URL, _of_connection, _CLIENT),
    Guard(
        "requests, urllib3",
        "urllib3",
        "urllib3.connectionpool",
        "HTTPConnectionPool.urlopen",
        _URL,
        _of_pool,
        _CLIENT,
    ),
    Guard(
        "botocore, boto3",
        "botocore",
        "botocore.httpsession",
        "URLLib3Session.send",
        ("request", 0),
        _of_request,
        _SIGNED,
    ),
    Guard("grpc", "grpc", "grpc._channel", "Channel.__init__", _TARGET, _of_target, _REST),
    Guard("grpc", "grpc", "grpc.aio._channel", "Channel.__init__", _TARGET, _of_target, _REST),
    Guard("websockets", "websockets", "websockets.asyncio.client", "connect.__init__", _URI, _of_url, _SOCKET),
    Guard("websockets", "websockets", "websockets.client", "ClientProtocol.__init__", _URI, _of_uri, _SOCKET),
    Guard("websockets", "websockets", "websockets.legacy.client", "Connect.__init__", _URI, _of_url, _SOCKET),
    Guard("websocket-client", "websocket", "websocket._core", "WebSocket.connect", ("url", 0), _of_url, _SOCKET),
)
