"""Payment card numbers (ISO/IEC 7812): candidates by shape, checked by issuer, length and Luhn digit (python-stdnum)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from govai.core.data import Finding

if TYPE_CHECKING:
    from collections.abc import Iterator

CATEGORY = "user.financial.credit_card"
_S = r"[ .\-_/\u00a0\u2009\u2010\u2011\u2013\u202f]{1,3}"
_CANDIDATE = re.compile(
    r"(?<![^\W_])(?<![0-9][.,])[2-6](?:"
    rf"[0-9]{{12,18}}|[0-9]{{3}}(?:{_S}[0-9]{{4}}){{3}}(?:{_S}?[0-9]{{1,3}})?"  # 4-4-4-4, and up to 19 digits
    rf"|[0-9]{{3}}{_S}[0-9]{{6}}{_S}[0-9]{{4,5}}"  # 4-6-5 American Express, 4-6-4 Diners
    r"|(?<![0-9][ .\-/\u00a0\u202f][0-9])[0-9](?:[ .\-\u00a0\u202f]?[0-9]){11,17}"  # any other grouping, alone
    r")(?![^\W_])"
)
_ISSUERS = re.compile(  # Visa, Mastercard, American Express, Discover, Diners, JCB, UnionPay, Maestro
    r"4(?:[0-9]{12}|[0-9]{15}|[0-9]{18})|(?:5[1-5][0-9]{2}|222[1-9]|22[3-9][0-9]|2[3-6][0-9]{2}|27[01][0-9]|2720)[0-9]{12}"
    r"|3[47][0-9]{13}|6(?:011|5[0-9]{2}|4[4-9][0-9])[0-9]{12}(?:[0-9]{3})?|3(?:0[0-5]|[689][0-9])[0-9]{11}"
    r"|35(?:2[89]|[3-8][0-9])[0-9]{12}|62[0-9]{14,17}|(?:50[0-9]{2}|5[6-9][0-9]{2}|6[0-9]{3})[0-9]{9,15}"
)
_DIGITS = re.compile(r"[0-9]+")
_SHORTEST = 13  # digits


class Card:
    """Finds payment card numbers."""

    def detect(self, text: str) -> Iterator[Finding]:
        """Yield the card numbers in the text."""
        for start, end in self.spans(text, 0, len(text)):
            yield Finding(start, end, "card", CATEGORY)

    def spans(self, text: str, start: int, stop: int) -> list[tuple[int, int]]:
        """Return where card numbers begin and end, within characters `start` to `stop` of the text."""
        spans = []
        while stop - start >= _SHORTEST and (found := _CANDIDATE.search(text, start, stop)) is not None:
            at = found.start()
            end = _end(text, at, found.end())
            if end:
                spans.append((at, end))
            start = end or at + 1
        return spans


def _end(text: str, at: int, stop: int) -> int:
    """Return where the longest valid number that begins at `at` ends: an expiry date or a code may follow it."""
    digits = "".join(_DIGITS.findall(text, at, stop))
    end = stop
    while len(digits) >= _SHORTEST:
        if _valid(digits):
            return end
        end -= 1
        while text[end - 1].isdigit():  # back over the last group
            end -= 1
        while end > at and not text[end - 1].isdigit():
            end -= 1
        digits = "".join(_DIGITS.findall(text, at, end))
    return 0


def _valid(digits: str) -> bool:
    from stdnum import luhn

    return _ISSUERS.fullmatch(digits) is not None and bool(luhn.is_valid(digits))
