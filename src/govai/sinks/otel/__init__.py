"""Records as OpenTelemetry spans and metrics, in the semantic conventions for generative AI; never any content."""

from govai.sinks.otel.sink import Otel

__all__ = ["Otel"]
