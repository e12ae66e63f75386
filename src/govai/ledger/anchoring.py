"""Anchoring: checkpoints go to an anchor by the outbox that feeds sinks, each receipt into the ledger. It knows no place."""

from __future__ import annotations

from typing import TYPE_CHECKING

from govai.core.checkpoints import Checkpoint
from govai.core.records import Draft
from govai.ledger.signing import is_signed

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from govai.core.checkpoints import Anchor
    from govai.core.records import Record


class Anchoring:
    """A sink that takes only checkpoints, and hands them to an anchor.

    Args:
        anchor: where they go. commit: makes the receipts durable in the ledger.
    """

    def __init__(self, anchor: Anchor, commit: Callable[[Sequence[Draft]], None]) -> None:
        self.anchor, self._commit = anchor, commit
        self.name = f"anchor:{anchor.name}"

    def __repr__(self) -> str:
        return f"<Anchoring {self.anchor.name}>"

    def emit(self, records: Sequence[Record]) -> None:
        """Anchor the checkpoints among the records; what the anchor raises has them offered again."""
        for record in records:
            checkpoint = _checkpoint(record)
            if checkpoint is not None:
                receipt = self.anchor.anchor(checkpoint)
                body = {"anchor": self.anchor.name, "checkpoint": checkpoint.number, "digest": checkpoint.digest}
                self._commit([Draft("anchor", record.call_id, {**body, "receipt": receipt})])

    def close(self, timeout: float) -> None:  # noqa: ARG002 -- a sink's shape
        """Close the anchor, if it has something to close."""
        closing = getattr(self.anchor, "close", None)
        if closing is not None:
            closing()


def _checkpoint(record: Record) -> Checkpoint | None:
    """Return the checkpoint that a record spells; a forged one is verifying's to name, and must not hold up the next."""
    try:
        found = Checkpoint.from_json(record.body) if record.kind == "checkpoint" else None
    except ValueError:
        return None
    return found if found is not None and is_signed(found) else None
