"""Govern a native client: the same type, over the client's own connections, and the caller's client untouched.

The clone's transport and every mounted proxy are wrapped; a probe through the SDK's own path proves that nothing goes
around. Routes that leave HTTP (websockets) are closed on the clone.
"""

from __future__ import annotations

import copy
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, TypeVar

import httpx2

from govai.core.errors import ConfigError, Ungoverned
from govai.core.lang import say
from govai.flow.transports import AsyncGovernedTransport, GovernedTransport

if TYPE_CHECKING:
    from govai.flow.transports import Governing

C = TypeVar("C")

_probed: ContextVar[list[str] | None] = ContextVar("govai_probe", default=None)
_SOCKETS = {"realtime": (), "live": (), "responses": ("connect",), "beta": ("realtime", "responses")}


class _Probed(Exception):
    """The probe reached the transport; nothing is sent."""


def family_of(client: object) -> str:
    """Return the family of wire formats a native client speaks, by the package its class comes from.

    Raises:
        ConfigError: not a client of an SDK that govai knows.
    """
    for cls in type(client).__mro__:
        package = cls.__module__.partition(".")[0]
        if package in ("openai", "anthropic") and hasattr(client, "_client") and hasattr(client, "copy"):
            return package
    raise ConfigError(
        say(f"a {type(client).__name__} cannot be wrapped", f"un {type(client).__name__} ne peut être enveloppé"),
        where="wrap()",
        todo=say(
            "give an OpenAI, AsyncOpenAI, Anthropic or AsyncAnthropic client", "donnez un client OpenAI ou Anthropic"
        ),
    )


def base_error(like: str) -> type[Exception] | None:
    """Return the SDK's base exception where it wraps what it does not know (anthropic), else None."""
    if like != "anthropic":
        return None
    import anthropic

    return anthropic.AnthropicError


def govern(client: C, governing: Governing) -> C:
    """Return a governed client of the same type; `client` itself is not touched and must not be closed before it.

    Raises:
        Ungoverned: the probe did not come through the governed transport. ConfigError: the client cannot be copied.
    """
    native: Any = client
    inner = native._client  # noqa: SLF001 -- the SDKs offer no public way to read the HTTP client back
    clone = copy.copy(inner)
    if isinstance(inner, httpx2.Client):
        wrap: Any = lambda t: _ProbingTransport(t, governing)  # noqa: E731
    else:
        wrap = lambda t: _AsyncProbingTransport(t, governing)  # noqa: E731
    clone._transport = wrap(inner._transport)  # noqa: SLF001
    clone._mounts = {pattern: t and wrap(t) for pattern, t in inner._mounts.items()}  # noqa: SLF001
    governed = _copied(native, clone)
    governed.__dict__["_govai_original"] = client  # keeps the pool of the original alive
    _close_sockets(governed)
    _guard_copy(governed)
    probe(governed)
    return governed  # type: ignore[no-any-return]


def governed_by(client: object) -> Governing | None:
    """Return how a client is governed, None when it is not."""
    transport = getattr(getattr(client, "_client", None), "_transport", None)
    return transport.governing if isinstance(transport, (_ProbingTransport, _AsyncProbingTransport)) else None


def original(client: Any) -> Any:
    """Return the client whose connections a governed one uses; a client that was not governed is its own."""
    return client.__dict__.get("_govai_original", client)


def probe(client: Any) -> None:
    """Send a request along the SDK's own path and see that it arrives at the governed transport; nothing leaves.

    Raises:
        Ungoverned: it did not.
    """
    seen: list[str] = []
    token = _probed.set(seen)
    failure = ""
    try:
        if isinstance(client._client, httpx2.AsyncClient):  # noqa: SLF001
            _in_own_loop(client)
        else:
            client.with_options(max_retries=0).models.list()
    except Exception as error:  # noqa: BLE001 -- what counts is whether the transport saw it
        failure = type(error).__name__
    finally:
        _probed.reset(token)
    if not seen:
        raise Ungoverned(
            say(
                f"this client does not send through govai ({failure or 'no request seen'})",
                f"ce client n'envoie pas par govai ({failure or 'aucune requête vue'})",
            ),
            where="wrap()",
            todo=say("wrap a plain client of the SDK", "enveloppez un client simple du SDK"),
        )


def _in_own_loop(client: Any) -> None:
    """Run the asynchronous probe in a thread of its own: the caller may be inside a running loop."""
    import asyncio
    import threading
    from contextvars import copy_context

    async def ask() -> None:
        await client.with_options(max_retries=0).models.list()

    failures: list[BaseException] = []

    def work() -> None:
        try:
            asyncio.run(ask())
        except BaseException as error:  # noqa: BLE001 -- handed to the caller's thread
            failures.append(error)

    thread = threading.Thread(target=copy_context().run, args=(work,), name="govai-probe")
    thread.start()
    thread.join()
    if failures:
        raise failures[0]


class _ProbingTransport(GovernedTransport):
    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        if (seen := _probed.get()) is not None:
            seen.append(request.url.host)
            raise _Probed
        return super().handle_request(request)


class _AsyncProbingTransport(AsyncGovernedTransport):
    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        if (seen := _probed.get()) is not None:
            seen.append(request.url.host)
            raise _Probed
        return await super().handle_async_request(request)


def _copied(client: Any, http_client: Any) -> Any:
    try:
        return client.copy(http_client=http_client)
    except TypeError:
        pass
    raise ConfigError(
        say(f"{type(client).__name__} cannot be copied", f"{type(client).__name__} ne peut être copié"),
        where="wrap()",
        todo=say(
            "wrap a plain client of the SDK, not a subclass with its own __init__", "enveloppez un client simple du SDK"
        ),
    )


class _Closed:
    """Stands where an SDK would open a websocket, which never reaches the transport."""

    def __init__(self, route: str) -> None:
        self._route = route

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return self._refuse

    def __call__(self, *_args: object, **_kwargs: object) -> Any:
        return self._refuse()

    def _refuse(self, *_args: object, **_kwargs: object) -> Any:
        raise Ungoverned(
            say(f"'{self._route}' opens a websocket, which goes around govai", f"« {self._route} » ouvre un websocket"),
            where=self._route,
            todo=say(
                "use the plain HTTP endpoints, or an unwrapped client knowingly", "utilisez les points d'accès HTTP"
            ),
        )


def _close_sockets(governed: Any) -> None:
    if family_of(governed) != "openai":
        return
    for name, inner in _SOCKETS.items():
        if not hasattr(type(governed), name):
            continue
        if not inner:
            governed.__dict__[name] = _Closed(name)
            continue
        part = getattr(governed, name)
        for route in inner:
            if hasattr(type(part), route):
                part.__dict__[route] = _Closed(f"{name}.{route}")


def _guard_copy(governed: Any) -> None:
    """A copy of a governed client is governed: `copy(http_client=…)` would leave the governed transport."""
    make = type(governed).copy

    def guarded(*args: Any, **kwargs: Any) -> Any:
        if kwargs.get("http_client") is not None:
            raise Ungoverned(
                say("another http_client would go around govai", "un autre http_client contournerait govai"),
                where="copy(http_client=…)",
                todo=say("wrap a client that has it already", "enveloppez un client qui l'a déjà"),
            )
        made = make(governed, *args, **kwargs)
        made.__dict__["_govai_original"] = governed
        _close_sockets(made)
        _guard_copy(made)
        return made

    governed.__dict__["copy"] = governed.__dict__["with_options"] = guarded
