"""What was seen in a text: findings of detectors, and data whose nature is known.

Three ways a value is known to be sensitive, strongest first: it was sealed, it is tracked, a detector found it.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

from govai.core.taxonomy import IDENTIFYING as _IDENTIFYING
from govai.core.taxonomy import Sensitivity, default_sensitivity, in_any, is_personal


class Seen(IntEnum):
    """How a value came to be known; a higher one wins where two overlap."""

    DETECTED = 0
    TRACKED = 1
    SEALED = 2

    @property
    def word(self) -> str:
        return self.name.lower()


@dataclass(frozen=True, slots=True)
class Finding:
    """What a detector reports: characters `start` to `end` (end excluded) of the text it was given.

    Args:
        start: first character, counted in code points.
        end: one past the last character.
        kind: what it is in one word: `email`, `phone`, `iban`, `card`, …
        category: the Fideslang data category.
    """

    start: int
    end: int
    kind: str
    category: str


@dataclass(frozen=True, slots=True)
class Datum:
    """What a value is, without the value: all that a rule may look at. Hashable, so decisions are cached by it.

    Args:
        kind: one word for people and placeholders: `name`, `email`, `phone`, `id`, `text`, `value`, …
        category: Fideslang key, or None when nothing could classify it.
        sensitivity: how much harm a leak would do.
        source: data set it comes from (`crm.contacts`), or "".
        field: field in that source, or "".
        seen: how it came to be known.
        free_text: the whole field is sentences.
        numeric: the value was a number in its source.
    """

    kind: str
    category: str | None
    sensitivity: Sensitivity
    source: str = ""
    field: str = ""
    seen: Seen = Seen.DETECTED
    free_text: bool = False
    numeric: bool = False

    @property
    def personal(self) -> bool:
        """About a person: a `user.*` category, or unclassified and above INTERNAL."""
        return is_personal(self.category) if self.category else self.sensitivity > Sensitivity.INTERNAL

    @property
    def identifying(self) -> bool:
        """Whether one value alone says who it is about."""
        return in_any(self.category, _IDENTIFYING)

    @classmethod
    def detected(cls, finding: Finding) -> Datum:
        return cls(finding.kind, finding.category, default_sensitivity(finding.category))


_KINDS = (  # placeholder and label words, the first category that covers wins
    ("user.name", "name"),
    ("user.contact.email", "email"),
    ("user.contact.phone_number", "phone"),
    ("user.contact.address", "address"),
    ("user.contact", "contact"),
    ("user.financial.bank_account", "iban"),
    ("user.financial.credit_card", "card"),
    ("user.demographic.date_of_birth", "date"),
    ("user.unique_id", "id"),
    ("user.account", "id"),
    ("user.government_id", "id"),
    ("user.device", "id"),
    ("user.content", "text"),
)


def kind_of(category: str | None) -> str:
    """Return the one word for values of a category: `name`, `email`, …, `value` when nothing fits better."""
    return next((word for parent, word in _KINDS if in_any(category, (parent,))), "value")


@dataclass(frozen=True, slots=True)
class Tracked:
    """A raw value to be found in what leaves, and what it is. Its repr hides the value."""

    value: str
    datum: Datum

    def __repr__(self) -> str:
        return f"Tracked({self.datum.kind}, field={self.datum.field!r})"
