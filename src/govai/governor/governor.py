"""Governor: the object people hold. `bind` gives cheap views of the same one with defaults of their own."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Literal, Self, TypeVar

from govai.core.scope import Scope
from govai.flow.reviewing import read_mode
from govai.governor.assembly import assemble

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path
    from types import TracebackType

    from govai.core.decisions import Decision
    from govai.core.messages import Message, Reply
    from govai.core.protocols import Detector, KeyStore, ReviewHook, Sink
    from govai.doors.clients import Clients, Target
    from govai.doors.coverage import Coverage
    from govai.doors.embedding import Embedding
    from govai.doors.generating import AsyncStream, Order, Stream
    from govai.ledger.store import Ledger
    from govai.policy.policy import Policy
    from govai.review.reviews import Reviews

C = TypeVar("C")
TIMEOUT_S = 600.0  # the SDKs' own default

# The doors bring in httpx2 and tenacity: they are imported with the first call, so that a Governor opens quickly.


class Governor:
    """Governs AI calls under one policy, into one ledger.

    Args:
        policy: a path, a mapping or a Policy; default: what was discovered, else the built-in `eu-marketing`.
        ledger: `sqlite:///x.db` or `:memory:`; default: `.govai/ledger.db` under the current folder.
        sinks: where records also go: `jsonl:PATH`, or objects with `emit`. detectors: added to the built-in ones.
        review: `queue` (default), `ask` or a hook; also per call.
        mode: `enforce`, or `observe`: decide and record, change nothing but what the floor says.
        keys: `env:NAME`, `file:PATH` or a KeyStore; default: a file beside the ledger, mode 0600.
        actor: who is asking, recorded as claimed; default: the login.

    Raises:
        ConfigError: a setting that cannot be used, saying where and what to do.
    """

    def __init__(
        self,
        policy: str | Path | Mapping[str, Any] | Policy | None = None,
        *,
        ledger: str | None = None,
        sinks: Sequence[str | Sink] | None = None,
        detectors: Sequence[Detector] | None = None,
        review: Literal["queue", "ask"] | ReviewHook | None = None,
        mode: Literal["enforce", "observe"] | None = None,
        keys: str | KeyStore | None = None,
        actor: str | None = None,
    ) -> None:
        given = {
            "policy": policy,
            "ledger": ledger,
            "sinks": sinks,
            "detectors": detectors,
            "review": review,
            "mode": mode,
            "keys": keys,
            "actor": actor,
        }
        parts = assemble({name: value for name, value in given.items() if value is not None})
        self._engine, self._defaults, self._origin = parts.engine, parts.defaults, parts.origin
        self._doors: list[Clients] = []

    def __repr__(self) -> str:
        purpose = f" purpose={self._defaults.purpose!r}" if self._defaults.purpose else ""
        return f"<Governor policy={self._engine.policy.name!r} ledger={self.ledger.url!r}{purpose} ({self._origin})>"

    @property
    def policy(self) -> Policy:
        """The policy that decides."""
        return self._engine.policy

    @property
    def purpose(self) -> str:
        """The purpose of calls that say none themselves, or ""."""
        return self._defaults.purpose

    @property
    def actor(self) -> str:
        """Who asks, where nothing else says so; as claimed."""
        return self._defaults.actor

    @property
    def ledger(self) -> Ledger:
        """The record of what left: `records()`, `verify()`."""
        return self._engine.ledger

    @property
    def reviews(self) -> Reviews:
        """Tickets to decide on, as the actor this governor is bound to."""
        from govai.governor.assembly import reviews

        return reviews(self._engine, self._defaults)

    def bind(
        self,
        *,
        purpose: str = "",
        actor: str = "",
        subject: str = "",
        session: str = "",
        job: str = "",
        review: Literal["queue", "ask"] | ReviewHook | None = None,
    ) -> Governor:
        """Return a view of this governor with defaults; cheap, one per request. Scopes and keywords go over them."""
        if purpose:
            self._engine.policy.purpose(purpose)
        said: dict[str, Any] = {"purpose": purpose, "actor": actor, "subject": subject, "session": session, "job": job}
        view = object.__new__(type(self))
        view.__dict__.update(self.__dict__)
        chosen = {name: value for name, value in said.items() if value}
        kept = self._defaults.review if review is None else read_mode(review)
        view._defaults = replace(self._defaults, **chosen, review=kept)
        return view

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

    def wrap(
        self, client: C, *, purpose: str = "", actor: str = "", subject: str = "", session: str = "", job: str = ""
    ) -> C:
        """Return a governed client of the same type as `client` (OpenAI, AsyncOpenAI, Anthropic, AsyncAnthropic).

        The caller's own client stays untouched and must outlive the governed one.

        Raises:
            ConfigError: not such a client. Ungoverned: it would not send through govai.
        """
        bound = self.bind(purpose=purpose, actor=actor, subject=subject, session=session, job=job)
        return self._clients.wrap(client, bound._defaults)  # type: ignore[no-any-return]  # noqa: SLF001 -- the same class

    def instrument(
        self,
        *,
        purpose: str = "",
        actor: str = "",
        subject: str = "",
        session: str = "",
        job: str = "",
        quiet: bool = False,
    ) -> Coverage:
        """Govern this whole process: every httpx2 and httpx client in it, whoever made it, when it calls a provider.

        Providers reached over libraries that cannot be governed are refused. What is covered is printed, unless `quiet`.
        The last one that instruments is in effect; `undo()` of the coverage, or leaving its `with` block, ends it. It
        outlives this governor: once that is closed, calls to providers fail.

        Raises:
            ConfigError: a purpose that the policy does not know.
        """
        from govai.doors.instrumenting import instrument

        bound = self.bind(purpose=purpose, actor=actor, subject=subject, session=session, job=job)
        return instrument(self._engine, bound._defaults, quiet=quiet)  # noqa: SLF001 -- the same class

    def resume(
        self, ticket_id: str, *, client: Any = None, tools: Sequence[Any] | None = None, schema: type[Any] | None = None
    ) -> Reply:
        """Go on with a call that waited for a review.

        Raises:
            ReviewPending, ReviewRejected, ReviewExpired: it was not approved. PolicyError: the policy changed since.
        """
        from govai.doors.resuming import resume

        return resume(self._engine, self._clients, self._defaults, ticket_id, client=client, tools=tools, schema=schema)

    async def aresume(
        self, ticket_id: str, *, client: Any = None, tools: Sequence[Any] | None = None, schema: type[Any] | None = None
    ) -> Reply:
        """The asyncio twin of `resume`."""
        from govai.doors.resuming import aresume

        return await aresume(
            self._engine, self._clients, self._defaults, ticket_id, client=client, tools=tools, schema=schema
        )

    def close(self) -> None:
        """Flush the ledger and its sinks, and close what this governor opened."""
        if self._doors:
            self._clients.close()
        self._engine.desk.close()
        self._engine.ledger.close()

    async def aclose(self) -> None:
        """The asyncio twin of `close`."""
        import asyncio

        if self._doors:
            await self._clients.aclose()
        await asyncio.to_thread(self.close)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()

    @property
    def _clients(self) -> Clients:
        """The governed clients, shared by all views of this governor."""
        if not self._doors:
            from govai.doors.clients import Clients

            self._doors.append(Clients(self._engine))
        return self._doors[0]

    def _targets(self, model: str | Sequence[str]) -> tuple[Target, ...]:
        models = (model,) if isinstance(model, str) else tuple(model)
        return tuple(self._clients.target(name) for name in models) or (self._clients.target(""),)

    def _embedding(
        self, model: str | Sequence[str], texts: Sequence[str] | str, said: Scope, timeout: float, client: Any
    ) -> Embedding:
        from govai.doors import embedding

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

        targets = self._targets(model)
        asked = generating.ask(
            words, self._defaults, said, key=key, model=model if isinstance(model, str) else model[0]
        )
        return generating.Order(words, targets, asked, max_tokens, temperature, timeout, client)
