"""What each effect makes of a value. An effect that a kind of data does not define becomes `remove`."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING

from govai.core.decisions import Effect
from govai.core.taxonomy import in_any

if TYPE_CHECKING:
    from collections.abc import Callable

    from govai.core.data import Datum
    from govai.protect.tokens import Tokens

_LAST = 4  # characters of a number that a mask keeps
_BAND_YEARS = 10
_POSTCODE_DIGITS = 5
_DATE = re.compile(r"(?:([0-9]{4})-([0-9]{2})-([0-9]{2})|([0-9]{1,2})[/.]([0-9]{1,2})[/.]([0-9]{4}))(?:[T ].*)?")
_OLDEST = 90  # years; beyond, a decade is too few people
_POSTCODE = re.compile(r"(9[78]\d|\d{2})\d{2,3}")
_EMAIL = re.compile(r"[^\s@<>]+@([A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?)")
_AMOUNT = re.compile(r"(\d{1,3}(?:[ \u00a0\u202f.,'’]\d{3})+|\d{1,12})(?:[.,]\d{1,2})?")
_CURRENCY = re.compile(r"[€$£]|\b(?:EUR|USD|GBP|CHF)\b")
_AMOUNTS = ("user.financial", "user.payment", "user.behavior.purchase_history")  # exactly these: a child is an account
_NOT_MASKED = ("user.government_id",)  # the last digits of a national number say too much


def replacement(effect: Effect, datum: Datum, value: str, tokens: Tokens) -> str:
    """Return what stands in the value's place.

    Raises:
        ValueError: BLOCK; what is blocked is never rewritten.
    """
    if effect is Effect.ALLOW:
        return value
    if effect is Effect.PSEUDONYMISE:
        return tokens.issue(datum, value)
    if effect is Effect.BLOCK:
        raise ValueError("a blocked value is not rewritten")
    if effect is Effect.MASK:
        mask = None if in_any(datum.category, _NOT_MASKED) else _MASKS.get(datum.kind)
        return mask(value) if mask else ""
    if effect is Effect.GENERALISE:
        general = _GENERAL.get(datum.category or "")
        return general(value) if general else ""
    return ""


def _last_four(value: str) -> str:
    bare = re.sub(r"[^0-9A-Za-z]", "", value)
    return "x" * (len(bare) - _LAST) + bare[-_LAST:] if len(bare) > 2 * _LAST else ""


def _domain(value: str) -> str:
    found = _EMAIL.fullmatch(value.strip())
    return f"x@{found[1]}" if found else ""


def _age_band(value: str) -> str:
    found = _DATE.fullmatch(value.strip())
    if not found:
        return ""
    year, month, day = (found[1], found[2], found[3]) if found[1] else (found[6], found[5], found[4])
    try:
        born = date(int(year), int(month), int(day))
    except ValueError:
        return ""
    today = datetime.now(UTC).date()
    age = today.year - born.year - ((today.month, today.day) < (born.month, born.day))
    if age >= _OLDEST:
        return f"{_OLDEST}+"
    band = age // _BAND_YEARS * _BAND_YEARS
    return f"{band}-{band + _BAND_YEARS - 1}" if age >= 0 else ""


def _departement(value: str) -> str:
    found = _POSTCODE.fullmatch(value.strip())
    return found[1] if found and len(value.strip()) == _POSTCODE_DIGITS else ""


def _amount_band(value: str) -> str:
    """Keep the first digit and the size: `1 234,56 €` is `1000-2000 €`."""
    currency = _CURRENCY.search(value)
    found = _AMOUNT.fullmatch(_CURRENCY.sub("", value).strip())
    if not found:
        return ""
    whole = int(re.sub(r"\D", "", found[1]))
    step = 10 ** max(1, len(str(whole)) - 1)
    low = whole // step * step
    return f"{low}-{low + step}" + (f" {currency.group()}" if currency else "")


_MASKS: dict[str, Callable[[str], str]] = {
    "card": _last_four,
    "iban": _last_four,
    "phone": _last_four,
    "id": _last_four,
    "email": _domain,
}
_GENERAL: dict[str, Callable[[str], str]] = {
    "user.demographic.date_of_birth": _age_band,
    "user.contact.address.postal_code": _departement,
    **dict.fromkeys(_AMOUNTS, _amount_band),
}
