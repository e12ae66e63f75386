"""The calls that a governor makes itself: `generate`, `stream`, `embed`, their asyncio twins, and `explain`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Literal

from govai.core.scope import Scope
from govai.flow.reviewing import read_mode

if TYPE_CHECKING:
    from collections.abc import Callable

    from govai.core.decisions import Decision
    from govai.core.messages import Message, Reply
    from govai.core.protocols import ReviewHook
    from govai.doors.clients import Clients, Target
    from govai.doors.embedding import Embedding
    from govai.doors.generating import AsyncStream, Order, Stream
    from govai.flow.engine import Engine

TIMEOUT_S = 600.0  # the SDKs' own default

# The doors bring in httpx2 and tenacity: they are imported with the first call, so that a Governor opens quickly.


class Calls:
    """One interface over the providers: what a Governor asks of a model itself."""

    _engine: Engine
    _defaults: Scope
    _doors: list[Clients]

    def generate(
        self,
        model: str | Sequence[str],
        prompt: str | Callable[[Any], str] | None = None,
        *,
        data: Any = None,
        purpose: str = "",
        subject: str = "",
        system: str | None = None,
        messages: Sequence[Message] | None = None,
        schema: type[Any] | None = None,
        tools: Sequence[Any] | None = None,
        max_tokens: int | None = None,
        temperature: float | None = None,
        timeout: float = TIMEOUT_S,
        client: Any = None,
        key: str = "",
        review: Literal["queue", "ask"] | ReviewHook | None = None,
    ) -> Reply:
        """Ask a model, carrying only what the policy allows.

        Args:
            model: `provider:model`, or a list of them in order of fallback.
            prompt: text, with `{field}` when `data` is given; or a function of the sealed row; or None with `messages`.
            data: a row (dict, pydantic model, dataclass, named tuple, Series), or a list of rows.
            purpose: why (GDPR art. 5(1)(b)), as named in the policy. subject: who it is about.
            system, messages: what else is said. schema: a pydantic model, the answer is in `reply.parsed`.
            tools: typed functions, `govai.tool(…)` or JSON schemas. max_tokens: of the answer. temperature: 0 to 2.
            timeout: seconds. client: a native client to use. key: idempotency. review: `queue`, `ask` or a hook.

        Raises:
            Blocked, PurposeRequired, ConsentRequired, Ungoverned: the policy says no. ReviewPending, ReviewRejected: a person
            has to decide, or did. ProviderError: the last provider failed. LedgerUnavailable: nothing left.
        """
        said = Scope(purpose=purpose, subject=subject, review=read_mode(review))
        from govai.doors import generating
        from govai.doors.stating import state

        words = state(prompt, data=data, messages=messages, system=system, schema=schema, tools=tools)
        return generating.generate(
            self._clients, self._order(words, model, said, key, max_tokens, temperature, timeout, client)
        )

    async def agenerate(
        self,
        model: str | Sequence[str],
        prompt: str | Callable[[Any], str] | None = None,
        *,
        data: Any = None,
        purpose: str = "",
        subject: str = "",
        system: str | None = None,
        messages: Sequence[Message] | None = None,
        schema: type[Any] | None = None,
        tools: Sequence[Any] | None = None,
        max_tokens: int | None = None,
        temperature: float | None = None,
        timeout: float = TIMEOUT_S,  # noqa: ASYNC109 -- handed to the SDK, like in the sync twin
        client: Any = None,
        key: str = "",
        review: Literal["queue", "ask"] | ReviewHook | None = None,
    ) -> Reply:
        """The asyncio twin of `generate`."""
        said = Scope(purpose=purpose, subject=subject, review=read_mode(review))
        from govai.doors import generating
        from govai.doors.stating import state

        words = state(prompt, data=data, messages=messages, system=system, schema=schema, tools=tools)
        order = self._order(words, model, said, key, max_tokens, temperature, timeout, client)
        return await generating.agenerate(self._clients, order)

    def stream(
        self,
        model: str | Sequence[str],
        prompt: str | Callable[[Any], str] | None = None,
        *,
        data: Any = None,
        purpose: str = "",
        subject: str = "",
        system: str | None = None,
        messages: Sequence[Message] | None = None,
        schema: type[Any] | None = None,
        tools: Sequence[Any] | None = None,
        max_tokens: int | None = None,
        temperature: float | None = None,
        timeout: float = TIMEOUT_S,
        client: Any = None,
        key: str = "",
        review: Literal["queue", "ask"] | ReviewHook | None = None,
    ) -> Stream:
        """Ask a model and read its answer piece by piece: arguments as for `generate`. Use it in a `with` block;
        entering raises what `generate` would, before any piece."""
        said = Scope(purpose=purpose, subject=subject, review=read_mode(review))
        from govai.doors import generating
        from govai.doors.stating import state

        words = state(prompt, data=data, messages=messages, system=system, schema=schema, tools=tools)
        order = self._order(words, model, said, key, max_tokens, temperature, timeout, client)
        return generating.Stream(self._clients, order)

    def astream(
        self,
        model: str | Sequence[str],
        prompt: str | Callable[[Any], str] | None = None,
        *,
        data: Any = None,
        purpose: str = "",
        subject: str = "",
        system: str | None = None,
        messages: Sequence[Message] | None = None,
        schema: type[Any] | None = None,
        tools: Sequence[Any] | None = None,
        max_tokens: int | None = None,
        temperature: float | None = None,
        timeout: float = TIMEOUT_S,
        client: Any = None,
        key: str = "",
        review: Literal["queue", "ask"] | ReviewHook | None = None,
    ) -> AsyncStream:
        """The asyncio twin of `stream`: `async with gov.astream(…) as stream`, not awaited."""
        said = Scope(purpose=purpose, subject=subject, review=read_mode(review))
        from govai.doors import generating
        from govai.doors.stating import state

        words = state(prompt, data=data, messages=messages, system=system, schema=schema, tools=tools)
        order = self._order(words, model, said, key, max_tokens, temperature, timeout, client)
        return generating.AsyncStream(self._clients, order)

    def embed(
        self,
        model: str | Sequence[str],
        texts: Sequence[str] | str,
        *,
        purpose: str = "",
        subject: str = "",
        timeout: float = TIMEOUT_S,
        client: Any = None,
    ) -> list[list[float]]:
        """Return a vector for each text, in their order. What is protected is told to the model by its kind only.

        Args:
            model: `provider:model`, or a list of them in order of fallback: vectors of two models cannot be compared.
            texts: the texts; one text counts as a list of one. purpose: why. subject: who they are about.
            timeout: seconds. client: a native client to use.

        Raises:
            Blocked, PurposeRequired, Ungoverned: the policy says no. ConfigError: nothing to embed, or a provider without
            embeddings. ProviderError: the last provider failed. LedgerUnavailable: nothing left.
        """
        from govai.doors import embedding

        said = Scope(purpose=purpose, subject=subject)
        return embedding.embed(self._clients, self._embedding(model, texts, said, timeout, client))

    async def aembed(
        self,
        model: str | Sequence[str],
        texts: Sequence[str] | str,
        *,
        purpose: str = "",
        subject: str = "",
        timeout: float = TIMEOUT_S,  # noqa: ASYNC109 -- handed to the SDK, like in the sync twin
        client: Any = None,
    ) -> list[list[float]]:
        """The asyncio twin of `embed`."""
        from govai.doors import embedding

        said = Scope(purpose=purpose, subject=subject)
        return await embedding.aembed(self._clients, self._embedding(model, texts, said, timeout, client))

    def explain(
        self,
        prompt: str | Callable[[Any], str] | None = None,
        *,
        model: str,
        purpose: str = "",
        data: Any = None,
        system: str | None = None,
        messages: Sequence[Message] | None = None,
        tools: Sequence[Any] | None = None,
    ) -> Decision:
        """Decide as a call would, without sending or recording anything."""
        from govai.doors.explaining import explain
        from govai.doors.stating import state

        words = state(prompt, data=data, messages=messages, system=system, tools=tools)
        order = self._order(words, model, Scope(purpose=purpose), "", None, None, TIMEOUT_S, None)
        return explain(self._engine, order)

    @property
    def _clients(self) -> Clients:
        """The governed clients, shared by all views of this governor."""
        if not self._doors:
            from govai.doors.clients import Clients

            self._doors.append(Clients(self._engine))
        return self._doors[0]

    def _targets(self, model: str | Sequence[str]) -> tuple[Target, ...]:
        models = tuple(model) if isinstance(model, Sequence) and not isinstance(model, str) else (model,)
        return tuple(self._clients.target(name) for name in models) or (self._clients.target(""),)

    def _embedding(
        self, model: str | Sequence[str], texts: Sequence[str] | str, said: Scope, timeout: float, client: Any
    ) -> Embedding:
        from govai.doors import embedding
        from govai.doors.numbers import check_numbers

        check_numbers(timeout=timeout)
        targets = self._targets(model)
        asked = embedding.ask(self._defaults, said, model if isinstance(model, str) else model[0])
        return embedding.Embedding(embedding.read_texts(texts), targets, asked, timeout, client)

    def _order(
        self,
        words: Any,
        model: str | Sequence[str],
        said: Scope,
        key: str,
        max_tokens: int | None,
        temperature: float | None,
        timeout: float,
        client: Any,
    ) -> Order:
        from govai.doors import generating
        from govai.doors.numbers import check_numbers

        check_numbers(timeout=timeout, max_tokens=max_tokens, temperature=temperature)
        targets = self._targets(model)
        asked = generating.ask(
            words, self._defaults, said, key=key, model=model if isinstance(model, str) else model[0]
        )
        return generating.Order(words, targets, asked, max_tokens, temperature, timeout, client)
