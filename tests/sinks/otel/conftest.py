"""What a governor tells OpenTelemetry, in memory; and an OTLP receiver that can answer badly."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

import govai


@dataclass
class Told:
    """What arrived in memory."""

    exporter: InMemorySpanExporter = field(default_factory=InMemorySpanExporter)
    reader: InMemoryMetricReader = field(default_factory=InMemoryMetricReader)

    def __post_init__(self) -> None:
        self.tracers, self.meters = TracerProvider(resource=Resource({}), shutdown_on_exit=False), MeterProvider([self.reader], shutdown_on_exit=False)
        self.tracers.add_span_processor(SimpleSpanProcessor(self.exporter))

    def sink(self, genai: str = "v0.1") -> govai.sinks.Otel:
        return govai.sinks.Otel(genai=genai, tracer_provider=self.tracers, meter_provider=self.meters)

    @property
    def spans(self) -> tuple[Any, ...]:
        return self.exporter.get_finished_spans()

    @property
    def metrics(self) -> dict[str, list[Any]]:
        data = self.reader.get_metrics_data()
        scopes = data.resource_metrics[0].scope_metrics if data else []
        return {metric.name: list(metric.data.data_points) for scope in scopes for metric in scope.metrics}


@pytest.fixture
def told() -> Told:
    return Told()


@pytest.fixture
def telling(policy: dict, told: Told) -> Iterator[govai.Governor]:
    """A governor that tells `told`."""
    with govai.Governor(policy, ledger=":memory:", actor="ana", sinks=[told.sink()]) as gov:
        yield gov


class Receiver:
    """An OTLP/HTTP receiver: keeps what it decodes; answers with the next of `badly` (a status, or `cut`) as long as there is one."""

    def __init__(self) -> None:
        self.spans: list[Any] = []
        self.metrics: list[Any] = []
        self.resources: list[dict[str, str]] = []
        self.headers: list[dict[str, str]] = []
        self.badly: list[int | str] = []
        self.refused = threading.Event()
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *args: object) -> None:
                pass

            def do_POST(self) -> None:
                raw = self.rfile.read(int(self.headers["content-length"]))
                if self.path == "/v1/traces" and outer.badly:
                    status = outer.badly.pop(0)
                    outer.refused.set()
                    if status == "cut":
                        self.connection.close()
                        self.close_connection = True
                        return
                    self._say(int(status))
                    return
                outer.headers.append(dict(self.headers))
                outer.take(self.path, raw)
                self._say(200)

            def _say(self, status: int) -> None:
                self.send_response(status)
                self.send_header("content-length", "0")
                self.send_header("retry-after", "0")
                self.end_headers()

        self._http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._http.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._http.server_port}"

    def take(self, path: str, raw: bytes) -> None:
        if path == "/v1/traces":
            traces = ExportTraceServiceRequest.FromString(raw)
            for resource in traces.resource_spans:
                self.resources.append({pair.key: pair.value.string_value for pair in resource.resource.attributes})
                self.spans += [span for scope in resource.scope_spans for span in scope.spans]
        else:
            metrics = ExportMetricsServiceRequest.FromString(raw)
            self.metrics += [metric for resource in metrics.resource_metrics for scope in resource.scope_metrics for metric in scope.metrics]

    def __enter__(self) -> Receiver:
        threading.Thread(target=self._http.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        return self

    def __exit__(self, *exc: object) -> None:
        self._http.shutdown()
        self._http.server_close()


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver() as running:
        yield running


@pytest.fixture
def everything(server: Any) -> Callable[[govai.Governor], None]:
    """Make a governor do what there is to tell of: an answer, a stream, a stream left early, a failure with its retries, refusals, a review."""

    def do(gov: govai.Governor) -> None:
        gov.generate("offline:demo", "Écris à {nom}, {mail}", data={"nom": "Renée Lefort", "mail": "renee.lefort@exemple.fr"}, purpose="support")
        gov.generate("near:echo", "à ana@exemple.fr", purpose="support")
        gov.embed("near:echo", ["ana@exemple.fr"], purpose="support")
        with gov.stream("near:echo-3", "à ana@exemple.fr", purpose="support") as stream:
            list(stream)
        server.failures.clear()
        gov.generate("near:status-500x2", "à ana@exemple.fr", purpose="support")
        with pytest.raises(govai.ProviderError):
            gov.generate("near:status-400", "à ana@exemple.fr", purpose="support")
        with pytest.raises(govai.Blocked), govai.scope(block=["user.contact.email"]):
            gov.generate("near:echo", "à ana@exemple.fr", purpose="support")
        with pytest.raises(govai.PurposeRequired):
            gov.generate("near:echo", "à ana@exemple.fr")
        for on in ("prompt", "output"):
            ask = govai.require_review("marketing", on=on)(lambda: gov.generate("near:echo", "à ana@exemple.fr", purpose="support"))
            with pytest.raises(govai.ReviewPending) as waits:
                ask()
            gov.bind(actor="lea").reviews.approve(waits.value.ticket_id)
            gov.resume(waits.value.ticket_id)
        gov.ledger.flush()

    return do
