"""IBANs (ISO 13616): candidates by shape, checked by their country's structure (python-stdnum's registry) and check digits."""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING

from govai.core.data import Finding

if TYPE_CHECKING:
    from collections.abc import Iterator

CATEGORY = "user.financial.bank_account"
_CANDIDATE = re.compile(  # from the check digits on, which are rarer than letters: two letters before them, no third
    r"[0-9][0-9](?<=[A-Za-z]{2}[0-9]{2})(?<![^\W_][A-Za-z]{2}[0-9]{2})(?:[ \-._\u00a0\u2009\u202f]{0,2}[A-Za-z0-9]){11,30}"
)
_CLASSES = {"n": "[0-9]", "a": "[A-Z]", "c": "[A-Z0-9]"}  # the registry's letters for what a part holds
_PART = re.compile(r"([0-9]+)!([nac])")
_DIGITS = {char: str(number) for number, char in enumerate("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ")}
_ONE = 1  # remainder of a valid IBAN, ISO 7064 MOD 97-10


class Iban:
    """Finds IBANs, grouped or not, in either case."""

    def detect(self, text: str) -> Iterator[Finding]:
        """Yield the IBANs in the text."""
        for start, end in self.spans(text):
            yield Finding(start, end, "iban", CATEGORY)

    def spans(self, text: str) -> list[tuple[int, int]]:
        """Return where IBANs begin and end."""
        spans = []
        at = 0
        while (found := _CANDIDATE.search(text, at)) is not None:
            start = found.start() - 2
            end = _end(text, start, text[start : found.end()])
            if end:
                spans.append((start, end))
            at = end or found.start() + 2
        return spans


def _end(text: str, start: int, candidate: str) -> int:
    """Return where the IBAN that begins at `start` ends, 0 when none does: words may follow it."""
    structure = _structure(candidate[:2].upper())
    if structure is None:
        return 0
    size, shape = structure
    whole, length = candidate[:size], size
    if not whole.isalnum():
        places = [at for at, char in enumerate(candidate) if char.isalnum()][:size]
        whole, length = "".join([candidate[at] for at in places]), places[-1] + 1
    if len(whole) < size or text[start + length : start + length + 1].isalnum():
        return 0
    return start + length if _checks(whole.upper(), shape) else 0


def _checks(whole: str, shape: re.Pattern[str]) -> bool:
    if shape.fullmatch(whole, 4) is None:
        return False
    return int("".join(map(_DIGITS.__getitem__, whole[4:] + whole[:4]))) % 97 == _ONE


@cache
def _structure(country: str) -> tuple[int, re.Pattern[str]] | None:
    """Return the length of a country's IBANs and what follows their check digits; None for no country of the registry."""
    from stdnum import numdb

    found = numdb.get("iban").info(country)[0][1]
    parts = _PART.findall(str(found.get("bban", "")))
    if not parts:
        return None
    size = 4 + sum(int(count) for count, _ in parts)
    return size, re.compile("".join(f"{_CLASSES[kind]}{{{count}}}" for count, kind in parts))
