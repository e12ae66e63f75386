"""Google's client: `genai.Client` with its `aio`, on the Gemini API or on Vertex.

All its parts share one API client, which has an HTTP client for each of sync and async; each part is copied and bound
to a governed copy of it.
"""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

from govai.core.errors import ConfigError, Ungoverned
from govai.core.lang import say
from govai.doors.natives import http
from govai.doors.natives.closed import Closed
from govai.doors.natives.native import ORIGINAL, keep
from govai.doors.natives.stainless import one_call

if TYPE_CHECKING:
    from collections.abc import Iterator

    from govai.flow.transports import Governing


class GoogleNative:
    """`genai.Client`, and its `aio` alone."""

    like = "google"

    def speaks(self, client: object) -> bool:
        ours = any(cls.__module__ == "google.genai.client" for cls in type(client).__mro__)
        return ours and hasattr(client, "_api_client")

    def waits(self, client: Any) -> bool | None:
        return None if hasattr(client, "aio") else True

    def govern(self, client: Any, governing: Governing) -> Any:
        api = client._api_client  # noqa: SLF001 -- the SDK offers no public way to read it
        _refuse_other_transports(api)
        clone = copy.copy(api)
        sync, asyncio = (http.governed_http(inner, governing) for inner in self.http(client))
        if hasattr(asyncio, "_client_for_running_loop"):
            per_loop = api._async_httpx_client._client_for_running_loop  # noqa: SLF001
            asyncio.__dict__["_client_for_running_loop"] = lambda: http.governed_http(per_loop(), governing)
            asyncio.__dict__["_loop_clients"] = {}  # the original closes its own
        _use(clone, sync, asyncio)
        governed = _rebound(client, api, clone)
        keep(governed, client)
        return governed

    def prove(self, governed: Any) -> None:
        api = copy.copy(governed._api_client)  # noqa: SLF001
        sync, asyncio = (http.quiet(inner) for inner in self.http(governed))
        api.__dict__["_access_token"], api.__dict__["_async_access_token"] = _no_token, _no_token_yet
        _use(api, sync, asyncio)
        probe = _rebound(governed, governed._api_client, api)  # noqa: SLF001
        if hasattr(probe, "aio"):
            http.prove(probe.models.list)
            probe = probe.aio
        http.prove(lambda: _list(probe, original_of(governed)))

    def http(self, client: Any) -> Iterator[Any]:
        api = client._api_client  # noqa: SLF001
        yield api._httpx_client  # noqa: SLF001
        yield api._async_httpx_client  # noqa: SLF001

    def close(self, client: Any) -> None:
        if hasattr(client, "close"):
            client.close()

    async def aclose(self, client: Any) -> None:
        self.close(client)
        await getattr(client, "aio", client).aclose()


def original_of(governed: Any) -> Any:
    return governed.__dict__[ORIGINAL]


def _use(api: Any, sync: Any, asyncio: Any) -> None:
    """Make a copied API client send through these HTTP clients only, its attempts as one call, and open no socket."""
    options = api._http_options.model_copy(update={"httpx_client": sync, "httpx_async_client": asyncio})  # noqa: SLF001
    api.__dict__.update(_http_options=options, _httpx_client=sync, _async_httpx_client=asyncio)
    api.__dict__.update(_authorized_session=None, _aiohttp_sessions={}, _websocket_base_url=Closed("aio.live"))
    for name in ("_request", "_async_request"):
        api.__dict__[name] = one_call(getattr(type(api), name).__get__(api))


def _refuse_other_transports(api: Any) -> None:
    """Refuse what does not send through httpx: a recording client, mutual TLS, an aiohttp session of the caller's."""
    if type(api).__name__ != "BaseApiClient":
        raise Ungoverned(
            say(f"{type(api).__name__} does not send through HTTP", f"{type(api).__name__} n'envoie pas par HTTP"),
            where="wrap()",
            todo=say("make the client without debug_config", "créez le client sans debug_config"),
        )
    tls = any(getattr(api, name, bool)() for name in ("_use_google_auth_sync", "_use_google_auth_async"))
    if tls or getattr(api._http_options, "aiohttp_client", None) is not None:  # noqa: SLF001
        raise ConfigError(
            say(
                "this client sends through requests or aiohttp (mutual TLS, or aiohttp_client=)",
                "ce client envoie par requests ou aiohttp (TLS mutuel, ou aiohttp_client=)",
            ),
            where="wrap()",
            todo=say(
                "give HttpOptions(httpx_client=…, httpx_async_client=…) instead",
                "donnez HttpOptions(httpx_client=…, httpx_async_client=…)",
            ),
        )


def _rebound(part: Any, old: Any, new: Any) -> Any:
    """Return a copy of a client, or of a part of one, with all its parts bound to `new` instead of `old`."""
    clone = copy.copy(part)
    for name, value in vars(part).items():
        module = type(value).__module__
        if name == ORIGINAL:
            continue  # a copy of it would close its connections when it goes
        if value is old:
            clone.__dict__[name] = new
        elif module.startswith("google.genai._gaos"):
            clone.__dict__[name] = None  # made anew when asked for, from the API client
        elif module.startswith("google.genai") and hasattr(value, "_api_client"):
            clone.__dict__[name] = _rebound(value, old, new)
    for name in ("_live", "_interactions"):  # websockets
        if name in vars(clone) and "Async" in type(clone).__name__:
            clone.__dict__[name] = Closed("aio." + name[1:])
    return clone


def _no_token() -> str:
    return ""


async def _no_token_yet() -> str:
    return ""


async def _list(probe: Any, original: Any) -> None:
    """Ask for the models, and leave no trace of this thread's loop in the original's clients."""
    import asyncio

    try:
        await probe.models.list()
    finally:
        inner = original._api_client._async_httpx_client  # noqa: SLF001
        getattr(inner, "_loop_clients", {}).pop(asyncio.get_running_loop(), None)
