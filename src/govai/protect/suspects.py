"""What a placeholder that is not whole looks like: which text may still become one, and which never will."""

from __future__ import annotations

import re
from bisect import bisect_left
from typing import TYPE_CHECKING

from govai.protect.tokens import LONGEST, PREFIX

if TYPE_CHECKING:
    from collections.abc import Collection

SUSPECT = re.compile(r"Zq[A-Z][a-z]{1,15}[A-Z2-7]{1,12}")
_BEGINNING = re.compile(r"Z(?:q(?:[A-Z][a-z]{0,15})?)?\Z")
_DIGITS = re.compile(r"[A-Z2-7]*\Z")
_TELLING = 4  # digits from which on a word is no coincidence


class Known:
    """The placeholders of a call, asked by their beginning.

    Args:
        held: the placeholders; those added later are seen too.
    """

    __slots__ = ("_held", "_sorted")

    def __init__(self, held: Collection[str]) -> None:
        self._held = held
        self._sorted: list[str] = []

    def begins(self, text: str) -> bool:
        """Whether a placeholder begins with `text`, or is it."""
        if len(self._sorted) != len(self._held):
            self._sorted = sorted(self._held)
        at = bisect_left(self._sorted, text)
        return at < len(self._sorted) and self._sorted[at].startswith(text)

    def waits_from(self, text: str, at: int) -> int:
        """Return where in `text`, from `at` on, an end that may become a placeholder begins: its length if none."""
        start = text.find(PREFIX[0], max(at, len(text) - LONGEST))
        while start >= 0:
            if self.begins(text[start:]):
                return start
            start = text.find(PREFIX[0], start + 1)
        return len(text)


class Watch:
    """Names what looks like a placeholder of nobody's, or like part of one, in text that is not restored.

    Args:
        known: the placeholders of the call.
        held: the same, asked whole.
    """

    __slots__ = ("_carry", "_held", "_known")

    def __init__(self, known: Known, held: Collection[str]) -> None:
        self._known, self._held = known, held
        self._carry = ""

    def read(self, text: str) -> list[str]:
        """Take the next characters; return the incidents that are certain now."""
        if not self._carry and PREFIX[0] not in text:
            return []
        text = self._carry + text
        self._carry = ""
        named: list[str] = []
        at = 0
        while found := SUSPECT.search(text, at):
            if found.end() == len(text):
                self._carry = found.group()
                return named
            named += self._name(found.group())
            at = found.start() + len(PREFIX)
        beginning = _BEGINNING.search(text, max(0, len(text) - LONGEST))
        self._carry = beginning.group() if beginning else ""
        return named

    def end(self) -> list[str]:
        """The text ends here, or a placeholder stands here."""
        text, self._carry = self._carry, ""
        return self._name(text) if text else []

    def _name(self, text: str) -> list[str]:
        if text in self._held:
            return []
        if len(text) > len(PREFIX) and self._known.begins(text):
            return ["placeholder-cut"]
        digits = _DIGITS.search(text)
        return ["placeholder-unknown"] if digits and len(digits.group()) >= _TELLING else []
