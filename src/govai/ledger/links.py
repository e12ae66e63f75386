"""Links: what a record names of earlier ones, so that they can be walked the other way. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

RECORDS = ("fetches", "batch")  # one record each; `derived_from` names several, `ticket` a ticket


def links_of(body: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return what the body of a record names: (id of an earlier record or of a ticket, kind of link) pairs."""
    if "derived_from" not in body and not any(body.get(name) for name in (*RECORDS, "ticket")):
        return []
    found = [(str(one), "derived_from") for one in dict.fromkeys(body.get("derived_from", ()))]
    return found + [(str(body[name]), name) for name in (*RECORDS, "ticket") if body.get(name)]
