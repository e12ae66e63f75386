"""Numbering plans: is this a number that a person may hold (phonenumbers' metadata, ITU-T E.164).

Freephone, shared-cost and premium numbers belong to services, not to people, and are not counted.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_LINES = ("fixed_line", "mobile", "voip", "pager", "personal_number", "voicemail")
_SERVICES = ("toll_free", "premium_rate", "shared_cost", "uan")


@dataclass(frozen=True, slots=True)
class Plan:
    """A region's numbers, without the prefix dialled before them: those of lines, any, those of services."""

    prefix: str
    lines: re.Pattern[str]
    numbers: re.Pattern[str]
    services: re.Pattern[str]


@cache
def plan(region: str) -> Plan | None:
    """Return the numbering plan of a region (ISO 3166 code), None where there is none."""
    from phonenumbers import PhoneMetadata

    metadata = PhoneMetadata.metadata_for_region(region)
    if metadata is None:
        return None

    def shapes(kinds: tuple[str, ...]) -> re.Pattern[str]:
        described = [getattr(metadata, kind) for kind in kinds]
        patterns = [one.national_number_pattern for one in described if one is not None]
        return re.compile("|".join(f"(?:{one})" for one in patterns if one) or r"(?!)")

    return Plan(metadata.national_prefix or "", shapes(_LINES), shapes(("general_desc",)), shapes(_SERVICES))


def is_line(digits: str, region: str) -> bool:
    """Whether `digits`, as dialled within a region, are the number of a line that its plan knows."""
    here = plan(region)
    rest = None if here is None else _national(digits, here)
    return here is not None and rest is not None and here.lines.fullmatch(rest) is not None


def is_number(digits: str, region: str) -> bool:
    """Whether `digits`, as dialled within a region, have the form of its numbers and are no service's.

    Ranges that no operator holds count: some are kept for fiction, others are handed out every year.
    """
    here = plan(region)
    rest = None if here is None else _national(digits, here)
    return here is not None and rest is not None and _has_form(rest, here)


def is_international_line(digits: str) -> bool:
    """Whether `digits`, without the leading + or 00, are the number of a line that some plan knows."""
    return any(here.lines.fullmatch(rest) for here, rest in _readings(digits))


def is_international(digits: str) -> bool:
    """Whether `digits`, without the leading +, have the form of some region's numbers and are no service's."""
    return any(_has_form(rest, here) for here, rest in _readings(digits))


def _national(digits: str, here: Plan) -> str | None:
    if here.prefix and digits.startswith(here.prefix):
        return digits[len(here.prefix) :]
    return None if here.prefix == "0" else digits


def _has_form(rest: str, here: Plan) -> bool:
    return here.numbers.fullmatch(rest) is not None and here.services.fullmatch(rest) is None


def _readings(digits: str) -> Iterator[tuple[Plan, str]]:
    """Yield the regions that share the country code, and the number there; people also leave the prefix in: +33 (0)6."""
    from phonenumbers import COUNTRY_CODE_TO_REGION_CODE

    for size in (1, 2, 3):
        for region in COUNTRY_CODE_TO_REGION_CODE.get(int(digits[:size]), ()):
            here = plan(region)
            if here is not None:
                rest = digits[size:]
                yield here, rest
                if here.prefix and rest.startswith(here.prefix):
                    yield here, rest[len(here.prefix) :]
