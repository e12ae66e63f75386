"""Decisions: a closed set of effects, and why each was taken. They never hold a raw value."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import TYPE_CHECKING, Any

from govai.core.lang import say

if TYPE_CHECKING:
    from govai.core.data import Datum


class Effect(IntEnum):
    """What happens to a value, ordered by what the provider still learns; the strictest that matches wins.

    A member is ordered among its kind and equals its word: `decision.effect == "block"`.
    """

    ALLOW = 0
    MASK = 1
    GENERALISE = 2
    PSEUDONYMISE = 3
    REMOVE = 4
    BLOCK = 5

    def __eq__(self, other: object) -> bool:
        return self.name.lower() == other if isinstance(other, str) else int.__eq__(self, other)

    def __ne__(self, other: object) -> bool:
        return not self == other

    __hash__ = int.__hash__

    def __str__(self) -> str:
        return self.name.lower()

    @property
    def word(self) -> str:
        """The effect as policies spell it."""
        return self.name.lower()

    @property
    def label(self) -> str:
        """The effect in a word for people, in their language."""
        fr = ("autorisé", "masqué", "généralisé", "pseudonymisé", "retiré", "bloqué")[self]
        en = ("allowed", "masked", "generalised", "pseudonymised", "removed", "blocked")[self]
        return say(en, fr)


@dataclass(frozen=True, slots=True)
class Judged:
    """One kind of data in one place, and what was decided on it.

    Args:
        datum: what it is.
        where: the slot, e.g. `messages[1].content`.
        effect: what is done (what would be, for a rule that only observes).
        rule: id of the rule that won, or of the default that applied.
        matched: ids of all rules that matched.
        count: how many times it stands there.
    """

    datum: Datum
    where: str
    effect: Effect
    rule: str
    matched: tuple[str, ...] = ()
    count: int = 1

    @property
    def kind(self) -> str:
        """What it is in one word."""
        return self.datum.kind

    @property
    def category(self) -> str | None:
        """Its data category, None when nothing could classify it."""
        return self.datum.category

    @property
    def field(self) -> str:
        """The declared field it comes from, or ""."""
        return self.datum.field


@dataclass(frozen=True, slots=True)
class ReviewNeed:
    """A review that the policy or the code asks for.

    Args:
        id: id of the review rule, or of the decorator.
        role: who may decide.
        on: `prompt` or `output`.
        expires_s: seconds until the ticket expires closed.
        self_review: the requester may decide (experiment zones only).
    """

    id: str
    role: str
    on: str = "output"
    expires_s: int = 72 * 3600
    self_review: bool = False


@dataclass(frozen=True, slots=True)
class Decision:
    """What was decided on one call, and why.

    Attributes:
        effect: the strictest effect among the findings (ALLOW when there are none).
        findings: what was seen and what is done with each.
        rules: ids of the rules that won.
        reviews: reviews that must be passed.
        reasons: sentences for people, in their language.
        purpose, provider: what was asked, and for which provider entry.
        observed: effects that a rule in observe mode would have had, as (rule, effect) pairs.
        policy: digest of the policy.
    """

    effect: Effect
    findings: tuple[Judged, ...] = ()
    rules: tuple[str, ...] = ()
    reviews: tuple[ReviewNeed, ...] = ()
    reasons: tuple[str, ...] = ()
    purpose: str = ""
    provider: str = ""
    observed: tuple[tuple[str, str], ...] = ()
    policy: str = ""

    def to_json(self) -> dict[str, Any]:
        """Return the decision as plain JSON data."""
        return {
            "effect": self.effect.word,
            "rules": list(self.rules),
            "reviews": [{"id": r.id, "role": r.role, "on": r.on} for r in self.reviews],
            "reasons": list(self.reasons),
            "purpose": self.purpose,
            "provider": self.provider,
            "observed": [list(pair) for pair in self.observed],
            "policy": self.policy,
            "fields": [field_json(judged) for judged in self.findings],
        }

    def _repr_html_(self) -> str:
        from govai.core import rendering

        return rendering.decision(self)


def field_json(judged: Judged) -> dict[str, Any]:
    """Return one finding as the record keeps it: source, field, category, how seen, effect, rule; never the value."""
    datum = judged.datum
    return {
        "kind": datum.kind,
        "category": datum.category,
        "sensitivity": datum.sensitivity.name.lower(),
        "source": datum.source,
        "field": datum.field,
        "seen": datum.seen.word,
        "where": judged.where,
        "effect": judged.effect.word,
        "rule": judged.rule,
        "count": judged.count,
    }
