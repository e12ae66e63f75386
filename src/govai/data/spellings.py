"""The usual spellings of numbers and dates, in which a tracked value may turn up in a text."""

from __future__ import annotations

import enum
import math
import re
from datetime import date, datetime
from decimal import Decimal

_MONTHS_FR = "janvier février mars avril mai juin juillet août septembre octobre novembre décembre".split()
_MONTHS_EN = "January February March April May June July August September October November December".split()
_ISO_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
_SHORTEST_NUMBER = 3  # digits; shorter numbers stand everywhere and say nothing about anyone


def spellings(value: object) -> tuple[str, ...]:
    """Return how a value is usually written; () for what is not tracked (empty, booleans, other objects)."""
    if isinstance(value, enum.Enum):
        return spellings(value.value)
    if isinstance(value, (bytes, bytearray)):
        return _texts(bytes(value).decode("utf-8", "replace"))
    if isinstance(value, str):
        return _texts(value)
    if isinstance(value, bool) or value is None:
        return ()
    if isinstance(value, (int, float, Decimal)):
        return _numbers(value)
    if isinstance(value, date):
        return _dates(value)
    return _texts(str(value))


def _texts(value: str) -> tuple[str, ...]:
    text = value.strip()
    if not text or (text.isdigit() and len(text) < _SHORTEST_NUMBER):
        return ()
    if _ISO_DATE.fullmatch(text):
        try:
            return tuple(dict.fromkeys((text, *_dates(date.fromisoformat(text)))))
        except ValueError:
            return (text,)
    return (text,)


def _numbers(value: float | Decimal) -> tuple[str, ...]:
    if not math.isfinite(value):
        return ()
    plain = format(value, "f") if isinstance(value, Decimal) else repr(value)
    if sum(char.isdigit() for char in plain) < _SHORTEST_NUMBER:
        return ()
    found = {plain: None, plain.replace(".", ","): None}
    if "e" in plain:
        return tuple(found)
    shapes = [f"{value:,}", f"{value:,.2f}", f"{value:.2f}"]
    if value == int(value):
        shapes += [f"{int(value)}", f"{int(value):,}"]
    for shape in shapes:
        found[shape] = None
        found[shape.replace(",", "\x00").replace(".", ",").replace("\x00", ".")] = None
        found[shape.replace(",", "'")] = None
        found[shape.replace(",", "\u00a0").replace(".", ",")] = None
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
        f"{day}.{month}.{year}",
        f"{day:02}-{month:02}-{year:04}",
        f"{day:02}/{month:02}/{year % 100:02}",
        f"{year:04}/{month:02}/{day:02}",
        f"{year:04}{month:02}{day:02}",
        f"{day} {_MONTHS_FR[month - 1]} {year % 100:02}",
        f"{day} {_MONTHS_EN[month - 1][:3]} {year}",
        f"{_MONTHS_EN[month - 1][:3]} {day}, {year}",
        f"{'1er' if day == 1 else day} {_MONTHS_FR[month - 1]} {year}",
        f"{day} {_MONTHS_EN[month - 1]} {year}",
        f"{_MONTHS_EN[month - 1]} {day}, {year}",
    ]
    if isinstance(value, datetime):
        found.append(value.isoformat())
        found.append(value.isoformat(sep=" "))
    return tuple(dict.fromkeys(found))
