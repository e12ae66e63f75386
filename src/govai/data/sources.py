"""Where rows come from: `@govai.source("crm.contacts")` marks what a function returns."""

from __future__ import annotations

import inspect
from collections.abc import Iterator as IteratorABC
from functools import wraps
from typing import TYPE_CHECKING, Any, TypeVar

from govai.core.tags import Tag

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator, Mapping

F = TypeVar("F")
_ATTRS = "govai_source"


class SourcedRow(dict[str, Any]):
    """A row that remembers its source and the tags its source gives it."""

    __slots__ = ("govai_source", "govai_tags")

    govai_source: str
    govai_tags: dict[str, Tag]


def source(name: str, *, tags: Mapping[str, str | Tag] | None = None) -> Callable[[F], F]:
    """Mark what a function returns as coming from a source: rows, lists and streams of rows, tables.

    Args:
        name: the data set, e.g. `crm.contacts`. tags: for each field, a data category or a `govai.Tag`.

    Raises:
        ConfigError: an unknown category.
    """
    given = {key: (one if isinstance(one, Tag) else Tag(one)).at(name, key) for key, one in (tags or {}).items()}

    def mark(fn: F) -> F:
        return _marking(fn, lambda value: _mark(value, name, given))  # type: ignore[no-any-return]

    return mark


def origin_of(row: object) -> tuple[str, dict[str, Tag]]:
    """Return a row's source ("" when unknown) and the tags that its source gives."""
    if isinstance(row, SourcedRow):
        return row.govai_source, row.govai_tags
    attrs = getattr(row, "attrs", None)  # a pandas Series carries its table's attrs
    if isinstance(attrs, dict) and _ATTRS in attrs:
        return attrs[_ATTRS]["name"], {key: Tag(**one) for key, one in attrs[_ATTRS]["tags"].items()}
    return getattr(row, "__govai_origin__", ("", {}))


def _marking(fn: Any, mark: Callable[[Any], Any]) -> Any:
    if inspect.isasyncgenfunction(fn):

        @wraps(fn)
        async def rows(*args: Any, **kwargs: Any) -> AsyncIterator[Any]:
            async for row in fn(*args, **kwargs):
                yield mark(row)

        return rows
    if inspect.iscoroutinefunction(fn):

        @wraps(fn)
        async def later(*args: Any, **kwargs: Any) -> Any:
            return mark(await fn(*args, **kwargs))

        return later

    @wraps(fn)
    def now(*args: Any, **kwargs: Any) -> Any:
        return mark(fn(*args, **kwargs))

    return now


def _mark(value: Any, name: str, tags: dict[str, Tag]) -> Any:
    table: Any = value
    if isinstance(value, dict):
        row = SourcedRow(value)
        row.govai_source, row.govai_tags = name, tags
        return row
    if isinstance(value, list):
        return [_mark(one, name, tags) for one in value]
    if isinstance(value, tuple) and not hasattr(value, "_fields"):
        return tuple(_mark(one, name, tags) for one in value)
    if isinstance(value, IteratorABC):
        return _each(value, name, tags)
    if isinstance(getattr(table, "attrs", None), dict):  # a table or a column of pandas: attrs travel with its rows
        fields = ("category", "sensitivity", "free_text", "source", "field")
        table.attrs[_ATTRS] = {"name": name, "tags": {k: {f: getattr(t, f) for f in fields} for k, t in tags.items()}}
        return value
    try:
        object.__setattr__(value, "__govai_origin__", (name, tags))
    except (AttributeError, TypeError):
        return value  # slots: its own annotations still tag it, only the source's name is unknown
    return value


def _each(values: Iterator[Any], name: str, tags: dict[str, Tag]) -> Iterator[Any]:
    for one in values:
        yield _mark(one, name, tags)
