"""Judge: findings × purpose × provider → a decision. Rule order never matters; the strictest effect that matches wins."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from govai.core.data import Datum, Seen
from govai.core.decisions import Decision, Effect, Judged, ReviewNeed
from govai.core.errors import ConsentRequired, PurposeRequired
from govai.core.lang import french, say
from govai.core.scope import FieldRef
from govai.core.taxonomy import Sensitivity, in_any
from govai.core.wording import noun
from govai.policy.floor import floor_reason, floor_rule
from govai.policy.hosts import unregistered

if TYPE_CHECKING:
    from govai.policy.policy import Policy, Purpose
    from govai.policy.registry import Provider

_CACHE = 10_000  # verdicts kept; one per kind of data, purpose and provider


@dataclass(frozen=True, slots=True)
class Item:
    """One kind of data in one place, and how many times it stands there."""

    datum: Datum
    where: str
    count: int = 1


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked of the policy.

    Attributes:
        items: what was seen. provider: the registry's entry, None for a host that is not in it.
        host, like: where it goes with its port, and the family it speaks, for the reason when there is no entry.
        blocks: what the code forbids here: a category, a field, or a sensitivity from which on nothing leaves.
        needs: reviews that the code asks for. declared: some data was declared. observe: change nothing but the floor.
    """

    items: tuple[Item, ...]
    purpose: str
    provider: Provider | None
    blocks: tuple[str | FieldRef | Sensitivity, ...] = ()
    needs: tuple[ReviewNeed, ...] = ()
    declared: bool = True
    observe: bool = False
    host: str = ""
    like: str = ""


@dataclass(frozen=True, slots=True)
class Match:
    """What a rule looks at; None and () match all. `place` is a source and a field in one word, as owners write it."""

    categories: tuple[str, ...] = ()
    sensitivity: Sensitivity | None = None
    source: str | None = None
    field: str | None = None
    detected: str | bool | None = None
    unclassified: bool | None = None
    place: str | None = None

    def matches(self, datum: Datum) -> bool:
        """Whether all conditions that are given hold."""
        return not (
            (self.categories and not in_any(datum.category, self.categories))
            or (self.sensitivity is not None and datum.sensitivity < self.sensitivity)
            or (self.source is not None and datum.source != self.source)
            or (self.field is not None and not _field_is(datum.field, self.field))
            or (self.detected is not None and not self._is_detected(datum))
            or (self.unclassified is not None and (datum.category is None) is not self.unclassified)
            or (self.place is not None and not _stands_at(datum, self.place))
        )

    def _is_detected(self, datum: Datum) -> bool:
        if isinstance(self.detected, bool):
            return (datum.seen is Seen.DETECTED) is self.detected
        return datum.seen is Seen.DETECTED and datum.kind == self.detected


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule of the policy."""

    id: str
    match: Match
    purposes: frozenset[str]
    providers: frozenset[str]
    effect: Effect
    observe: bool = False


@dataclass(frozen=True, slots=True)
class ReviewRule:
    """A review that the policy asks for."""

    need: ReviewNeed
    match: Match | None
    purposes: frozenset[str]


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the rules say of one kind of data: the effect, the rule that won, all that matched, what only observes.

    Kept between calls, so it carries what is costly to say again: whether the data is personal, and the sentence.
    """

    effect: Effect
    rule: str
    matched: tuple[str, ...]
    observed: tuple[tuple[str, str], ...] = ()
    floor: bool = False
    personal: bool = False
    reason: str = ""


def judge(policy: Policy, question: Question) -> Decision:
    """Decide; `findings[i]` of the decision is about `items[i]`.

    Raises:
        PurposeRequired: personal data and no purpose. ConsentRequired: the basis is consent. ConfigError: unknown purpose.
    """
    purpose = policy.purpose(question.purpose) if question.purpose else None
    provider, blocks, items = question.provider, question.blocks, question.items
    key = (question.purpose, provider.name if provider else "", french())
    verdicts = [_verdict(policy, item.datum, purpose, provider, key) for item in items]
    personal = any(verdict.personal for verdict in verdicts)
    observe = question.observe or policy.observe
    observed: dict[tuple[str, str], None] = {}
    if personal and observe:
        if purpose is None or purpose.basis == "consent":
            observed["purpose-required" if purpose is None else "consent-required", "block"] = None
    elif personal:
        _require_purpose(purpose, question)
    barred = _barred(provider) if personal else ""
    unknown = barred == "provider-unregistered" and question.host
    why = unregistered(policy.name, policy.providers.values(), question.host, question.like) if unknown else ""
    judged: list[Judged] = []
    reasons: list[tuple[int, str]] = []
    for item, kept in zip(items, verdicts, strict=True):
        verdict = _narrowed(kept, item.datum, barred, why, blocks) if barred or blocks else kept
        if verdict.observed:
            observed.update(dict.fromkeys(verdict.observed))
        if observe and not verdict.floor and verdict.effect is not Effect.ALLOW:
            observed[verdict.rule, verdict.effect.word] = None
            verdict = _explained(replace(verdict, effect=Effect.ALLOW), item.datum)
        judged.append(Judged(item.datum, item.where, verdict.effect, verdict.rule, verdict.matched, item.count))
        reasons.append((-verdict.effect, verdict.reason))
    reasons.sort(key=_by_effect)
    return _decided(policy, question, purpose, judged, [text for _effect, text in reasons], observed, observe=observe)


def forbidden(
    policy: Policy, datum: Datum, purpose: Purpose | None, provider: Provider | None, *, observe: bool
) -> str:
    """Return the rule that blocks a kind of data, "" when none does; that nothing matches it is no rule."""
    key = (purpose.name if purpose else "", provider.name if provider else "", french())
    verdict = _verdict(policy, datum, purpose, provider, key)
    if verdict.effect is not Effect.BLOCK or verdict.rule == "unmatched" or (observe and not verdict.floor):
        return ""
    return verdict.rule


def _decided(
    policy: Policy,
    question: Question,
    purpose: Purpose | None,
    judged: list[Judged],
    reasons: list[str],
    observed: dict[tuple[str, str], None],
    *,
    observe: bool,
) -> Decision:
    effect = max((one.effect for one in judged), default=Effect.ALLOW)
    rules = {one.rule for one in judged if one.rule and one.effect is not Effect.ALLOW}
    needs = _needs(policy, question, purpose)
    if not question.declared and policy.undeclared == "block":
        reasons.insert(0, say("no data was declared (undeclared: block)", "aucune donnée déclarée (undeclared: block)"))
        if observe:
            observed["undeclared", "block"] = None
        else:
            effect = Effect.BLOCK
            rules.add("undeclared")
    if observe:
        observed.update({(need.id, "review"): None for need in needs})
        needs = ()
    return Decision(
        effect=effect,
        findings=tuple(judged),
        rules=tuple(sorted(rules)),
        reviews=needs,
        reasons=tuple(dict.fromkeys(reasons)),
        purpose=question.purpose,
        provider=question.provider.name if question.provider else "",
        observed=tuple(observed),
        policy=policy.digest,
    )


def _require_purpose(purpose: Purpose | None, question: Question) -> None:
    if purpose is None:
        kinds = sorted({item.datum.kind for item in question.items if item.datum.personal})
        raise PurposeRequired(
            say(
                f"personal data ({', '.join(kinds)}) and no purpose",
                f"données personnelles ({', '.join(map(noun, kinds))}) sans finalité",
            ),
            where=next(item.where for item in question.items if item.datum.personal),
            todo=say(
                "say why: purpose=…, a scope, or gov.bind(purpose=…)",
                "dites pourquoi : purpose=…, une portée ou gov.bind(purpose=…)",
            ),
        )
    if purpose.basis == "consent":
        raise ConsentRequired(
            say(
                f"purpose '{purpose.name}' rests on consent, and none is known",
                f"« {purpose.name} » repose sur un consentement inconnu",
            ),
            todo=say(
                "consent sources come later; use another basis only if it is true",
                "les sources de consentement viendront",
            ),
        )


def _barred(provider: Provider | None) -> str:
    """Return why a provider gets no personal data at all, judged before any protection; "" when it may."""
    if provider is None:
        return "provider-unregistered"
    if provider.trains_on_inputs:
        return "provider-trains"
    expired = provider.transfer_expires is not None and provider.transfer_expires < datetime.now(UTC).date()
    return "provider-transfer" if expired and not provider.in_eea and not provider.local else ""


def _blocked_by(blocks: tuple[str | FieldRef | Sensitivity, ...], datum: Datum) -> str:
    for block in blocks:
        if isinstance(block, Sensitivity):
            hit = datum.sensitivity >= block
            name = block.name.lower()
        elif isinstance(block, FieldRef):
            hit = _field_is(datum.field, block.name) and block.source in ("", datum.source)
            name = block.name
        else:
            hit, name = in_any(datum.category, (block,)), block
        if hit:
            return f"code-block:{name}"
    return ""


def _field_is(field: str, name: str) -> bool:
    return field == name or field.endswith("." + name)


def _stands_at(datum: Datum, place: str) -> bool:
    """Whether a place like `crm.contacts.notes` names this datum; both source and field may hold dots."""
    if "." not in place:
        return _field_is(datum.field, place)
    source = datum.source + "."
    return bool(datum.source) and place.startswith(source) and _field_is(datum.field, place.removeprefix(source))


def _by_effect(reason: tuple[int, str]) -> int:
    return reason[0]


def _verdict(
    policy: Policy, datum: Datum, purpose: Purpose | None, provider: Provider | None, asked: tuple[str, str, bool]
) -> Verdict:
    key = (datum, *asked)
    verdict = policy.verdicts.get(key)
    if verdict is None:
        verdict = _explained(_ruled(policy, datum, purpose, provider), datum)
        if len(policy.verdicts) >= _CACHE:
            policy.verdicts.clear()
        policy.verdicts[key] = verdict
    return verdict


def _explained(verdict: Verdict, datum: Datum, why: str = "") -> Verdict:
    return replace(verdict, personal=datum.personal, reason=_reason(datum, verdict.effect, verdict.rule, why))


def _narrowed(
    verdict: Verdict, datum: Datum, barred: str, why: str, blocks: tuple[str | FieldRef | Sensitivity, ...]
) -> Verdict:
    """Return the verdict after what the provider is and what the code forbids; the floor stays what it is."""
    if verdict.floor:
        return verdict
    name = barred if barred and verdict.personal else _blocked_by(blocks, datum)
    if not name:
        return verdict
    narrowed = replace(verdict, effect=Effect.BLOCK, rule=name, matched=(*verdict.matched, name))
    return _explained(narrowed, datum, why if name == barred else "")


def _ruled(policy: Policy, datum: Datum, purpose: Purpose | None, provider: Provider | None) -> Verdict:
    floor = floor_rule(datum, marketing=purpose is not None and purpose.marketing)
    if floor:
        return Verdict(Effect.BLOCK, floor, (floor,), floor=True)
    matching = [
        rule
        for rule in policy.rules
        if rule.match.matches(datum)
        and (not rule.purposes or (purpose is not None and purpose.name in rule.purposes))
        and (not rule.providers or (provider is not None and provider.name in rule.providers))
    ]
    observed = tuple(sorted((rule.id, rule.effect.word) for rule in matching if rule.observe))
    enforced = [rule for rule in matching if not rule.observe]
    matched = tuple(sorted(rule.id for rule in matching))
    if enforced:
        winner = min(enforced, key=lambda rule: (-rule.effect, rule.id))
        effect, name = winner.effect, winner.id
    elif datum.personal or datum.sensitivity > Sensitivity.INTERNAL:
        effect, name = policy.unmatched, "unmatched"
    else:
        effect, name = Effect.ALLOW, ""
    if purpose is not None and purpose.zone == "experiment" and datum.personal and effect < Effect.PSEUDONYMISE:
        effect, name = Effect.PSEUDONYMISE, "zone-experiment"
    return Verdict(effect, name, matched, observed)


def _needs(policy: Policy, question: Question, purpose: Purpose | None) -> tuple[ReviewNeed, ...]:
    free = (
        purpose is not None and purpose.zone == "experiment"
    )  # only what names this purpose, or the code, is reviewed
    needs = {need.id: need for need in question.needs}
    for rule in policy.reviews:
        hit = question.purpose in rule.purposes or not (rule.purposes or free)
        if hit and (rule.match is None or any(rule.match.matches(item.datum) for item in question.items)):
            needs[rule.need.id] = rule.need
    if not question.declared and policy.undeclared == "review" and not free:
        role = purpose.owner if purpose is not None and purpose.owner else "data"
        needs["undeclared"] = ReviewNeed("undeclared", role, "prompt")
    return tuple(needs[name] for name in sorted(needs))


def _reason(datum: Datum, effect: Effect, rule: str, why: str) -> str:
    name = ".".join(filter(None, (datum.source, datum.field)))
    what = f"{datum.kind} ({name})" if name else datum.kind
    why = why or floor_reason(rule) or _BARRED.get(rule, lambda: "")()
    named = f"{rule}: {why}" if why else rule or say("not personal", "non personnel")
    return say(f"{what} {effect.label} by {named}", f"{what} {effect.label} par {named}")


_BARRED = {
    "provider-unregistered": lambda: say("this host is not in the registry", "cet hôte n'est pas au registre"),
    "provider-trains": lambda: say("the provider trains on what it gets", "le fournisseur s'entraîne sur les données"),
    "provider-transfer": lambda: say(
        "the transfer mechanism has expired (GDPR ch. V)", "mécanisme de transfert expiré (RGPD ch. V)"
    ),
}
