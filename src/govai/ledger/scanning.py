"""Scanning: one pass over all rows in the order they were written, in flat memory. What proves itself passes quickly;
what does not is looked at closely and named. It knows rows and claims, no database."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

import orjson

from govai.core.canonical import canonical
from govai.core.records import SCHEMA
from govai.ledger.chain import FIELDS, Row
from govai.ledger.claims import TOLERANCE_S, OnChain, Pledge
from govai.ledger.fault import Fault
from govai.ledger.merkle import root_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from typing import Any

    from govai.ledger.claims import Claims

MOST = 100  # faults kept; more of them say nothing new
_NEVER = 1 << 62  # no chain is so long
_START = b'{"body":{'
_SAID_BY = frozenset({"intent", "outcome"})  # kinds whose body names its purpose at the top
_SPELLED = FIELDS | {"schema"}
_sha256 = hashlib.sha256


@dataclass(frozen=True, slots=True)
class Suspect:
    """A row whose bytes spell another record than its columns say: a second look at the database tells which it is.

    Attributes:
        row: its id, chain and sequence. holds: the id of the record that its bytes spell. real: their digest.
        fault: what it is if they stand nowhere else.
    """

    id: str
    chain: str
    seq: int
    holds: str
    real: str
    fault: Fault


class End:
    """Where a scan stands on one chain."""

    __slots__ = ("at", "claims", "covered", "first", "gaps", "head", "id", "last", "latest", "leaves", "purged", "seq")

    def __init__(self, claims: OnChain) -> None:
        self.seq, self.head, self.id, self.latest = 0, "", "", ""
        self.claims, self.covered, self.at = claims, claims.covered, 0
        self.purged = bool(claims.purged)
        self.leaves: list[str] = []  # digests of the span that the next pledge is about
        self.gaps: list[tuple[int, int]] = []
        self._aim()

    def turn(self) -> None:
        """Go on to the next pledge."""
        self.at += 1
        self.leaves = []
        self._aim()

    def stand(self, seq: int, head: str) -> None:
        """Stand after a record in the midst of the chain."""
        self.seq, self.head = seq, head
        while self.last <= seq:
            self.turn()

    def _aim(self) -> None:
        """Note which records the next pledge is about; none where there is none."""
        pledges = self.claims.pledges
        self.first, self.last = pledges[self.at].span.range if self.at < len(pledges) else (_NEVER, _NEVER)


@dataclass(slots=True)
class Scan:
    """A pass over rows, and what it found.

    Attributes:
        ends: where each chain ends. faults, suspects: in order, at most `MOST`. count: rows seen.
        open: intents without an outcome. early: outcomes (by intent) whose intent was not seen before them.
        emptied: (id, chain, sequence) of rows without bytes that no purge claims.
    """

    claims: Claims
    ends: dict[str, End] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)
    suspects: list[Suspect] = field(default_factory=list)
    emptied: list[tuple[str, str, int]] = field(default_factory=list)
    open: set[str] = field(default_factory=set)
    early: dict[str, str] = field(default_factory=dict)
    count: int = 0

    def run(self, rows: Iterable[tuple[Any, ...]]) -> None:
        """Look at every row; its columns stand as in `Row`."""
        chain, end = "", End(OnChain())
        open_intents, early, close = self.open, self.early, self.closely
        count = 0
        for row in rows:
            count += 1
            named, seq, identity, time, kind, call_id, intent_id, purpose, digest, raw = row
            if named != chain:
                chain, end = named, self.end_of(row)
            if (
                raw
                and seq == end.seq + 1
                and seq <= end.covered
                and time >= end.latest
                and kind in _SAID_BY
                and not (end.purged and end.claims.is_purged(seq))
                and _sha256(raw).hexdigest() == digest
                and raw.endswith(
                    f',"call_id":"{call_id}","chain":"{named}","id":"{identity}","intent_id":"{intent_id}","kind":"{kind}"'
                    f',"prev":"{end.head}","schema":"{SCHEMA}","seq":{seq},"time":"{time}"}}'.encode()
                )
                and raw.startswith(_START)
                and raw.count(b'"purpose":"') == 1
                and f'"purpose":"{purpose}"'.encode() in raw
            ):  # it is what its writer hashed, and a signature vouches that it was a record then
                end.seq, end.head, end.id, end.latest = seq, digest, identity, time
            else:
                close(Row._make(row), end)
            if end.first <= seq:
                if seq < end.last:
                    end.leaves.append(digest)
                else:
                    self.keep(end, seq, digest)
            if kind == "intent":
                if identity in early:
                    del early[identity]
                else:
                    open_intents.add(identity)
            elif kind == "outcome":
                if intent_id in open_intents:
                    open_intents.remove(intent_id)
                else:
                    self.unannounced(identity, intent_id)
        self.count += count

    def end_of(self, row: Sequence[Any]) -> End:
        """Return where the scan stands on a row's chain."""
        chain = row[0]
        found = self.ends.get(chain)
        if found is None:
            found = self.ends[chain] = End(self.claims.on(chain))
        return found

    def closely(self, row: Row, end: End) -> None:
        """Look at a row that did not prove itself at a glance, and go on from it."""
        fault = self._place(row, end) or self._look(row, end) or _clock(row, end)
        if fault is not None:
            self.found(fault)
        if row.seq > end.seq:
            end.seq, end.head, end.id = row.seq, row.hash, row.id
            end.latest = max(end.latest, row.time)

    def found(self, fault: Fault) -> None:
        """Note a fault."""
        if len(self.faults) < MOST:
            self.faults.append(fault)

    def keep(self, end: End, seq: int, digest: str) -> None:
        """Have a chain keep what was pledged of it up to a record: its digests make the span's root, its head is the span's."""
        while end.last < seq:  # it ended in a gap
            end.turn()
        if end.first <= seq:
            end.leaves.append(digest)
        if seq == end.last:
            self._settle(end, end.claims.pledges[end.at], digest)
            end.turn()

    def unannounced(self, outcome: str, intent: str) -> None:
        """Note an outcome whose intent is not open: it may still come (another chain's), or never."""
        if not intent:
            self.found(Fault("outcome_without_intent", outcome))
        elif intent in self.early:
            self.found(Fault("outcome_twice", outcome))
        else:
            self.early[intent] = outcome

    def _settle(self, end: End, pledge: Pledge, digest: str) -> None:
        span, chain = pledge.span, pledge.span.chain
        whole = len(end.leaves) == span.last - span.first + 1
        if digest != span.head:
            about = f"{span.first}–{span.last}, {pledge.number}"
            self.found(Fault("rewritten", end.id or None, about, chain, span.last))
        elif whole and _root(end.leaves) != span.root:
            emptied = any(end.claims.is_purged(seq) for seq in range(span.first, span.last + 1))
            code, about = (
                ("rewritten", f"{span.first}–{span.last}") if emptied else ("forged_checkpoint", str(pledge.number))
            )
            self.found(Fault(code, end.id or None, about, chain, span.last))
        if later(end.latest, pledge.time):
            self.found(Fault("clock", end.id or None, f"{end.latest} > {pledge.time}", chain, span.last))

    def _place(self, row: Row, end: End) -> Fault | None:
        """Return what is wrong with where a row stands in its chain."""
        if row.seq == end.seq + 1:
            return None
        if row.seq > end.seq + 1:
            end.gaps.append((end.seq + 1, row.seq - 1))
            end.head = "?"  # what it should name is not known
            return None
        for at, (first, last) in enumerate(end.gaps):
            if first <= row.seq <= last:
                end.gaps[at : at + 1] = [gap for gap in ((first, row.seq - 1), (row.seq + 1, last)) if gap[0] <= gap[1]]
                return Fault("reordered", row.id, str(row.seq), row.chain, row.seq)
        return Fault("duplicated", row.id, str(row.seq), row.chain, row.seq)

    def _look(self, row: Row, end: End) -> Fault | None:
        """Return what is wrong with what a row holds."""
        where = (row.chain, row.seq)
        if row.bytes is None or not isinstance(row.bytes, bytes):
            return Fault("edited", row.id, "", *where)
        if row.bytes == b"":
            if not end.claims.is_purged(row.seq) and len(self.emptied) < MOST:
                self.emptied.append((row.id, *where))
            return None
        real, said = _sha256(row.bytes).hexdigest(), spelled(row.bytes)
        if real != row.hash:
            return self._suspect(row, said, real, Fault("edited", row.id, "", *where))
        if said is None:
            return Fault("not_a_record", row.id, "", *where)
        if end.claims.is_purged(row.seq):
            return Fault("purge_undone", row.id, "", *where)
        if (wrong := _differs(row, said)) is not None:
            return self._suspect(row, said, real, Fault("columns", row.id, wrong, *where))
        if said["prev"] != end.head and end.head != "?" and row.seq == end.seq + 1:
            return Fault("rewritten", end.id or row.id, str(row.seq - 1), row.chain, max(row.seq - 1, 1))
        return None

    def _suspect(self, row: Row, said: dict[str, Any] | None, real: str, fault: Fault) -> Fault | None:
        if said is None or (said["id"] == row.id and said["seq"] == row.seq) or len(self.suspects) >= MOST:
            return fault
        self.suspects.append(Suspect(row.id, row.chain, row.seq, str(said["id"]), real, fault))
        return None


def _root(digests: list[str]) -> str:
    try:
        return root_of([bytes.fromhex(one) for one in digests]).hex()
    except ValueError:
        return ""


def spelled(raw: bytes) -> dict[str, Any] | None:
    """Return the record that canonical bytes spell, None where they spell none, or not canonically."""
    try:
        found = orjson.loads(raw)
    except orjson.JSONDecodeError:
        return None
    if not isinstance(found, dict) or found.get("schema") != SCHEMA or found.keys() != _SPELLED:
        return None
    try:
        return found if canonical(found) == raw and isinstance(found["body"], dict) else None
    except TypeError:
        return None


def _differs(row: Row, said: dict[str, Any]) -> str | None:
    """Return the first column that says other than the bytes."""
    for name in ("chain", "seq", "id", "time", "kind", "call_id", "intent_id"):
        if getattr(row, name) != said[name]:
            return name
    return None if row.purpose == str(said["body"].get("purpose", "")) else "purpose"


def _clock(row: Row, end: End) -> Fault | None:
    if row.time >= end.latest or not row.bytes or not later(end.latest, row.time):  # an emptied one proves no time
        return None
    return Fault("clock", row.id, f"{end.latest} > {row.time}", row.chain, row.seq)


def later(one: str, other: str) -> bool:
    """Whether a time is later than another by more than what is tolerated; a time that is none is later than all."""
    if one <= other:
        return False
    try:
        return (datetime.fromisoformat(one) - datetime.fromisoformat(other)).total_seconds() > TOLERANCE_S
    except (ValueError, TypeError):
        return True
