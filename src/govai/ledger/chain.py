"""The chain: each record's canonical bytes name the digest of the one before. Pure; no database."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any, NamedTuple

import orjson

from govai.core.canonical import canonical
from govai.core.errors import LedgerUnavailable
from govai.core.lang import say
from govai.core.records import SCHEMA, Draft, Record, new_id
from govai.ledger.upgrading import upgraded

if TYPE_CHECKING:
    from collections.abc import Sequence

FIELDS = frozenset(one.name for one in fields(Record)) - {"hash"}


class Row(NamedTuple):
    """A record as the database holds it. The bytes are the truth; the other columns are checked against them."""

    chain: str
    seq: int
    id: str
    time: str
    kind: str
    call_id: str
    intent_id: str
    purpose: str
    hash: str
    bytes: bytes | None  # None: what stands there is not bytes


@dataclass(slots=True)
class Chain:
    """One writer's chain: its id, and the sequence and digest of its last record."""

    id: str
    seq: int = 0
    head: str = ""

    @classmethod
    def new(cls) -> Chain:
        """Return a chain for a new writer."""
        return cls(new_id())

    def link(self, draft: Draft, subjects: Sequence[str] = (), content: str = "") -> Row:
        """Append a draft and return its row.

        Args:
            subjects: the references of the people it is about. content: what it says of its kept content, "" for nothing.

        Raises:
            TypeError: its body holds what a record must not (floats, objects).
        """
        seq = self.seq + 1
        body = {**draft.body, "subjects": sorted(set(subjects))} if subjects else draft.body
        record = {
            "schema": SCHEMA,
            "id": draft.id,
            "chain": self.id,
            "seq": seq,
            "time": draft.time,
            "kind": draft.kind,
            "call_id": draft.call_id,
            "intent_id": draft.intent_id,
            "body": {**body, "content": content} if content else body,
            "prev": self.head,
        }
        raw = canonical(record)
        self.seq, self.head = seq, hashlib.sha256(raw).hexdigest()
        purpose = str(draft.body.get("purpose", ""))
        return Row(
            self.id, seq, draft.id, draft.time, draft.kind, draft.call_id, draft.intent_id, purpose, self.head, raw
        )


def record_of(raw: bytes | None, named: str) -> Record:
    """Return the record that canonical bytes spell.

    Args:
        raw: the bytes. named: the id of its row, for the error.

    Raises:
        LedgerUnavailable: they spell none.
    """
    if (found := _spelled(raw)) is not None and raw is not None:
        return Record(**found, hash=hashlib.sha256(raw).hexdigest())
    raise LedgerUnavailable(
        say(f"record {named} is damaged", f"l'enregistrement {named} est endommagé"),
        todo=say("govai ledger verify says what is wrong", "govai ledger verify dit ce qui ne va pas"),
    )


def _spelled(raw: bytes | None) -> dict[str, Any] | None:
    """Return the fields that canonical bytes spell, None when they are not those of a record."""
    try:
        found = orjson.loads(raw if isinstance(raw, bytes) else b"")
    except orjson.JSONDecodeError:
        return None
    if not isinstance(found, dict) or (today := upgraded(found, SCHEMA)) is None:
        return None
    del today["schema"]
    return today if today.keys() == FIELDS else None
