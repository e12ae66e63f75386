"""One attempt on its way: what was read, seen, decided and prepared. It belongs to one call and is shared with none."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from govai.core.exchange import Operation, SlotKind
from govai.core.records import new_id
from govai.flow.envelope import Envelope, keep_decision
from govai.flow.reviewing import needs_on

if TYPE_CHECKING:
    from collections.abc import Callable

    from govai.core.decisions import Decision
    from govai.core.exchange import Path
    from govai.core.records import Draft
    from govai.flow.asked import Asked
    from govai.flow.engine import Engine
    from govai.flow.envelope import Answer
    from govai.flow.outgoing import Outgoing
    from govai.flow.seeing import Sight
    from govai.protect.tokens import Tokens


@dataclass(slots=True)
class Call:
    """An attempt, filled from step to step.

    Attributes:
        record_id: of the intent or the refusal that this attempt will be.
        raw: the protected body that may leave. naming: returns `text`, which most calls never need. intent: its durable record.
        answer: a released or kept answer that stands in for the network, in its protected form. links: other records that its
        own names. passages: hashes of what the request says, once they were needed. lines: the requests of a batch. batch: what was kept of the batch that it speaks of.
    """

    engine: Engine
    asked: Asked
    outgoing: Outgoing | None = None
    sight: Sight | None = None
    decision: Decision | None = None
    tokens: Tokens | None = None
    token_key: bytes = field(default=b"", repr=False)
    raw: bytes = field(default=b"", repr=False)
    naming: Callable[[], str] = field(default=str, repr=False)
    intent: Draft | None = None
    record_id: str = field(default_factory=new_id)
    answer: Answer | None = None
    links: dict[str, Any] = field(default_factory=dict)
    passages: frozenset[int] | None = field(default=None, repr=False)
    lines: list[Call] = field(default_factory=list, repr=False)
    batch: dict[str, Any] | None = field(default=None, repr=False)
    started: int = field(default_factory=time.monotonic_ns)

    @property
    def text(self) -> str:
        """The digest of the protected body before any reviewer's edit, the same whichever root its placeholders are from."""
        return self.naming()

    @property
    def held(self) -> bool:
        """Whether the answer must be complete before anything of it is handed out: a review, or a key to keep it by."""
        if self.read.operation not in (Operation.GENERATE, Operation.FETCH, Operation.RENDER):
            return False
        return bool(self.asked.key) or (self.decision is not None and bool(needs_on(self.decision, "output")))

    @property
    def read(self) -> Outgoing:
        if self.outgoing is None:
            raise AssertionError("the request was not read")
        return self.outgoing

    @property
    def placeholders(self) -> Tokens:
        if self.tokens is None:
            raise AssertionError("the request was not protected")
        return self.tokens

    @property
    def judged(self) -> Decision:
        if self.decision is None:
            raise AssertionError("the request was not judged")
        return self.decision

    def fingerprints(self, on: str) -> tuple[str, ...]:
        """Return the names of this very call: the same text, policy, decision, purpose, actor and key give the same.

        The first is the one to keep things under; the others are those it had before the keys were rotated.
        """
        decision, scope = self.judged, self.asked.scope
        return self.engine.fingerprints(
            {
                "on": on,
                "text": self.text,
                "host": self.read.host,
                "operation": self.read.operation.value,  # with `model` and `stream`: Google's paths say them, not its bodies
                "model": self.read.view.model or "",
                "stream": str(self.read.stream),
                "policy": self.engine.policy.digest,
                "decision": "|".join((decision.effect.word, *decision.rules)),
                "purpose": scope.purpose,
                "actor": scope.actor,
                "key": self.asked.key,
            }
        )

    def digests(self) -> dict[str, str]:
        """Return what a ticket is bound to."""
        return {"text": self.text, "policy": self.engine.policy.digest}

    def texts(self) -> list[tuple[Path, str]]:
        """Return the protected text slots of the request's messages, as they are about to leave."""
        if self.outgoing is None or self.sight is None:
            return []
        found = []
        for slot in self.read.view.slots:
            if slot.kind is SlotKind.TEXT and slot.message >= 0:
                text = self.read.body
                for step in slot.path:
                    text = text[step]
                found.append((slot.path, str(text)))
        return found

    def envelope(self, answer: Answer | None) -> Envelope:
        """Return all that is needed to go on after a review."""
        scope = self.asked.scope
        words = ("purpose", "actor", "subject", "session", "job", "run_id", "parents")
        call: dict[str, Any] = {
            **{word: getattr(scope, word) for word in words},
            "key": self.asked.key,
            "door": self.asked.door,
            "call_id": self.asked.call_id,
            "declared": self.asked.declared,
            "receives": dict(self.asked.receives),
            "provider": self.judged.provider,
            "wire": self.read.wire.name,
            "model": self.asked.model or self.read.view.model,
            "target": f"{self.judged.provider}:{self.read.view.model}",
            "stream": self.read.stream,
            "json": self.read.view.json_answer,
            "text": self.text,
            "policy": self.engine.policy.digest,
            "decision": keep_decision(self.judged),
            "record_id": self.intent.id if self.intent else "",
        }
        return Envelope(call, self.raw, self.token_key, self.placeholders, answer)
