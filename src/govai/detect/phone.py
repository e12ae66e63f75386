"""Phone numbers: candidates by shape, then checked against the world's numbering plans (phonenumbers)."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING

from govai.core.data import Finding

if TYPE_CHECKING:
    from collections.abc import Iterator

CATEGORY = "user.contact.phone_number"
_SEPARATOR = r"[ .\-/\u00a0\u2009\u202f\u2011_]{0,2}"
_CANDIDATE = re.compile(
    rf"(?<![\w+])(?:(?:\+|00[ ]?)[1-9]\d{{0,2}}{_SEPARATOR}(?:\(0\))?(?:{_SEPARATOR}\(?\d\)?){{6,13}}"
    rf"|\(?0[1-9]\)?(?:{_SEPARATOR}\d){{7,10}}"
    r"|(?:1[ .-])?\(?[2-9]\d{2}\)?[ .-]?[2-9]\d{2}[.-]\d{4})(?!\d)"
)
_DATE = re.compile(r"0[1-9][/.-](?:0[1-9]|1[0-2])[/.-](?:19|20)\d{2}")
_NATIONAL = ("FR", "GB", "BE", "CH", "DE", "IT")


class Phone:
    """Finds phone numbers: international, national of France and its neighbours, North American."""

    def detect(self, text: str) -> Iterator[Finding]:
        """Yield the phone numbers in the text."""
        for found in _CANDIDATE.finditer(text):
            candidate = found.group()
            if _DATE.match(candidate):
                continue
            if valid(candidate):
                yield Finding(found.start(), found.end(), "phone", CATEGORY)


@lru_cache(maxsize=8192)
def valid(candidate: str) -> bool:
    """Whether a numbering plan knows the number."""
    import phonenumbers

    digits = re.sub(r"\D", "", candidate.replace("(0)", ""))
    if candidate.startswith("+"):
        tries: list[tuple[str, str | None]] = [("+" + digits, None)]
    elif digits.startswith("00"):
        tries = [("+" + digits[2:], None)]
    elif digits.startswith("0"):
        tries = [(digits, region) for region in _NATIONAL]
    else:
        tries = [(digits, "US")]
    for number, region in tries:
        try:
            if phonenumbers.is_valid_number(phonenumbers.parse(number, region)):
                return True
        except phonenumbers.NumberParseException:
            continue
    return False
