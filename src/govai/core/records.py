"""Records: what the ledger keeps of each step. No raw personal data is ever in one."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import uuid_utils

SCHEMA = "govai.record/1"


def new_id() -> str:
    """Return a new UUIDv7 (RFC 9562): sorts by time."""
    return str(uuid_utils.uuid7())


def now() -> str:
    """Return the time as RFC 3339 in UTC with microseconds."""
    return datetime.now(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


@dataclass(slots=True)
class Draft:
    """A record before the ledger gives it its chain, sequence and hash.

    Args:
        kind: `intent`, `outcome`, `refusal`, `review`, `release`, …
        call_id: id of the logical call; its attempts share it.
        body: everything else, as plain JSON data without floats and without raw personal data.
        intent_id: for an `outcome`: the intent it ends. Exactly one outcome per intent is kept.
        subjects: the people it is about, each as the keyed digests they are looked up by (today's key first); the ledger
            puts a reference for each into the body.
        content: what was sent or came back, in its protected form, to be kept encrypted beside the record; b"" for nothing.
        kept_with: the record whose people the content is about, where that is not this one.
    """

    kind: str
    call_id: str
    body: dict[str, Any]
    intent_id: str = ""
    id: str = field(default_factory=new_id)
    time: str = field(default_factory=now)
    subjects: tuple[tuple[str, ...], ...] = ()
    content: bytes = field(default=b"", repr=False)
    kept_with: str = ""


@dataclass(frozen=True, slots=True)
class Record:
    """One link of a chain in the ledger.

    Attributes:
        id: UUIDv7. chain: UUIDv7 of its writer's chain. seq: 1, 2, 3, … in that chain. time: RFC 3339, UTC.
        kind: `intent`, `outcome`, `refusal`, `review`, `release`, …
        call_id: the logical call. body: everything recorded, plain JSON data.
        prev, hash: SHA-256 of the previous and of this record's canonical bytes.
    """

    id: str
    chain: str
    seq: int
    time: str
    kind: str
    call_id: str
    intent_id: str
    body: dict[str, Any]
    prev: str
    hash: str

    def to_json(self) -> dict[str, Any]:
        """Return the record as plain JSON data, with the version of its schema."""
        fields = ("id", "chain", "seq", "time", "kind", "call_id", "intent_id", "body", "prev", "hash")
        return {"schema": SCHEMA, **{name: getattr(self, name) for name in fields}}

    def _repr_html_(self) -> str:
        from govai.core import rendering

        return rendering.record(self)
