"""From a record to OpenLineage run events, from nothing but records: the same record always gives the same events.

One HTTP attempt is one run, named by the id of its intent or refusal: START, then exactly one of COMPLETE, FAIL or ABORT; what
is said of it later is OTHER. It sends nothing and remembers nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from govai.core.version import VERSION
from govai.sinks.openlineage import governance
from govai.sinks.openlineage.columns import MOST, Column, answer, columns, inputs
from govai.sinks.openlineage.facets import PRODUCER, RUN_EVENT, SOURCE, Event, Facet, facet, tag

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from govai.core.records import Record
    from govai.sinks.openlineage.naming import Names

    Find = Callable[[str], Record | None]

_ENDS = {"completed": "COMPLETE", "failed": "FAIL", "unknown": "FAIL", "abandoned": "ABORT"}


def events_of(record: Record, names: Names, find: Find) -> list[Event]:
    """Return the events that a record gives, in order: none for what is no part of lineage (checkpoints, anchors).

    Args:
        record: from the ledger. names: how things are called. find: looks up another record by its id.
    """
    build = _KINDS.get(record.kind)
    return build(record, names, find) if build is not None else []


def _intent(record: Record, names: Names, _find: Find) -> list[Event]:
    body, found = record.body, columns(record.body.get("fields", ()))
    data = inputs(names, record.id, found, _earlier(body))
    return [_event("START", record, record, names, _asked(body, found), data)]


def _refusal(record: Record, names: Names, _find: Find) -> list[Event]:
    body, found = record.body, columns(record.body.get("fields", ()))
    facets = _asked(body, found)
    error = body.get("error") or {}
    message = " ".join(filter(None, (error.get("type"), error.get("code"))))
    why = {**facets, "errorMessage": _error(message or "refused")}
    rules = [{"name": rule, "status": "fail", "severity": "error", "type": "govai.rule"} for rule in _rules(body)]
    if rules:
        why["test"] = facet("TestRunFacet", tests=rules)
    data = inputs(names, record.id, found)
    return [_event("START", record, record, names, facets, data), _event("ABORT", record, record, names, why, data)]


def _outcome(record: Record, names: Names, find: Find) -> list[Event]:
    about = find(record.intent_id)
    body: Mapping[str, Any] = about.body if about is not None else {"purpose": record.body.get("purpose", "")}
    outcome, found = record.body, columns(body.get("fields", ()))
    facets = _asked(body, found, outcome)
    ending = _ENDS.get(str(outcome.get("status")), "FAIL")
    run_id = record.intent_id
    if ending != "COMPLETE":
        facets["errorMessage"] = _error(governance.said(outcome, "error") or str(outcome.get("status")))
    if (named := governance.said(outcome, "response_id") or governance.said(outcome, "request_id")) is not None:
        facets["externalQuery"] = facet(
            "ExternalQueryRunFacet", externalQueryId=named, source=governance.provider(body)
        )
    if tests := _tests(body, outcome):
        facets["test"] = facet("TestRunFacet", tests=tests)
    data, outputs = inputs(names, run_id, found, _earlier(body)), []
    if ending == "COMPLETE":
        outputs = [answer(names, run_id, found)]
        if (made := governance.disclosure(body)) is not None:
            facets["govai_disclosure"] = made
    return [_event(ending, record, about, names, facets, data, outputs, run_id)]


def _review(record: Record, names: Names, _find: Find) -> list[Event]:
    """A verdict is told from its own record: a hook's comes before that of the prompt it is about."""
    run_id = str(record.body.get("record", ""))
    if not run_id:
        return []
    facets = {"govai_humanReview": governance.verdict(record.body, record.time)}
    whose = record if "software" in record.body else None
    return [_event("OTHER", record, whose, names, facets, [], [], run_id)]


def _release(record: Record, names: Names, find: Find) -> list[Event]:
    facets = {"govai_humanReview": governance.let_go(record.body, record.time)}
    about = find(str(record.body.get("record", "")))
    if record.body.get("on") == "output" and record.body.get("edited") and about is not None:
        made = governance.disclosure(about.body, edited=True)
        facets |= {"govai_disclosure": made} if made is not None else {}
    return _later(record, names, find, facets)


def _result(record: Record, names: Names, find: Find) -> list[Event]:
    """One answer of a batch, long after its request was handed over."""
    about, outcome = find(str(record.body.get("fetches", ""))), record.body
    facets = {}
    if about is not None:
        facets["govai_genAi"] = governance.gen_ai(about.body, outcome)
    if outcome.get("status") != "completed":
        facets["errorMessage"] = _error(governance.said(outcome, "error") or str(outcome.get("status")))
    if tests := _tests({}, outcome):
        facets["test"] = facet("TestRunFacet", tests=tests)
    return _later(record, names, find, facets, "fetches")


def _incident(record: Record, names: Names, find: Find) -> list[Event]:
    return _later(record, names, find, {"govai_policy": governance.incident(record.body)})


def _erasure(record: Record, names: Names, _find: Find) -> list[Event]:
    """An erasure is a run of its own: what was kept of a person is gone, in the place where it was kept."""
    change = facet("LifecycleStateChangeDatasetFacet", lifecycleStateChange="ALTER")
    kept = {"namespace": names.namespace, "name": "ledger", "facets": {"lifecycleStateChange": change}}
    kind = facet("JobTypeJobFacet", processingType="BATCH", integration=SOURCE, jobType="ERASURE")
    job = {"namespace": names.namespace, "name": f"{names.app}.erasure", "facets": {"jobType": kind}}
    told: tuple[tuple[str, list[dict[str, Any]]], ...] = (("START", []), ("COMPLETE", [kept]))
    return [_event(word, record, None, names, {}, [kept], outputs) | {"job": job} for word, outputs in told]


_KINDS: dict[str, Callable[[Record, Names, Find], list[Event]]] = {
    "intent": _intent,
    "refusal": _refusal,
    "outcome": _outcome,
    "review": _review,
    "release": _release,
    "result": _result,
    "incident": _incident,
    "erasure": _erasure,
}


def _later(record: Record, names: Names, find: Find, facets: dict[str, Facet], link: str = "record") -> list[Event]:
    """Return what is said of a run later; nothing where the record does not say of which."""
    run_id = str(record.body.get(link, ""))
    if not run_id:
        return []
    return [_event("OTHER", record, find(run_id), names, facets, [], [], run_id)]


def _event(
    kind: str,
    record: Record,
    about: Record | None,
    names: Names,
    facets: Mapping[str, Facet],
    data: list[dict[str, Any]],
    outputs: list[dict[str, Any]] | None = None,
    run_id: str = "",
) -> Event:
    """Return an event: `record` gives its time and sequence, `about` its job and parents."""
    whose = about or record
    body = whose.body
    job, purpose = str(body.get("job") or ""), str(body.get("purpose") or record.body.get("purpose") or "")
    software = str(body.get("software") or "").rpartition("/")[2]
    tags = [tag("govai.record", record.id), tag("govai.chain", record.chain), tag("govai.seq", str(record.seq))]
    if (over := len(body.get("fields", ())) - MOST) > 0:
        tags.append(tag("govai.fields_left_out", str(over)))
    run: dict[str, Facet] = {
        "processing_engine": facet(
            "ProcessingEngineRunFacet", name="govai", version=software or VERSION, openlineageAdapterVersion=VERSION
        ),
        "tags": facet("TagsRunFacet", tags=tags),
        **facets,
    }
    if about is not None or record.kind == "outcome":
        run["parent"] = _parent(whose, names, job, purpose)
    return {
        "eventType": kind,
        "eventTime": record.time,
        "producer": PRODUCER,
        "schemaURL": RUN_EVENT,
        "run": {"runId": run_id or record.id, "facets": run},
        "job": {
            "namespace": names.namespace,
            "name": names.attempt(job, purpose),
            "facets": _job(body, purpose),
        },
        "inputs": data,
        "outputs": outputs or [],
    }


def _earlier(body: Mapping[str, Any]) -> list[str]:
    """Return the attempts whose answers stand in this one's prompt."""
    return [str(one) for one in body.get("derived_from", ())]


def _job(body: Mapping[str, Any], purpose: str) -> dict[str, Facet]:
    made = {"jobType": facet("JobTypeJobFacet", processingType="BATCH", integration=SOURCE, jobType="GENAI_CALL")}
    if purpose and "software" in body:  # a record of the call itself
        made["tags"] = facet("TagsJobFacet", tags=[tag("gdpr.purpose", str(body.get("use") or purpose))])
    return made


def _parent(whose: Record, names: Names, job: str, purpose: str) -> Facet:
    """Return the call that an attempt is part of, and at the root the function's run, where one holds it."""
    space = names.namespace
    call: dict[str, Any] = {
        "run": {"runId": whose.call_id},
        "job": {"namespace": space, "name": names.call(job, purpose)},
    }
    for outer in ("root_", "parent_", ""):
        root_job, run_id = whose.body.get(f"{outer}job"), whose.body.get(f"{outer}run" if outer else "run_id")
        if root_job and run_id:
            call["root"] = {"run": {"runId": run_id}, "job": {"namespace": space, "name": root_job}}
            break
    return facet("ParentRunFacet", **call)


def _asked(body: Mapping[str, Any], found: list[Column], outcome: Mapping[str, Any] | None = None) -> dict[str, Facet]:
    """Return the run facets that an intent or a refusal gives, and `outcome` completes."""
    made: dict[str, Facet] = {}
    if "policy" in body:
        made["govai_policy"] = governance.policy(body, found)
    if "operation" in body:
        made["govai_genAi"] = governance.gen_ai(body, outcome or {})
    if "decision" in body and (review := governance.review_of(body)) is not None:
        made["govai_humanReview"] = review
    if body.get("parameters"):
        asked = [{"key": key, "value": value} for key, value in sorted(body["parameters"].items())]
        made["executionParameters"] = facet("ExecutionParametersRunFacet", parameters=asked)
    return made


def _tests(body: Mapping[str, Any], outcome: Mapping[str, Any]) -> list[dict[str, str]]:
    """Return what did not hold and stopped nothing: rules that only observe, placeholders that were not restored."""
    observed = (body.get("decision") or {}).get("observed", ())
    rules = [{"name": rule, "status": "fail", "severity": "warn", "type": "govai.rule"} for rule, _effect in observed]
    lost = [
        {"name": what, "status": "fail", "severity": "warn", "type": "govai.restoring"}
        for what in outcome.get("incidents", ())
    ]
    return rules + lost


def _rules(body: Mapping[str, Any]) -> list[str]:
    return sorted({one["rule"] for one in body.get("fields", ()) if one["effect"] == "block" and one["rule"]})


def _error(message: str) -> Facet:
    """Return an error's class or code: what a provider wrote may hold anything, and is not recorded."""
    return facet("ErrorMessageRunFacet", message=message, programmingLanguage="python")
