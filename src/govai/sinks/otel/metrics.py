"""The conventions' metrics: how long attempts took, and the tokens they used.

They count what this process fed to the sink; a record that is fed again is counted again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from govai.core.version import VERSION
from govai.sinks.otel import names
from govai.sinks.otel.spans import SCOPE

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from opentelemetry.metrics import Meter, MeterProvider
    from opentelemetry.sdk.resources import Resource

    from govai.sinks.otel.telling import Telling


class Metrics:
    """The instruments of one version of the conventions, at one meter provider."""

    def __init__(self, provider: MeterProvider, conventions: names.Conventions) -> None:
        meter = provider.get_meter(SCOPE, VERSION, conventions.schema or None)
        self._kept = (
            names.OPERATION,
            conventions.provider,
            names.REQUEST_MODEL,
            names.RESPONSE_MODEL,
            names.ADDRESS,
            names.PORT,
        )
        self._token_type = conventions.token_type
        self._duration = _instrument(meter, conventions.duration)
        made = {one.name: _instrument(meter, one) for one in conventions.usage.values()}
        self._usage = {attribute: made[one.name] for attribute, one in conventions.usage.items()}

    def count(self, told: Telling) -> None:
        """Count one attempt, or one late answer."""
        attributes: dict[str, Any] = {name: told.attributes[name] for name in self._kept if name in told.attributes}
        if told.seconds is not None:
            self._duration(told.seconds, attributes | ({names.ERROR: told.error} if told.error else {}))
        for attribute, count in self._usage.items():
            if attribute in told.attributes:
                kind = {names.TOKEN_TYPE: names.TOKEN_TYPES[attribute]} if self._token_type else {}
                count(told.attributes[attribute], attributes | kind)


class OwnMeters:
    """A meter provider of the sink's own, exported now and then (`OTEL_METRIC_EXPORT_INTERVAL`), in totals: one that was
    missed is made up by the next.

    Args:
        endpoint: full URL, None for what the environment says.
    """

    def __init__(self, endpoint: str | None, resource: Resource) -> None:
        from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
        from opentelemetry.sdk.metrics import MeterProvider
        from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader

        self._exporter = OTLPMetricExporter(endpoint)
        self.provider = MeterProvider([PeriodicExportingMetricReader(self._exporter)], resource, shutdown_on_exit=False)

    def close(self, timeout: float, *, send: bool) -> None:
        """Stop; `send` what still waits, which takes as long as the exporter waits for a receiver that is gone."""
        if not send:
            self._exporter.shutdown()
        self.provider.shutdown(timeout_millis=timeout * 1000)


def _instrument(meter: Meter, one: names.Instrument) -> Callable[[Any, Mapping[str, Any]], None]:
    if one.bounds:
        histogram = meter.create_histogram(one.name, one.unit, one.says, explicit_bucket_boundaries_advisory=one.bounds)
        return histogram.record
    return meter.create_counter(one.name, one.unit, one.says).add
