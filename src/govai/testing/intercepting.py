"""What a process sends while a test runs: answered by an installed provider, forbidden, or let through.

The transports' classes are patched while at least one layer is active, for all threads and tasks, and are as they were
after. Each patch hands the request on untouched where no layer speaks of its host.
"""

from __future__ import annotations

import functools
import http.client
import importlib
import inspect
import ipaddress
import threading
import warnings
from collections.abc import Callable
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self, TypeVar, cast
from urllib.parse import urlsplit

from govai.testing.forbidding import forbidden
from govai.testing.serving import HOST_HEADER
from govai.testing.transports import transport

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from govai.testing.provider import Provider

F = TypeVar("F", bound=Callable[..., Any])


@dataclass(frozen=True, eq=False, slots=True)
class _Layer:
    """A provider that answers its hosts; or, without one, what forbids every host that is not `allowed`."""

    provider: Provider | None = None
    allowed: frozenset[str] = frozenset()


_lock = threading.RLock()
_layers: tuple[_Layer, ...] = ()  # innermost last; replaced, never changed, so that readers need no lock
_patches: list[tuple[Any, str, Any, Any]] = []


def no_real_calls(allow: Collection[str] = ()) -> Forbidding:
    """Forbid, inside the `with` block, HTTP to every host that is neither this machine nor answered by an installed provider.

    Seen are httpx2, httpx, aiohttp, urllib3 (requests, botocore) and `http.client` (urllib), in all threads and tasks.
    Not seen are websockets, gRPC and other processes. Also a decorator of a function, plain or `async`.

    Args:
        allow: host names that may be called all the same.

    Raises:
        RealCallForbidden: from the call, naming the host and what to do.
    """
    if isinstance(allow, str):
        raise TypeError('allow is a list of host names: allow=["db.example.org"]')
    return Forbidding(frozenset(host.lower() for host in allow))


class Forbidding:
    """What `no_real_calls` gives: a context manager, which may be entered again, and a decorator."""

    def __init__(self, allowed: frozenset[str]) -> None:
        self._allowed = allowed
        self._open: list[ExitStack] = []

    def __enter__(self) -> Self:
        stack = ExitStack()
        stack.enter_context(_active(_Layer(allowed=self._allowed)))
        self._open.append(stack)
        return self

    def __exit__(self, *_error: object) -> None:
        self._open.pop().close()

    def __call__(self, function: F) -> F:
        """Return the function with real calls forbidden while it runs."""
        if inspect.isgeneratorfunction(function) or inspect.isasyncgenfunction(function):
            raise TypeError("a generator runs in its caller's time: use `with no_real_calls():` inside it")
        if inspect.iscoroutinefunction(function):

            @functools.wraps(function)
            async def awaited(*args: Any, **kwargs: Any) -> Any:
                with self:
                    return await function(*args, **kwargs)

            return cast("F", awaited)

        @functools.wraps(function)
        def called(*args: Any, **kwargs: Any) -> Any:
            with self:
                return function(*args, **kwargs)

        return cast("F", called)


@contextmanager
def installed(provider: Provider) -> Iterator[Provider]:
    """Let a provider answer for the process; see `Provider.installed`."""
    serving = provider.serving
    try:
        with _active(_Layer(provider)):
            yield provider
    finally:
        if not serving:
            provider.close()


@contextmanager
def _active(layer: _Layer) -> Iterator[None]:
    global _layers  # noqa: PLW0603 -- what a process may send is one thing
    with _lock:
        if not _layers:
            _patch_all()
        _layers = (*_layers, layer)
    try:
        yield
    finally:
        with _lock:
            _layers = tuple(one for one in _layers if one is not layer)
            if not _layers:
                _undo_all()


def _answering(host: str, stack: str, headers: Mapping[str, str], *, able: bool = True) -> Provider | None:
    """Return the provider that answers a host, None where the request goes on.

    Raises:
        RealCallForbidden: it may not. `able`: a provider can answer over this stack.
    """
    __tracebackhide__ = True  # pytest prints the arguments of the last frame it shows: these headers may hold a key
    layers, host = _layers, host.lower()
    found = next((one.provider for one in reversed(layers) if one.provider and one.provider.answers(host)), None)
    if found is not None and able:
        return found
    forbids = [layer for layer in layers if layer.provider is None]
    name = urlsplit(f"//{host}").hostname or ""
    let = any(name in layer.allowed or host in layer.allowed for layer in forbids)
    if found is not None or (forbids and not let and not _near(name)):
        raise forbidden(host, stack, headers, answered=found is not None)
    return None


def _near(name: str) -> bool:
    if name == "localhost" or name.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False


# The stacks


def _httpx(http_module: Any) -> None:
    word = http_module.__name__

    def sync(original: Any) -> Any:
        def handle_request(self: Any, request: Any) -> Any:
            __tracebackhide__ = True
            provider = _answering(request.url.netloc.decode("ascii"), word, request.headers)
            if provider is None:
                return original(self, request)
            return transport(provider, http_module).handle_request(request)

        return handle_request

    def asyncio(original: Any) -> Any:
        async def handle_async_request(self: Any, request: Any) -> Any:
            __tracebackhide__ = True
            provider = _answering(request.url.netloc.decode("ascii"), word, request.headers)
            if provider is None:
                return await original(self, request)
            return await transport(provider, http_module).handle_async_request(request)

        return handle_async_request

    _patch(http_module.HTTPTransport, "handle_request", sync)
    _patch(http_module.AsyncHTTPTransport, "handle_async_request", asyncio)


def _aiohttp(aiohttp: Any) -> None:
    def wrapped(original: Any) -> Any:
        async def _request(self: Any, method: str, str_or_url: Any, **options: Any) -> Any:
            __tracebackhide__ = True
            url = self._build_url(str_or_url)
            provider = _answering(_host(url.host or "", url.explicit_port), "aiohttp", options.get("headers") or {})
            if provider is None:
                return await original(self, method, str_or_url, **options)
            served = urlsplit(provider.serve())
            kept = importlib.import_module("multidict").CIMultiDict(options.pop("headers", None) or ())
            kept[HOST_HEADER] = _host(url.host, url.explicit_port)
            near = url.with_scheme("http").with_host(served.hostname).with_port(served.port)
            return await original(self, method, near, headers=kept, **options)

        return _request

    _patch(aiohttp.ClientSession, "_request", wrapped)


def _urllib3(connectionpool: Any) -> None:
    def wrapped(original: Any) -> Any:
        def urlopen(self: Any, method: str, url: str, *args: Any, **options: Any) -> Any:
            __tracebackhide__ = True
            host = urlsplit(url).netloc or _host(self.host, self.port)  # a whole URL when the pool is a proxy's
            _answering(_bare(host), "urllib3", {}, able=False)
            return original(self, method, url, *args, **options)

        return urlopen

    _patch(connectionpool.HTTPConnectionPool, "urlopen", wrapped)


def _http_client(client: Any) -> None:
    def wrapped(original: Any) -> Any:
        def putrequest(self: Any, method: str, url: str, *args: Any, **options: Any) -> Any:
            __tracebackhide__ = True
            host = urlsplit(url).netloc or getattr(self, "_tunnel_host", None) or _host(self.host, self.port)
            _answering(_bare(host), "http.client", {}, able=False)
            return original(self, method, url, *args, **options)

        return putrequest

    _patch(client.HTTPConnection, "putrequest", wrapped)


def _host(name: str, port: int | None) -> str:
    inside = f"[{name}]" if ":" in name and not name.startswith("[") else name
    return _bare(f"{inside}:{port}" if port else inside)


def _bare(host: str) -> str:
    return host.removesuffix(":443").removesuffix(":80")


_STACKS: dict[str, Callable[[Any], None]] = {
    "httpx2": _httpx,
    "httpx": _httpx,
    "aiohttp": _aiohttp,
    "urllib3.connectionpool": _urllib3,
}


def _patch_all() -> None:
    _http_client(http.client)
    for name, patch in _STACKS.items():
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # what another library says when imported is not this test's matter
            try:
                module = importlib.import_module(name)
            except ImportError:
                continue
        patch(module)


def _patch(owner: Any, name: str, make: Callable[[Any], Any]) -> None:
    original = owner.__dict__[name]
    made = functools.wraps(original)(make(original))
    setattr(owner, name, made)
    _patches.append((owner, name, original, made))


def _undo_all() -> None:
    while _patches:
        owner, name, original, made = _patches.pop()
        if owner.__dict__.get(name) is made:  # someone patched over it: ours hands on, and goes with theirs
            setattr(owner, name, original)
