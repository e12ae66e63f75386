"""Govern a native client: the same type, over the client's own connections, and the caller's client untouched.

How each SDK's client is copied stands in `natives`. A probe through the SDK's own path proves that nothing goes around.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any, TypeVar

from govai.core.errors import ConfigError
from govai.core.lang import say
from govai.doors.natives.google import GoogleNative
from govai.doors.natives.http import governing_of
from govai.doors.natives.mistral import MistralNative
from govai.doors.natives.native import ORIGINAL
from govai.doors.natives.stainless import Stainless
from govai.flow.stacks import LIBRARIES

if TYPE_CHECKING:
    from govai.doors.natives.native import Native
    from govai.flow.transports import Governing

C = TypeVar("C")

_FRAMEWORKS = ("langchain", "llama_index", "pydantic_ai", "litellm")
_NATIVES: tuple[Native, ...] = (Stainless("openai"), Stainless("anthropic"), MistralNative(), GoogleNative())


def family_of(client: object) -> str:
    """Return the family of wire formats a native client speaks, by the package its class comes from.

    Raises:
        ConfigError: not a client of an SDK that govai knows.
    """
    return _native(client).like


def waits(client: object) -> bool | None:
    """Whether the calls of a native client are awaited; None where it has both kinds.

    Raises:
        ConfigError: not a client of an SDK that govai knows.
    """
    return _native(client).waits(client)


def base_error(like: str) -> type[Exception] | None:
    """Return the base exception of an SDK that wraps and retries what it does not know, None where none does.

    Anthropic's does in every version, OpenAI's until its third.
    """
    name = {"openai": "OpenAIError", "anthropic": "AnthropicError"}.get(like)
    return getattr(import_module(like), name) if name else None


def govern(client: C, governing: Governing) -> C:
    """Return a governed client of the same type; `client` itself is not touched and must not be closed before it.

    Raises:
        Ungoverned: the probe did not come through the governed transport. ConfigError: the client cannot be copied, or
            signs its requests.
    """
    native = _native(client)
    governed = native.govern(client, governing)
    native.prove(governed)
    return governed  # type: ignore[no-any-return]


def governed_by(client: Any) -> Governing | None:
    """Return how a client is governed, None when it is not."""
    native = _found(client)
    found = (governing_of(inner) for inner in native.http(client)) if native else ()
    return next((how for how in found if how is not None), None)


def original(client: Any) -> Any:
    """Return the client whose connections a governed one uses; a client that was not governed is its own."""
    return vars(client).get(ORIGINAL, client) if hasattr(client, "__dict__") else client


def probe(client: Any) -> None:
    """Send a request along the SDK's own path and see that it arrives at the governed transport; nothing leaves.

    Raises:
        Ungoverned: it did not.
    """
    _native(client).prove(client)


def close(client: Any) -> None:
    """Close the connections that a governed client uses, as far as that needs no running loop."""
    ours = original(client)
    native = _found(ours)
    native.close(ours) if native else ours.close()


async def aclose(client: Any) -> None:
    """Close the connections that a governed client uses."""
    ours = original(client)
    native = _found(ours)
    if native is not None:
        await native.aclose(ours)
    elif hasattr(ours, "aclose"):
        await ours.aclose()
    else:
        ours.close()


def _found(client: object) -> Native | None:
    return next((native for native in _NATIVES if native.speaks(client)), None)


def _native(client: object) -> Native:
    if (native := _found(client)) is not None:
        return native
    if (where_else := _elsewhere(client)) is not None:
        raise where_else
    raise ConfigError(
        say(f"a {type(client).__name__} cannot be wrapped", f"un {type(client).__name__} ne peut être enveloppé"),
        where="wrap()",
        todo=say(
            "give a client of openai, anthropic, mistralai or google.genai",
            "donnez un client d'openai, anthropic, mistralai ou google.genai",
        ),
    )


def _elsewhere(client: object) -> ConfigError | None:
    """Return what to do with a thing that is governed in another way; None for anything else."""
    if isinstance(client, type):
        name = client.__name__
        return ConfigError(
            say(f"{name} is a class", f"{name} est une classe"),
            where="wrap()",
            todo=say(f"wrap {name}()", f"enveloppez {name}()"),
        )
    roots = {cls.__module__.partition(".")[0] for cls in type(client).__mro__}
    if not roots.isdisjoint(LIBRARIES):
        what = say(f"{type(client).__name__} is a client of HTTP", f"{type(client).__name__} est un client HTTP")
    elif any(root.startswith(_FRAMEWORKS) for root in roots):
        what = say(
            f"{type(client).__name__} makes clients of its own", f"{type(client).__name__} crée ses propres clients"
        )
    else:
        return None
    return ConfigError(
        what,
        where="wrap()",
        todo=say(
            "use gov.instrument(purpose=…), which governs the whole process",
            "utilisez gov.instrument(purpose=…), qui gouverne tout le processus",
        ),
    )
