"""`embed` and its asyncio twin: texts in, vectors back. What is protected is told by its kind only, and nothing is restored."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from govai.core.errors import ConfigError
from govai.core.lang import say
from govai.doors.attempting import aattempt, attempt
from govai.doors.failing import unreadable
from govai.flow.asked import Asked, effective

if TYPE_CHECKING:
    from govai.core.scope import Scope
    from govai.doors.clients import Clients, Target


@dataclass(frozen=True, slots=True)
class Embedding:
    """Texts to turn into vectors: what they are, where they may go in order, what holds for them, seconds to wait."""

    texts: tuple[str, ...] = field(repr=False)
    targets: tuple[Target, ...]
    asked: Asked = field(repr=False)
    timeout: float = 600.0
    client: Any = field(default=None, repr=False)


def read_texts(texts: Any) -> tuple[str, ...]:
    """Return the texts as they go into a request, sealed values as references.

    Raises:
        ConfigError: no texts, an empty one, or something that is no text.
    """
    if isinstance(texts, str) or not hasattr(texts, "__iter__"):
        texts = [texts]
    made = tuple(text if isinstance(text, str) else _sealed(text) for text in texts)
    if not made or not all(text.strip() for text in made):
        raise ConfigError(
            say("there is no text to embed", "aucun texte à vectoriser"),
            where="texts=",
            todo=say("give a list of texts, none of them empty", "donnez une liste de textes non vides"),
        )
    return made


def ask(defaults: Scope, said: Scope, model: str) -> Asked:
    """Return what holds for a call: keywords over the innermost scope over the governor's defaults."""
    scope = effective(defaults, said)
    return Asked(scope=scope, door="embed", declared=bool(scope.tracked), model=model)


def embed(clients: Clients, order: Embedding) -> list[list[float]]:
    """Make the call and return a vector for each text, in their order."""

    def send(target: Target) -> Any:
        client = clients.sync(target, order.client)
        native = target.family.embed(client, target.model, order.texts, order.timeout)
        return _vectors(order, target, native)

    vectors: list[list[float]] = attempt(order.targets, order.asked, send)[2]
    return vectors


async def aembed(clients: Clients, order: Embedding) -> list[list[float]]:
    """The asyncio twin of `embed`."""

    async def send(target: Target) -> Any:
        client = clients.asyncio(target, order.client)
        native = await target.family.embed(client, target.model, order.texts, order.timeout)
        return _vectors(order, target, native)

    vectors: list[list[float]] = (await aattempt(order.targets, order.asked, send))[2]
    return vectors


def _vectors(order: Embedding, target: Target, native: Any) -> list[list[float]]:
    """Return one vector for each text.

    Raises:
        ProviderUnavailable: the answer holds none, or not as many.
    """
    try:
        vectors = target.family.vectors(native)
    except (AttributeError, KeyError, TypeError):  # not an answer of its SDK's: it says so by what it lacks
        vectors = []
    if len(vectors) != len(order.texts):
        raise unreadable(target.provider.name)
    return vectors


def _sealed(text: Any) -> str:
    from govai.data.sealed import Sealed

    if isinstance(text, Sealed):
        return str(text)
    raise ConfigError(
        say(f"a {type(text).__name__} is not a text", f"un {type(text).__name__} n'est pas un texte"),
        where="texts=",
        todo=say("give a list of texts", "donnez une liste de textes"),
    )
