"""The built-in detectors together: each runs only where the scan says that it may find something."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from govai.core.data import Datum, Finding
from govai.detect import card, email, iban, phone
from govai.detect.overlaps import Span
from govai.detect.scan import SEPARATORS

if TYPE_CHECKING:
    from govai.detect.scan import Hints

_EMAIL, _IBAN, _PHONE, _CARD = email.Email(), iban.Iban(), phone.Phone(), card.Card()
_KINDS = (("email", email.CATEGORY), ("iban", iban.CATEGORY), ("phone", phone.CATEGORY), ("card", card.CATEGORY))
_IS_EMAIL, _IS_IBAN, _IS_PHONE, _IS_CARD = (Datum.detected(Finding(0, 0, *kind)) for kind in _KINDS)
_ZONE = re.compile(rf"[0-9+][0-9{SEPARATORS}]{{7,}}[0-9]")  # digits that stand together
_DIGITS = re.compile(r"[0-9]+")
_PHONE_DIGITS, _CARD_DIGITS = 8, 13  # the fewest


def built_in(text: str, hints: Hints) -> list[Span]:
    """Return what the built-in detectors find, possibly overlapping; `hints` are the scan's of the same text."""
    found: list[Span] = []
    if hints.at:
        found += [Span(a, b, _IS_EMAIL, text[a:b]) for a, b in _EMAIL.spans(text)]
    if hints.iban:
        found += [Span(a, b, _IS_IBAN, text[a:b]) for a, b in _IBAN.spans(text)]
    if hints.number:
        found += _numbers(text, sorted((one.end, one.start) for one in found))
    return found


def _numbers(text: str, covers: list[tuple[int, int]]) -> list[Span]:
    """Return cards and phones; digits within `covers` (end, start: addresses, IBANs) are no numbers of their own."""
    found: list[Span] = []
    covers.append((len(text) + 1, len(text) + 1))
    cover = 0
    for zone in _ZONE.finditer(text):
        start, stop = zone.span()
        while covers[cover][0] < stop:
            cover += 1
        if covers[cover][1] <= start:
            continue
        digits = sum(map(len, _DIGITS.findall(text, start, stop)))
        if digits >= _CARD_DIGITS:
            cards = _CARD.spans(text, start, stop + 1)
            found += [Span(a, b, _IS_CARD, text[a:b]) for a, b in cards]
            if cards == [(start, stop)]:
                continue
        if digits >= _PHONE_DIGITS:
            start -= start > 0 and text[start - 1] == "("
            found += [Span(a, b, _IS_PHONE, text[a:b]) for a, b in _PHONE.spans(text, start, stop + 1)]
    return found
