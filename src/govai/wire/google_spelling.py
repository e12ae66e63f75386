"""How Google spells: each field has two names, `inlineData` and `inline_data`, and one object stands for a list of one.

A reader that knew one spelling only would let through under the other what it refuses. Knows no fields.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from govai.core.exchange import Path
    from govai.wire.walker import Reader, Table

_CAPITAL = re.compile(r"(?<=[a-z])([A-Z])")


def snake(name: str) -> str:
    """Return the other spelling of a field's name: `inlineData` is `inline_data`."""
    return _CAPITAL.sub(r"_\1", name).lower()


def both(table: Table) -> Table:
    """Return the table with each of its names in both spellings."""
    return {**table, **{snake(name): reader for name, reader in table.items()}}


def inside(table: Table) -> Reader:
    """Return a reader of objects with these fields, in both spellings."""
    known = both(table)
    return lambda walk, path, value: walk.fields(path, value, known)


def several(table: Table) -> Reader:
    """Return a reader of repeated objects with these fields, in both spellings."""
    known = both(table)

    def read(walk: Any, path: Path, value: Any) -> None:
        for here, item in items(path, value):
            walk.fields(here, item, known)

    return read


def field_of(holder: Any, name: str) -> Any:
    """Return an object's field in whichever spelling it has; None when it has it in neither."""
    if not isinstance(holder, dict):
        return None
    value = holder.get(name)
    return holder.get(snake(name)) if value is None else value


def listed(value: Any) -> list[Any]:
    """Return what a repeated field holds."""
    if isinstance(value, list):
        return value
    return [] if value is None else [value]


def items(path: Path, value: Any) -> list[tuple[Path, Any]]:
    """Return what a repeated field holds, each with its place."""
    if isinstance(value, list):
        return [((*path, index), item) for index, item in enumerate(value)]
    return [(path, value)]
