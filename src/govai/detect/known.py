"""Known values: found by exact match once case, accents and spaces are folded, all of them in one linear pass."""

from __future__ import annotations

import unicodedata
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from ahocorasick_rs import AhoCorasick, MatchKind

from govai.detect.views import spaced

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from govai.core.data import Datum, Tracked

_FEW = 3  # characters; a shorter word, or number of no more digits, stands everywhere
_CODE = 6  # characters; a longer value with digits is a code, and is found inside longer runs too
_FUNCTION_WORDS = frozenset(
    "the and for you your with this that from have not are was but all can her his our out who "
    "les des une est pas que qui dans pour sur avec vous nous son ses par plus mais aux ont sont".split()
)


def _fold_table() -> dict[int, str]:
    table = {
        0xA0: " ",
        0x2007: " ",
        0x2009: " ",
        0x200A: " ",
        0x202F: " ",
        0x3000: " ",
        0x2019: "'",
        0x2018: "'",
        0x02BC: "'",
        0x2010: "-",
        0x2011: "-",
        0x2013: "-",
    }
    for code in [*range(0xC0, 0x250), *range(0x1E00, 0x2000), *range(0x370, 0x530), *range(0xFF01, 0xFF5F)]:
        base = unicodedata.normalize("NFKD", chr(code)).casefold()
        bare = "".join(char for char in base if not unicodedata.combining(char))
        if len(bare) == 1 and bare != chr(code):
            table[code] = bare
    return dict(table.items())


_FOLD = str.maketrans({chr(code): char for code, char in _fold_table().items()})


class Found(NamedTuple):
    """A known value in a text: characters `start` to `end`, and which value."""

    start: int
    end: int
    which: int


def folded(text: str) -> str:
    """Return the text without case and accents, of the same length."""
    if text.isascii():
        return text.lower()
    lower = text.lower()
    if len(lower) != len(text):
        lower = "".join(char if len(low := char.lower()) != 1 else low for char in text)
    return lower.translate(_FOLD)


class KnownValues:
    """A set of known values, built once and shared between threads.

    Args:
        values: tracked values; of several with the same spelling the most sensitive counts.
    """

    __slots__ = ("_automaton", "_codes", "_common", "_spaces", "values")

    def __init__(self, values: Sequence[Tracked]) -> None:
        best: dict[str, Tracked] = {}
        for one in values:
            key = " ".join(folded(unicodedata.normalize("NFC", one.value)).split())
            if key and (key not in best or one.datum.sensitivity > best[key].datum.sensitivity):
                best[key] = one
        self.values = list(best.values())
        self._common = [_is_common(key) for key in best]
        self._codes = [len(key) >= _CODE and any(c.isdigit() for c in key) for key in best]
        self._spaces = any(" " in key for key in best)
        self._automaton = AhoCorasick(list(best), matchkind=MatchKind.Standard) if best else None

    def __len__(self) -> int:
        return len(self.values)

    def datum(self, index: int) -> Datum:
        """Return what a value is."""
        return self.values[index].datum

    def common(self, index: int) -> bool:
        """Whether a value is too common to be found safely."""
        return self._common[index]

    def find(self, text: str) -> Iterator[Found]:
        """Yield where known values stand in the text: as whole words, codes also inside longer runs."""
        if self._automaton is None:
            return
        yield from self._in(text)
        if self._spaces and (view := spaced(text)) is not None:
            for found in self._in(view.text):
                start, end = view.span(found.start, found.end)
                yield Found(start, end, found.which)

    def _in(self, text: str) -> Iterator[Found]:
        plain = folded(text)
        if self._automaton is None:
            return
        size = len(plain)
        for index, start, end in self._automaton.find_matches_as_indexes(plain, overlapping=True):
            inside = (start > 0 and plain[start - 1].isalnum() and plain[start].isalnum()) or (
                end < size and plain[end].isalnum() and plain[end - 1].isalnum()
            )
            if not inside or self._codes[index]:
                yield Found(start, end, index)


def _is_common(key: str) -> bool:
    return len(key) < _FEW or (key.isdigit() and len(key) <= _FEW) or key in _FUNCTION_WORDS


@lru_cache(maxsize=256)
def known_values(values: tuple[Tracked, ...]) -> KnownValues:
    """Return the set of these values, built once for equal ones."""
    return KnownValues(values)
