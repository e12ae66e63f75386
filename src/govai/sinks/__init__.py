"""Sinks: where records also go. They read from the ledger; a sink that is down delays nobody."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from govai.sinks.jsonl import Jsonl
from govai.sinks.memory import Memory

if TYPE_CHECKING:
    from govai.sinks.openlineage import OpenLineage

__all__ = ["Jsonl", "Memory", "OpenLineage"]


def __getattr__(name: str) -> Any:
    if name == "OpenLineage":
        from govai.sinks.openlineage import OpenLineage

        return OpenLineage
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
