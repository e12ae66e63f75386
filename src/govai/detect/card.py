"""Payment card numbers (ISO/IEC 7812): candidates by shape and issuer, checked by their Luhn digit (python-stdnum)."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING

from govai.core.data import Finding

if TYPE_CHECKING:
    from collections.abc import Iterator

CATEGORY = "user.financial.credit_card"
_CANDIDATE = re.compile(r"(?<![\w.,])(?:\d[ \-\u00a0\u202f]?){12,18}\d(?![\w])")
_ISSUERS = re.compile(  # Visa, Mastercard, American Express, Discover, Diners, JCB, Maestro, UnionPay
    r"4(?:\d{12}|\d{15}|\d{18})|(?:5[1-5]\d{2}|222[1-9]|22[3-9]\d|2[3-6]\d{2}|27[01]\d|2720)\d{12}|3[47]\d{13}"
    r"|6(?:011|5\d{2}|4[4-9]\d)\d{12}|3(?:0[0-5]|[689]\d)\d{11}|35(?:2[89]|[3-8]\d)\d{12}|(?:5[06-9]|6\d)\d{10,17}|62\d{14,17}"
)


class Card:
    """Finds payment card numbers."""

    def detect(self, text: str) -> Iterator[Finding]:
        """Yield the card numbers in the text."""
        for found in _CANDIDATE.finditer(text):
            if valid(re.sub(r"\D", "", found.group())):
                yield Finding(found.start(), found.end(), "card", CATEGORY)


@lru_cache(maxsize=8192)
def valid(digits: str) -> bool:
    """Whether an issuer numbers cards so, and the check digit holds."""
    from stdnum import luhn

    return bool(_ISSUERS.fullmatch(digits)) and bool(luhn.is_valid(digits))
