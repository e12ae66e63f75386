"""Filtering: which records are asked for, as a condition that the database checks and a test that settles it.

What has a column is compared there. What stands only in the canonical bytes is looked for as the bytes spell it, which can
only find too much; the record itself then decides.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from govai.core.canonical import canonical, digest
from govai.core.errors import ConfigError
from govai.core.lang import say

if TYPE_CHECKING:
    from govai.core.records import Record

_COLUMNS = ("purpose", "kind", "call_id")
_WORDS = ("provider", "model", "job", "status")  # of the body, as `"provider":"openai"`
_SQLITE, _SERVER = "instr(bytes,?)>0", "position(?::bytea in bytes)>0"


@dataclass(frozen=True, slots=True)
class Filter:
    """Which records; None asks for no particular one. A record counts when it says so itself: an outcome names no provider.

    Attributes:
        purpose, kind, call_id, provider, model, job, status: exactly so; `model` as asked in an intent, as answered in an outcome.
        actor: id of who asked. subject: a keyed reference (`s:…`), as records hold it. since, until: RFC 3339 in UTC;
            from `since` on, before `until`.
    """

    purpose: str | None = None
    kind: str | None = None
    call_id: str | None = None
    provider: str | None = None
    model: str | None = None
    actor: str | None = None
    job: str | None = None
    status: str | None = None
    subject: str | None = None
    since: str | None = None
    until: str | None = None

    def condition(self, *, server: bool) -> tuple[str, list[Any]]:
        """Return the condition on rows of `records` and its values; "" when every row is asked for."""
        parts: list[tuple[str, Any]] = [(f"{name}=?", getattr(self, name)) for name in _COLUMNS]
        parts += [("time>=?", self.since), ("time<?", self.until)]
        parts.append(("id IN (SELECT record FROM uses WHERE subject=?)", self.subject))
        holds = _SERVER if server else _SQLITE
        spelled = {name: getattr(self, name) for name in _WORDS}
        parts += [
            (holds, b'"%s":%s' % (name.encode(), canonical(said))) for name, said in spelled.items() if said is not None
        ]
        if self.actor is not None:
            parts.append((holds, b'"actor":{"id":' + canonical(self.actor)))
        asked = [(sql, value) for sql, value in parts if value is not None]
        return " AND ".join(sql for sql, _value in asked), [value for _sql, value in asked]

    def keeps(self, record: Record) -> bool:
        """Whether a record is asked for, as far as its body says it."""
        body = record.body
        actor = body.get("actor")
        said = {name: body.get(name) for name in _WORDS} | {
            "actor": actor.get("id") if isinstance(actor, dict) else actor
        }
        return all(getattr(self, name) in (None, value) for name, value in said.items())

    def chooses(self, record: Record) -> bool:
        """Whether a record that was found otherwise is asked for, `subject` aside."""
        columns = all(getattr(self, name) in (None, getattr(record, name)) for name in ("kind", "call_id"))
        inside = (self.since or "") <= record.time and (self.until is None or record.time < self.until)
        return columns and inside and self.purpose in (None, record.body.get("purpose")) and self.keeps(record)

    @property
    def name(self) -> str:
        """A short digest of what is asked for: a cursor belongs to it."""
        return digest(canonical({one.name: getattr(self, one.name) for one in fields(self)}))[7:19]


def asked_for(*, since: str | datetime | None, until: str | datetime | None, **named: str | None) -> Filter:
    """Return the filter of a call's keywords.

    Raises:
        ConfigError: a value that is no text, or a time that cannot be read.
    """
    for name, value in named.items():
        if value is not None and not isinstance(value, str):
            raise ConfigError(
                say(f"{name}= takes a text, not a {type(value).__name__}", f"{name}= attend un texte"), where=f"{name}="
            )
    return Filter(**named, since=_moment("since", since), until=_moment("until", until))


def _moment(name: str, given: str | datetime | None) -> str | None:
    """Return a time as records spell it, so that texts compare like times."""
    if given is None:
        return None
    try:
        moment = given if isinstance(given, datetime) else datetime.fromisoformat(given)
    except (TypeError, ValueError):
        moment = None
    if moment is None:
        raise ConfigError(
            say("this is not a time", "ceci n'est pas une date"),
            where=f"{name}=",
            todo=say(
                "2026-11-25, 2026-11-25T08:00:00Z or a datetime", "2026-11-25, 2026-11-25T08:00:00Z ou un datetime"
            ),
        )
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC) if isinstance(given, str) else moment.astimezone(UTC)
    return moment.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
