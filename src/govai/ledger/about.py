"""About: find every record that used someone's data, by index: their references, the records that use them, how those ended."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import orjson

from govai.ledger.access import Access, CallAbout, Recipient, Request, UsedField

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from govai.core.database import Connection
    from govai.core.people import Identity

_STEP = 500
_RIGHTS = ("restriction", "rectification")
_RECORD = "SELECT r.position, r.id, r.kind, r.call_id, r.intent_id, r.time, r.purpose, r.bytes FROM "


class _Row(NamedTuple):
    position: int
    id: str
    kind: str
    call_id: str
    intent_id: str
    time: str
    purpose: str
    body: dict[str, Any] | None  # None: purged


def references(connection: Connection, identities: Iterable[Identity]) -> list[str]:
    """Return the references under which records speak of someone, sorted."""
    lookups = sorted({digest for one in identities for digest in one.digests})
    return sorted({ref for (ref,) in among(connection, "SELECT ref FROM subjects WHERE lookup IN ({})", lookups)})


def among(connection: Connection, query: str, values: Sequence[str]) -> list[tuple[Any, ...]]:
    """Return the rows of a query over many values; `{}` is where their marks go."""
    rows: list[tuple[Any, ...]] = []
    for at in range(0, len(values), _STEP):
        some = values[at : at + _STEP]
        rows += connection.execute(query.format(",".join("?" * len(some))), some)
    return rows


def tickets_of(connection: Connection, refs: Sequence[str]) -> list[str]:
    """Return the tickets that records about someone name."""
    query = "SELECT DISTINCT l.parent FROM uses u JOIN links l ON l.child=u.record AND l.kind='ticket' WHERE u.subject IN ({})"
    named = {str(one) for (one,) in among(connection, query, refs)}
    return sorted(named.union(holdings_of(connection, refs, "ticket")))


def holdings_of(connection: Connection, refs: Sequence[str], what: str) -> list[str]:
    """Return the names of what is kept of someone, of one kind."""
    query = f"SELECT name FROM holdings WHERE what='{what}' AND subject IN ({{}})"  # noqa: S608 -- our words
    return sorted({str(name) for (name,) in among(connection, query, refs)})


def look(connection: Connection, identities: Sequence[Identity], retention_days: Callable[[str], int | None]) -> Access:
    """Return what the ledger knows of someone."""
    refs = references(connection, identities)
    used = _rows(connection, _RECORD + "uses u JOIN records r ON r.id=u.record WHERE u.subject IN ({})", refs)
    tickets = tickets_of(connection, refs)
    around = _around(connection, used, tickets)
    calls = tuple(_call(row, around) for row in used if row.kind in ("intent", "refusal") and row.body is not None)
    ((last, first_time, last_time),) = connection.execute(
        "SELECT (SELECT coalesce(sum(seq), 0) FROM heads), "
        "(SELECT time FROM records ORDER BY position LIMIT 1), (SELECT time FROM records ORDER BY position DESC LIMIT 1)"
    )
    lookups = [digest for one in identities for digest in one.digests]
    held = {
        "tickets": len(_open_tickets(connection, tickets)),
        "replies": len(holdings_of(connection, refs, "reply")),
        "contents": len(holdings_of(connection, refs, "content")),
    }
    return Access(
        asked=tuple((one.name, one.category) for one in identities),
        calls=calls,
        requests=tuple(
            Request(row.id, row.time, row.kind, str((row.body or {}).get("field") or (row.body or {}).get("state", "")))
            for row in used
            if row.kind in _RIGHTS
        ),
        recipients=recipients(calls, retention_days),
        restricted=bool(among(connection, "SELECT 1 FROM restrictions WHERE lookup IN ({})", lookups)),
        since=str(first_time or ""),
        until=str(last_time or ""),
        records=int(last),
        purged=sum(row.body is None for row in used),
        held=held,
    )


def recipients(calls: Iterable[CallAbout], retention_days: Callable[[str], int | None]) -> tuple[Recipient, ...]:
    """Return who received something in these calls."""
    found: dict[tuple[str, str, str], list[str]] = {}
    for call in calls:
        if call.left:
            found.setdefault((call.provider, call.host, call.region), []).append(call.time)
    return tuple(
        Recipient(provider or host, host, region, min(times), max(times), len(times), retention_days(provider))
        for (provider, host, region), times in found.items()
    )


def _open_tickets(connection: Connection, tickets: Sequence[str]) -> list[str]:
    query = "SELECT id FROM tickets WHERE status IN ('pending','approved') AND id IN ({})"
    return [str(one) for (one,) in among(connection, query, tickets)]


def _rows(connection: Connection, query: str, values: Sequence[str]) -> list[_Row]:
    found = {row[1]: row for row in among(connection, query, values)}
    return [_Row._make((*row[:7], _body(row[7]))) for row in sorted(found.values())]


def _body(raw: bytes | None) -> dict[str, Any] | None:
    body: dict[str, Any] | None = orjson.loads(bytes(raw))["body"] if raw else None
    return body


def _around(connection: Connection, used: Sequence[_Row], tickets: Sequence[str]) -> dict[str, list[_Row]]:
    """Return outcomes, reviews, releases and results, by the record they are about."""
    ids = [row.id for row in used if row.kind in ("intent", "refusal")]
    outcomes = _rows(connection, _RECORD + "records r WHERE r.kind='outcome' AND r.intent_id IN ({})", ids)
    results = _rows(
        connection, _RECORD + "links l JOIN records r ON r.id=l.child WHERE l.kind='fetches' AND l.parent IN ({})", ids
    )
    calls = sorted({row.call_id for row in used if row.kind in ("intent", "refusal")})
    decided = _RECORD + "records r WHERE r.kind IN ('review','release') AND r.call_id IN ({})"
    reviews = _rows(connection, decided, sorted({*calls, *tickets}))
    of_ticket = {str(row.body.get("ticket") or ""): row.id for row in used if row.body is not None}
    named = [
        *((row.intent_id, row) for row in outcomes),
        *((str((row.body or {}).get("fetches", "")), row) for row in results),
        *((_about(row, of_ticket), row) for row in reviews),
    ]
    found: dict[str, list[_Row]] = {}
    for record, row in named:
        found.setdefault(record, []).append(row)
    return found


def _about(row: _Row, of_ticket: dict[str, str]) -> str:
    """Return the record that a review or release is about."""
    return str((row.body or {}).get("record") or "") or of_ticket.get(row.call_id, "")


def _call(row: _Row, around: dict[str, list[_Row]]) -> CallAbout:
    body = row.body or {}
    own = around.get(row.id, [])
    said = {name: str(body.get(name) or "") for name in ("basis", "provider", "host", "region", "model", "job")}
    return CallAbout(
        record_id=row.id,
        call_id=row.call_id,
        time=row.time,
        kind=row.kind,
        purpose=row.purpose or str(body.get("purpose") or ""),
        effect=str(body.get("decision", {}).get("effect", "")),
        fields=_fields(body),
        outcome=_ended(row, own),
        reviews=tuple(_verdict(one) for one in own if one.kind == "review" and one.body is not None),
        records=(row.id, *(one.id for one in own)),
        **said,
    )


def _fields(body: dict[str, Any]) -> tuple[UsedField, ...]:
    found = (
        UsedField(one.get("source") or "", one.get("field") or "", one.get("category") or "", one.get("effect") or "")
        for one in body.get("fields", ())
    )
    return tuple(dict.fromkeys(found))


def _ended(row: _Row, own: Sequence[_Row]) -> str:
    if row.kind == "refusal":
        return "refused"
    last = next((one.body for one in own if one.kind == "outcome"), None)
    return str(last.get("status", "")) if last else "open"


def _verdict(row: _Row) -> str:
    body = row.body or {}
    return ": ".join(filter(None, (str(body.get("on", "")), str(body.get("verdict", "")))))
