"""Placeholders: exact, keyed, unguessable, letters and digits only, stable for the same value within their session."""

from __future__ import annotations

import base64
import hmac
import json
import re
import unicodedata
from dataclasses import dataclass, field, fields
from functools import cache

from govai.core.data import Datum, Seen
from govai.core.taxonomy import Sensitivity

LOOKALIKE = re.compile(r"Zq[A-Z][a-z]{1,15}[A-Z2-7]{12}")
PREFIX = "Zq"
LONGEST = 30  # characters of the longest placeholder: prefix, a word of 16, 12 digits
_DIGITS = 12  # base32 digits of the HMAC: 60 bits
_CASELESS = frozenset(
    {"name", "email", "phone", "address", "contact", "iban", "date"}
)  # elsewhere case may tell two apart
_SEPARATED = frozenset({"phone", "iban", "card"})  # kinds whose separators say nothing; in an e-mail address they do
_UNSPACED = "\u0e00"  # from Thai on, letters follow each other without spaces, and a placeholder among them is whole
_SEPARATORS = re.compile(r"[\s().\-\u2010-\u2015/_·]")
_ESCAPE = re.compile(r"u[0-9A-Fa-f]{4}|[nrtbf]")
_DATUM = tuple(one.name for one in fields(Datum))


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

    __slots__ = ("_issued", "_key", "held")

    def __init__(self, key: bytes) -> None:
        self._key = key
        self._issued: dict[tuple[str, str], str] = {}
        self.held: dict[str, Held] = {}

    def __repr__(self) -> str:
        return f"<Tokens {len(self.held)} held>"

    def issue(self, datum: Datum, value: str) -> str:
        """Return the placeholder for a value; the first spelling of it is the one that is restored."""
        known = self._issued.get((datum.kind, value))
        if known is not None:
            return known
        normal = f"{datum.kind}\x1f{normalised(datum.kind, value)}".encode("utf-8", "surrogatepass")
        digits = base64.b32encode(hmac.digest(self._key, normal, "sha256")[:8])[:_DIGITS].decode("ascii")
        token = f"{PREFIX}{_word(datum.kind)}{digits}"
        self.held.setdefault(token, Held(value, datum))
        self._issued[datum.kind, value] = token
        return token

    def to_bytes(self) -> bytes:
        """Return what was issued as bytes, for an encrypted envelope only: they hold the values."""
        rows = [[token, held.value, _about(held.datum)] for token, held in self.held.items()]
        return json.dumps(rows, separators=(",", ":")).encode("ascii")  # ASCII: a value may hold lone surrogates

    @classmethod
    def from_bytes(cls, key: bytes, raw: bytes) -> Tokens:
        """Read what `to_bytes` wrote.

        Raises:
            ValueError: it is something else; the message repeats nothing of it.
        """
        tokens = cls(key)
        try:
            for token, value, about in json.loads(raw):
                datum = about | {"sensitivity": Sensitivity(about["sensitivity"]), "seen": Seen(about["seen"])}
                tokens.held[token] = Held(value, Datum(**datum))
        except (ValueError, TypeError, KeyError):
            tokens.held.clear()
        else:
            return tokens
        raise ValueError("these are not the placeholders of a call")


class KindOnly(Tokens):
    """What stands for values in texts that become vectors: their kind and nothing else. Nothing is held, nothing restored."""

    __slots__ = ()

    def __init__(self) -> None:
        super().__init__(b"")

    def issue(self, datum: Datum, value: str) -> str:  # noqa: ARG002 -- two people of one kind are told apart by nothing
        """Return the kind in brackets, the same for every value of it."""
        return f"[{_word(datum.kind).lower()}]"


def _about(datum: Datum) -> dict[str, str | int | bool | None]:
    return {name: getattr(datum, name) for name in _DATUM}


def session_key(root: bytes, *parts: str) -> bytes:
    """Return the key of a session: HMAC-SHA256 of `root` over the parts, each with its length."""
    message = b"".join(len(raw).to_bytes(8, "big") + raw for raw in (p.encode("utf-8", "surrogatepass") for p in parts))
    return hmac.digest(root, message, "sha256")


def normalised(kind: str, value: str) -> str:
    """Return the spelling under which two occurrences count as the same value (NFKC, single spaces, case where it is idle).

    Two values that may be two people's never share one: what is restored would be the first one's.
    """
    text = " ".join(unicodedata.normalize("NFKC", value).split())
    if kind in _CASELESS:
        text = text.casefold()
    if kind in _SEPARATED:
        return _SEPARATORS.sub("", text) or text
    return text


def lookalikes(text: str) -> list[tuple[int, int]]:
    """Return the spans (start, end) of what in an input looks like a placeholder and must be neutralised.

    Only the exact spelling counts: nothing else is ever restored.
    """
    return [found.span() for found in LOOKALIKE.finditer(text)] if PREFIX in text else []


def word_before(text: str) -> int:
    """Return how many letters and digits at the end of `text` would join a placeholder that follows.

    An escape (`\\n`, `\\u00e9`), which texts that hold JSON or code are full of, is not a letter.
    """
    at = len(text)
    while at and _joins(text[at - 1]):
        at -= 1
    if at < len(text) and text[at - 1 : at] == "\\" and (escape := _ESCAPE.match(text, at)):
        at = escape.end()
    return len(text) - at


def word_after(text: str) -> int:
    """Return how many letters and digits at the beginning of `text` would join a placeholder before it."""
    at = 0
    while at < len(text) and _joins(text[at]):
        at += 1
    return at


def _joins(char: str) -> bool:
    return char < _UNSPACED and char.isalnum()


@cache
def _word(kind: str) -> str:
    letters = "".join(char for char in kind if "a" <= char.lower() <= "z")[:16].lower()
    return letters.capitalize() if len(letters) > 1 else "Value"
