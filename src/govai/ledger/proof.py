"""A proof of one record: its bytes, the way from them to a signed checkpoint, and nothing of any other record."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from govai.core.canonical import canonical
from govai.core.checkpoints import Checkpoint, Span
from govai.core.errors import ConfigError
from govai.core.lang import say
from govai.ledger.chain import record_of
from govai.ledger.line import Line
from govai.ledger.merkle import path_of, root_by
from govai.ledger.scanning import spelled
from govai.ledger.signing import is_signed, keys_at

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from govai.core.database import Connection
    from govai.core.records import Record

SCHEMA = "govai.proof/1"
_ROW = "SELECT chain, seq, bytes FROM records WHERE id=?"
_SPAN = "SELECT hash FROM records WHERE chain=? AND seq BETWEEN ? AND ? ORDER BY seq"


@dataclass(frozen=True, slots=True)
class Proof:
    """That a record was in the ledger when a checkpoint was signed.

    Attributes:
        raw: the record's canonical bytes. path: the audit path (RFC 9162 §2.1.3) in its chain's span, hexadecimal.
        checkpoint: the signed checkpoint that covers it; of other records it holds digests of many at once only.
    """

    raw: bytes
    path: tuple[str, ...]
    checkpoint: Checkpoint

    @property
    def record(self) -> Record:
        """The record; raises LedgerUnavailable where the bytes spell none."""
        return record_of(self.raw, "")

    def check(self, public_key: str | Path | Sequence[str]) -> bool:
        """Whether the proof holds for who trusts a public key.

        Args:
            public_key: a PEM file's path, or keys in hexadecimal.

        Raises:
            ConfigError: the file cannot be read, or holds no Ed25519 public key.
        """
        keys = tuple(public_key) if isinstance(public_key, (list, tuple)) else keys_at(public_key)  # type: ignore[arg-type]
        if self.checkpoint.key not in keys or not is_signed(self.checkpoint):
            return False
        said = spelled(self.raw)
        span = None if said is None else _span(self.checkpoint, said["chain"], said["seq"])
        if said is None or span is None:
            return False
        try:
            path = [bytes.fromhex(one) for one in self.path]
        except ValueError:
            return False
        size, index = span.last - span.first + 1, said["seq"] - span.first
        found = root_by(hashlib.sha256(self.raw).digest(), index, size, path)
        return found is not None and found.hex() == span.root

    def to_json(self) -> dict[str, Any]:
        """Return the proof as plain JSON data; the record as the text of its canonical bytes."""
        return {
            "schema": SCHEMA,
            "record": self.raw.decode(),
            "path": list(self.path),
            "checkpoint": self.checkpoint.to_json(),
        }

    def to_bytes(self) -> bytes:
        """Return the proof as one line of JSON: what a file of it holds."""
        return canonical(self.to_json()) + b"\n"

    @classmethod
    def from_bytes(cls, text: bytes) -> Proof:
        """Return the proof that a file of one holds.

        Raises:
            ConfigError: it holds none.
        """
        import orjson

        try:
            found = orjson.loads(text)
            if found["schema"] == SCHEMA:
                path = tuple(str(one) for one in found["path"])
                return cls(found["record"].encode(), path, Checkpoint.from_json(found["checkpoint"]))
        except (ValueError, TypeError, KeyError, AttributeError):
            pass
        raise ConfigError(say("this is not a proof of a record", "ceci n'est pas une preuve d'un enregistrement"))


def prove(connection: Connection, record_id: str) -> Proof:
    """Return the proof of a record.

    Raises:
        ConfigError: there is no such record, it was purged, or no checkpoint covers it.
    """
    rows = connection.execute(_ROW, (record_id,))
    if not rows or not rows[0][2]:
        raise ConfigError(
            say("no record has this id, or it was purged", "aucun enregistrement n'a cet identifiant, ou il fut purgé"),
            where=record_id,
        )
    chain, seq, raw = rows[0]
    for checkpoint in Line.read(connection).checkpoints.values():
        span = _span(checkpoint, chain, seq)
        if span is not None:
            digests = connection.execute(_SPAN, (chain, span.first, span.last))
            path = path_of([bytes.fromhex(one) for (one,) in digests], seq - span.first)
            return Proof(bytes(raw), tuple(one.hex() for one in path), checkpoint)
    raise ConfigError(
        say("no checkpoint covers this record yet", "aucun point de contrôle ne couvre encore cet enregistrement"),
        where=record_id,
        todo="govai ledger checkpoint",
    )


def _span(checkpoint: Checkpoint, chain: str, seq: int) -> Span | None:
    return next((one for one in checkpoint.spans if one.chain == chain and one.first <= seq <= one.last), None)
