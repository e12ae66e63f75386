"""Upgrading: records of earlier schema versions read as today's. The stored bytes never change; only what is read of them does.

An upgrader is a pure function from the members of version n to those of version n + 1. How to add one: docs/reference/record.md.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from govai.core.records import SCHEMA

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

Members = dict[str, Any]
Step = tuple[str, "Callable[[Members], Members]"]
UPGRADERS: Mapping[str, Step] = {}  # version → (the next one, how); version 1 is the first


def upgraded(found: Members, to: str = SCHEMA, upgraders: Mapping[str, Step] | None = None) -> Members | None:
    """Return a record's members as of a schema version, None when no path leads there from the version they name.

    Args:
        found: the members, `schema` among them; they stay as they are.
        to: the version that is wanted. upgraders: other ones than govai's own.
    """
    known = UPGRADERS if upgraders is None else upgraders
    version, seen = found.get("schema"), set[str]()
    while version != to:
        step = known.get(version) if isinstance(version, str) and version not in seen else None
        if step is None:
            return None
        seen.add(str(version))
        version, upgrade = step
        found = {**upgrade({name: value for name, value in found.items() if name != "schema"}), "schema": version}
    return found
