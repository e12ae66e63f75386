"""The sink `otel:`: records as OpenTelemetry spans and metrics, without any content. The SDK is imported with the first record."""

from __future__ import annotations

import os
import threading
import weakref
from importlib.util import find_spec
from inspect import ismethod
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from govai.core.errors import ConfigError
from govai.core.lang import say
from govai.core.names import did_you_mean
from govai.sinks.otel.names import CURRENT, VERSIONS
from govai.sinks.otel.telling import tell

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from opentelemetry.metrics import MeterProvider
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import TracerProvider

    from govai.core.records import Record
    from govai.sinks.otel.metrics import Metrics, OwnMeters
    from govai.sinks.otel.spans import Exporting, Providing


class Otel:
    """Tells OpenTelemetry of every attempt, refusal, review, release and late answer.

    Args:
        endpoint: base URL of an OTLP/HTTP receiver, `http://host:4318`. None: the providers given here, else those that the
            application has set for its process, else the standard `OTEL_EXPORTER_OTLP_*` environment.
        genai: version of the semantic conventions, `v0.1` or the older `v1.36`.
        tracer_provider, meter_provider: of the SDK, instead of the process's own. They stay the application's to close.
        service_name: `service.name` of what is exported; None leaves it to `OTEL_SERVICE_NAME`.

    Raises:
        ConfigError: the extra `otel` is not installed, the endpoint is no HTTP URL, or the version is unknown.
    """

    def __init__(
        self,
        endpoint: str | None = None,
        *,
        genai: str = CURRENT,
        tracer_provider: TracerProvider | None = None,
        meter_provider: MeterProvider | None = None,
        service_name: str | None = None,
    ) -> None:
        if genai not in VERSIONS:
            raise ConfigError(
                say(f"unknown version '{genai}' of the conventions", f"version « {genai} » des conventions inconnue"),
                where="Otel(genai=)",
                todo=did_you_mean(genai, VERSIONS),
            )
        self._endpoint = _checked(endpoint) if endpoint else ""
        _installed()
        self._conventions, self._service = VERSIONS[genai], service_name
        self._tracers, self._meters = tracer_provider, meter_provider
        self._opened: tuple[Exporting | Providing, Metrics] | None = None
        self._own: OwnMeters | None = None
        self._failing = False
        self._opening = threading.Lock()
        self._ledgers: list[Callable[[], Callable[[str], Record | None] | None]] = []
        self.name = f"otel:{self._endpoint}"

    @classmethod
    def named(cls, place: str) -> Otel:
        """Return the sink of the string `otel:PLACE`: an endpoint or nothing, then `?genai=VERSION` for another version."""
        endpoint, _, version = place.partition("?genai=")
        return cls(endpoint or None, genai=version or CURRENT)

    def __repr__(self) -> str:
        return f"<Otel {self.name}>"

    def attached(self, record: Callable[[str], Record | None]) -> None:
        """Take the look-up of a record by its id: an outcome's intent.

        A sink of a decorated function gets one from each ledger that its calls are recorded in, and outlives them.
        """
        weak = weakref.WeakMethod(record) if ismethod(record) else lambda: record
        self._ledgers = [*(one for one in self._ledgers if one() is not None), weak]

    def emit(self, records: Sequence[Record]) -> None:
        """Export the records' spans, then count them.

        Raises:
            NotTakenError: the receiver did not take them, and the ledger offers them again.
        """
        here = {record.id: record for record in records}
        tellings = [
            told
            for record in records
            if (told := tell(record, lambda named: here.get(named) or self._find(named), self._conventions))
        ]
        if not tellings or os.environ.get("OTEL_SDK_DISABLED", "").lower() == "true":
            return
        with self._opening:
            self._opened = self._opened or self._open()
        spans, metrics = self._opened
        self._failing = True
        if kept := [one for one in tellings if one.sampled]:
            spans.emit(kept)
        self._failing = False
        for one in tellings:
            metrics.count(one)

    def close(self, timeout: float) -> None:
        """Send the metrics that still wait, where the receiver is there, and close what is not the application's.

        What comes later opens it anew.
        """
        with self._opening:
            (opened, self._opened), (own, self._own) = (self._opened, None), (self._own, None)
        if opened is not None:
            opened[0].close(timeout)
        if own is not None:
            own.close(timeout, send=not self._failing)

    def _find(self, named: str) -> Record | None:
        failure: Exception | None = None
        for one in reversed(self._ledgers):
            if (look := one()) is not None:
                try:
                    if (found := look(named)) is not None:
                        return found
                except Exception as error:  # noqa: BLE001 -- one that was closed; raised below where no other has the record
                    failure = error
        if failure is not None:
            raise failure
        return None

    def _open(self) -> tuple[Exporting | Providing, Metrics]:
        from opentelemetry.sdk.resources import SERVICE_NAME, Resource

        from govai.sinks.otel.metrics import Metrics

        resource = Resource.create({SERVICE_NAME: self._service} if self._service else {})
        spans = self._where_spans_go(resource)
        return spans, Metrics(self._where_metrics_go(resource, spans), self._conventions)

    def _where_spans_go(self, resource: Resource) -> Exporting | Providing:
        from opentelemetry import trace
        from opentelemetry.sdk.trace import TracerProvider

        from govai.sinks.otel.spans import Exporting, Providing

        provider = self._tracers or (None if self._endpoint else trace.get_tracer_provider())
        if isinstance(provider, TracerProvider):
            return Providing(provider, self._conventions.schema)
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter

        return Exporting(OTLPSpanExporter(self._signal("traces")), resource, self._conventions.schema)

    def _where_metrics_go(self, resource: Resource, spans: Exporting | Providing) -> MeterProvider:
        from opentelemetry import metrics

        from govai.sinks.otel.metrics import OwnMeters
        from govai.sinks.otel.spans import Providing

        if self._meters is not None:
            return self._meters
        if isinstance(spans, Providing):
            return metrics.get_meter_provider()  # the application's, or one that counts nothing
        if os.environ.get("OTEL_METRICS_EXPORTER") == "none":  # not every receiver takes metrics
            return metrics.NoOpMeterProvider()
        self._own = OwnMeters(self._signal("metrics"), resource)
        return self._own.provider

    def _signal(self, signal: str) -> str | None:
        return f"{self._endpoint}/v1/{signal}" if self._endpoint else None


def _checked(endpoint: str) -> str:
    try:
        parts = urlsplit(endpoint)
        whole = (
            parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
        )  # reading the port checks it
    except ValueError:
        whole = False
    if not whole or "@" in endpoint or "?" in endpoint:
        raise ConfigError(
            say("this is no address of an OTLP/HTTP receiver", "ce n'est pas l'adresse d'un récepteur OTLP/HTTP"),
            where="otel:",
            todo=say(
                "otel:http://host:4318, and credentials in OTEL_EXPORTER_OTLP_HEADERS",
                "otel:http://hôte:4318, les secrets dans OTEL_EXPORTER_OTLP_HEADERS",
            ),
        )
    return endpoint.rstrip("/")


def _installed() -> None:
    try:
        found = find_spec("opentelemetry.sdk") and find_spec("opentelemetry.exporter.otlp.proto.http")
    except ModuleNotFoundError:
        found = None
    if found is None:
        raise ConfigError(
            say("OpenTelemetry is not installed", "OpenTelemetry n'est pas installé"),
            where="otel:",
            todo="pip install opentelemetry-sdk opentelemetry-exporter-otlp-proto-http",
        )
