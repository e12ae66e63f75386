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
    from collections.abc import Iterator, Sequence

_FIELDS = frozenset(one.name for one in fields(Record)) - {"hash"}


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

    def link(self, draft: Draft, subjects: Sequence[str] = ()) -> Row:
        """Append a draft and return its row.

        Args:
            subjects: the references of the people it is about.

        Raises:
            TypeError: its body holds what a record must not (floats, objects).
        """
        seq = self.seq + 1
        record = {
            "schema": SCHEMA,
            "id": draft.id,
            "chain": self.id,
            "seq": seq,
            "time": draft.time,
            "kind": draft.kind,
            "call_id": draft.call_id,
            "intent_id": draft.intent_id,
            "body": {**draft.body, "subjects": sorted(set(subjects))} if subjects else draft.body,
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
    return today if today.keys() == _FIELDS else None


def tail(row: Row, prev: str) -> bytes:
    """Return how the canonical bytes of a row must end: all that its columns say, in canonical order."""
    columns = {"call_id": row.call_id, "chain": row.chain, "id": row.id, "intent_id": row.intent_id, "kind": row.kind}
    words = "".join(f',"{name}":"{value}"' for name, value in columns.items())
    return f'{words},"prev":"{prev}","schema":"{SCHEMA}","seq":{row.seq},"time":"{row.time}"}}'.encode()


def faults(rows: Iterator[Row], heads: dict[str, tuple[int, str]]) -> Iterator[tuple[str | None, str]]:
    """Yield (record id, what is wrong) for everything that does not hold, in order; `heads` gives each chain's end."""
    last: dict[str, tuple[int, str, str]] = {}
    ended: set[str] = set()
    intents: set[str] = set()
    for row in rows:
        seq, head, before = last.get(row.chain, (0, "", ""))
        real = hashlib.sha256(row.bytes or b"").hexdigest()
        if row.bytes is None or real != row.hash:
            yield row.id, "its bytes are not those that were hashed"
        elif row.seq != seq + 1:
            yield row.id, f"record {seq + 1} of its chain is missing before it"
        elif not row.bytes.endswith(tail(row, head)):
            broken = f'"prev":"{head}"'.encode() not in row.bytes
            yield (
                (before or row.id, "the next record names another digest")
                if broken
                else (row.id, "its columns differ from its bytes")
            )
        elif row.purpose and f'"purpose":"{row.purpose}"'.encode() not in row.bytes:
            yield row.id, "its columns differ from its bytes"
        elif _spelled(row.bytes) is None:
            yield row.id, "its bytes are not a record"
        if row.kind == "intent":
            intents.add(row.id)
        elif row.kind == "outcome":
            if row.intent_id in ended:
                yield row.id, "its intent has another outcome"
            ended.add(row.intent_id)
        last[row.chain] = (row.seq, real, row.id)
    for chain in last.keys() | heads.keys():
        seq, head, record = last.get(chain, (0, "", ""))
        if heads.get(chain) != (seq, head):
            yield record or None, "its chain ends elsewhere than its head says"
    yield from ((None, "an outcome has no intent") for missing in (ended - intents) if missing)
