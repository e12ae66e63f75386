"""The HTTP libraries that SDKs ride on: httpx2, and httpx of the same API; for each, its governed transports.

httpx is never imported here: what rides on it has imported it.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from functools import cache
from types import ModuleType
from typing import Any

import httpx2

from govai.core.errors import ConfigError
from govai.core.lang import say
from govai.flow.transports import (
    AsyncGoverned,
    AsyncGovernedEvents,
    AsyncGovernedTransport,
    Governed,
    GovernedEvents,
    GovernedTransport,
)

LIBRARIES = ("httpx2", "httpx")


@dataclass(frozen=True, slots=True)
class Stack:
    """An HTTP library and its governed transports.

    Attributes:
        library: the module. transport, async_transport: classes made with `(inner, governing)`.
    """

    library: ModuleType
    transport: type[Governed]
    async_transport: type[AsyncGoverned]


def stack_of(thing: object) -> Stack:
    """Return the stack of a library, or of one of its clients, transports, requests.

    Raises:
        ConfigError: it is of no library that govai knows.
    """
    if isinstance(thing, ModuleType):
        name = thing.__name__
    else:
        roots = (cls.__module__.partition(".")[0] for cls in type(thing).__mro__)
        name = next((root for root in roots if root in LIBRARIES), "")
    if name in LIBRARIES:
        return _stack(sys.modules[name])
    kind = thing.__name__ if isinstance(thing, ModuleType) else f"{type(thing).__module__}.{type(thing).__qualname__}"
    raise ConfigError(
        say(f"{kind} is of no HTTP library that govai knows", f"{kind} n'est d'aucune bibliothèque HTTP connue"),
        todo=say("give a client of httpx2 or httpx", "donnez un client httpx2 ou httpx"),
    )


@cache
def _stack(library: ModuleType) -> Stack:
    if library is httpx2:
        return Stack(library, GovernedTransport, AsyncGovernedTransport)
    name = library.__name__

    def made(mixin: type, base: str, **attributes: Any) -> Any:
        return type(
            mixin.__name__, (mixin, getattr(library, base)), {"__doc__": f"{mixin.__name__}, {name}.", **attributes}
        )

    events, async_events = made(GovernedEvents, "SyncByteStream"), made(AsyncGovernedEvents, "AsyncByteStream")
    return Stack(
        library,
        made(Governed, "BaseTransport", library=library, stream=events),
        made(AsyncGoverned, "AsyncBaseTransport", library=library, stream=async_events),
    )
