"""One span an attempt, with ids made from the records', whatever way a call went."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import Any
from uuid import UUID

import openai
import pytest
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF
from opentelemetry.trace import SpanKind, StatusCode

import govai
from govai.core.records import Draft
from govai.sinks import Memory
from tests.flow.test_batches import Provider, through_anthropic, through_openai
from tests.sinks.otel.conftest import Told


def at(record: govai.Record) -> int:
    from datetime import datetime

    return round(datetime.fromisoformat(record.time).timestamp() * 1e6) * 1000


def test_an_attempt_is_a_span_from_its_intent_to_its_outcome(telling: govai.Governor, told, server: Any) -> None:
    telling.generate("near:echo", "à ana@exemple.fr", purpose="support")
    telling.ledger.flush()
    intent, outcome = telling.ledger.records()
    (span,) = told.spans
    assert (span.name, span.kind, span.status.status_code, span.parent) == ("chat echo", SpanKind.CLIENT, StatusCode.UNSET, None)
    assert span.context.trace_id == UUID(intent.call_id).int
    assert (span.start_time, span.end_time) == (at(intent), at(outcome))
    host, _, port = server.host.partition(":")
    said = dict(span.attributes)
    expected = {
        "gen_ai.operation.name": "chat", "gen_ai.provider.name": "openai", "gen_ai.request.model": "echo", "gen_ai.response.model": "echo",
        "gen_ai.response.finish_reasons": ("stop",), "gen_ai.usage.input_tokens": 3, "gen_ai.usage.output_tokens": 4,
        "server.address": host, "server.port": int(port), "govai.record.id": outcome.id, "govai.call.id": intent.call_id,
        "govai.status": "completed", "govai.purpose": "support", "govai.policy.decision": "pseudonymise", "govai.policy.id": "test",
        "govai.policy.digest": telling.policy.digest, "govai.data.categories": ("user.contact.email",), "govai.data.subjects": 1,
    }
    assert {name: said.get(name) for name in expected} == expected | {"govai.record.id": intent.id}
    assert "gen_ai.conversation.id" not in said
    assert "gen_ai.request.stream" not in said
    assert "error.type" not in said


def test_what_runs_in_process_is_internal_and_has_no_server(telling: govai.Governor, told) -> None:
    telling.generate("offline:demo", "bonjour", purpose="support")
    telling.ledger.flush()
    (span,) = told.spans
    assert (span.name, span.kind) == ("chat demo", SpanKind.INTERNAL)
    assert span.attributes["gen_ai.provider.name"] == "offline"
    assert not [name for name in span.attributes if name.startswith("server.")]


def test_each_attempt_of_a_call_is_a_span_in_one_trace(telling: govai.Governor, told, server: Any) -> None:
    server.failures.clear()
    telling.generate("near:status-500x2", "bonjour", purpose="support")
    telling.ledger.flush()
    spans = told.spans
    assert [span.attributes["govai.status"] for span in spans] == ["failed", "failed", "completed"]
    assert [span.attributes.get("error.type") for span in spans] == ["500", "500", None]
    assert [span.status.status_code for span in spans] == [StatusCode.ERROR, StatusCode.ERROR, StatusCode.UNSET]
    assert len({span.context.trace_id for span in spans}) == 1
    assert len({span.context.span_id for span in spans}) == 3


def test_a_stream_says_so_and_one_left_early_is_abandoned(telling: govai.Governor, told, server: Any) -> None:
    with telling.stream("near:echo-3", "bonjour à tous", purpose="support") as stream:
        list(stream)
    server.go.clear()
    client = telling.wrap(openai.OpenAI(base_url=server.url + "/v1", api_key="x", max_retries=0), purpose="support")
    with client.chat.completions.create(model="stall-3", messages=[{"role": "user", "content": "bonjour à tous"}], stream=True) as events:
        next(iter(events))
    server.go.set()
    telling.ledger.flush()
    whole, left = told.spans
    assert whole.attributes["gen_ai.request.stream"] is True
    assert whole.attributes["gen_ai.response.finish_reasons"] == ("stop",)
    assert left.attributes["govai.status"] == "abandoned"
    assert left.attributes["gen_ai.response.finish_reasons"] == ("error",)  # expected, and never came
    assert left.status.status_code is StatusCode.UNSET
    client.close()


def test_a_refusal_is_a_span_with_an_error_that_went_nowhere(telling: govai.Governor, told) -> None:
    with pytest.raises(govai.Blocked), govai.scope(block=["user.contact.email"]):
        telling.generate("near:echo", "à ana@exemple.fr", purpose="support")
    telling.ledger.flush()
    (span,) = told.spans
    assert (span.name, span.kind, span.status.status_code) == ("chat echo", SpanKind.INTERNAL, StatusCode.ERROR)
    assert span.start_time == span.end_time
    assert {name: span.attributes[name] for name in ("error.type", "govai.error.code", "govai.status", "govai.policy.decision")} == {
        "error.type": "Blocked", "govai.error.code": "GOVAI-P03", "govai.status": "refused", "govai.policy.decision": "block",
    }
    assert "govai.review.status" not in span.attributes
    assert told.metrics == {}


@pytest.mark.parametrize(("on", "told_in_order"), [
    ("prompt", [("chat echo", "pending"), ("review", "approved"), ("release", "released"), ("chat", "approved")]),
    ("output", [("chat echo", "required"), ("review", "approved"), ("release", "released")]),
])
def test_a_review_is_told_step_by_step_without_who(telling: govai.Governor, told, on: str, told_in_order: list) -> None:
    ask = govai.require_review("marketing", on=on)(lambda: telling.generate("near:echo", "bonjour", purpose="support"))
    with pytest.raises(govai.ReviewPending) as waits:
        ask()
    telling.bind(actor="lea").reviews.approve(waits.value.ticket_id)
    telling.resume(waits.value.ticket_id)
    telling.ledger.flush()
    assert [(span.name, span.attributes["govai.review.status"]) for span in told.spans] == told_in_order
    assert all(span.status.status_code is StatusCode.UNSET for span in told.spans)  # waiting for a person is no error
    assert all("marketing" in span.attributes["govai.review.roles"] for span in told.spans if span.name != "release")
    assert {span.attributes["govai.review.ticket"] for span in told.spans if span.name in ("review", "release")} == {waits.value.ticket_id}
    assert not {"lea", "ana"} & {str(value) for span in told.spans for value in span.attributes.values()}


def test_a_review_that_a_hook_decides_is_in_the_trace_of_its_call(telling: govai.Governor, told) -> None:
    with govai.scope(review=lambda details: govai.Verdict.approve(note="for Renée Lefort")):
        govai.require_review("marketing", on="prompt")(lambda: telling.generate("near:echo", "bonjour", purpose="support"))()
    telling.ledger.flush()
    assert [(span.name, span.attributes["govai.review.status"]) for span in told.spans] == [("review", "approved"), ("chat echo", "approved")]
    assert len({span.context.trace_id for span in told.spans}) == 1
    assert "Lefort" not in "".join(span.to_json() for span in told.spans)


def test_the_calls_of_a_function_are_one_trace(telling: govai.Governor, told) -> None:
    @govai.lineage(job="twice")
    def twice() -> None:
        for _ in range(2):
            telling.generate("offline:demo", "bonjour", purpose="support")

    twice()
    twice()
    telling.ledger.flush()
    spans = told.spans
    traces = [span.context.trace_id for span in spans]
    assert traces[0] == traces[1] != traces[2] == traces[3]
    assert [UUID(span.attributes["govai.run.id"]).int for span in spans] == traces
    assert {span.attributes["govai.job"] for span in spans} == {"twice"}


@pytest.mark.parametrize("way", [through_openai, through_anthropic], ids=lambda way: way.__name__)
def test_each_request_of_a_batch_is_a_span_with_its_answer_below(policy: dict, told, server: Any, way) -> None:
    entry = next(iter(policy["providers"].values()))
    providers = {like: {**entry, "like": like} for like in ("openai", "anthropic")}
    with govai.Governor({**policy, "providers": providers}, ledger=":memory:", actor="ana", sinks=[told.sink()]) as gov:
        way(gov, Provider(), server)
    lines = {span.context.span_id: span for span in told.spans if span.name.startswith("chat")}
    answers = [span for span in told.spans if span.name.startswith("fetch_response")]
    assert len(lines) == len(answers) == 2
    for answer in answers:
        assert answer.parent.span_id in lines
        assert answer.context.trace_id == answer.parent.trace_id == lines[answer.parent.span_id].context.trace_id
        assert answer.attributes["gen_ai.usage.output_tokens"] == 2
        assert answer.attributes["gen_ai.request.model"] == lines[answer.parent.span_id].attributes["gen_ai.request.model"]
    assert all("gen_ai.response.finish_reasons" not in span.attributes for span in lines.values())
    timed = told.metrics["gen_ai.client.inference.duration"]
    assert "chat" not in {point.attributes["gen_ai.operation.name"] for point in timed}  # a line took no time of its own
    counted = told.metrics["gen_ai.client.inference.usage.output_tokens"]
    assert sum(point.value for point in counted) == 4


def test_what_is_told_again_has_the_same_ids(policy: dict, told, everything, tmp_path) -> None:
    ledger = f"sqlite:///{tmp_path}/l.db"
    kept = Memory()
    with govai.Governor(policy, ledger=ledger, actor="ana", sinks=[told.sink(), kept]) as gov:
        everything(gov)
    first = {span.context.span_id: span for span in told.spans}
    told.exporter.clear()
    told.sink().emit(kept.records)
    again = {span.context.span_id: span for span in told.spans}
    assert len(first) > 10
    assert {key: span.to_json() for key, span in again.items()} == {key: span.to_json() for key, span in first.items()}


@pytest.fixture(scope="module")
def written() -> Iterator[tuple[list[govai.Record], Any]]:
    """Records of calls that end out of order, and the ledger's look-up."""
    kept = Memory()
    with govai.Governor(ledger=":memory:", actor="ana", sinks=[kept]) as gov:
        with gov.stream("offline:echo", "un deux trois", purpose="exploration") as first:
            with gov.stream("offline:echo", "quatre cinq", purpose="exploration") as second:
                list(second)
            list(first)
        with pytest.raises(govai.ConfigError):
            gov.generate("offline:echo", "six", purpose="nowhere")
        gov.ledger.flush()
        yield kept.records, gov.ledger.record


@given(data=st.data())
def test_however_records_are_cut_into_batches_the_same_is_told(written, data: st.DataObject) -> None:
    records, look_up = written
    cuts = data.draw(st.sets(st.integers(1, len(records) - 1)))
    whole, cut = Told(), Told()
    whole.sink().emit(records)
    sink = cut.sink()
    sink.attached(look_up)
    for start, end in pairwise([0, *sorted(cuts), len(records)]):
        sink.emit(records[start:end])
    assert len(whole.spans) == 3
    assert [span.to_json() for span in cut.spans] == [span.to_json() for span in whole.spans]


def test_an_outcome_that_comes_in_a_later_batch_finds_its_intent(policy: dict, told, tmp_path) -> None:
    kept = Memory()
    with govai.Governor(policy, ledger=":memory:", actor="ana", sinks=[kept]) as gov:
        gov.generate("near:echo", "bonjour", purpose="support")
        gov.ledger.flush()
        sink = told.sink()
        sink.attached(gov.ledger.record)
        for record in kept.records:
            sink.emit([record])
    (span,) = told.spans
    assert span.attributes["gen_ai.request.model"] == "echo"


def test_an_outcome_whose_intent_is_gone_tells_what_it_knows(policy: dict, told) -> None:
    kept = Memory()
    with govai.Governor(policy, ledger=":memory:", actor="ana", sinks=[kept]) as gov:
        gov.generate("near:echo", "bonjour", purpose="support")
    told.sink().emit(kept.records[1:])
    (span,) = told.spans
    assert (span.name, span.attributes["gen_ai.usage.output_tokens"]) == ("attempt", 4)
    assert span.end_time - span.start_time == kept.records[1].body["latency_us"] * 1000


def test_an_attempt_whose_writer_is_gone_ends_in_an_error(telling: govai.Governor, told) -> None:
    intent = Draft("intent", "call", {"purpose": "p", "operation": "generate", "format": "openai_chat", "host": "api.openai.com", "provider": "openai", "model": "m"})
    telling.ledger.commit([intent, Draft("outcome", "call", {"status": "unknown", "error": "writer_gone", "purpose": "p"}, intent_id=intent.id)])
    telling.ledger.flush()
    (span,) = told.spans
    assert (span.attributes["error.type"], span.attributes["govai.status"], span.status.status_code) == ("writer_gone", "unknown", StatusCode.ERROR)
    assert (span.attributes["server.address"], span.attributes["server.port"]) == ("api.openai.com", 443)


def test_kinds_that_tell_nothing_by_themselves_are_passed_over(telling: govai.Governor, told) -> None:
    telling.ledger.commit([Draft("checkpoint", "c", {}), Draft("intent", "c", {"purpose": "p"})])
    telling.ledger.flush()
    assert told.spans == ()


class TestInsideTheApplicationsTrace:
    """A call made inside a span of the application is below it."""

    @pytest.fixture
    def tracer(self) -> trace.Tracer:
        return TracerProvider(shutdown_on_exit=False).get_tracer("app")

    def test_sync(self, telling: govai.Governor, told, tracer: trace.Tracer) -> None:
        with tracer.start_as_current_span("handler") as above:
            telling.generate("near:echo", "bonjour", purpose="support")
            with pytest.raises(govai.PurposeRequired):
                telling.generate("near:echo", "à ana@exemple.fr")
        telling.generate("near:echo", "bonjour", purpose="support")
        telling.ledger.flush()
        inside, refused, outside = told.spans
        for span in (inside, refused):
            assert (span.parent.trace_id, span.parent.span_id) == (above.get_span_context().trace_id, above.get_span_context().span_id)
            assert span.context.trace_id == above.get_span_context().trace_id
        assert outside.parent is None
        assert [r.body.get("trace", "")[:3] for r in telling.ledger.records(kind="intent")] == ["00-", ""]

    async def test_async_streams(self, telling: govai.Governor, told, tracer: trace.Tracer) -> None:
        with tracer.start_as_current_span("handler") as above:
            async with telling.astream("near:echo-3", "bonjour", purpose="support") as stream:
                async for _ in stream:
                    pass
        await telling.aclose()
        (span,) = told.spans
        assert span.parent.span_id == above.get_span_context().span_id

    def test_a_trace_that_is_not_kept_is_left_out_and_counted(self, telling: govai.Governor, told) -> None:
        with TracerProvider(sampler=ALWAYS_OFF, shutdown_on_exit=False).get_tracer("app").start_as_current_span("handler"):
            telling.generate("near:echo", "bonjour", purpose="support")
        telling.ledger.flush()
        assert told.spans == ()
        assert told.metrics["gen_ai.client.inference.duration"][0].count == 1


def test_no_planted_value_is_told(policy: dict, told, everything) -> None:
    with govai.Governor(policy, ledger=":memory:", actor="ana", sinks=[told.sink()]) as gov:
        everything(gov)
    text = "".join(span.to_json() for span in told.spans) + str(told.metrics)
    assert len(told.spans) > 10
    for planted in ("exemple.fr", "Lefort", "Renée", "sk-test-key-never-shown"):
        assert planted not in text
    assert not [name for span in told.spans for name in span.attributes if "message" in name or "instruction" in name]


@pytest.mark.parametrize("variable", ["true", "span_only", ""])
def test_content_stays_off_as_records_hold_none(policy: dict, told, monkeypatch: pytest.MonkeyPatch, variable: str) -> None:
    monkeypatch.setenv("OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT", variable)
    with govai.Governor(policy, ledger=":memory:", actor="ana", sinks=[told.sink()]) as gov:
        gov.generate("offline:echo", "un mot que personne d'autre ne dit", purpose="support")
    assert "personne" not in "".join(span.to_json() for span in told.spans)
