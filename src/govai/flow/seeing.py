"""See: what personal or declared data stands in a request's slots, as items the policy can judge.

A value that may be let through is also looked into: an allowed sentence may hold an e-mail address.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from govai.core.data import Seen
from govai.core.exchange import Path, Slot, SlotKind, spell
from govai.data.references import REFERENCE, resolve
from govai.detect.ids import within_id
from govai.detect.known import known_values
from govai.detect.reading import SealedReader
from govai.policy.judge import Item

if TYPE_CHECKING:
    from collections.abc import Sequence

    from govai.core.data import Datum
    from govai.detect.known import KnownValues
    from govai.detect.look import Lookout, Spot
    from govai.flow.asked import Asked

READER = SealedReader(REFERENCE, resolve)

# Words that providers' protocols define: a customer called "Claude" or a field that says "user" does not make them personal.
PROTOCOL_WORDS = frozenset(
    "user system assistant tool developer function text json json_object json_schema object string number integer array "
    "auto none any required ephemeral default standard low medium high minimal name content role type model messages "
    "message tools input id title description source data document citations summary parallel flex priority true false "
    "message_stop stop length tool_use tool_result thinking enabled disabled adaptive grammar regex lark custom".split()
)
_NUMBERS = frozenset({"phone", "card"})  # what the random digits of an id may look like
_MODEL_WORDS = frozenset(
    "claude mistral ministral gemini gemma gpt openai opus sonnet haiku nova luna demo echo".split()
)


@dataclass(slots=True)
class Sight:
    """What was seen.

    Attributes:
        slots: every place looked at. spots: what stands there; `inner[i]`: what stands inside spot `i`'s own text.
        items: what the policy judges, each kind of data once per place; `item_of[id(spot)]` is its index.
    """

    slots: Sequence[Slot]
    spots: list[Spot]
    inner: dict[int, list[Spot]] = field(default_factory=dict)
    items: list[Item] = field(default_factory=list)
    item_of: dict[int, int] = field(default_factory=dict)


def see(lookout: Lookout, slots: Sequence[Slot], asked: Asked) -> Sight:
    """Look at every slot, alone and joined with its message; return what was seen.

    Raises:
        PolicyError: a detector failed, or a sealed reference is dead.
    """
    known = (known_values(asked.known),) if asked.known else ()
    spots = lookout.look([s.text for s in slots], [s.message for s in slots], known, READER)
    sight = Sight(slots, [spot for spot in spots if not is_protocol_word(slots[spot.text], spot)])
    _look_inside(lookout, sight, asked)
    if sight.spots:
        _list_items(sight)
    return sight


def look_at_text(lookout: Lookout, text: str, asked_known: Sequence[KnownValues] = ()) -> Sight:
    """Look at one text that stands nowhere yet (a reviewer's edit)."""
    slot = Slot(("text",), text, SlotKind.TEXT, 0)
    sight = Sight((slot,), lookout.look([text], [0], asked_known, READER))
    _list_items(sight)
    return sight


def is_clean(lookout: Lookout, words: Sequence[str], asked: Asked) -> bool:
    """Whether nothing is found in a provider's own words, so that a record may hold them."""
    known = (known_values(asked.known),) if asked.known else ()
    spots = lookout.look(words, [-1] * len(words), known)
    return all(is_protocol_word(Slot((), words[spot.text], SlotKind.CONTROL), spot) for spot in spots)


def is_protocol_word(slot: Slot, spot: Spot) -> bool:
    """Whether what was seen is a word of the protocol, or the digits of an id."""
    if spot.datum.seen is Seen.SEALED:
        return False
    if slot.kind is SlotKind.MODEL:
        return spot.datum.seen is Seen.TRACKED and spot.value.casefold() in _MODEL_WORDS
    if slot.kind is not SlotKind.CONTROL:
        return False
    number = spot.datum.seen is Seen.DETECTED and spot.datum.kind in _NUMBERS
    return slot.text in PROTOCOL_WORDS or (number and within_id(slot.text, spot.start, spot.end))


def _look_inside(lookout: Lookout, sight: Sight, asked: Asked) -> None:
    sentences = [i for i, s in enumerate(sight.spots) if s.datum.free_text and not s.continued]
    others = [
        i
        for i, s in enumerate(sight.spots)
        if s.datum.seen is not Seen.DETECTED
        and not (s.datum.free_text or s.datum.identifying or s.continued)
        and _may_hold_more(s.value)
    ]
    if sentences:
        names = tuple(t for t in asked.known if not t.datum.free_text)
        _look_into(lookout, sight, sentences, (known_values(names),) if names else ())
    if others:
        own = {sight.spots[i].value for i in others}
        rest = tuple(t for t in asked.known if t.value not in own)
        _look_into(lookout, sight, others, (known_values(rest),) if rest else ())


def _may_hold_more(value: str) -> bool:
    return " " in value or "@" in value or sum(char.isdigit() for char in value) > 6  # noqa: PLR2004 -- the shortest phone number


def _look_into(lookout: Lookout, sight: Sight, which: list[int], known: Sequence[KnownValues]) -> None:
    texts = [own_text(sight, sight.spots[i]) for i in which]
    for spot in lookout.look(texts, [-1] * len(texts), known):
        outer = sight.spots[which[spot.text]]
        whole = spot.start == 0 and spot.end == len(texts[spot.text])
        if whole and spot.datum.category == outer.datum.category:
            continue
        sight.inner.setdefault(which[spot.text], []).append(spot)


def own_text(sight: Sight, spot: Spot) -> str:
    """Return the text a spot stands for: a sealed reference's value, else what is written there."""
    return spot.value if spot.datum.seen is Seen.SEALED else sight.slots[spot.text].text[spot.start : spot.end]


def _list_items(sight: Sight) -> None:
    places: dict[tuple[Datum, str], int] = {}
    counts: list[int] = []
    spelled: dict[int, str] = {}
    keys: frozenset[Path] | None = None
    for index, spot in enumerate(sight.spots):
        if spot.text not in spelled:
            if keys is None:
                keys = frozenset(s.path for s in sight.slots if s.kind is SlotKind.KEY)
            spelled[spot.text] = _spell(sight.slots[spot.text].path, keys)
        for one in (spot, *sight.inner.get(index, ())):
            place = (one.datum, spelled[spot.text])
            if place not in places:
                places[place] = len(counts)
                counts.append(0)
            if not one.continued:
                counts[places[place]] += 1
            sight.item_of[id(one)] = places[place]
    sight.items = [Item(datum, where, max(count, 1)) for (datum, where), count in zip(places, counts, strict=True)]


def _spell(path: Path, keys: frozenset[Path]) -> str:
    """Spell a place without the keys that the caller chose: a key may itself be personal."""
    return spell(tuple("*" if path[: i + 1] in keys else step for i, step in enumerate(path)))
