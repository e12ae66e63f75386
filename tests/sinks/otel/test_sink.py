"""Where spans go: an endpoint, the environment's, or the process's own provider; and that none is lost on the way."""

from __future__ import annotations

import gc
import subprocess
import sys
import textwrap
import weakref
from typing import Any

import pytest

import govai
from govai.sinks import Memory, Otel
from govai.sinks.opening import open_sink
from govai.sinks.otel.spans import NotTakenError


@pytest.fixture
def records(policy: dict) -> list[govai.Record]:
    kept = Memory()
    with govai.Governor(policy, ledger=":memory:", actor="ana", sinks=[kept]) as gov:
        gov.generate("near:echo", "à ana@exemple.fr", purpose="support")
    return kept.records


def test_a_receiver_gets_spans_and_metrics(policy: dict, receiver: Any, everything, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_HEADERS", "x-tenant=campaigns")
    with govai.Governor(policy, ledger=":memory:", actor="ana", sinks=[Otel(receiver.url, service_name="campaigns")]) as gov:
        everything(gov)
        expected = sum(r.kind in ("outcome", "refusal", "review", "release", "result") for r in gov.ledger.records())
    assert len(receiver.spans) == len({span.span_id for span in receiver.spans}) == expected
    assert receiver.resources[0]["service.name"] == "campaigns"
    assert receiver.headers[0]["x-tenant"] == "campaigns"
    assert {metric.name for metric in receiver.metrics} == {f"gen_ai.client.inference.{name}" for name in ("duration", "usage.input_tokens", "usage.output_tokens")}
    told = str(receiver.spans) + str(receiver.metrics)
    assert not [planted for planted in ("exemple.fr", "Lefort", "sk-test-key-never-shown", "\\303\\251e Lefort") if planted in told]


@pytest.mark.parametrize("badly", [[500], [503, 503], ["cut", "cut"], [400], [429, 500]], ids=str)
def test_what_was_not_taken_is_offered_again(policy: dict, receiver: Any, badly: list, caplog: pytest.LogCaptureFixture) -> None:
    receiver.badly += badly
    with govai.Governor(policy, ledger=":memory:", actor="ana", sinks=[Otel(receiver.url)]) as gov:
        for _ in range(3):
            gov.generate("near:echo", "à ana@exemple.fr", purpose="support")
        assert receiver.refused.wait(30)
        while next(iter(gov.ledger.sinks())).behind > 0:
            gov.ledger.flush(30)
    assert receiver.badly == []
    assert len({span.span_id for span in receiver.spans}) == 3
    assert [span.name for span in receiver.spans] == ["chat echo"] * 3
    assert "exemple" not in caplog.text


def test_a_failure_raises_and_says_nothing_of_the_records(records: list, receiver: Any) -> None:
    receiver.badly += [500]
    sink = Otel(receiver.url)
    with pytest.raises(NotTakenError) as error:
        sink.emit(records)
    assert str(error.value) == "spans that were not taken: 1"
    sink.emit(records)
    assert len(receiver.spans) == 1
    sink.close(5)


def test_a_receiver_that_is_gone_does_not_hold_up_closing(policy: dict, monkeypatch: pytest.MonkeyPatch) -> None:
    with govai.Governor(policy, ledger=":memory:", actor="ana", sinks=[Otel("http://127.0.0.1:9")]) as gov:
        assert gov.generate("near:echo", "bonjour", purpose="support").text == "bonjour"
        gov.ledger.close(timeout=0.2)


def test_no_metrics_where_the_environment_says_none(records: list, receiver: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_METRICS_EXPORTER", "none")
    sink = Otel(receiver.url)
    sink.emit(records)
    sink.close(5)
    assert len(receiver.spans) == 1
    assert receiver.metrics == []


def test_without_an_endpoint_the_environment_says_where(records: list, receiver: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", receiver.url)
    monkeypatch.setenv("OTEL_SERVICE_NAME", "from-the-environment")
    sink = open_sink("otel:")
    sink.emit(records)
    sink.close(5)
    assert len(receiver.spans) == 1
    assert receiver.resources[0]["service.name"] == "from-the-environment"
    assert receiver.metrics


def test_an_endpoint_in_a_string(receiver: Any) -> None:
    sink = open_sink(f"otel:{receiver.url}/")
    assert (sink.name, repr(sink)) == (f"otel:{receiver.url}", f"<Otel otel:{receiver.url}>")
    sink.close(1)  # nothing was opened


def test_the_process_has_a_provider_of_its_own() -> None:
    """Set once in a process: so in one of its own. Spans get its resource and pass its processors; it is not closed."""
    code = """
    import govai
    from opentelemetry import metrics, trace
    from opentelemetry.sdk.metrics import MeterProvider
    from opentelemetry.sdk.metrics.export import InMemoryMetricReader
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor
    from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

    with govai.Governor(ledger=":memory:", actor="ana", sinks=["otel:"]) as gov:
        kept, reader = InMemorySpanExporter(), InMemoryMetricReader()
        provider = TracerProvider(resource=Resource.create({"service.name": "the-app"}))
        provider.add_span_processor(BatchSpanProcessor(kept, max_queue_size=8, max_export_batch_size=8))
        trace.set_tracer_provider(provider)  # after the governor was made
        metrics.set_meter_provider(MeterProvider([reader]))
        with trace.get_tracer("app").start_as_current_span("handler") as above:
            gov.generate("offline:demo", "bonjour", purpose="support")
        gov.ledger.flush()
    spans = {span.name: span for span in kept.get_finished_spans()}
    assert spans["chat demo"].parent.span_id == spans["handler"].context.span_id
    assert spans["chat demo"].resource.attributes["service.name"] == "the-app"
    assert reader.get_metrics_data().resource_metrics[0].scope_metrics[0].metrics
    print("told")
    """
    run = subprocess.run([sys.executable, "-W", "error", "-c", textwrap.dedent(code)], capture_output=True, text=True, timeout=120)
    assert (run.stdout.strip(), run.returncode) == ("told", 0), run.stderr


def test_opening_imports_no_sdk() -> None:
    code = "import sys, govai; govai.Governor(ledger=':memory:', sinks=['otel:http://127.0.0.1:9']).close(); assert 'opentelemetry.sdk' not in sys.modules, 1"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, timeout=120).returncode == 0


@pytest.mark.parametrize("endpoint", ["127.0.0.1:4318", "grpc://127.0.0.1:4317", "http://", "http://ana:secret@127.0.0.1:4318", "http://127.0.0.1:4318?key=secret"])
def test_what_is_no_receiver_is_refused_without_its_secrets(endpoint: str) -> None:
    with pytest.raises(govai.ConfigError) as error:
        Otel(endpoint)
    assert "OTEL_EXPORTER_OTLP_HEADERS" in str(error.value)
    assert "secret" not in str(error.value)


@pytest.mark.parametrize("place", ["", "http://127.0.0.1:4318"])
def test_a_string_may_name_a_version(policy: dict, told, place: str) -> None:
    assert open_sink(f"otel:{place}?genai=v1.36").name == f"otel:{place}"
    with pytest.raises(govai.ConfigError, match="v9"):
        open_sink(f"otel:{place}?genai=v9")


def test_an_unknown_version_names_the_nearest() -> None:
    with pytest.raises(govai.ConfigError, match=r"v1\.36"):
        Otel(genai="v1.37")


def test_the_extra_is_named_where_it_is_missing() -> None:
    code = """
    import importlib.util, sys
    import govai
    sys.modules["opentelemetry.sdk"] = None
    try:
        govai.sinks.Otel()
    except govai.ConfigError as error:
        print(error.todo)
    """
    run = subprocess.run([sys.executable, "-c", textwrap.dedent(code)], capture_output=True, text=True, timeout=120)
    assert "opentelemetry-exporter-otlp-proto-http" in run.stdout, run.stderr


def test_one_sink_of_a_function_serves_each_ledger_in_turn(policy: dict, receiver: Any) -> None:
    @govai.lineage(job="letters", sinks=[f"otel:{receiver.url}"])
    def letter(gov: govai.Governor) -> None:
        gov.generate("near:echo", "bonjour", purpose="support")

    with govai.Governor(policy, ledger=":memory:", actor="ana") as later:
        with govai.Governor(policy, ledger=":memory:", actor="ana") as first:
            letter(first)
            letter(later)
            later.ledger.flush()
        letter(later)
    assert [span.name for span in receiver.spans] == ["chat echo"] * 3


def test_a_sink_keeps_no_ledger_alive(policy: dict, told) -> None:
    sink = told.sink()
    gov = govai.Governor(policy, ledger=":memory:", actor="ana", sinks=[sink])
    gone = weakref.ref(gov.ledger)
    gov.close()
    del gov
    gc.collect()
    assert gone() is None
    assert sink.name == "otel:"


def test_the_sdk_can_be_disabled(records: list, receiver: Any, told, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_SDK_DISABLED", "true")
    for sink in (Otel(receiver.url), told.sink()):
        sink.emit(records)
        sink.close(1)
    assert (receiver.spans, told.spans) == ([], ())
