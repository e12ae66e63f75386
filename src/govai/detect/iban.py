"""IBANs (ISO 13616): candidates by shape, checked by length, structure and checksum (python-stdnum)."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING

from govai.core.data import Finding

if TYPE_CHECKING:
    from collections.abc import Iterator

CATEGORY = "user.financial.bank_account"
_CANDIDATE = re.compile(r"(?<![^\W_])[A-Za-z]{2}\d{2}(?:[ \-.\u00a0\u202f]?[A-Za-z0-9]){11,30}")
_SHORTEST = 15  # characters; Norway's


class Iban:
    """Finds IBANs, grouped or not, in either case."""

    def detect(self, text: str) -> Iterator[Finding]:
        """Yield the IBANs in the text."""
        at = 0
        while (found := _CANDIDATE.search(text, at)) is not None:
            end = _end(text, found.start(), found.end())
            if end:
                yield Finding(found.start(), end, "iban", CATEGORY)
            at = end or found.start() + 2


def _end(text: str, start: int, stop: int) -> int:
    """Return where the IBAN that begins at `start` ends, 0 when none does: what follows it may look like more of it."""
    ends: list[int] = []
    compact: list[str] = []
    for position in range(start, stop):
        if text[position].isalnum():
            compact.append(text[position])
            ends.append(position + 1)
    whole = "".join(compact).upper()
    for size in range(len(whole), _SHORTEST - 1, -1):
        end = ends[size - 1]
        if (end == len(text) or not text[end].isalnum()) and valid(whole[:size]):
            return end
    return 0


@lru_cache(maxsize=8192)
def valid(compact: str) -> bool:
    """Whether it is an IBAN of its country."""
    from stdnum import iban

    return bool(iban.is_valid(compact, check_country=False))
