"""The application's span is known where there is one, and nobody who has no OpenTelemetry pays for it."""

from __future__ import annotations

import subprocess
import sys

from opentelemetry.sdk.trace import TracerProvider

from govai.core.tracing import traceparent


def test_it_is_the_current_spans() -> None:
    with TracerProvider(shutdown_on_exit=False).get_tracer("app").start_as_current_span("work") as span:
        context = span.get_span_context()
        assert traceparent() == f"00-{context.trace_id:032x}-{context.span_id:016x}-{context.trace_flags:02x}"
    assert traceparent() == ""


def test_a_call_imports_no_opentelemetry() -> None:
    code = "import sys, govai; govai.Governor(ledger=':memory:').generate('offline:echo', 'a', purpose='exploration'); sys.exit('opentelemetry' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, timeout=120).returncode == 0
