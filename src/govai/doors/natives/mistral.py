"""Mistral's clients (its own, and those for Azure and Google Cloud): one class with sync and async methods.

They have no `copy`: the client and its configuration are copied, and the parts that it made so far are left behind.
"""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

from govai.doors.natives import http
from govai.doors.natives.closed import close
from govai.doors.natives.native import keep

if TYPE_CHECKING:
    from collections.abc import Iterator

    from govai.flow.transports import Governing

# Parts that open websockets or HTTP clients of their own.
_ASIDE = ("realtime", "audio.realtime", "audio.realtime_speech", "audio.sessions", "beta.connectors")
_HOOKS = ("sdk_init_hooks", "before_request_hooks", "after_success_hooks", "after_error_hooks")


class MistralNative:
    """Clients with an `sdk_configuration`."""

    like = "mistral"

    def speaks(self, client: object) -> bool:
        ours = any(cls.__module__.partition(".")[0] == "mistralai" for cls in type(client).__mro__)
        return ours and hasattr(client, "sdk_configuration") and hasattr(type(client), "_sub_sdk_map")

    def waits(self, client: Any) -> bool | None:  # noqa: ARG002 -- one class for both
        return None

    def govern(self, client: Any, governing: Governing) -> Any:
        config = copy.copy(client.sdk_configuration)
        config.client = config.client and http.governed_http(config.client, governing)
        config.async_client = config.async_client and http.governed_http(config.async_client, governing)
        config.__dict__["_hooks"] = _hooks(config, kept=lambda hook: not _records(hook))
        governed = _copied(client, config)
        keep(governed, client)
        close(governed, _ASIDE)
        return governed

    def prove(self, governed: Any) -> None:
        config = copy.copy(governed.sdk_configuration)
        config.client, config.async_client = http.quiet(config.client), http.quiet(config.async_client)
        config.security = config.retry_config = None
        config.__dict__["_hooks"] = _hooks(config, kept=lambda _hook: False)
        probe = _copied(governed, config)
        http.prove(lambda: probe.chat.complete(model="probe", messages=[]))
        http.prove(lambda: probe.chat.complete_async(model="probe", messages=[]))

    def http(self, client: Any) -> Iterator[Any]:
        yield client.sdk_configuration.client
        yield client.sdk_configuration.async_client

    def close(self, client: Any) -> None:
        config = client.sdk_configuration
        if config.client is not None and not config.client_supplied:
            config.client.close()

    async def aclose(self, client: Any) -> None:
        self.close(client)
        config = client.sdk_configuration
        if config.async_client is not None and not config.async_client_supplied:
            await config.async_client.aclose()


def _copied(client: Any, config: Any) -> Any:
    """Return the client with another configuration, without the parts that hold the one it had."""
    clone = copy.copy(client)
    for name in [name for name, part in vars(clone).items() if hasattr(part, "sdk_configuration")]:
        del clone.__dict__[name]
    clone.sdk_configuration, clone.parent_ref = config, clone
    return clone


def _hooks(config: Any, kept: Any) -> Any:
    hooks = copy.copy(config.__dict__["_hooks"])
    for name in _HOOKS:
        setattr(hooks, name, [hook for hook in getattr(hooks, name) if kept(hook)])
    return hooks


def _records(hook: object) -> bool:
    """Whether a hook is the SDK's telemetry: it would write the raw text into spans, and send them to the provider."""
    return type(hook).__module__.endswith("_hooks.tracing")
