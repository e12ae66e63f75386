"""Lineage for everyone: records as OpenLineage run events (spec 2-0-2), through openlineage-python's transports."""

from govai.sinks.openlineage.sink import OpenLineage

__all__ = ["OpenLineage", "from_string"]


def from_string(place: str) -> OpenLineage:
    """Return the sink that `openlineage:PLACE` names: a receiver's URL, a file, or "" for the client's own configuration."""
    return OpenLineage(place)
