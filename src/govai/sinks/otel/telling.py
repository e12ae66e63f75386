"""From records to what telemetry tells of them: one span an attempt, one for each refusal, review, release and late answer.

Ids are made from the records' own, so that a record told twice is the same span. It knows records and names, not the SDK.
Who asked and who reviewed is not told: telemetry goes to more people than the ledger.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

from govai.sinks.otel import names

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from govai.core.records import Record

_IN_PROCESS = ".invalid"  # RFC 6761 §6.4: no such host, nothing goes over a network
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_SHORT = {"ReviewPending": "pending", "ReviewRejected": "rejected", "ReviewExpired": "expired"}


@dataclass(frozen=True, slots=True)
class Telling:
    """A span before the SDK.

    Attributes:
        name, attributes: as the conventions say. outside: whether it went over a network. start, end: ns since the epoch.
        trace, span: ids of 128 and 64 bits. parent: (trace, span) of another. error: `error.type`, "" for none.
        seconds: how long an attempt took, None for what is no attempt or took no time of a model's. sampled: whether the
        application keeps the trace it is in.
    """

    name: str
    trace: int
    span: int
    start: int
    end: int
    attributes: Mapping[str, str | int | tuple[str, ...]]
    outside: bool = False
    parent: tuple[int, int] | None = None
    error: str = ""
    seconds: float | None = None
    sampled: bool = True


def tell(record: Record, find: Callable[[str], Record | None], conventions: names.Conventions) -> Telling | None:
    """Return what is told of a record; None for one that tells nothing by itself (an intent waits for its outcome).

    Args:
        find: looks up another record by its id; None where it is gone.
    """
    if record.kind == "outcome":
        return _attempt(record, find(record.intent_id), conventions)
    if record.kind == "result":
        return _answer(record, find(record.body.get("fetches", "")), conventions)
    if record.kind == "refusal":
        return _refusal(record, conventions)
    if record.kind in ("review", "release"):
        return _step(record)
    return None


def _attempt(outcome: Record, intent: Record | None, conventions: names.Conventions) -> Telling:
    """Tell of an attempt; of one whose intent is gone, what the outcome knows."""
    said, body = outcome.body, intent.body if intent else {}
    told = _target(body, conventions) | _governed(intent or outcome) | _answered(said, body)
    told |= _reviewed(body) | {names.STATUS: said.get("status", "")}
    error = _error(said)
    end = _ns(outcome.time)
    took = said.get("latency_us")
    start = _ns(intent.time) if intent else end - (took or 0) * 1000
    return Telling(
        _name(told),
        *_place(intent or outcome),
        start=start,
        end=max(start, end),
        attributes=told | ({names.ERROR: error} if error else {}),
        outside=not _host(body)[0].endswith(_IN_PROCESS),
        parent=_parent(body),
        error=error,
        seconds=None if took is None or "batch" in body else took / 1e6,
        sampled=_sampled(body),
    )


def _answer(result: Record, intent: Record | None, conventions: names.Conventions) -> Telling:
    """Tell of the answer to one request of a batch, below that request."""
    body = intent.body if intent else {}
    told = _target(body, conventions) | _governed(result) | _answered(result.body, body)
    told |= {names.OPERATION: names.operation("fetch", ""), names.STATUS: result.body.get("status", "")}
    error = _error(result.body)
    trace, span = _place(intent or result)
    mine = _span(result.id)
    moment = _ns(result.time)
    attributes = told | ({names.ERROR: error} if error else {})
    parent = (trace, span) if intent else None
    return Telling(
        _name(told), trace, mine, moment, moment, attributes, parent=parent, error=error, sampled=_sampled(body)
    )


def _refusal(record: Record, conventions: names.Conventions) -> Telling:
    """Tell of a call that did not leave. That a person has to decide first is no error."""
    body = record.body
    kind = body["error"]["type"]
    told = (_target(body, conventions) if "operation" in body else {}) | _governed(record)
    told |= {names.STATUS: "refused", names.ERROR_CODE: body["error"]["code"]}
    if kind in _SHORT:
        told[names.REVIEW] = _SHORT[kind]
    error = "" if kind == "ReviewPending" else kind
    moment = _ns(record.time)
    attributes = told | ({names.ERROR: error} if error else {})
    return Telling(
        _name(told, "refusal"),
        *_place(record),
        start=moment,
        end=moment,
        attributes=attributes,
        parent=_parent(body),
        error=error,
        sampled=_sampled(body),
    )


def _step(record: Record) -> Telling:
    body = record.body
    told = _governed(record)
    told[names.REVIEW] = body.get("verdict", "") if record.kind == "review" else "released"
    told[names.REVIEW_ON] = body.get("on", "")
    if body.get("roles"):
        told[names.REVIEW_ROLES] = tuple(body["roles"])
    moment = _ns(record.time)
    return Telling(
        record.kind,
        *_place(record),
        start=moment,
        end=moment,
        attributes=told,
        parent=_parent(body),
        sampled=_sampled(body),
    )


def _target(body: Mapping[str, Any], conventions: names.Conventions) -> dict[str, Any]:
    if not body:
        return {}
    spoken = body.get("format", "")
    address, port = _host(body)
    entry = body.get("provider", "")
    inside = address.endswith(_IN_PROCESS)
    provider = entry if inside else names.provider(address, spoken, entry)
    told: dict[str, Any] = {
        names.OPERATION: names.operation(body.get("operation", ""), spoken),
        conventions.provider: conventions.providers.get(provider, provider),
        names.REQUEST_MODEL: body.get("model"),
        names.STREAM: body.get("stream") or None,
        names.OUTPUT_TYPE: names.output_type(spoken),
        names.ENTRY: entry,
        names.REGION: body.get("region"),
    }
    if address and not inside:
        told |= {names.ADDRESS: address, names.PORT: port}
    return _said(told)


def _governed(record: Record) -> dict[str, Any]:
    body = record.body
    decision, policy = body.get("decision", {}), body.get("policy", {})
    return _said(
        {
            names.RECORD: record.id,
            names.CALL: record.call_id,
            names.RUN: body.get("run_id"),
            names.JOB: body.get("job"),
            names.DOOR: body.get("door"),
            names.MODE: body.get("mode"),
            names.PURPOSE: body.get("purpose"),
            names.BASIS: body.get("basis"),
            names.POLICY: policy.get("name"),
            names.DIGEST: policy.get("digest"),
            names.DECISION: decision.get("effect"),
            names.RULES: tuple(decision.get("rules", ())),
            names.REVIEW_ROLES: tuple(sorted({need["role"] for need in decision.get("reviews", ())})),
            names.TICKET: body.get("ticket"),
            names.DECLARED: body.get("data"),
            names.CATEGORIES: tuple(
                sorted({field["category"] for field in body.get("fields", ()) if field["category"]})
            ),
            names.SUBJECTS: len(body["subjects"]) if "subjects" in body else None,
        }
    )


def _reviewed(body: Mapping[str, Any]) -> dict[str, Any]:
    """Return how it stands with the reviews of what left: a prompt was approved before, an answer is read after."""
    on = {need["on"] for need in body.get("decision", {}).get("reviews", ())}
    return {names.REVIEW: "required" if "output" in on else "approved"} if on else {}


def _answered(said: Mapping[str, Any], body: Mapping[str, Any]) -> dict[str, Any]:
    usage = said.get("usage", {})
    told = {
        names.RESPONSE_MODEL: _known(said.get("model")),
        names.REQUEST_ID: _known(said.get("request_id")),
        names.INPUT_TOKENS: usage.get("input_tokens"),
        names.OUTPUT_TOKENS: usage.get("output_tokens"),
        names.INCIDENTS: len(said.get("incidents", ())),
    }
    reason = _known(said.get("finish_reason"))
    if not reason and said.get("model") and body.get("operation") == "generate" and said.get("status") != "completed":
        reason = "error"  # it began and did not say how it ended
    if reason and "batch" not in body:
        told[names.FINISH_REASONS] = (reason,)
    return {name: value for name, value in told.items() if value not in (None, "")}


def _error(said: Mapping[str, Any]) -> str:
    """Return the `error.type` of how something ended: a status is told by its number alone."""
    if said.get("status") not in ("failed", "unknown"):
        return ""
    return (_known(said.get("error")) or names.OTHER).removeprefix("http_")


def _known(word: str | None) -> str:
    return "" if word is None or word == "?" else word


def _said(told: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in told.items() if value not in (None, "", ())}


def _name(told: Mapping[str, Any], otherwise: str = "attempt") -> str:
    return " ".join(filter(None, (told.get(names.OPERATION, otherwise), told.get(names.REQUEST_MODEL))))


def _host(body: Mapping[str, Any]) -> tuple[str, int]:
    host = body.get("host", "")
    name, colon, port = host.rpartition(":")
    if colon and port.isdecimal():
        return name.strip("[]"), int(port)
    return host.strip("[]"), 443


def _place(record: Record) -> tuple[int, int]:
    """Return trace and span: the trace that the application was in, else that of its function's run, else the call's own."""
    above = _parent(record.body)
    return above[0] if above else _trace(record.body.get("run_id") or record.call_id), _span(record.id)


def _trace(named: str) -> int:
    """Return the trace that a run or a call is: its very id, which is a UUID."""
    try:
        return UUID(named).int
    except ValueError:
        return int.from_bytes(hashlib.sha256(named.encode()).digest()[:16])


def _span(record_id: str) -> int:
    return int.from_bytes(hashlib.sha256(record_id.encode()).digest()[:8])


def _parent(body: Mapping[str, Any]) -> tuple[int, int] | None:
    """Return the span that the application had open (W3C Trace Context: version, trace, span, flags)."""
    if not body.get("trace"):
        return None
    _version, trace, span, _flags = body["trace"].split("-")
    return int(trace, 16), int(span, 16)


def _sampled(body: Mapping[str, Any]) -> bool:
    """Whether the application's own trace is kept, where there is one."""
    return not body.get("trace") or bool(int(body["trace"][-2:], 16) & 1)


def _ns(time: str) -> int:
    moment = datetime.fromisoformat(time) - _EPOCH
    return ((moment.days * 86_400 + moment.seconds) * 1_000_000 + moment.microseconds) * 1_000
