"""Phone numbers: candidates by the shapes people write, then checked against the numbering plan they claim."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from govai.core.data import Finding
from govai.detect.numbering import is_international, is_international_line, is_line, is_number
from govai.detect.scan import SEPARATORS

if TYPE_CHECKING:
    from collections.abc import Iterator

CATEGORY = "user.contact.phone_number"
_S = rf"[{SEPARATORS}]{{0,3}}"
_ONE = r"[ .\-/\u00a0\u2009\u2010\u2011\u2013\u202f]?"
_ALONE = r"(?<![0-9][ .,/\-\u00a0\u202f])"
_CANDIDATE = re.compile(
    rf"(?P<plus>\(?\+{_S}[1-9](?:{_S}[0-9]){{6,16}}"  # +33 6 …, +33 (0)6 …, (+33) …
    rf"|(?<![0-9A-Za-z])00[ .\-]?[1-9](?:{_S}[0-9]){{7,16}})"  # 0033 6 …
    rf"|(?<![^\W_])(?P<pairs>\(?0\)?[ .]?[1-9](?:{_S}[0-9]{{2}}){{4}})(?![0-9])"  # 06 12 34 56 78
    rf"|(?<![^\W_])(?P<french>33[ .]?(?:[67]|\([67]\)))(?P<rest>(?:{_ONE}[0-9]{{2}}){{4}})(?![0-9])"  # 33612345678
    rf"|(?<![^\W_]){_ALONE}(?P<other>\(?0[0-9]{{1,4}}\)?(?:{_ONE}[0-9]{{2,6}}){{1,4}})(?!{_ONE}[0-9])"  # 020 7946 0958
    rf"|(?<![^\W_]){_ALONE}(?P<american>(?:1[ .\-])?\(?[2-9][0-9]{{2}}\)?[ .\-]{{0,2}}[2-9][0-9]{{2}}[ .\-][0-9]{{4}})(?!{_ONE}[0-9])"
)
_DATE = re.compile(r"(?:[0-3]?[0-9][ ./\-])?(?:0?[1-9]|1[0-2])[ ./\-](?:19|20)[0-9]{2}(?![0-9])")
_NEIGHBOURS = ("FR", "GB", "BE", "CH")
_DIGITS = re.compile(r"[0-9]+")
_GLUED = "/.-_,"  # after a digit these join what follows to it: a date, a version, a reference
_SHORTEST, _LONGEST = 7, 15  # digits after the +, E.164
_FRENCH, _BRITISH = 10, 11  # digits with the leading 0


class Phone:
    """Finds phone numbers: international ones, those of France and its neighbours, North American ones."""

    def detect(self, text: str) -> Iterator[Finding]:
        """Yield the phone numbers in the text."""
        for start, end in self.spans(text, 0, len(text)):
            yield Finding(start, end, "phone", CATEGORY)

    def spans(self, text: str, start: int, stop: int) -> list[tuple[int, int]]:
        """Return where phone numbers begin and end, within characters `start` to `stop` of the text."""
        spans = []
        last = -1
        while stop - start > _SHORTEST and (found := _CANDIDATE.search(text, start, stop)) is not None:
            at = found.start()
            end = _end(text, found, last)
            if end:
                last = end
                spans.append((at, end))
            start = end or at + 1
        return spans


def _end(text: str, found: re.Match[str], last: int) -> int:
    """Return where the number that begins with the candidate ends, 0 when none does."""
    shape, written = found.lastgroup, found.group()
    at, end = found.span()
    if shape == "plus":
        return _international_end(text, at, end)
    if _DATE.match(written) or (at != last + 1 and at > 1 and text[at - 1] in _GLUED and text[at - 2].isdigit()):
        return 0
    digits = "".join(_DIGITS.findall(written))
    if shape == "pairs":
        known = is_number(digits, "FR")
    elif shape == "rest":
        known = is_international_line(digits)
    elif shape == "american":
        known = is_line(digits, "US")
    else:
        grouped = not written.isdigit() or len(digits) in {_FRENCH, _BRITISH}
        known = grouped and any(is_line(digits, region) for region in _NEIGHBOURS)
    return end if known else 0


def _international_end(text: str, at: int, stop: int) -> int:
    """Return the end of the longest number of a line, else of any number: what follows may be another number."""
    plus = "+" in text[at : at + 2]
    ends: list[tuple[int, str]] = []
    digits = ""
    for group in _DIGITS.finditer(text, at, stop):
        digits += group.group()
        bare = digits if plus else digits[2:]
        if _SHORTEST <= len(bare) <= _LONGEST + 1 and not text[group.end() : group.end() + 1].isdigit():
            ends.append((group.end(), bare))
    ends.reverse()
    line = next((end for end, bare in ends if is_international_line(bare)), 0)
    return line or next((end for end, bare in ends if plus and is_international(bare)), 0)
