"""Folding: a text as one byte a character, without case, accents or kinds of spaces, so that known values are found fast.

Bytes below 0xA0 that no text needs stand for what French and English typography adds to Latin-1; characters outside
fold to their base letter, or to one byte that stands for all others.
"""

from __future__ import annotations

import codecs
import unicodedata

_TYPOGRAPHY = "’‘ʼ‛′“”–—‐‑…€œŒŸŠšŽžłŁđĐıİſ\u2007\u2009\u200a\u202f\u3000"  # 32: bytes 0x80 to 0x9f
OTHER = 0x1A  # any other character; a known value that holds one is looked for character by character
_SAME = dict.fromkeys("’‘ʼ‛′´`", "'") | dict.fromkeys("–—‐‑‒", "-") | {"ı": "i", "ł": "l", "đ": "d", "ſ": "s"}


def folded_char(char: str) -> str:
    """Return the one character that stands for `char` and its variants of case, accent and spacing."""
    if char in _SAME:
        return _SAME[char]
    if char.isspace() and char != "\x1f":  # \x1f parts the texts of a document: nothing reaches across
        return " "
    if not char.isalnum():
        return char
    parts = unicodedata.normalize("NFD", char)
    base = parts[0] if all(map(unicodedata.combining, parts[1:])) else char  # a Hangul syllable has no base letter
    bare = base.casefold()
    return _SAME.get(bare, bare) if len(bare) == 1 else base.lower()[0]


class _Folds(dict[int, str]):
    """The fold of each character, worked out when it is first met."""

    def __missing__(self, code: int) -> str:
        self[code] = folded = folded_char(chr(code))
        return folded


_FOLDS = _Folds()
_DECODED = "".join(map(chr, range(0x80))) + _TYPOGRAPHY + "".join(map(chr, range(0xA0, 0x100)))
_FREQUENT = [(char, chr(_DECODED.index(char))) for char in "’€–…œ“”\u202f"]  # with these put in, most text is Latin-1
_ENCODING = codecs.charmap_build(_DECODED)
_BYTES = {char: code for code, char in enumerate(_DECODED)}
_TABLE = bytes(_BYTES.get(folded_char(char), code) for code, char in enumerate(_DECODED))


def _unknown(error: UnicodeError) -> tuple[bytes, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    run = error.object[error.start : error.end]
    return bytes(_BYTES.get(_FOLDS[ord(char)], OTHER) for char in run), error.end


codecs.register_error("govai.folding", _unknown)


def folded(text: str) -> bytes:
    """Return the text folded, one byte a character; `OTHER` for what has no byte of its own."""
    latin = text
    if not text.isascii():
        for char, slot in _FREQUENT:
            if char in latin:
                latin = latin.replace(char, slot)
    try:
        raw = latin.encode("latin-1")
    except UnicodeEncodeError:
        raw = codecs.charmap_encode(text, "govai.folding", _ENCODING)[0]
    return raw.translate(_TABLE)


def folded_text(text: str) -> str:
    """Return the text folded, of the same length, for values of any script. Slower."""
    return text.translate(_FOLDS)
