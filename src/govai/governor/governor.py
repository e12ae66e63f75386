"""Governor: the object people hold. `bind` gives cheap views of the same one with defaults of their own."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Literal, Self, TypeVar

from govai.flow.reviewing import read_mode
from govai.governor.assembly import assemble
from govai.governor.calling import Calls

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime
    from pathlib import Path
    from types import TracebackType

    from govai.core.checkpoints import Anchor
    from govai.core.messages import Reply
    from govai.core.protocols import Detector, KeyStore, ReviewHook, Sink
    from govai.doors.clients import Clients
    from govai.doors.coverage import Coverage
    from govai.flow.disclosing import Rescanned
    from govai.ledger.lineage import Lineage
    from govai.ledger.store import Ledger
    from govai.policy.policy import Policy
    from govai.review.reviews import Reviews

C = TypeVar("C")


class Governor(Calls):
    """Governs AI calls under one policy, into one ledger.

    Args:
        policy: a path, a mapping or a Policy; default: what was discovered, else the built-in `eu-marketing`.
        ledger: `sqlite:///x.db` or `:memory:`; default: `.govai/ledger.db` under the current folder.
        sinks: where records also go: `jsonl:PATH`, or objects with `emit`.
        anchors: where checkpoints are kept outside the ledger: `file:PATH`, `git:REPOSITORY`, `webhook:URL`, `rfc3161:URL`,
            or objects with `anchor`. detectors: added to the built-in ones.
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
        anchors: Sequence[str | Anchor] | None = None,
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
            "anchors": anchors,
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

    def lineage(self, named: str) -> Lineage:
        """Return what an answer was made from, and what was made from it: `.up()`, `.down()`; a picture in a notebook.

        Args:
            named: id of a record (`reply.record_id`) or of a call.

        Raises:
            ConfigError: no record and no call has this id.
        """
        return self.ledger.lineage(named)

    @property
    def reviews(self) -> Reviews:
        """Tickets to decide on, as the actor this governor is bound to."""
        from govai.governor.assembly import reviews

        return reviews(self._engine, self._defaults)

    def rescan(self, since: datetime | None = None) -> Rescanned:
        """Judge what was kept (`keep: content`) under today's policy and detectors, and raise an incident where something in
        it would be blocked today and nobody was told (GDPR art. 33). The look itself is recorded.

        Args:
            since: only what was recorded from then on.

        Raises:
            LedgerUnavailable: it cannot be read or written. PolicyError: a detector failed.
        """
        from govai.flow.disclosing import rescan

        return rescan(self._engine, since=since, actor=self.actor)

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

    def wrap(
        self, client: C, *, purpose: str = "", actor: str = "", subject: str = "", session: str = "", job: str = ""
    ) -> C:
        """Return a governed client of the same type as `client`: `OpenAI`, `Anthropic`, their asyncio twins and their
        platforms' clients (Azure, Vertex, Foundry, …), `Mistral`, `genai.Client` and its `aio`.

        The caller's own client stays untouched and must outlive the governed one.

        Args:
            client: a client, not its class. purpose, actor, subject, session, job: what holds for its calls where
                nothing closer says otherwise.

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
