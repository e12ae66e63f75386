"""Views of a text with its common encodings read once, and the way back from a span in the view to the text.

A view is the text with edits; each edit is one piece of the text (an escape, an invisible character) that reads otherwise.
"""

from __future__ import annotations

import html
import re
import unicodedata
from bisect import bisect_right
from dataclasses import dataclass

from govai.detect.scan import ODD

Edit = tuple[int, int, str]  # characters start to end of the text read as this

_CODED = re.compile(
    r"%[0-7][0-9A-Fa-f]|(?:%[89A-Fa-f][0-9A-Fa-f])+"
    r"|&(?:#\d{1,7}|#[xX][0-9A-Fa-f]{1,6}|[A-Za-z][A-Za-z0-9]{1,24});"
    r"|\\u[dD][89abAB][0-9A-Fa-f]{2}\\u[dD][c-fC-F][0-9A-Fa-f]{2}|\\u[0-9A-Fa-f]{4}|\\x[0-9A-Fa-f]{2}|\\[nrtbf/\"']"
    rf"|\w[\u0300-\u036f]+|[{ODD}]|(?![0-9])\d"
)
_ESCAPES = {"n": "\n", "r": "\n", "t": " ", "b": " ", "f": " "}


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

    def inside(self, start: int, end: int) -> tuple[int, int]:
        """Return a span of the original text less the pieces that it holds only a part of."""
        first, last = self._cut(start), self._cut(end)
        return start if first is None else self.ends[first], end if last is None else self.origins[last]

    def around(self, start: int, end: int) -> tuple[int, int]:
        """Return a span of the original text with the whole of the pieces that it holds a part of."""
        first, last = self._cut(start), self._cut(end)
        return start if first is None else self.origins[first], end if last is None else self.ends[last]

    def _cut(self, at: int) -> int | None:
        """Return the piece that is read as one and in the middle of which `at` lies."""
        segment = bisect_right(self.origins, at) - 1
        if segment >= 0 and self.origins[segment] < at < self.ends[segment] and not self._exact(segment):
            return segment
        return None

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
    if code.isdecimal():
        return str(unicodedata.decimal(code))
    plain = unicodedata.normalize("NFKC", code)
    return "" if plain == code and not code[0].isalnum() else plain  # what is invisible reads as nothing


def _unescaped(code: str) -> str:
    if code[1] == "u":
        raw = b"".join(bytes.fromhex(part) for part in code.split("\\u")[1:])
        return raw.decode("utf-16-be", "replace")
    if code[1] == "x":
        return bytes.fromhex(code[2:]).decode("latin-1")
    return _ESCAPES.get(code[1], code[1])
