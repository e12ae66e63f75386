"""Placeholders: exact, keyed, unguessable, letters and digits only, stable for the same value within their session."""

from __future__ import annotations

import base64
import hmac
import re
import unicodedata
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING

import orjson

from govai.core.data import Datum, Seen
from govai.core.taxonomy import Sensitivity

if TYPE_CHECKING:
    from collections.abc import Iterator

LOOKALIKE = re.compile(r"Zq[A-Z][a-z]{1,15}[A-Z2-7]{12}")
PREFIX = "Zq"
_DIGITS = 12  # base32 digits of the HMAC: 60 bits
_SEPARATED = frozenset({"phone", "iban", "card"})  # kinds whose separators say nothing
_NOT_ALNUM = re.compile(r"[^0-9a-z]")


@dataclass(frozen=True, slots=True)
class Held:
    """The value behind a placeholder. Its repr hides it."""

    value: str = field(repr=False)
    datum: Datum


class Tokens:
    """The placeholders of one call. They are never shared with another call.

    Args:
        key: 32 bytes, the session's; the same key gives the same placeholder for the same value.
    """

    __slots__ = ("_key", "held")

    def __init__(self, key: bytes) -> None:
        self._key = key
        self.held: dict[str, Held] = {}

    def __repr__(self) -> str:
        return f"<Tokens {len(self.held)} held>"

    def issue(self, datum: Datum, value: str) -> str:
        """Return the placeholder for a value; the first spelling of it is the one that is restored."""
        normal = f"{datum.kind}\x1f{normalised(datum.kind, value)}".encode("utf-8", "surrogatepass")
        digits = base64.b32encode(hmac.digest(self._key, normal, "sha256")[:8])[:_DIGITS].decode("ascii")
        token = f"{PREFIX}{_word(datum.kind)}{digits}"
        self.held.setdefault(token, Held(value, datum))
        return token

    def to_bytes(self) -> bytes:
        """Return what was issued as bytes, for an encrypted envelope only: they hold the values."""
        return orjson.dumps([[token, held.value, asdict(held.datum)] for token, held in self.held.items()])

    @classmethod
    def from_bytes(cls, key: bytes, raw: bytes) -> Tokens:
        """Read what `to_bytes` wrote."""
        tokens = cls(key)
        for token, value, about in orjson.loads(raw):
            datum = about | {"sensitivity": Sensitivity(about["sensitivity"]), "seen": Seen(about["seen"])}
            tokens.held[token] = Held(value, Datum(**datum))
        return tokens


def session_key(root: bytes, *parts: str) -> bytes:
    """Return the key of a session: HMAC-SHA256 of `root` over the parts, each with its length."""
    message = b"".join(len(raw).to_bytes(8, "big") + raw for raw in (p.encode("utf-8", "surrogatepass") for p in parts))
    return hmac.digest(root, message, "sha256")


def normalised(kind: str, value: str) -> str:
    """Return the spelling under which two occurrences count as the same value."""
    text = " ".join(unicodedata.normalize("NFKC", value).casefold().split())
    if kind in _SEPARATED:
        bare = _NOT_ALNUM.sub("", text)
        return bare or text
    return text


def lookalikes(text: str) -> Iterator[re.Match[str]]:
    """Return what in an input looks like a placeholder and must be neutralised."""
    return LOOKALIKE.finditer(text)


def _word(kind: str) -> str:
    letters = "".join(char for char in kind if "a" <= char.lower() <= "z")[:16].lower()
    return letters.capitalize() if len(letters) > 1 else "Value"
