"""The span that an application has open when it makes a call (W3C Trace Context). OpenTelemetry is asked only where it is in use."""

from __future__ import annotations

import sys


def traceparent() -> str:
    """Return the `traceparent` of the current span, "" where there is none."""
    trace = sys.modules.get("opentelemetry.trace")  # who opened a span has imported it
    if trace is None:
        return ""
    context = trace.get_current_span().get_span_context()
    if not context.is_valid:
        return ""
    return f"00-{context.trace_id:032x}-{context.span_id:016x}-{context.trace_flags:02x}"
