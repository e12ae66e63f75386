"""The governed native clients of a governor: one per provider entry, and one per event loop for asyncio."""

from __future__ import annotations

import threading
import weakref
from collections import OrderedDict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from govai.core.errors import ConfigError
from govai.core.lang import say
from govai.core.names import did_you_mean
from govai.core.scope import Scope
from govai.doors.anthropic_family import AnthropicFamily
from govai.doors.google_family import GoogleFamily
from govai.doors.mistral_family import MistralFamily
from govai.doors.offline import HOST, OfflineFamily
from govai.doors.openai_family import OpenAIFamily
from govai.doors.openai_responses_family import OpenAIResponsesFamily
from govai.doors.wrapping import aclose, base_error, close, family_of, govern, governed_by, waits
from govai.flow.transports import Governing

if TYPE_CHECKING:
    from govai.doors.family import Family
    from govai.flow.engine import Engine
    from govai.policy.registry import Provider

_RESPONSES: Family = OpenAIResponsesFamily()
_FAMILIES: dict[str, Family] = {
    "openai": OpenAIFamily(),
    "anthropic": AnthropicFamily(),
    "mistral": MistralFamily(),
    "google": GoogleFamily(),
}
_OFFLINE: Family = OfflineFamily()
_REMEMBERED = 32  # clients of the caller's own that stay governed between calls; each is kept alive as long


@dataclass(frozen=True, slots=True)
class Target:
    """Where a call goes: a provider entry of the policy, the family that speaks to it, and its name for the model."""

    provider: Provider
    family: Family
    model: str


class Clients:
    """Makes and keeps governed clients. Safe between threads and event loops."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._lock = threading.Lock()
        self._sync: dict[str, Any] = {}
        self._async: weakref.WeakKeyDictionary[Any, dict[str, Any]] = weakref.WeakKeyDictionary()
        self._given: OrderedDict[tuple[int, str], tuple[Any, Any]] = OrderedDict()

    def target(self, model: str, wire: str = "") -> Target:
        """Return where `provider:model` goes; `wire` names the format of a body that exists already.

        Raises:
            ConfigError: not of that shape, an unknown provider entry, or a family that is not built yet.
        """
        name, colon, word = model.partition(":") if isinstance(model, str) else ("", "", "")
        if not colon or not name or not word:
            raise ConfigError(
                say("a model is named 'provider:model'", "un modèle se nomme « fournisseur:modèle »"),
                where="model=",
                todo="openai:…, anthropic:…, offline:demo",
            )
        provider = self._engine.policy.provider(name)
        if provider.host == HOST:
            return Target(provider, _OFFLINE, word)
        family = _family(provider, wire)
        if family is None:
            raise ConfigError(
                say(
                    f"calls to '{provider.like}' are not built yet",
                    f"les appels à « {provider.like} » viendront plus tard",
                ),
                where=f"provider '{name}'",
                todo=did_you_mean(provider.like, [*_FAMILIES, "offline"]),
            )
        return Target(provider, family, word)

    def sync(self, target: Target, client: Any = None) -> Any:
        """Return the governed client for a target, or `client` governed.

        Raises:
            ConfigError: `client` is for asyncio, or of another provider.
        """
        if client is not None:
            governed = self._govern(client, target)
            if waits(client) is True:
                raise _for_asyncio(client)
            return governed
        with self._lock:
            made = self._sync.get(target.provider.name)
            if made is None:
                made = self._sync[target.provider.name] = target.family.client(target.provider, self._governing(target))
            return made

    def asyncio(self, target: Target, client: Any = None) -> Any:
        """Return the governed asyncio client for a target in the running loop, or `client` governed.

        Raises:
            ConfigError: `client` is not for asyncio, or of another provider.
        """
        if client is not None:
            governed = self._govern(client, target)
            if waits(client) is False:
                raise _not_for_asyncio(client)
            return target.family.in_asyncio(governed)
        import asyncio

        loop = asyncio.get_running_loop()
        with self._lock:
            kept = self._async.setdefault(loop, {})
            made = kept.get(target.provider.name)
            if made is None:
                made = kept[target.provider.name] = target.family.aclient(target.provider, self._governing(target))
            return made

    def wrap(self, client: Any, defaults: Scope) -> Any:
        """Return a governed client of the same type, with `defaults` under whatever scope it is used in."""
        like = family_of(client)
        return govern(client, Governing(self._engine, defaults, like, base_error(like)))

    def close(self) -> None:
        """Close the clients made for sync calls, and let go of those that were given."""
        with self._lock:
            made, self._sync = list(self._sync.values()), {}
            self._given.clear()
        for client in made:
            close(client)

    async def aclose(self) -> None:
        """Close all clients, those of the running loop included."""
        import asyncio

        self.close()
        with self._lock:
            made = list(self._async.pop(asyncio.get_running_loop(), {}).values())
        for client in made:
            await aclose(client)

    def _governing(self, target: Target) -> Governing:
        return Governing(self._engine, Scope(), target.provider.like, base_error(target.family.like))

    def _govern(self, client: Any, target: Target) -> Any:
        if family_of(client) != target.family.like:
            raise ConfigError(
                say(f"this client does not speak {target.family.like}", f"ce client ne parle pas {target.family.like}"),
                where="client=",
                todo=say("give a client of the model's provider", "donnez un client du fournisseur du modèle"),
            )
        how = governed_by(client)
        if how is not None and how.engine is self._engine:
            return client
        if how is not None:
            raise ConfigError(
                say("this client is governed by another Governor", "ce client est gouverné par un autre Governor"),
                where="client=",
                todo=say("give the original client", "donnez le client d'origine"),
            )
        key = (id(client), target.provider.like)  # it need not be hashable; the entry holds it, so the id stays its own
        with self._lock:
            _, made = self._given.get(key, (None, None))
        if made is None:
            made = govern(client, self._governing(target))
        with self._lock:
            self._given[key] = (client, made)
            self._given.move_to_end(key)
            while len(self._given) > _REMEMBERED:
                self._given.popitem(last=False)
        return made


def _for_asyncio(client: Any) -> ConfigError:
    twin = type(client).__name__.removeprefix("Async")
    return ConfigError(
        say("this client is for asyncio", "ce client est pour asyncio"),
        where="client=",
        todo=say(
            f"use agenerate, astream or aembed, or give {twin}()",
            f"utilisez agenerate, astream ou aembed, ou donnez {twin}()",
        ),
    )


def _not_for_asyncio(client: Any) -> ConfigError:
    twin = f"Async{type(client).__name__}"
    return ConfigError(
        say("this client is not for asyncio", "ce client n'est pas pour asyncio"),
        where="client=",
        todo=say(
            f"use generate, stream or embed, or give {twin}()",
            f"utilisez generate, stream ou embed, ou donnez {twin}()",
        ),
    )


def _family(provider: Provider, wire: str) -> Family | None:
    """Return the family of an entry, or the one of its families that posts bodies of the format `wire`.

    Raises:
        ConfigError: no family posts such bodies; a client of the caller's own made this one.
    """
    usual = _RESPONSES if provider.api == "responses" else _FAMILIES.get(provider.like)
    if usual is None or wire in ("", usual.wire):
        return usual
    for family in (_RESPONSES, *_FAMILIES.values()):
        if (family.wire, family.like) == (wire, provider.like):
            return family
    raise ConfigError(
        say(
            "this ticket is of a call that only its own client makes", "ce ticket vient d'un appel propre à son client"
        ),
        where=f"provider '{provider.name}'",
        todo=say(
            "make the same call again: it goes on from its ticket", "refaites le même appel : il reprend son ticket"
        ),
    )
