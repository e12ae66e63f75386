"""What govai needs to know of one SDK to make calls through it. One module per family implements it."""

from __future__ import annotations

import importlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from govai.core.errors import ConfigError
from govai.core.lang import say

if TYPE_CHECKING:
    from collections.abc import Sequence

    from govai.core.errors import ProviderError
    from govai.core.messages import Message
    from govai.doors.tools import Tool
    from govai.flow.transports import Governing
    from govai.policy.registry import Provider


@dataclass(frozen=True, slots=True)
class Request:
    """A call in no provider's words; sealed values in it are still references.

    Args:
        model: the provider's own name of it. system, messages: what is said. schema: a pydantic model or None.
        max_tokens: of the answer. temperature: 0 to 2. stream: answer in pieces.
    """

    model: str
    messages: tuple[Message, ...] = field(repr=False)
    system: str = field(default="", repr=False)
    schema: Any = None
    tools: tuple[Tool, ...] = ()
    max_tokens: int | None = None
    temperature: float | None = None
    stream: bool = False


class Family(Protocol):
    """One SDK. `body` is the wire format's JSON; `send` and its variants post it and return native objects.

    `like`: the family of servers; `path`, `wire`: where calls are posted and the wire format that reads them.
    """

    like: str
    wire: str

    def path_of(self, provider: Provider, model: str, *, stream: bool) -> str:
        """Return the path that a body for this model is posted to, below the provider entry's base path."""
        ...

    def body(self, request: Request, provider: Provider) -> dict[str, Any]:
        """Return the JSON body of a request."""
        ...

    def client(self, provider: Provider, governing: Governing) -> Any:
        """Return a governed native client, without retries of its own."""
        ...

    def aclient(self, provider: Provider, governing: Governing) -> Any:
        """Return a governed native asyncio client."""
        ...

    def in_asyncio(self, client: Any) -> Any:
        """Return a governed client, given by the caller, as asyncio calls want it: some SDKs have one class for both."""
        ...

    def send(self, client: Any, model: str, body: dict[str, Any], timeout: float) -> Any:
        """Post the body; return the native answer, an awaitable of it for an asyncio client."""
        ...

    def open(self, client: Any, model: str, body: dict[str, Any], timeout: float) -> Any:
        """Post the body; return the native stream, an awaitable of it for an asyncio client."""
        ...

    def embed(self, client: Any, model: str, texts: Sequence[str], timeout: float) -> Any:
        """Ask for the vectors of texts; return the native answer, an awaitable of it for an asyncio client.

        Raises:
            ConfigError: the provider has no embeddings.
        """
        ...

    def vectors(self, native: Any) -> list[list[float]]:
        """Return the vectors of a native answer, in the order of the texts."""
        ...

    def translate(self, error: Exception, provider: str) -> ProviderError | None:
        """Return what a native error is in govai's tree; None when it is not one of this SDK's."""
        ...


_DISTRIBUTIONS = {"google": "google-genai"}  # where the package is called otherwise than what one installs


def sdk(name: str) -> Any:
    """Import an SDK; ConfigError with the command that installs it when it is missing."""
    try:
        return importlib.import_module(name)
    except ImportError:
        pass
    package = name.partition(".")[0]
    raise ConfigError(
        say(f"the {name} SDK is not installed", f"le SDK {name} n'est pas installé"),
        todo=f"pip install {_DISTRIBUTIONS.get(package, package)}",
    )
