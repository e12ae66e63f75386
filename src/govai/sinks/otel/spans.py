"""From what is told to the SDK's spans, and where they go: an exporter of our own, or the application's own provider.

An exporter is asked directly, one request a batch, so that a failure is known and the ledger offers the records again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from govai.core.version import VERSION

if TYPE_CHECKING:
    from collections.abc import Sequence

    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import ReadableSpan
    from opentelemetry.sdk.trace.export import SpanExporter
    from opentelemetry.trace import SpanContext

    from govai.sinks.otel.telling import Telling

SCOPE = "govai"


class NotTakenError(RuntimeError):
    """A receiver did not take the spans: they are offered again."""


class Exporting:
    """Spans to an exporter, each batch at once.

    Raises (in `emit`):
        NotTakenError: the receiver answered with an error, or not at all.
    """

    def __init__(self, exporter: SpanExporter, resource: Resource, schema: str) -> None:
        self._exporter, self._resource, self._schema = exporter, resource, schema

    def emit(self, tellings: Sequence[Telling]) -> None:
        from opentelemetry.context import _SUPPRESS_INSTRUMENTATION_KEY, attach, detach, set_value
        from opentelemetry.sdk.trace.export import SpanExportResult

        spans = [_span(one, self._resource, self._schema) for one in tellings]
        token = attach(set_value(_SUPPRESS_INSTRUMENTATION_KEY, True))  # or the sending itself would be traced
        try:
            result = self._exporter.export(spans)
        finally:
            detach(token)
        if result is not SpanExportResult.SUCCESS:
            raise NotTakenError(f"spans that were not taken: {len(spans)}")

    def close(self, timeout: float) -> None:  # noqa: ARG002 -- it holds nothing back
        self._exporter.shutdown()


class Providing:
    """Spans to the processors of an application's own provider, which says how sure they arrive.

    Raises (in `emit`):
        NotTakenError: the provider could not flush them in time.
    """

    def __init__(self, provider: Any, schema: str) -> None:
        self._provider, self._schema = provider, schema

    def emit(self, tellings: Sequence[Telling]) -> None:
        tracer = self._provider.get_tracer(SCOPE, VERSION, self._schema or None)
        for one in tellings:
            tracer.span_processor.on_end(_span(one, tracer.resource, self._schema))
        if not self._provider.force_flush():  # before the next batch: a full queue would drop what comes
            raise NotTakenError(f"spans that were not flushed: {len(tellings)}")

    def close(self, timeout: float) -> None:
        """The provider is the application's."""


def _span(one: Telling, resource: Resource, schema: str) -> ReadableSpan:
    from opentelemetry.sdk.trace import ReadableSpan
    from opentelemetry.sdk.util.instrumentation import InstrumentationScope
    from opentelemetry.trace import SpanKind, Status, StatusCode

    return ReadableSpan(
        name=one.name,
        context=_context((one.trace, one.span)),
        parent=_context(one.parent) if one.parent else None,
        resource=resource,
        attributes=dict(one.attributes),
        kind=SpanKind.CLIENT if one.outside else SpanKind.INTERNAL,
        status=Status(StatusCode.ERROR) if one.error else Status(StatusCode.UNSET),
        start_time=one.start,
        end_time=one.end,
        instrumentation_scope=InstrumentationScope(SCOPE, VERSION, schema or None),
    )


def _context(place: tuple[int, int]) -> SpanContext:
    from opentelemetry.trace import SpanContext, TraceFlags

    return SpanContext(*place, is_remote=False, trace_flags=TraceFlags(TraceFlags.SAMPLED))
