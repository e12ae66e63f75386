"""Incidents: what left or came back though it was not to, each with its 72 hours (GDPR art. 33). It knows no raw value and no policy."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Literal

from govai.core.errors import ConfigError
from govai.core.lang import say
from govai.core.records import Draft, new_id
from govai.core.retention import spelled

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from govai.core.records import Record

HOURS = 72  # to notify the authority, from becoming aware (art. 33(1))
MOST_RECORDS = 100  # ids that one incident names
Status = Literal["open", "notified", "closed"]


@dataclass(frozen=True, slots=True)
class Incident:
    """A disclosure that was found.

    Attributes:
        id: of its record. found_at, due_at: RFC 3339; by the latter the authority is told, where it must be.
        purpose: of the calls. categories: of the data, sorted. values, count: about how many values, in how many records.
        records: their ids, at most 100. source: `answer`, or `rescan` of kept content. rules: what forbids it.
        status: `open`, `notified` (the authority was told) or `closed`. changed_at: when it became so.
    """

    id: str
    found_at: str
    due_at: str
    purpose: str
    categories: tuple[str, ...]
    values: int
    count: int
    records: tuple[str, ...]
    source: str
    rules: tuple[str, ...] = ()
    status: Status = "open"
    changed_at: str = ""

    def hours_left(self, now: datetime | None = None) -> float:
        """Return how many hours are left, below 0 when the time is over."""
        left = datetime.fromisoformat(self.due_at) - (now or datetime.now(UTC))
        return left / timedelta(hours=1)

    def overdue(self, now: datetime | None = None) -> bool:
        """Whether it is open and its time is over."""
        return self.status == "open" and self.hours_left(now) < 0


@dataclass(frozen=True, slots=True)
class Finding:
    """What was found in one record: categories and rules, and how many values."""

    record: str
    categories: frozenset[str]
    rules: frozenset[str]
    values: int


def raised(purpose: str, findings: Sequence[Finding], *, source: str, policy: str, call_id: str = "") -> Draft:
    """Return the record of an incident.

    Args:
        purpose: of the calls. findings: what was found, at least one. source: `answer` or `rescan`.
        policy: the digest of the policy that forbids it. call_id: the call, where it is one.
    """
    found = datetime.now(UTC)
    body: dict[str, Any] = {
        "status": "open",
        "purpose": purpose,
        "found_at": spelled(found),
        "due_at": spelled(found + timedelta(hours=HOURS)),
        "categories": sorted(frozenset().union(*(one.categories for one in findings))),
        "values": sum(one.values for one in findings),
        "count": len(findings),
        "records": [one.record for one in findings][:MOST_RECORDS],
        "source": source,
        "rules": sorted(frozenset().union(*(one.rules for one in findings))),
        "policy": policy,
    }
    return Draft("incident", call_id, body, id=new_id(), time=spelled(found))


def changed(incidents: Iterable[Incident], incident_id: str, status: str, note: str) -> Draft:
    """Return the record that an incident was notified or closed.

    Args:
        note: the keyed commitment to what was noted, "" for nothing.

    Raises:
        ConfigError: there is no such incident, or it is closed; another word.
    """
    known = {one.id: one.status for one in incidents}
    problem = ""
    if status not in ("notified", "closed"):
        problem = say("an incident becomes notified or closed", "un incident devient notified ou closed")
    elif incident_id not in known:
        problem = say("no incident has this id", "aucun incident n'a cet identifiant")
    elif known[incident_id] == "closed":
        problem = say("this incident is closed", "cet incident est clos")
    if problem:
        raise ConfigError(problem, where=incident_id[:40], todo="govai ledger incidents")
    return Draft("incident", "", {"incident": incident_id, "status": status, "note": note})


def folded(records: Iterable[Record]) -> list[Incident]:
    """Return incidents as they stand after all records of kind `incident`, oldest first."""
    found: dict[str, Incident] = {}
    for record in records:
        body = record.body
        about = body.get("incident")
        if about is None:
            found[record.id] = _read(record)
        elif about in found and found[about].status != "closed":
            found[about] = replace(found[about], status=body["status"], changed_at=record.time)
    return list(found.values())


def _read(record: Record) -> Incident:
    body = record.body
    return Incident(
        record.id,
        body["found_at"],
        body["due_at"],
        body["purpose"],
        tuple(body["categories"]),
        body["values"],
        body["count"],
        tuple(body["records"]),
        body["source"],
        tuple(body["rules"]),
    )
