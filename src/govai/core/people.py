"""People as someone asks about them: the identifying values given, as digests, and who turns the ones into the others.

The ledger gets digests only; which column says who someone is, and how a value is spelled, it must not know.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class Identity:
    """One identifying value that someone is asked about by; the value itself is not in it.

    Attributes:
        name: as it was given, a column's name or a category. category: what it is.
        person: the digests it is recorded under as its own category: today's key first, then those from before rotations.
        others: those of the categories within and around its own, where an annotation may have put it.
    """

    name: str
    category: str
    person: tuple[str, ...]
    others: tuple[str, ...] = ()

    @property
    def digests(self) -> tuple[str, ...]:
        """All that the value may be recorded under."""
        return self.person + self.others


class People(Protocol):
    """Recognises people by what identifies them, exactly as calls are recorded."""

    def identities(self, given: Mapping[str, object], /) -> tuple[Identity, ...]:
        """Return the identities of values by column name or category; ConfigError where one identifies nobody."""
        ...

    def retention_days(self, provider: str, /) -> int | None:
        """Return how long a provider keeps what it was sent, in days, None where the policy does not say."""
        ...
