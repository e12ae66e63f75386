"""What a ticket keeps to go on later: the protected request, the answer if there is one, and the placeholders.

The desk encrypts it and destroys it at release.
"""

from __future__ import annotations

import base64
from dataclasses import asdict, dataclass, field
from typing import Any

import orjson

from govai.core.data import Datum, Seen
from govai.core.decisions import Decision, Effect, Judged, ReviewNeed
from govai.core.taxonomy import Sensitivity
from govai.protect.tokens import Tokens


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer in its protected form: HTTP status, headers as they came, decoded bytes."""

    status: int
    headers: tuple[tuple[str, str], ...]
    raw: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Envelope:
    """A call that stopped for a review.

    Attributes:
        call: plain JSON data that names the call (model, purpose, actor, job, …). body: its protected request.
        tokens: its placeholders. answer: what came back, when the answer is what is reviewed.
    """

    call: dict[str, Any]
    body: bytes = field(repr=False)
    token_key: bytes = field(repr=False)
    tokens: Tokens = field(repr=False)
    answer: Answer | None = None

    def to_bytes(self) -> bytes:
        """Return the envelope as bytes, to be encrypted."""
        answer = self.answer
        return orjson.dumps(
            {
                "call": self.call,
                "body": _text(self.body),
                "key": _text(self.token_key),
                "tokens": _text(self.tokens.to_bytes()),
                "answer": answer and {"status": answer.status, "headers": answer.headers, "raw": _text(answer.raw)},
            }
        )

    @classmethod
    def from_bytes(cls, raw: bytes) -> Envelope:
        """Read what `to_bytes` wrote."""
        kept = orjson.loads(raw)
        key, found = _bytes(kept["key"]), kept["answer"]
        answer = found and Answer(
            found["status"], tuple((name, value) for name, value in found["headers"]), _bytes(found["raw"])
        )
        tokens = Tokens.from_bytes(key, _bytes(kept["tokens"]))
        return cls(kept["call"], _bytes(kept["body"]), key, tokens, answer)


def _text(raw: bytes) -> str:
    return base64.b64encode(raw).decode("ascii")


def _bytes(text: str) -> bytes:
    return base64.b64decode(text)


def keep_decision(decision: Decision) -> dict[str, Any]:
    """Return a decision as plain data that `kept_decision` reads back."""
    return {
        "effect": int(decision.effect),
        "purpose": decision.purpose,
        "provider": decision.provider,
        "policy": decision.policy,
        "rules": decision.rules,
        "reasons": decision.reasons,
        "observed": decision.observed,
        "reviews": [asdict(need) for need in decision.reviews],
        "findings": [asdict(judged) for judged in decision.findings],
    }


def kept_decision(kept: dict[str, Any]) -> Decision:
    """Return the decision that `keep_decision` kept."""
    findings = tuple(_judged(dict(found)) for found in kept["findings"])
    return Decision(
        effect=Effect(kept["effect"]),
        findings=findings,
        rules=tuple(kept["rules"]),
        reviews=tuple(ReviewNeed(**need) for need in kept["reviews"]),
        reasons=tuple(kept["reasons"]),
        purpose=kept["purpose"],
        provider=kept["provider"],
        observed=tuple((rule, effect) for rule, effect in kept["observed"]),
        policy=kept["policy"],
    )


def _judged(found: dict[str, Any]) -> Judged:
    datum = dict(found.pop("datum"))
    datum["sensitivity"], datum["seen"] = Sensitivity(datum["sensitivity"]), Seen(datum["seen"])
    found["effect"], found["matched"] = Effect(found["effect"]), tuple(found["matched"])
    return Judged(datum=Datum(**datum), **found)
