"""What is known of a text read so far: whether the next character stands in JSON, how deep, and in what kind of place.

A text may be JSON, hold JSON in a fence, or hold JSON whose strings hold JSON again (tool arguments often do). It knows
no placeholders.
"""

from __future__ import annotations

import json
import re

from govai.protect.destinations import Place

_DEEPEST = 3  # JSON within strings of JSON is followed this far
_OPENING = re.compile(r"\s*([{\[])?")
_FENCE = re.compile(r"\n[ \t]{0,3}(?:```|~~~)(?:json\w{0,3})?[ \t]{0,3}\r?\n", re.IGNORECASE)
_FENCE_MAX = 24  # characters the pattern above can match, and a few
_STRUCTURE = re.compile(r'["{}\[\]]|[^\s\d,:.+\-eEtrufalsn]')
_IN_STRING = re.compile(r'["\\]')
_ESCAPE = re.compile(
    r"\\(?:u([0-9A-Fa-f]{4})|(u[0-9A-Fa-f]{0,3}|)\Z|u|(.))", re.DOTALL
)  # whole, cut at the end, wrong, short
_SHORT = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}
_WRONG = "\ufffd"
_SURROGATE = re.compile("[\ud800-\udfff]")


def escaped(value: str, depth: int) -> str:
    """Return `value` as it stands inside a string of JSON, `depth` times over."""
    for _ in range(depth):
        value = json.dumps(value, ensure_ascii=_SURROGATE.search(value) is not None)[1:-1]
    return value


def unescaped(text: str, depth: int) -> str:
    """Return `text`, the beginning of a rest of a JSON string, with its escapes read `depth` times over."""
    for _ in range(depth):
        if "\\" in text:
            text = _ESCAPE.sub(_meant, text)
    return text


def _meant(escape: re.Match[str]) -> str:
    code, cut, short = escape.groups()
    if code is not None:
        return chr(int(code, 16))
    if cut is not None:
        return ""
    return _SHORT.get(short, short) if short else _WRONG


class Reading:
    """Reads a text of which it is not known beforehand whether it is JSON.

    Where it looks like JSON, a string of it is a text of its own; but since it may be shown as Markdown or HTML all the
    same, a place inside a tag or a link target of the text as a whole stays closed. Only bare addresses are taken to
    end with their string.
    """

    __slots__ = ("_carry", "_document", "_level", "_place", "_starting")

    def __init__(self, level: int = 0) -> None:
        self._place = Place()
        self._document: Document | None = None
        self._level = level
        self._starting = True
        self._carry = "\n"

    @property
    def depth(self) -> int:
        """How many times over a value has to be JSON-escaped here."""
        return self._document.depth if self._document and self._document.in_string else 0

    @property
    def recent(self) -> str:
        """The last few characters as they are meant."""
        if self._document and self._document.in_string:
            return self._document.recent
        return self._place.recent

    def forbids(self) -> str | None:
        """Return why no raw value may stand here, None where it may."""
        if self._document is None or not self._document.in_string:
            return self._place.forbids()
        return self._document.forbids() or self._place.forbids_markup()

    def read(self, text: str) -> None:
        """Take the next characters."""
        self._place.read(text)
        while text:
            if self._document is not None:
                text = text[self._document.read(text) :]
                if self._document.over:
                    self._document, self._carry = None, "."
            elif self._starting:
                text = self._begin(text)
            else:
                text = self._seek_fence(text)

    def _begin(self, text: str) -> str:
        found = _OPENING.match(text)
        if found and found.end() == len(text) and not found[1]:
            self._carry = (self._carry + text)[-_FENCE_MAX:]
            return ""
        self._starting = False
        if found and found[1] and self._level < _DEEPEST:
            self._document = Document(self._level + 1, strict=False)
            return text[found.start(1) :]
        return text

    def _seek_fence(self, text: str) -> str:
        whole = self._carry + text
        found = _FENCE.search(whole)
        if found is None:
            self._carry = whole[-_FENCE_MAX:]
            return ""
        self._carry, self._starting = "\n", True
        return whole[found.end() :]


class Document:
    """Reads JSON, fragment by fragment.

    Args:
        level: how many JSON documents are around its strings, itself included.
        strict: it is known to be JSON; otherwise it is `over` where it ends, or turns out to be something else.
    """

    __slots__ = ("_last", "_nesting", "_partial", "_strict", "_string", "level", "over")

    def __init__(self, level: int = 1, *, strict: bool = True) -> None:
        self.level = level
        self.over = False
        self._strict = strict
        self._nesting = 0
        self._string: Reading | None = None
        self._partial = ""
        self._last = ""

    @property
    def in_string(self) -> bool:
        """Whether the next character stands in a string."""
        return self._string is not None

    @property
    def depth(self) -> int:
        """How many times over a value has to be JSON-escaped here, counted from this document."""
        return 1 + (self._string.depth if self._string else 0)

    @property
    def recent(self) -> str:
        """The last few characters as they are meant, of the string if one is open."""
        return self._partial or (self._string.recent if self._string else self._last)

    def forbids(self) -> str | None:
        """Return why no raw value may stand here, None where it may."""
        return self._string.forbids() if self._string else None

    def read(self, text: str) -> int:
        """Take the next characters and return how many: all, unless it is over before."""
        at = 0
        while at < len(text) and not self.over:
            at = self._structure(text, at) if self._string is None else self._content(self._string, text, at)
        return at

    def _structure(self, text: str, at: int) -> int:
        found = _STRUCTURE.search(text, at)
        if found is None:
            self._last = text[-1]
            return len(text)
        self._last = mark = found.group()
        if mark == '"':
            self._string = Reading(self.level)
        elif mark in "{[":
            self._nesting += 1
        elif mark in "}]":
            self._nesting -= 1
            self.over = self._nesting <= 0 and not self._strict
        elif not self._strict:
            self.over = True
            return found.start()
        return found.end()

    def _content(self, string: Reading, text: str, at: int) -> int:
        if self._partial:
            text, at, before = self._partial + text[at:], 0, at - len(self._partial)
            self._partial = ""
        else:
            before = 0
        said: list[str] = []
        while True:
            found = _IN_STRING.search(text, at)
            if found is None:
                said.append(text[at:])
                at = len(text)
                break
            said.append(text[at : found.start()])
            if found.group() == '"':
                self._string, self._last = None, '"'
                return before + found.end()
            escape = _ESCAPE.match(text, found.start())
            if escape is None or escape[2] is not None:
                self._partial, at = text[found.start() :], len(text)
                break
            said.append(_meant(escape))
            at = escape.end()
        string.read("".join(said))
        return before + at
