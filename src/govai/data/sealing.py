"""`seal` and `reveal`: into and out of sealed values."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from govai.core.errors import ConfigError
from govai.core.lang import say
from govai.core.tags import Tag
from govai.data.rows import NoField, SealedRow, row_items, seal_row
from govai.data.sealed import Sealed, raw_of, sealed_value

if TYPE_CHECKING:
    from collections.abc import Mapping

    from govai.data.rows import Classifier


def seal(
    value: Any, *, source: str = "", tags: Mapping[str, str | Tag] | None = None, classify: Classifier | None = None
) -> Any:
    """Seal a row (its fields become sealed values) or a single value.

    Args:
        value: a dict, model, dataclass, named tuple, Series, a list of them, or a scalar. source: the data set.
        tags: categories or Tags for fields that have none of their own; for a scalar, under the key "".
        classify: returns tags for fields that nobody tagged; without it they are restricted.

    Raises:
        ConfigError: no row has a field that a tag names; it names the nearest.
    """
    if tags:
        _refuse_unknown(value, tags)
    given = {name: one if isinstance(one, Tag) else Tag(one) for name, one in (tags or {}).items()}
    return _seal(value, source, given, classify)


def _seal(value: Any, source: str, given: Mapping[str, Tag], classify: Classifier | None) -> Any:
    if isinstance(value, (Sealed, SealedRow)):
        return value
    if isinstance(value, list):
        return [_seal(one, source, given, classify) for one in value]
    if row_items(value) is None:
        return sealed_value(value, given.get("", Tag()).at(source, ""))

    def named(untagged: Mapping[str, object]) -> Mapping[str, Tag]:
        left = {name: one for name, one in untagged.items() if name not in given}
        return {**(classify(left) if classify and left else {}), **{n: t for n, t in given.items() if n in untagged}}

    return seal_row(value, named, source=source)


def _refuse_unknown(value: Any, tags: Mapping[str, str | Tag]) -> None:
    """Refuse a tag for a field that is in none of the rows: it would silently tag nothing."""
    rows = [row_items(one) for one in (value if isinstance(value, list) else [value])]
    known = dict.fromkeys(name for row in rows for name in row or ())
    missing = next((name for name in tags if name not in known), None)
    if known and missing is not None:
        raise NoField(missing, list(known), where="tags=")


def reveal(value: Any) -> Any:
    """Return the raw value of what was sealed.

    Raises:
        ConfigError: it is not sealed.
    """
    if isinstance(value, Sealed):
        return raw_of(value)
    if isinstance(value, SealedRow):
        raw = object.__getattribute__(value, "_raw")
        if raw is None:
            fields = object.__getattribute__(value, "_fields")
            return {name: reveal(inner) for name, inner in fields.items()}
        return raw
    if isinstance(value, list):
        return [reveal(one) for one in value]
    raise ConfigError(
        say(f"a {type(value).__name__} is not sealed", f"un {type(value).__name__} n'est pas scellé"), where="reveal()"
    )
