"""OpenAI's and Anthropic's clients, and those of the platforms they also run on: all made by one generator.

The SDK's own `copy` makes the governed client, so that nothing cached or prebuilt leads back to the original.
"""

from __future__ import annotations

import inspect
from functools import wraps
from typing import TYPE_CHECKING, Any

from govai.core.errors import ConfigError, Ungoverned
from govai.core.lang import say
from govai.doors.natives import http
from govai.doors.natives.closed import close
from govai.doors.natives.native import keep
from govai.flow.asked import OneCall

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from govai.flow.transports import Governing

_SOCKETS = {"openai": ("realtime", "live", "beta.realtime", "responses.connect", "beta.responses.connect")}
_UNSIGNED = ("_BedrockBearerAuth",)  # what prepares a request by its headers alone


class Stainless:
    """The clients of one of the two packages."""

    def __init__(self, package: str) -> None:
        self.like = package

    def speaks(self, client: object) -> bool:
        ours = any(cls.__module__.partition(".")[0] == self.like for cls in type(client).__mro__)
        return ours and hasattr(client, "_client") and hasattr(client, "copy")

    def waits(self, client: Any) -> bool | None:
        return any(cls.__name__ == "AsyncAPIClient" for cls in type(client).__mro__)

    def govern(self, client: Any, governing: Governing) -> Any:
        if (who := _signer(client)) is not None:
            raise http.signs(who)
        clone = http.governed_http(client._client, governing)  # noqa: SLF001 -- no public way to read it back
        governed = _copied(client, clone)
        keep(governed, client)
        _bind(governed, _SOCKETS.get(self.like, ()))
        return governed

    def prove(self, governed: Any) -> None:
        probe = type(governed).copy(governed, http_client=http.quiet(governed._client), max_retries=0)  # noqa: SLF001
        waits = self.waits(governed)
        for name in ("_prepare_options", "_prepare_request", "_refresh_api_key"):  # these fetch credentials
            if hasattr(probe, name):
                probe.__dict__[name] = _alate if waits else _given
        probe.__dict__["_validate_headers"] = _given
        http.prove(lambda: probe.get("/models", cast_to=object))

    def http(self, client: Any) -> Iterator[Any]:
        yield client._client  # noqa: SLF001

    def close(self, client: Any) -> None:
        if not inspect.iscoroutinefunction(type(client).close):
            client.close()

    async def aclose(self, client: Any) -> None:
        closed = client.close()
        if inspect.isawaitable(closed):
            await closed


def _given(value: Any = None, *_args: object, **_kwargs: object) -> Any:
    return value


async def _alate(value: Any = None, *_args: object, **_kwargs: object) -> Any:
    return value


def _signer(client: Any) -> str | None:
    """Return what signs the bodies of this client before the transport sees them, None when nothing does."""
    if getattr(client, "_use_sigv4", False) or any(c.__name__ == "BaseBedrockClient" for c in type(client).__mro__):
        return type(client).__name__
    runtime = getattr(client, "_provider_runtime", None)
    if runtime is None or runtime.name == "vertex":
        return None
    prepare = runtime.prepare_request or runtime.prepare_async_request
    return None if type(getattr(prepare, "__self__", None)).__name__ in _UNSIGNED else f"OpenAI on {runtime.name}"


def _copied(client: Any, clone: Any) -> Any:
    try:
        return type(client).copy(client, http_client=clone)
    except TypeError:
        pass
    raise ConfigError(
        say(f"{type(client).__name__} cannot be copied", f"{type(client).__name__} ne peut être copié"),
        where="wrap()",
        todo=say(
            "wrap a plain client of the SDK, not a subclass with its own __init__", "enveloppez un client simple du SDK"
        ),
    )


def _bind(governed: Any, sockets: tuple[str, ...]) -> None:
    """Close what is not HTTP, keep copies governed, and give the attempts of one call one id."""
    close(governed, sockets)
    guarded = _guarded_copy(governed, sockets)
    governed.__dict__["copy"] = governed.__dict__["with_options"] = guarded
    governed.__dict__["request"] = one_call(type(governed).request.__get__(governed))


def _guarded_copy(governed: Any, sockets: tuple[str, ...]) -> Callable[..., Any]:
    """A copy of a governed client is governed: `copy(http_client=…)` would leave the governed transport."""
    make = type(governed).copy

    def guarded(*args: Any, **kwargs: Any) -> Any:
        if kwargs.get("http_client") is not None:
            raise Ungoverned(
                say("another http_client would go around govai", "un autre http_client contournerait govai"),
                where="copy(http_client=…)",
                todo=say("wrap a client that has it already", "enveloppez un client qui l'a déjà"),
            )
        kwargs["http_client"] = governed._client  # noqa: SLF001 -- said, as some platforms' copies would open one of their own
        made = make(governed, *args, **kwargs)
        keep(made, governed)
        _bind(made, sockets)
        return made

    return guarded


def one_call(request: Callable[..., Any]) -> Callable[..., Any]:
    """Return an SDK's request method, with its retries, as one call: its attempts share a `call_id`."""
    if inspect.iscoroutinefunction(request):

        @wraps(request)
        async def arequested(*args: Any, **kwargs: Any) -> Any:
            with OneCall():
                return await request(*args, **kwargs)

        return arequested

    @wraps(request)
    def requested(*args: Any, **kwargs: Any) -> Any:
        with OneCall():
            return request(*args, **kwargs)

    return requested
