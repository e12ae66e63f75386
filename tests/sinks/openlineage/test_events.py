"""Events: every one is valid, every run starts once and ends once, and nothing raw is in any."""

from __future__ import annotations

import importlib.util
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from govai.core.records import Record, new_id
from govai.sinks.openlineage.columns import EFFECTS, LEVELS, MOST
from govai.sinks.openlineage.events import events_of
from govai.sinks.openlineage.naming import read_names
from tests.sinks.openlineage.checking import TERMINAL, check_runs, seq_of, strict
from tests.sinks.openlineage.conftest import CANARIES

NAMES = read_names("govai://test", "app", {"crm.*": "postgresql://me:secret@db.example/crm/public.*?sslmode=require"}, "")


def told(records: list[Record], find: Any) -> list[dict[str, Any]]:
    return [event for record in records for event in events_of(record, NAMES, find)]


def test_every_event_of_a_varied_run_is_valid(lived: list[Record], find: Any) -> None:
    events = told(lived, find)
    assert {kind for event in events for kind in [event["eventType"]]} == {"START", "COMPLETE", "FAIL", "ABORT", "OTHER"}
    assert [(event["eventType"], what) for event in events for what in strict(event)] == []
    check_runs(events)


@pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning")  # the script's own files
def test_every_event_passes_the_reference_validator(lived: list[Record], find: Any, shared: Any) -> None:
    script = shared / "standards/samples/validate_openlineage.py"
    if not script.is_file():
        pytest.skip("needs ../shared/standards, or $GOVAI_SHARED naming it")
    spec = importlib.util.spec_from_file_location("validate_openlineage", script)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    wrong = [(event["eventType"], what) for event in told(lived, find) for what in module.strict(event)]
    assert wrong == []


def test_each_record_of_an_attempt_ends_as_the_standard_says(lived: list[Record], find: Any) -> None:
    ends = {"completed": "COMPLETE", "failed": "FAIL", "unknown": "FAIL", "abandoned": "ABORT"}
    seen = set()
    for record in lived:
        kinds = [event["eventType"] for event in events_of(record, NAMES, find)]
        if record.kind == "outcome":
            seen.add(record.body["status"])
            assert kinds == [ends[record.body["status"]]]
        elif record.kind in ("checkpoint", "anchor"):
            assert kinds == []
        else:
            assert kinds == {"intent": ["START"], "refusal": ["START", "ABORT"], "erasure": ["START", "COMPLETE"]}.get(record.kind, ["OTHER"]), record
    assert seen == set(ends)
    assert {record.kind for record in lived} >= {"review", "release", "result"}


def test_what_is_said_later_is_said_of_a_run_that_started(lived: list[Record], find: Any) -> None:
    events = told(lived, find)
    started = {event["run"]["runId"] for event in events if event["eventType"] == "START"}
    later = [event for event in events if event["eventType"] == "OTHER"]
    assert later and {event["run"]["runId"] for event in later} <= started
    said = [event["run"]["facets"]["govai_humanReview"]["status"] for event in later if "govai_humanReview" in event["run"]["facets"]]
    assert set(said) == {"approved", "edited", "rejected"}
    assert any(event["run"]["facets"].get("govai_policy", {}).get("ruleIds") == ["INCIDENT"] for event in later)


def test_complete_stands_alone(lived: list[Record], find: Any) -> None:
    complete = [event for event in told(lived, find) if event["eventType"] == "COMPLETE"]
    starts = {event["run"]["runId"]: event for event in told(lived, find) if event["eventType"] == "START"}
    for event in complete:
        assert event["inputs"] and event["outputs"]
        assert event["inputs"] == starts[event["run"]["runId"]]["inputs"]
        assert len(json.dumps(event)) < 1_000_000


def test_the_answers_columns_are_the_fields_that_left(lived: list[Record], find: Any) -> None:
    checked = 0
    for record in lived:
        if record.kind != "outcome" or record.body["status"] != "completed":
            continue
        (event,) = events_of(record, NAMES, find)
        lineage = event["outputs"][0]["facets"]["columnLineage"]["fields"]["answer"]["inputFields"]
        got = {(one["field"], change["description"], change["masking"]) for one in lineage for change in one["transformations"]}
        fields = find(record.intent_id).body["fields"]
        want = {(one["field"] or one["kind"], one["effect"], one["effect"] != "allow") for one in fields if one["effect"] not in ("remove", "block")}
        assert got == want
        inputs = {(one["namespace"], one["name"]) for one in event["inputs"]}
        assert {(one["namespace"], one["name"]) for one in lineage} <= inputs
        checked += len(want)
    assert checked > 10


def test_a_masked_and_a_removed_field(lived: list[Record], find: Any) -> None:
    (intent,) = [one for one in lived if one.kind == "intent" and one.body["purpose"] == "reporting"]
    (outcome,) = [one for one in lived if one.intent_id == intent.id]
    (event,) = events_of(outcome, NAMES, find)
    assert [(one["namespace"], one["name"]) for one in event["inputs"]] == [("postgres://db.example:5432", "crm.public.contacts")]
    policy = event["run"]["facets"]["govai_policy"]
    assert policy["decision"] == "redact" and policy["legalBasis"] == "legitimate_interests" and policy["purposes"] == ["analytics.reporting"]
    assert policy["redactedFields"] == ["crm.contacts.email", "crm.contacts.telephone"]
    lineage = event["outputs"][0]["facets"]["columnLineage"]["fields"]["answer"]["inputFields"]
    assert {one["field"]: one["transformations"][0]["masking"] for one in lineage} == {"email": True, "motif": False}
    tags = event["inputs"][0]["facets"]["tags"]["tags"]
    assert {"key": "fides.data_category", "value": "user.contact.email", "field": "email", "source": "GOVAI"} in tags
    assert event["job"]["name"] == "app.reporting.attempt"
    assert event["run"]["facets"]["parent"]["run"]["runId"] == intent.call_id
    assert [one["name"] for one in event["run"]["facets"]["test"]["tests"]] == ["watch-motif"]


def test_a_run_says_how_it_was_asked_and_inside_what(lived: list[Record], find: Any) -> None:
    events = told(lived, find)
    asked = [event["run"]["facets"]["executionParameters"]["parameters"] for event in events if "executionParameters" in event["run"]["facets"]]
    assert [{"key": "max_tokens", "value": "200"}, {"key": "temperature", "value": "0.7"}] in asked
    roots = [event["run"]["facets"]["parent"]["root"] for event in events if "root" in event["run"]["facets"].get("parent", {})]
    assert {root["job"]["name"] for root in roots} == {"relance"} and len({root["run"]["runId"] for root in roots}) == 1
    answered = [event["run"]["facets"] for event in events if "externalQuery" in event["run"]["facets"]]
    assert answered and all(one["externalQuery"]["externalQueryId"] == one["govai_genAi"].get("responseId", one["externalQuery"]["externalQueryId"]) for one in answered)


def test_a_refusal_names_what_stopped_it(lived: list[Record], find: Any) -> None:
    (refused,) = [one for one in lived if one.kind == "refusal" and one.body["error"]["type"] == "Blocked"]
    start, abort = events_of(refused, NAMES, find)
    assert (start["run"]["runId"], seq_of(start)) == (abort["run"]["runId"], seq_of(abort))
    assert abort["run"]["facets"]["govai_policy"]["decision"] == "block"
    assert abort["run"]["facets"]["govai_policy"]["blockedFields"] == ["nir"]
    assert abort["run"]["facets"]["test"]["tests"][0]["name"] == "floor-national-id"
    assert abort["outputs"] == []
    pending = [one for one in lived if one.kind == "refusal" and one.body["error"]["type"] == "ReviewPending"]
    assert {events_of(one, NAMES, find)[1]["run"]["facets"]["govai_humanReview"]["status"] for one in pending} == {"pending"}


def test_nothing_raw_is_in_any_event(lived: list[Record], find: Any) -> None:
    said = json.dumps(told(lived, find), ensure_ascii=False)
    assert [canary for canary in (*CANARIES, "secret", "sslmode") if canary in said] == []


def test_the_same_records_give_the_same_events(lived: list[Record], find: Any) -> None:
    assert told(lived, find) == told(lived, find)


def test_without_its_intent_an_outcome_still_ends_its_run(lived: list[Record]) -> None:
    for record in lived:
        for event in events_of(record, NAMES, lambda _id: None):
            assert strict(event) == []
            assert event["eventType"] != "COMPLETE" or (event["inputs"] and event["outputs"])


def test_an_answer_used_again_is_an_input(lived: list[Record], find: Any) -> None:
    intent = next(one for one in lived if one.kind == "intent")
    body = {**intent.body, "fields": [], "derived_from": [intent.id], "parent_job": "outer", "parent_run": new_id(), "job": "inner", "run_id": new_id(), "trace": f"00-{'a' * 32}-{'b' * 16}-01"}
    later = Record(new_id(), intent.chain, 99, intent.time, "intent", intent.call_id, "", body, "", "")
    (event,) = events_of(later, NAMES, find)
    assert [(one["namespace"], one["name"]) for one in event["inputs"]] == [("inmemory://", f"{intent.id}/answer")]
    assert event["run"]["facets"]["govai_genAi"]["traceId"] == "a" * 32
    assert strict(event) == []


WORDS = st.text("abcdefé_", min_size=1, max_size=8)
FIELDS = st.fixed_dictionaries({"kind": WORDS, "category": st.sampled_from(["user.name.first", "user.biometric", None]), "sensitivity": st.sampled_from(LEVELS), "source": st.sampled_from(["", "crm.a", "dmp"]), "field": st.sampled_from(["", "x", "y"]), "seen": st.sampled_from(["sealed", "detected"]), "where": WORDS, "effect": st.sampled_from(EFFECTS), "rule": WORDS, "count": st.just(1)})
BODIES = st.fixed_dictionaries({"purpose": st.sampled_from(["", "win_back"]), "basis": st.sampled_from(["", "consent", "legitimate_interest"]), "job": st.sampled_from(["", "relance"]), "run_id": st.just(""), "policy": st.just({"name": "p", "digest": "sha256:" + "0" * 64}), "software": st.just("govai/0.1.0"), "operation": st.sampled_from(["generate", "embed", "count"]), "model": st.sampled_from([None, "m"]), "host": WORDS, "region": st.just(""), "provider": st.just(""), "prompt": st.just("hmac-sha256:" + "1" * 64), "decision": st.fixed_dictionaries({"effect": st.sampled_from(EFFECTS), "rules": st.lists(WORDS, max_size=2), "reviews": st.lists(st.fixed_dictionaries({"id": WORDS, "role": WORDS, "on": st.sampled_from(["prompt", "output"])}), max_size=2), "observed": st.just([])}), "fields": st.lists(FIELDS, max_size=6)})


@st.composite
def histories(draw: Any) -> list[Record]:
    """What a ledger may hold: attempts that end, or not yet, refusals, and what is said of either later, over several chains."""
    made: list[Record] = []
    chains = [new_id(), new_id()]
    about: list[str] = []
    open_: list[str] = []

    def add(kind: str, body: dict[str, Any], intent: str = "") -> None:
        made.append(Record(new_id(), draw(st.sampled_from(chains)), len(made) + 1, "2026-11-25T00:00:00.000001Z", kind, new_id(), intent, body, "", ""))

    for _ in range(draw(st.integers(1, 12))):
        kind = draw(st.sampled_from(["intent", "refusal", "outcome", "later", "checkpoint"]))
        if kind == "intent":
            add(kind, draw(BODIES))
            open_.append(made[-1].id)
            about.append(made[-1].id)
        elif kind == "refusal":
            add(kind, draw(BODIES) | {"error": {"type": draw(st.sampled_from(["Blocked", "ReviewPending", "Ungoverned"])), "code": "C"}})
            about.append(made[-1].id)
        elif kind == "outcome" and open_:
            status = draw(st.sampled_from(["completed", "failed", "abandoned", "unknown"]))
            add(kind, {"status": status, "error": draw(st.sampled_from(["", "?", "cut"])), "usage": {"input_tokens": None}, "purpose": ""}, open_.pop(draw(st.integers(0, len(open_) - 1))))
        elif kind == "later" and about:
            which, link = draw(st.sampled_from([("review", "record"), ("release", "record"), ("result", "fetches"), ("incident", "record")]))
            whose = draw(st.sampled_from(about))
            said = next(one.body for one in made if one.id == whose)
            add(which, {link: whose, "status": "failed", "verdict": draw(st.sampled_from(["approved", "void"])), "on": "output", "job": said["job"], "purpose": said["purpose"]})
        else:
            add("checkpoint", {})
    return made


@given(histories())
def test_whatever_is_recorded_runs_start_once_and_end_once(records: list[Record]) -> None:
    events = told(records, {record.id: record for record in records}.get)
    check_runs(events)
    assert [what for event in events for what in strict(event)] == []
    ended = {record.intent_id for record in records if record.kind == "outcome"} | {record.id for record in records if record.kind == "refusal"}
    assert {event["run"]["runId"] for event in events if event["eventType"] in TERMINAL} == ended


def test_an_event_stays_within_what_receivers_take(lived: list[Record], find: Any) -> None:
    intent = next(one for one in lived if one.kind == "intent")
    fields = [{**intent.body["fields"][0], "field": f"column_{n}"} for n in range(MOST + 7)]
    wide = Record(intent.id, intent.chain, 1, intent.time, "intent", intent.call_id, "", {**intent.body, "fields": fields}, "", "")
    outcome = next(one for one in lived if one.intent_id == intent.id)
    (event,) = events_of(outcome, NAMES, lambda _id: wide)
    assert strict(event) == [] and len(json.dumps(event)) < 1_000_000
    assert {"key": "govai.fields_left_out", "value": "7", "source": "GOVAI"} in event["run"]["facets"]["tags"]["tags"]
