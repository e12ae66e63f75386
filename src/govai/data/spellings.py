"""The usual spellings of numbers and dates, in which a tracked value may turn up in a text."""

from __future__ import annotations

import math
from datetime import date, datetime
from decimal import Decimal

_MONTHS_FR = "janvier février mars avril mai juin juillet août septembre octobre novembre décembre".split()
_MONTHS_EN = "January February March April May June July August September October November December".split()
_SHORTEST_NUMBER = 3  # digits; shorter numbers stand everywhere and say nothing about anyone


def spellings(value: object) -> tuple[str, ...]:
    """Return how a value is usually written; () for what is not tracked (empty, booleans, other objects)."""
    if isinstance(value, str):
        text = value.strip()
        said = bool(text) and not (text.isdigit() and len(text) < _SHORTEST_NUMBER)
        return (text,) if said else ()
    if isinstance(value, bool) or value is None:
        return ()
    if isinstance(value, (int, float, Decimal)):
        return _numbers(value)
    if isinstance(value, date):
        return _dates(value)
    return ()


def _numbers(value: float | Decimal) -> tuple[str, ...]:
    if not math.isfinite(value):
        return ()
    plain = format(value, "f") if isinstance(value, Decimal) else repr(value)
    if sum(char.isdigit() for char in plain) < _SHORTEST_NUMBER or "e" in plain:
        return ()
    found = {plain: None, plain.replace(".", ","): None}
    for shape in (f"{value:,}", f"{value:,.2f}", f"{value:.2f}"):
        found[shape] = None
        found[shape.replace(",", " ").replace(".", ",")] = None
        found[shape.replace(",", "\u202f").replace(".", ",")] = None
    return tuple(found)


def _dates(value: date) -> tuple[str, ...]:
    day, month, year = value.day, value.month, value.year
    found = [
        f"{year:04}-{month:02}-{day:02}",
        f"{day:02}/{month:02}/{year:04}",
        f"{month:02}/{day:02}/{year:04}",
        f"{day:02}.{month:02}.{year:04}",
        f"{day}/{month}/{year}",
        f"{'1er' if day == 1 else day} {_MONTHS_FR[month - 1]} {year}",
        f"{day} {_MONTHS_EN[month - 1]} {year}",
        f"{_MONTHS_EN[month - 1]} {day}, {year}",
    ]
    if isinstance(value, datetime):
        found.append(value.isoformat())
        found.append(value.isoformat(sep=" "))
    return tuple(dict.fromkeys(found))
