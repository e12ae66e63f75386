"""Disclosures: what the policy forbids, found where it must not be: in an answer, or in what was kept of an earlier call.

The floor and rules that block make one, `unmatched` does not: a policy that is silent says nothing of a breach. It shows no value.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from govai.core.errors import GovaiError
from govai.core.exchange import Slot, SlotKind
from govai.detect.known import known_values
from govai.flow.seeing import is_protocol_word
from govai.ledger.incidents import MOST_RECORDS, Finding, raised
from govai.wire.codec import parse
from govai.wire.formats import format_named

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from govai.core.data import Tracked
    from govai.core.records import Record
    from govai.flow.asked import Asked, Trace
    from govai.flow.engine import Engine
    from govai.ledger.contents import Content
    from govai.policy.registry import Provider

UNSEEN = "answer-not-looked-at"  # among an outcome's incidents: a detector failed
FOUND = "disclosure"


@dataclass(frozen=True, slots=True)
class Rescanned:
    """What a look at kept content found. `contents`: prompts and outputs read. `incidents`: the ids of those raised."""

    contents: int
    incidents: tuple[str, ...]


def answered(engine: Engine, asked: Asked, trace: Trace, record: str, provider: Provider | None) -> list[str]:
    """Look at an answer as it came, and record an incident where it holds what the policy forbids for its purpose.

    Args:
        record: the id of the intent it answers. provider: whose answer it is.

    Returns:
        what the outcome says of it: `disclosure`, `answer-not-looked-at`, or nothing.
    """
    texts = ["".join(trace.protected), *("".join(said) for said in trace.aside.values())]
    slots = [Slot(("answer",), text, SlotKind.TEXT) for text in texts if text]
    if not slots:
        return []
    purpose = asked.scope.purpose
    try:
        found = _forbidden(engine, slots, asked.known, purpose, provider, record)
    except GovaiError:
        return [UNSEEN]
    if found is None:
        return []
    policy = engine.policy.digest
    engine.ledger.enqueue(raised(purpose, [found], source="answer", policy=policy, call_id=asked.call_id))
    return [FOUND]


def rescan(engine: Engine, *, since: datetime | None, actor: str) -> Rescanned:
    """Judge what was kept under today's policy and detectors; raise incidents for what they forbid and nobody knew of.

    Args:
        since: only what was recorded from then on. actor: who looks, as claimed.

    Raises:
        LedgerUnavailable: it cannot be read or written. PolicyError: a detector failed.
    """
    told = {
        (record, category) for one in engine.ledger.incidents() for record in one.records for category in one.categories
    }
    found: dict[str, dict[str, Finding]] = {}
    count = 0
    for content in engine.ledger.contents(since, actor=actor):
        record = engine.ledger.record(content.record_id)
        if record is None:
            continue
        count += 1
        one = _judged(engine, content, record)
        if one is not None and any((one.record, category) not in told for category in one.categories):
            by_record = found.setdefault(content.purpose, {})
            by_record[one.record] = _together(by_record.get(one.record), one)
    drafts = [
        raised(purpose, some, source="rescan", policy=engine.policy.digest)
        for purpose, by_record in sorted(found.items())
        for some in _pages(list(by_record.values()))
    ]
    if drafts:
        engine.ledger.commit(drafts)
    return Rescanned(count, tuple(draft.id for draft in drafts))


def _judged(engine: Engine, content: Content, record: Record) -> Finding | None:
    about = record.intent_id or str(record.body.get("fetches", "")) or record.id
    provider = engine.policy.providers.get(str(record.body.get("provider", "")))
    slots = _slots(content, str(record.body.get("format", "")))
    return _forbidden(engine, slots, (), content.purpose, provider, about)


def _forbidden(
    engine: Engine,
    slots: Sequence[Slot],
    tracked: Sequence[Tracked],
    purpose: str,
    provider: Provider | None,
    record: str,
) -> Finding | None:
    known = (known_values(tuple(tracked)),) if tracked else ()
    spots = engine.lookout.look([slot.text for slot in slots], [slot.message for slot in slots], known)
    categories: set[str] = set()
    rules: set[str] = set()
    values: set[str] = set()
    for spot in spots:
        if is_protocol_word(slots[spot.text], spot):
            continue
        rule = engine.policy.forbids(spot.datum, purpose, provider, observe=engine.observe)
        if rule:
            categories.add(spot.datum.category or spot.datum.kind)
            rules.add(rule)
            values.add(spot.value)
    return Finding(record, frozenset(categories), frozenset(rules), len(values)) if rules else None


def _slots(content: Content, wire: str) -> Sequence[Slot]:
    """Return the texts of what was kept: an output as it is, a prompt as its format says, else as one text."""
    raw = content.output if content.prompt is None else content.prompt
    text = (raw or b"").decode("utf-8", "replace")
    if content.prompt is not None:
        try:
            return format_named(wire).read_request(parse(content.prompt)).slots
        except (ValueError, KeyError):
            pass  # a form, or a format of another release
    return [Slot(("content",), text, SlotKind.TEXT)]


def _together(one: Finding | None, other: Finding) -> Finding:
    if one is None:
        return other
    return Finding(one.record, one.categories | other.categories, one.rules | other.rules, one.values + other.values)


def _pages(findings: list[Finding]) -> Iterator[list[Finding]]:
    for at in range(0, len(findings), MOST_RECORDS):
        yield findings[at : at + MOST_RECORDS]
