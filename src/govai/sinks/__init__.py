"""Sinks: where records also go. They read from the ledger; a sink that is down delays nobody."""

from govai.sinks.jsonl import Jsonl
from govai.sinks.memory import Memory
from govai.sinks.otel import Otel

__all__ = ["Jsonl", "Memory", "Otel"]
