"""Scan: one linear pass over a text that says which searches are worth making. It finds nothing itself.

RE2's set of patterns runs over the UTF-8 bytes at several hundred megabytes a second; most texts end here.
"""

from __future__ import annotations

import re
from typing import NamedTuple

import re2

# What may stand between the digits of one number, as people write numbers.
SEPARATORS = r" ./()\-_\u00a0\u00b7\u2009\u2010\u2011\u2013\u202f"
# Characters that read as others, or as nothing: combining marks, invisible ones, presentation forms, digits of other scripts.
ODD = (
    r"\u00ad\u0300-\u036f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2000-\u2008\u200a-\u200f\u202a-\u202e\u205f-\u206f"
    r"\u2460-\u24ff\u3000\u3164\ufb00-\ufb06\ufe00-\ufe0f\ufe50-\ufe6f\ufeff-\uffdc"
    r"\U0001d400-\U0001d7ff\U0001f100-\U0001f1ff\U000e0000-\U000e01ef"
)
_WITHIN = rf"[{SEPARATORS}]{{0,3}}"
_NUMBER = rf"[0-9](?:{_WITHIN}[0-9]){{8}}|\+(?:{_WITHIN}[0-9]){{8}}"
_IBAN = r"[A-Za-z]{2}[0-9]{2}(?:[ .\-_\u00a0\u202f]?[0-9A-Za-z]){11}"
_CODED = (
    r"%[0-9A-Fa-f]{2}|&(?:#[0-9A-Za-z]{1,8}|[A-Za-z][A-Za-z0-9]{1,24});|\\[uxnrtbf/\"']"
    rf"|[^\P{{Nd}}0-9]|[{ODD}]"
)
# Base64 of twelve characters and more always mixes cases or digits within the run, as words of a language do not.
_RUN = r"[A-Za-z0-9+/_\-]"
_MIX = r"(?:[a-z][A-Z]|[A-Za-z][0-9]|[0-9][A-Za-z])"
_PACKED = "|".join(f"{_RUN}{{{at}}}{_MIX}{_RUN}{{{10 - at}}}" for at in range(11))


def _for_re2(pattern: str) -> str:
    """Spell out the escapes that Python knows and RE2 does not."""
    return re.sub(r"\\[uU]([0-9a-fA-F]{8}|[0-9a-fA-F]{4})", r"\\x{\1}", pattern)


def _set() -> re2.Set:
    patterns = re2.Set.SearchSet()
    for pattern in (_NUMBER, _IBAN, _CODED, _PACKED):
        patterns.Add(_for_re2(pattern))
    patterns.Compile()
    return patterns


_SET = _set()


class Hints(NamedTuple):
    """What a text may hold: e-mail addresses, long numbers, IBANs, characters that are coded, base64."""

    at: bool
    number: bool
    iban: bool
    coded: bool
    packed: bool


_NOTHING = Hints(at=False, number=False, iban=False, coded=False, packed=False)
_AT = _NOTHING._replace(at=True)
_INDEXES = range(4)  # of the patterns in the set, in the order of the hints after `at`


def scan(text: str) -> Hints:
    """Return what the text may hold; what is False is certainly not there."""
    hits = _SET.Match(text.encode("utf-8", "surrogatepass"))
    at = "@" in text
    return Hints(at, *[index in hits for index in _INDEXES]) if hits else _AT if at else _NOTHING
