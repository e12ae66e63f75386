"""How long what is recorded is kept (GDPR art. 5(1)(e)): terms by purpose and kind, the shortest counts. It knows no ledger."""

from __future__ import annotations

import calendar
import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

CONTENT = "content"  # kept prompts and outputs, beside the kinds of records
# What may be emptied. Everything else is what proves and accounts for the rest: checkpoints, purges, holds, incidents, …
PURGEABLE = frozenset({CONTENT, "intent", "outcome", "refusal", "review", "release", "result", "access"})
_TOGETHER = {"intent": "attempt", "outcome": "attempt"}  # an intent and its outcome go together, at the shorter term
_SPELLED = re.compile(r"([1-9]\d{0,4})([dmy])")
_MONTHS_A_YEAR = 12


@dataclass(frozen=True, slots=True)
class Period:
    """A length of time by the calendar: whole days and whole months."""

    days: int = 0
    months: int = 0

    @classmethod
    def parse(cls, text: str) -> Period:
        """Return the period that `90d`, `13m` (months) or `3y` spells.

        Raises:
            ValueError: it spells none.
        """
        found = _SPELLED.fullmatch(text)
        if found is None:
            raise ValueError(text)
        count, unit = int(found[1]), found[2]
        if unit == "d":
            return cls(days=count)
        return cls(months=count * (_MONTHS_A_YEAR if unit == "y" else 1))

    def before(self, moment: datetime) -> datetime:
        """Return the moment so long before; the 31st of a shorter month is its last day, what is before year 1 is year 1."""
        month = moment.year * _MONTHS_A_YEAR + moment.month - 1 - self.months
        year, month = month // _MONTHS_A_YEAR, month % _MONTHS_A_YEAR + 1
        if year < 1:
            return datetime.min.replace(tzinfo=moment.tzinfo)
        day = min(moment.day, calendar.monthrange(year, month)[1])
        start = moment.replace(year=year, month=month, day=day)
        spare = start - datetime.min.replace(tzinfo=moment.tzinfo)
        return start - min(timedelta(days=self.days), spare)


@dataclass(frozen=True, slots=True)
class Term:
    """How long something is kept. `purposes`, `kinds`: of what; none: of everything."""

    period: Period
    purposes: frozenset[str] = frozenset()
    kinds: frozenset[str] = frozenset()

    def covers(self, purpose: str, kind: str) -> bool:
        """Whether it speaks of a kind of record of a purpose."""
        kinds = {_TOGETHER.get(one, one) for one in self.kinds}
        return (not self.purposes or purpose in self.purposes) and (not kinds or _TOGETHER.get(kind, kind) in kinds)


@dataclass(frozen=True, slots=True)
class Retention:
    """All terms. Where none speaks, things stay."""

    terms: tuple[Term, ...] = ()

    def cutoff(self, purpose: str, kind: str, now: datetime) -> datetime | None:
        """Return the moment before which what was recorded is to go, None where it stays."""
        if kind not in PURGEABLE:
            return None
        return max((term.period.before(now) for term in self.terms if term.covers(purpose, kind)), default=None)


@dataclass(frozen=True, slots=True)
class Before:
    """In place of the terms: everything that may go and is older than one moment."""

    moment: datetime

    def cutoff(self, _purpose: str, kind: str, _now: datetime) -> datetime | None:
        """Return the moment before which what was recorded is to go, None where it stays."""
        return self.moment if kind in PURGEABLE else None


def spelled(moment: datetime) -> str:
    """Return a moment as records spell it: RFC 3339, UTC, microseconds."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
