"""Checkpoints: what a signed statement over the chains of a ledger says. It knows no key, no database and no anchor."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

from govai.core.canonical import canonical

_HEX = frozenset("0123456789abcdef")
_DIGEST = 64  # hexadecimal digits of a SHA-256, and of an Ed25519 public key
_SIGNATURE = 128


@dataclass(frozen=True, slots=True)
class Span:
    """A piece of one chain: its records from `first` to `last`, both counted.

    Attributes:
        chain: its id. first, last: sequence numbers. head: the digest of record `last`.
        root: RFC 9162 §2.1 Merkle tree hash over the digests of these records, in order; hexadecimal.
    """

    chain: str
    first: int
    last: int
    head: str
    root: str

    @property
    def range(self) -> tuple[int, int]:
        """Its first and its last sequence number."""
        return self.first, self.last

    def to_json(self) -> dict[str, Any]:
        """Return the span as a record's body holds it."""
        return {"chain": self.chain, "from": self.first, "to": self.last, "head": self.head, "root": self.root}


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A signed statement of where the chains stood.

    Attributes:
        number: 1, 2, 3, … in this ledger. time: RFC 3339, UTC, of its making. previous: `digest` of the one before, or "".
        spans: what came since the one before, by chain. key: the Ed25519 public key, hexadecimal.
        signature: Ed25519 (RFC 8032) over `unsigned`, hexadecimal.
    """

    number: int
    time: str
    previous: str
    spans: tuple[Span, ...]
    key: str
    signature: str = ""

    @property
    def count(self) -> int:
        """How many records it covers."""
        return sum(span.last - span.first + 1 for span in self.spans)

    @property
    def digest(self) -> str:
        """SHA-256 of the whole of it in canonical form, hexadecimal: what the next one and an anchor name it by."""
        return hashlib.sha256(canonical(self.to_json())).hexdigest()

    def unsigned(self) -> bytes:
        """Return what the signature is over: the canonical bytes of all but the signature."""
        return canonical({name: value for name, value in self.to_json().items() if name != "signature"})

    def to_json(self) -> dict[str, Any]:
        """Return the checkpoint as the body of its record."""
        return {
            "number": self.number,
            "time": self.time,
            "previous": self.previous,
            "chains": [span.to_json() for span in self.spans],
            "count": self.count,
            "key": self.key,
            "signature": self.signature,
        }

    @classmethod
    def from_json(cls, body: Any) -> Checkpoint:
        """Return the checkpoint that a record's body, or a line of an anchor's copy, spells.

        Raises:
            ValueError: it spells none.
        """
        try:
            spans = tuple(Span(s["chain"], s["from"], s["to"], s["head"], s["root"]) for s in body["chains"])
            found = cls(body["number"], body["time"], body["previous"], spans, body["key"], body["signature"])
            if found._holds() and body == found.to_json():
                return found
        except (TypeError, KeyError, AttributeError):
            pass
        raise ValueError("this spells no checkpoint")

    def _holds(self) -> bool:
        """Whether every part is of its kind."""
        return (
            _counts(self.number)
            and isinstance(self.time, str)
            and (self.previous == "" or _hex(self.previous, _DIGEST))
            and _hex(self.key, _DIGEST)
            and _hex(self.signature, _SIGNATURE)
            and all(
                isinstance(span.chain, str)
                and _counts(span.first)
                and _counts(span.last)
                and span.first <= span.last
                and _hex(span.head, _DIGEST)
                and _hex(span.root, _DIGEST)
                for span in self.spans
            )
        )


@runtime_checkable
class Anchor(Protocol):
    """A place outside the ledger that keeps checkpoints, so that rewriting the ledger shows.

    `name` identifies its cursor. It is given every checkpoint, in order, at least once. It may also have
    `anchored() -> Iterable[Checkpoint]`, which reads back the copies it keeps: only what is read back there counts as
    anchored; and `confirms(checkpoint, receipt) -> bool`, where the receipt itself is proof.
    """

    name: str

    def anchor(self, checkpoint: Checkpoint) -> str:
        """Keep a checkpoint durably and return a receipt; raise to have it offered again later."""
        ...


def _counts(value: Any) -> bool:
    return type(value) is int and value > 0


def _hex(value: Any, digits: int) -> bool:
    return isinstance(value, str) and len(value) == digits and _HEX.issuperset(value)
