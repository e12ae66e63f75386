"""Known values: found by exact match once case, accents and spaces are folded, all of them in one linear pass."""

# pyright: reportArgumentType=false
# (it widens the sum of two AnyStr to their union)

from __future__ import annotations

import re
import threading
import unicodedata
from bisect import bisect_right
from collections import OrderedDict
from typing import TYPE_CHECKING, AnyStr, NamedTuple

from ahocorasick_rs import AhoCorasick, BytesAhoCorasick, Implementation, MatchKind

from govai.detect.folding import OTHER, folded, folded_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from govai.core.data import Datum, Tracked

_FEW = 3  # characters; a shorter word, or number of no more digits, stands everywhere
_CODE = 6  # characters; a longer value with digits is a code, and is found inside longer runs too
_SMALL = 64  # keys; so few are searched fast enough by the automaton that is built fastest
_FUNCTION_WORDS = frozenset(
    "the and for you your with this that from have not are was but all can her his our out who "
    "les des une est pas que qui dans pour sur avec vous nous son ses par plus mais aux ont sont".split()
)
_LONGEST_COMMON = max(map(len, _FUNCTION_WORDS))
_UNSPACED = re.compile(
    r"[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af\U00020000-\U0003ffff]"
)
_LIGATURES = tuple((pair.encode(), folded(one)) for pair, one in (("oe", "œ"), ("ae", "æ"), ("ss", "ß")))
_BORDER = "\x1f"


class Found(NamedTuple):
    """A known value in a text: characters `start` to `end`, which value, and whether it is too common to be sure."""

    start: int
    end: int
    which: int
    common: bool


class KnownValues:
    """A set of known values, built once and shared between threads.

    Args:
        values: tracked values; of several with the same spelling the most sensitive counts. Empty ones are skipped.

    Attributes:
        longest: characters of the longest value.
    """

    __slots__ = ("_keys", "_latin", "_values", "_wide", "_wide_keys", "longest")

    def __init__(self, values: Sequence[Tracked]) -> None:
        self._values = tuple(values)
        latin: dict[bytes, int] = {}
        wide: dict[str, int] = {}
        for which, key in _keys(self._values):
            if OTHER not in key:
                other = latin.setdefault(key, which)
                if other != which and self._stricter(which, other):
                    latin[key] = which
                continue
            for spelling in _wide_keys(self._values[which].value):
                other = wide.setdefault(spelling, which)
                if other != which and self._stricter(which, other):
                    wide[spelling] = which
        self._keys, self._wide_keys = list(latin.values()), list(wide.values())
        self.longest = max([len(one.value) for one in self._values], default=0)
        kind = Implementation.NoncontiguousNFA if len(latin) <= _SMALL else Implementation.ContiguousNFA
        self._latin = BytesAhoCorasick(latin, MatchKind.Standard, kind) if latin else None
        self._wide = AhoCorasick(wide, MatchKind.Standard) if wide else None

    def __len__(self) -> int:
        return len(self._values)

    def __repr__(self) -> str:
        return f"KnownValues({len(self._values)})"

    def datum(self, index: int) -> Datum:
        """Return what a value is."""
        return self._values[index].datum

    def find(self, text: str) -> Iterator[Found]:
        """Yield where known values stand in the text, possibly overlapping.

        Words are found as whole words; codes, and values of scripts that do not part words, inside longer runs too.
        """
        if self._latin is not None:
            plain = folded(text)
            one = _one_spaced(plain, b" ")
            matches = self._latin.find_matches_as_indexes(one, overlapping=True)
            if matches and len(one) == len(plain):
                yield from _standing(text, matches, self._keys)
            elif matches:
                yield from _moved(text, plain, b" ", matches, self._keys)
        if self._wide is not None and not text.isascii():
            wide = folded_text(text)
            matches = self._wide.find_matches_as_indexes(_one_spaced(wide, " "), overlapping=True)
            if matches:
                yield from _moved(text, wide, " ", matches, self._wide_keys)

    def _stricter(self, one: int, other: int) -> bool:
        return self._values[one].datum.sensitivity > self._values[other].datum.sensitivity


def _keys(values: Sequence[Tracked]) -> Iterator[tuple[int, bytes]]:
    """Yield each value's spellings, folded, with one space between words: as it is, in compatibility form, by ligatures."""
    joined = _BORDER.join([one.value for one in values])
    if joined.count(_BORDER) >= len(values):  # a value holds the border itself
        joined = _BORDER.join([one.value.replace(_BORDER, " ") for one in values])
    forms = [joined] if joined.isascii() else [unicodedata.normalize(form, joined) for form in ("NFC", "NFKC")]
    for form in dict.fromkeys(forms):
        together = folded(form)
        for which, part in enumerate(together.split(b"\x1f")):
            if part:
                key = b" ".join(part.split()) if b" " in part else part
                if key:
                    yield which, key
        for pair, one in _LIGATURES:
            if pair in together or one in together:
                yield from _swapped(together, pair, one)


def _swapped(together: bytes, pair: bytes, one: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield the spellings with two letters for a ligature, and the other way round."""
    for which, part in enumerate(together.split(b"\x1f")):
        if pair in part or one in part:
            key = b" ".join(part.split())
            yield which, key.replace(pair, one)
            yield which, key.replace(one, pair)


def _wide_keys(value: str) -> set[str]:
    cases = (value, value.casefold(), value.upper())  # a letter may be two in another case: ß, SS
    forms = (unicodedata.normalize(form, case) for form in ("NFC", "NFKC") for case in cases)
    return {" ".join(folded_text(form).split()) for form in forms} - {""}


def _one_spaced(plain: AnyStr, space: AnyStr) -> AnyStr:
    """Return the text with one space for each run of them."""
    while space + space in plain:
        plain = plain.replace(space + space, space)
    return plain


def _standing(text: str, matches: Iterable[tuple[int, int, int]], which: list[int]) -> Iterator[Found]:
    """Yield the matches that are no parts of longer words."""
    for index, start, end in matches:
        if _stands(text, start, end):
            yield Found(start, end, which[index], _is_common(text[start:end].casefold()))


def _moved(
    text: str, plain: AnyStr, space: AnyStr, matches: Iterable[tuple[int, int, int]], which: list[int]
) -> Iterator[Found]:
    """Yield what matched in the one-spaced text, at its place in `text`."""
    after, missing = [0], [0]  # from this character of the one-spaced text on, so many are missing before it
    at = plain.find(space + space)
    while at >= 0:
        stop = at + 2
        while plain[stop : stop + 1] == space:
            stop += 1
        after.append(at - missing[-1] + 1)
        missing.append(missing[-1] + stop - at - 1)
        at = plain.find(space + space, stop)
    places = [
        (index, start + missing[bisect_right(after, start) - 1], end + missing[bisect_right(after, end - 1) - 1])
        for index, start, end in matches
    ]
    return _standing(text, places, which)


def _stands(text: str, start: int, end: int) -> bool:
    """Whether what stands there is not a part of a longer word."""
    before = start > 0 and text[start - 1].isalnum() and text[start].isalnum()
    after = end < len(text) and text[end].isalnum() and text[end - 1].isalnum()
    if not (before or after):
        return True
    piece = text[start:end]
    return (len(piece) >= _CODE and any(map(str.isdigit, piece))) or _UNSPACED.search(piece) is not None


def _is_common(key: str) -> bool:
    if len(key) > _LONGEST_COMMON:
        return False
    short = len(key) < _FEW and _UNSPACED.search(key) is None
    return short or (key.isdigit() and len(key) <= _FEW) or key in _FUNCTION_WORDS


class _Kept:
    """Sets of known values built lately, by the very same values, else by equal ones; so many sets and values at most."""

    def __init__(self, sets: int, values: int) -> None:
        self._most = (sets, values)
        self._kept: OrderedDict[tuple[str, ...], tuple[tuple[Tracked, ...], KnownValues]] = OrderedDict()
        self._same: dict[int, KnownValues] = {}  # by id of the tuple, which `_kept` holds as long as the id is here
        self._size = 0
        self._lock = threading.Lock()

    def get(self, values: tuple[Tracked, ...]) -> KnownValues:
        same = self._same.get(id(values))
        if same is not None:
            return same
        spelled = tuple([one.value for one in values])
        with self._lock:
            held, built = self._kept.get(spelled, ((), None))
            if built is not None and held == values:
                self._kept.move_to_end(spelled)
                return built
        built = KnownValues(values)
        with self._lock:
            self._drop(spelled)
            self._kept[spelled] = (values, built)
            self._same[id(values)] = built
            self._size += len(values)
            while len(self._kept) > 1 and (len(self._kept) > self._most[0] or self._size > self._most[1]):
                self._drop(next(iter(self._kept)))
        return built

    def _drop(self, spelled: tuple[str, ...]) -> None:
        held, built = self._kept.pop(spelled, ((), None))
        if built is not None:
            del self._same[id(held)]
            self._size -= len(held)


_KEPT = _Kept(sets=256, values=500_000)


def known_values(values: tuple[Tracked, ...]) -> KnownValues:
    """Return the set of these values, built once for the same or equal ones."""
    return _KEPT.get(values)
