"""A governed copy of an SDK's HTTP client, over the same connections, and the proof that an SDK sends through it.

Which HTTP library a client rides on is asked in `governed_transport` alone. Nothing here knows an SDK.
"""

from __future__ import annotations

import copy
import inspect
from contextvars import ContextVar, copy_context
from functools import cache
from typing import TYPE_CHECKING, Any

from govai.core.errors import ConfigError, Ungoverned
from govai.core.lang import say
from govai.doors.natives.native import alone
from govai.flow.stacks import stack_of

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    import httpx2

    from govai.flow.transports import Governing

_probed: ContextVar[list[str] | None] = ContextVar("govai_probe", default=None)


class _Probed(Exception):
    """The probe reached the transport; nothing is sent."""


class _Seen:
    """A governed transport that a probe can see."""

    governing: Governing
    inner: Any
    __reduce_ex__ = alone


@cache
def _seen(transport: type) -> Any:
    """Return a governed transport class with eyes for probes."""

    def handle_request(self: Any, request: httpx2.Request) -> httpx2.Response:
        _look(request)
        return transport.handle_request(self, request)  # type: ignore[attr-defined,no-any-return]

    async def handle_async_request(self: Any, request: httpx2.Request) -> httpx2.Response:
        _look(request)
        return await transport.handle_async_request(self, request)  # type: ignore[attr-defined,no-any-return]

    handlers = {"handle_request": handle_request, "handle_async_request": handle_async_request}
    kept = {name: handler for name, handler in handlers.items() if hasattr(transport, name)}
    return type(transport.__name__, (_Seen, transport), kept)


def _look(request: httpx2.Request) -> None:
    if (seen := _probed.get()) is not None:
        seen.append(request.url.host)
        raise _Probed


def governed_transport(inner: Any, transport: Any, governing: Governing) -> Any:
    """Return `transport` of the HTTP client `inner`, governed; one that is already governed is so once, as said last.

    Raises:
        ConfigError: `inner` is not a client of an HTTP library that govai knows, or another Governor governs it.
    """
    if isinstance(transport, _Seen):
        if transport.governing.engine is not governing.engine:
            raise ConfigError(
                say("this client is governed by another Governor", "ce client est gouverné par un autre Governor"),
                where="wrap()",
                todo=say("give the original client", "donnez le client d'origine"),
            )
        transport = transport.inner
    stack, waits = stack_of(inner), inspect.iscoroutinefunction(type(inner).send)
    kind: Any = stack.async_transport if waits else stack.transport
    return _seen(kind)(transport, governing)


def governed_http(inner: Any, governing: Governing) -> Any:
    """Return a copy of an HTTP client whose every route is governed; the connections stay those of `inner`.

    Raises:
        ConfigError: not a client of an HTTP library that govai knows, or one that signs what it sends.
    """
    if getattr(getattr(inner, "_auth", None), "requires_request_body", False):
        raise signs(type(inner._auth).__name__)  # noqa: SLF001 -- httpx offers no public way to read these back
    clone = copy.copy(inner)
    for name in [name for name in vars(clone) if callable(getattr(type(clone), name, None))]:
        del clone.__dict__[name]  # an instance's own `send` (telemetry) is bound to the original and leads there
    clone._transport = governed_transport(inner, getattr(inner, "_transport", None), governing)  # noqa: SLF001
    clone._mounts = {p: t and governed_transport(inner, t, governing) for p, t in inner._mounts.items()}  # noqa: SLF001
    return clone


def governing_of(http: Any) -> Governing | None:
    """Return how an HTTP client is governed, None when it is not."""
    transport = getattr(http, "_transport", None)
    return transport.governing if isinstance(transport, _Seen) else None


def signs(who: str) -> ConfigError:
    """Return the refusal of a client whose requests are signed before they reach the transport."""
    return ConfigError(
        say(
            f"{who} signs each request before govai protects it, so the provider would reject it",
            f"{who} signe chaque requête avant que govai la protège : le fournisseur la rejetterait",
        ),
        where="wrap()",
        todo=say(
            "use a bearer key for this platform (SigV4 signs the body), or the provider's own API",
            "utilisez une clé (SigV4 signe le corps), ou l'API du fournisseur",
        ),
    )


def quiet(http: Any) -> Any:
    """Return a copy of a governed HTTP client for probing: the same transports, none of the user's hooks and no auth."""
    clone = copy.copy(http)
    clone._event_hooks = {"request": [], "response": []}  # noqa: SLF001
    clone._auth = None  # noqa: SLF001
    return clone


def prove(ask: Callable[[], object]) -> None:
    """Run the SDK's own path once and see that it arrives at a governed transport; nothing leaves.

    Args:
        ask: makes a request, or an awaitable that does.

    Raises:
        Ungoverned: it did not arrive.
    """
    seen: list[str] = []
    token = _probed.set(seen)
    failure = ""
    try:
        made = ask()
        if inspect.isawaitable(made):
            _in_own_loop(made)
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


def _in_own_loop(made: Awaitable[object]) -> None:
    """Wait in a thread of its own: the caller may be inside a running loop."""
    import asyncio
    import threading

    async def wait() -> None:
        await made

    failures: list[BaseException] = []

    def work() -> None:
        try:
            asyncio.run(wait())
        except BaseException as error:  # noqa: BLE001 -- handed to the caller's thread
            failures.append(error)

    thread = threading.Thread(target=copy_context().run, args=(work,), name="govai-probe")
    thread.start()
    thread.join()
    if failures:
        raise failures[0]
