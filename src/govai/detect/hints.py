"""Hints: in one linear pass over a document's bytes, what kinds of things are worth looking for in it (RE2)."""

from __future__ import annotations

from enum import IntEnum
from functools import cache
from typing import TYPE_CHECKING

import re2

if TYPE_CHECKING:
    from collections.abc import Iterator


class Hint(IntEnum):
    """What may stand in a document. A hint says "look"; only its absence is certain."""

    EMAIL = 0
    DIGITS = 1  # seven digits or more, with little between them: a phone, a card
    IBAN = 2
    CODED = 3  # escapes, entities, percent signs
    UNUSUAL = 4  # invisible, combining or full-width characters
    LONG_RUN = 5  # twelve characters of base64's alphabet or more


_PATTERNS = {
    Hint.EMAIL: rb"@|\xef\xbc\xa0",
    Hint.DIGITS: rb"[0-9](?:[^0-9A-Za-z\n\x1f]{0,6}[0-9]){6}",
    Hint.IBAN: rb"[A-Za-z]{2}[0-9]{2}[^0-9A-Za-z\n\x1f]{0,3}[A-Za-z0-9]{3}",
    Hint.CODED: rb"%[0-9A-Fa-f]{2}|&[#A-Za-z][A-Za-z0-9]{1,24};|\\[uxnrtbf/\"']",
    Hint.UNUSUAL: (
        rb"\xc2\xad|\xcc[\x80-\xbf]|\xcd[\x80-\xaf]|\xd8\x9c|\xe1\x85[\x9f\xa0]|\xe1\x9e[\xb4\xb5]|\xe1\xa0[\x8b-\x8f]"
        rb"|\xe2\x80[\x8b-\x8f\xaa-\xae]|\xe2\x81[\xa0-\xaf]|\xe2\x91[\xa0-\xbf]|\xe2\x92|\xe2\x93[\x80-\xaa]"
        rb"|\xef\xb8[\x80-\x8f]|\xef\xbb\xbf|\xef[\xbc\xbd]|\xf0\x9d"
    ),
    Hint.LONG_RUN: rb"[A-Za-z0-9+/_-]{12}",
}


@cache
def _set() -> re2.Set:
    patterns = re2.Set.SearchSet(_options())
    for hint in Hint:
        patterns.Add(_PATTERNS[hint])
    patterns.Compile()
    return patterns


class Scan:
    """One document, its bytes, and what may stand in it."""

    __slots__ = ("_raw", "seen", "text")

    def __init__(self, text: str) -> None:
        self.text = text
        self._raw = text.encode("utf-8", "surrogatepass")
        self.seen = frozenset(_set().Match(self._raw) or ())

    def windows(self, hint: Hint) -> Iterator[tuple[int, str]]:
        """Yield where the things of a hint may stand: the window's first character, and its text with a little around."""
        at = chars = 0
        done = 0
        for found in _runs(hint).finditer(self._raw):
            start, end = found.span()
            chars += _length(self._raw[at:start])
            size = _length(self._raw[start:end])
            first, last = max(chars - _AROUND, done), chars + size
            yield first, self.text[first : last + _AROUND]
            done = last
            at, chars = end, last


_AROUND = 3  # characters that tell what a number is not part of
_RUNS = {
    Hint.DIGITS: rb"[0-9](?:[^A-Za-z\n\x1f]{0,6}[0-9]){6,}",
    Hint.IBAN: rb"[A-Za-z]{2}[0-9]{2}(?:[^0-9A-Za-z\n\x1f]{0,3}[A-Za-z0-9]){11,60}",
    Hint.LONG_RUN: rb"[A-Za-z0-9+/_-]{12,}={0,2}",
}


@cache
def _runs(hint: Hint) -> re2._Regexp[bytes]:
    return re2.compile(_RUNS[hint], _options())


def _length(raw: bytes) -> int:
    return len(raw) if raw.isascii() else len(raw.decode("utf-8", "surrogatepass"))


def _options() -> re2.Options:
    options = re2.Options()
    options.encoding = re2.Options.Encoding.LATIN1  # bytes, not characters
    return options
