"""MLflow and Arize Phoenix take what the sink `otel:` sends, and show it by their own API: every span, once, as it was told."""

from __future__ import annotations

import time
from typing import Any

import pytest
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor

import govai
from govai.sinks import Memory, Otel


@pytest.fixture(autouse=True)
def _environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_METRICS_EXPORTER", "none")  # both take traces only
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_HEADERS", "x-mlflow-experiment-id=0")
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_TIMEOUT", "60")  # the first request makes them read in more


def sent(gov: govai.Governor, sink: Otel) -> None:
    """Wait until the receiver has taken every record."""
    gov.ledger.flush(60)
    assert [(one.behind, one.error) for one in gov.ledger.sinks() if one.name == sink.name] == [(0, "")]


def expected(told: Any, records: list[govai.Record]) -> dict[str, Any]:
    told.sink().emit(records)
    return {f"{span.context.span_id:016x}": span for span in told.spans}


def shown(receiver: Any, wanted: dict[str, Any]) -> dict[str, Any]:
    """Return what the receiver shows once it shows them all: Phoenix stores them a moment after it took them."""
    traces = {f"{span.context.trace_id:032x}" for span in wanted.values()}
    end = time.monotonic() + 60
    while len(found := receiver.spans(traces)) < len(wanted) and time.monotonic() < end:
        time.sleep(0.2)
    return found


def test_it_shows_every_span_as_it_was_told(receiver: Any, policy: dict, told: Any, everything) -> None:
    kept, sink = Memory(), Otel(receiver.url)
    with govai.Governor(policy, ledger=":memory:", actor="ana", sinks=[kept, sink]) as gov:
        everything(gov)
        sent(gov, sink)
        sink.emit(kept.records)  # again, as after a crash: the ids are the same
    wanted = expected(told, kept.records)
    found = shown(receiver, wanted)
    assert found.keys() == wanted.keys()
    assert len(found) > 10
    for key, span in wanted.items():
        there = found[key]
        assert (there.name, there.trace, there.error) == (span.name, f"{span.context.trace_id:032x}", not span.status.is_ok), there
        for name, value in span.attributes.items():
            assert there.attributes[name] == (list(value) if isinstance(value, tuple) else value), (name, there)
    everything_shown = str(found)
    assert not [planted for planted in ("exemple.fr", "Lefort", "sk-test-key-never-shown") if planted in everything_shown]


def test_a_call_is_below_the_applications_span(receiver: Any, policy: dict, told: Any) -> None:
    application = TracerProvider(shutdown_on_exit=False)
    application.add_span_processor(SimpleSpanProcessor(OTLPSpanExporter(f"{receiver.url}/v1/traces")))
    kept, sink = Memory(), Otel(receiver.url)
    with govai.Governor(policy, ledger=":memory:", actor="ana", sinks=[kept, sink]) as gov:
        with application.get_tracer("letters").start_as_current_span("win back") as above:
            gov.generate("near:echo", "bonjour", purpose="support")
        sent(gov, sink)
    application.shutdown()
    wanted = {**expected(told, kept.records), f"{above.get_span_context().span_id:016x}": above}
    found = shown(receiver, wanted)
    assert {there.name: there.parent for there in found.values()} == {"win back": "", "chat echo": f"{above.get_span_context().span_id:016x}"}
    assert len({there.trace for there in found.values()}) == 1
