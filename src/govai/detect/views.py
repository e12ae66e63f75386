"""Views of a text with its common encodings read once, and the way back from a span in the view to the text.

A view is the text with edits; each edit is one piece of the text (an escape, an invisible character) that reads otherwise.
"""

from __future__ import annotations

import base64
import binascii
import html
import re
import unicodedata
from bisect import bisect_right
from dataclasses import dataclass

Edit = tuple[int, int, str]  # characters start to end of the text read as this

_CODED = re.compile(
    r"%[0-7][0-9A-Fa-f]|(?:%[89A-Fa-f][0-9A-Fa-f])+"
    r"|&(?:#\d{1,7}|#[xX][0-9A-Fa-f]{1,6}|[A-Za-z]{2,24});"
    r"|\\u[dD][89abAB][0-9A-Fa-f]{2}\\u[dD][c-fC-F][0-9A-Fa-f]{2}|\\u[0-9A-Fa-f]{4}|\\x[0-9A-Fa-f]{2}|\\[nrtbf/\"']"
    r"|[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufe00-\ufe0f\ufeff]+"
    r"|[\uff01-\uff5e\U0001d400-\U0001d7ff\u2460-\u24ea]"
    r"|[A-Za-z][\u0300-\u036f]+"
)
_BASE64 = re.compile(r"(?<![A-Za-z0-9+/_=-])[A-Za-z0-9+/_-]{12,}={0,2}")
_SPACES = re.compile(r"[^\S\x1f]{2,}|[^\S \x1f]")  # the border between texts is none
_ESCAPES = {"n": "\n", "r": "\n", "t": " ", "b": " ", "f": " "}
_UNREADABLE = re.compile(r"[\x00-\x08\x0e-\x1f\ufffd]")


@dataclass(frozen=True, slots=True)
class View:
    """A text as read. Segment `i` begins at view character `starts[i]` and reads text characters `origins[i]` to `ends[i]`."""

    text: str
    starts: list[int]
    origins: list[int]
    ends: list[int]

    def span(self, start: int, end: int) -> tuple[int, int]:
        """Return the characters of the original text that a span of the view stands for."""
        first = bisect_right(self.starts, start) - 1
        last = bisect_right(self.starts, end - 1) - 1
        return self._at(first, start), self._end(last, end)

    def _exact(self, segment: int) -> bool:
        last = segment + 1 == len(self.starts)
        size = (len(self.text) if last else self.starts[segment + 1]) - self.starts[segment]
        return size == self.ends[segment] - self.origins[segment]

    def _at(self, segment: int, position: int) -> int:
        origin = self.origins[segment]
        return origin + position - self.starts[segment] if self._exact(segment) else origin

    def _end(self, segment: int, position: int) -> int:
        if self._exact(segment):
            return self.origins[segment] + position - self.starts[segment]
        return self.ends[segment]


def decoded(text: str) -> View | None:
    """Return the text with escapes, entities and invisible characters read; None when there are none."""
    edits = [(found.start(), found.end(), _read(found.group())) for found in _CODED.finditer(text)]
    return _edited(text, [edit for edit in edits if text[edit[0] : edit[1]] != edit[2]])


def spaced(text: str) -> View | None:
    """Return the text with each run of white space as one space; None when it is so already."""
    return _edited(text, [(found.start(), found.end(), " ") for found in _SPACES.finditer(text)])


def base64_runs(text: str) -> list[tuple[int, int, str]]:
    """Return (start, end, decoded text) of the runs that are base64, standard or URL-safe, of readable text."""
    found = []
    for run in _BASE64.finditer(text):
        inner = _text_of(run.group())
        if inner:
            found.append((run.start(), run.end(), inner))
    return found


def _edited(text: str, edits: list[Edit]) -> View | None:
    if not edits:
        return None
    out: list[str] = []
    starts: list[int] = []
    origins: list[int] = []
    ends: list[int] = []
    at = size = 0
    for start, end, new in [*edits, (len(text), len(text), "")]:
        for a, b, piece in ((at, start, text[at:start]), (start, end, new)):
            if piece:
                starts.append(size)
                origins.append(a)
                ends.append(b)
                out.append(piece)
                size += len(piece)
        at = end
    return View("".join(out), starts, origins, ends)


def _read(code: str) -> str:
    if code.startswith("%"):
        return bytes.fromhex(code.replace("%", "")).decode("utf-8", "replace")
    if code.startswith("&"):
        return html.unescape(code)
    if code.startswith("\\"):
        return _unescaped(code)
    plain = unicodedata.normalize("NFKC", code)
    return "" if plain == code else plain


def _unescaped(code: str) -> str:
    if code[1] == "u":
        raw = b"".join(bytes.fromhex(part) for part in code.split("\\u")[1:])
        return raw.decode("utf-16-be", "replace")
    if code[1] == "x":
        return bytes.fromhex(code[2:]).decode("latin-1")
    return _ESCAPES.get(code[1], code[1])


def _text_of(run: str) -> str:
    bare = run.rstrip("=").replace("-", "+").replace("_", "/")
    if len(bare) % 4 == 1:
        return ""
    try:
        raw = base64.b64decode(bare + "=" * (-len(bare) % 4))
    except (binascii.Error, ValueError):
        return ""
    for coding in ("utf-8", "utf-16-le") if b"\x00" in raw else ("utf-8",):
        try:
            text = raw.decode(coding)
        except UnicodeDecodeError:
            continue
        if not _UNREADABLE.search(text):
            return text
    return ""
