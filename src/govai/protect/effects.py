"""What each effect makes of a value. An effect that a kind of data does not define becomes `remove`."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING

from govai.core.decisions import Effect

if TYPE_CHECKING:
    from collections.abc import Callable

    from govai.core.data import Datum
    from govai.protect.tokens import Tokens

_LAST = 4  # characters of a number that a mask keeps
_BAND_YEARS = 10
_DATE = re.compile(r"(?:(\d{4})-(\d{2})-(\d{2})|(\d{1,2})[/.](\d{1,2})[/.](\d{4}))(?:[T ].*)?")
_POSTCODE = re.compile(r"(\d{2})\d{3}")


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
        mask = _MASKS.get(datum.kind)
        return mask(value) if mask else ""
    if effect is Effect.GENERALISE:
        general = _GENERAL.get(datum.category or "")
        return general(value) if general else ""
    return ""


def _last_four(value: str) -> str:
    bare = re.sub(r"[^0-9A-Za-z]", "", value)
    return "x" * (len(bare) - _LAST) + bare[-_LAST:] if len(bare) > 2 * _LAST else ""


def _domain(value: str) -> str:
    _local, at, domain = value.rpartition("@")
    return f"x@{domain}" if at else ""


def _age_band(value: str) -> str:
    found = _DATE.fullmatch(value.strip())
    if not found:
        return ""
    year, month, day = (
        (int(part) for part in (found[1], found[2], found[3]) if part)
        if found[1]
        else (
            int(found[6]),
            int(found[5]),
            int(found[4]),
        )
    )
    try:
        born = date(year, month, day)
    except ValueError:
        return ""
    today = datetime.now(UTC).date()
    age = today.year - born.year - ((today.month, today.day) < (born.month, born.day))
    band = age // _BAND_YEARS * _BAND_YEARS
    return f"{band}-{band + _BAND_YEARS - 1}" if age >= 0 else ""


def _departement(value: str) -> str:
    found = _POSTCODE.fullmatch(value.strip())
    return found[1] if found else ""


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
}
