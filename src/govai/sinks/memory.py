"""Records in a list: for tests and notebooks."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from govai.core.records import Record


class Memory:
    """Keeps the records in `records`, oldest first."""

    def __init__(self, name: str = "memory") -> None:
        self.name = name
        self.records: list[Record] = []

    def __repr__(self) -> str:
        return f"<Memory {len(self.records)} records>"

    def emit(self, records: Sequence[Record]) -> None:
        """Take the records."""
        self.records.extend(records)

    def close(self, timeout: float) -> None:
        """Nothing is held open."""


def from_string(place: str) -> Memory:
    """Return the sink of `memory:NAME`."""
    return Memory(place)
