"""Rows: what `data=` takes, field by field tagged and sealed, and what is tracked of it.

A field's tag comes from its annotation, else from its source, else from what its header and value look like.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from govai.core.data import Seen, Tracked
from govai.core.errors import ConfigError
from govai.core.lang import say
from govai.core.names import did_you_mean
from govai.core.tags import Tag
from govai.core.taxonomy import IDENTIFYING, in_any
from govai.data.annotations import tags_of
from govai.data.sealed import Sealed, datum_of, raw_of, sealed_value
from govai.data.sources import origin_of
from govai.data.spellings import spellings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    Classifier = Callable[[Mapping[str, object]], Mapping[str, Tag]]


class SealedRow:
    """A row whose fields are sealed: `row.field` and `row["field"]`. Its repr shows names only."""

    __slots__ = ("_fields", "_raw", "_tags")

    def __init__(self, fields: dict[str, Any], raw: Any, tags: dict[str, Tag]) -> None:
        object.__setattr__(self, "_fields", fields)
        object.__setattr__(self, "_raw", raw)
        object.__setattr__(self, "_tags", tags)

    def __getattribute__(self, name: str) -> Any:
        if name.startswith("_"):
            return object.__getattribute__(self, name)
        return self[name]

    def __getitem__(self, name: str) -> Any:
        fields = object.__getattribute__(self, "_fields")
        if name in fields:
            return fields[name]
        raise NoField(name, list(fields))

    def __setattr__(self, name: str, value: object) -> None:
        raise ConfigError(say("a sealed row cannot be changed", "une ligne scellée ne peut être modifiée"), where=name)

    def __iter__(self) -> Iterator[str]:
        return iter(object.__getattribute__(self, "_fields"))

    def __len__(self) -> int:
        return len(object.__getattribute__(self, "_fields"))

    def __contains__(self, name: object) -> bool:
        return name in object.__getattribute__(self, "_fields")

    def __repr__(self) -> str:
        return f"<SealedRow {', '.join(object.__getattribute__(self, '_fields'))}>"

    def __str__(self) -> str:
        return repr(self)

    def __reduce__(self) -> tuple[Any, ...]:
        from govai.data.pickling import rebuilt_row

        return rebuilt_row, (object.__getattribute__(self, "_fields"), object.__getattribute__(self, "_tags"))


class NoField(ConfigError, AttributeError, KeyError):
    """The row has no such field; names the nearest."""

    def __init__(self, name: str, known: Sequence[str], *, where: str = "data=") -> None:
        ConfigError.__init__(
            self,
            say(f"the row has no field '{name}'", f"la ligne n'a pas de champ « {name} »"),
            where=where,
            todo=did_you_mean(name, known),
        )

    __str__ = ConfigError.__str__


@dataclass(frozen=True, slots=True)
class Declared:
    """Declared data.

    Attributes:
        rows: sealed. tracked: their values, to be found wherever they stand in what leaves.
        subjects: (category, value) pairs that say who the rows are about.
    """

    rows: tuple[SealedRow, ...]
    tracked: tuple[Tracked, ...] = field(repr=False)
    subjects: tuple[tuple[str, str], ...] = field(repr=False)


def declare(data: object, classify: Classifier, *, source: str = "") -> Declared:
    """Seal a row or a list of rows and return what is known of them.

    Args:
        data: a dict, pydantic model, dataclass, named tuple, Series or sealed row, or a list of them.
        classify: returns tags for the fields that nobody tagged. source: the data set, if it is known.

    Raises:
        ConfigError: not rows, or none.
    """
    rows = tuple(seal_row(one, classify, source=source) for one in _listed(data))
    tracked: list[Tracked] = []
    subjects: dict[tuple[str, str], None] = {}
    for row in rows:
        for raw, one in _values(row):
            datum = datum_of(one, raw, Seen.TRACKED)
            written = spellings(raw)
            tracked.extend(Tracked(text, datum) for text in written)
            if written and one.category and in_any(one.category, IDENTIFYING):
                subjects[one.category, written[0]] = None
    return Declared(rows, tuple(tracked), tuple(subjects))


def seal_row(one: object, classify: Classifier | None, *, source: str = "") -> SealedRow:
    """Return one row sealed; fields that nothing tags are restricted."""
    if isinstance(one, SealedRow):
        return one
    items = row_items(one)
    if items is None:
        raise _not_a_row(one)
    origin, given = origin_of(one)
    tags = {**given, **tags_of(one)}
    untagged = {name: value for name, value in items.items() if name not in tags and _is_value(value)}
    if untagged and classify is not None:
        tags |= classify(untagged)
    fields: dict[str, Any] = {}
    placed: dict[str, Tag] = {}
    for name, value in items.items():
        fields[name] = _seal_field(name, value, tags, placed, source or origin)
    return SealedRow(fields, one, placed)


def row_items(one: Any) -> dict[str, Any] | None:
    """Return a row's fields by name, None when it is not a row."""
    kind: Any = type(one)
    if isinstance(one, dict):
        return {str(name): value for name, value in one.items()}
    if dataclasses.is_dataclass(kind):
        return {f.name: getattr(one, f.name) for f in dataclasses.fields(one)}
    if hasattr(kind, "model_fields"):
        return {name: getattr(one, name) for name in kind.model_fields} | dict(getattr(one, "model_extra", None) or {})
    names = getattr(kind, "_fields", None)
    if isinstance(one, tuple) and names:
        return dict(zip(names, one, strict=True))
    attributes = getattr(kind, "__attrs_attrs__", None)
    if attributes:
        return {a.name: getattr(one, a.name) for a in attributes}
    series: Any = one  # of pandas or alike: an index and values, no columns
    if hasattr(series, "index") and hasattr(series, "to_dict") and not hasattr(series, "columns"):
        return {str(name): value for name, value in series.to_dict().items()}
    return None


def _seal_field(name: str, value: Any, tags: Mapping[str, Tag], placed: dict[str, Tag], source: str) -> Any:
    if isinstance(value, (Sealed, SealedRow)):
        return value
    if isinstance(value, (list, tuple, set, frozenset)) and not hasattr(value, "_fields"):
        return [_seal_field(name, inner, tags, placed, source) for inner in value]
    inner = row_items(value)
    if inner is not None:
        fields = {sub: _seal_field(f"{name}.{sub}", v, tags, placed, source) for sub, v in inner.items()}
        return SealedRow(fields, value, {})
    one = tags.get(name) or tags.get(name.partition(".")[0]) or Tag()
    one = placed[name] = one.at(source, name)
    return sealed_value(_python(value), one)


def _values(row: SealedRow) -> Iterator[tuple[Any, Tag]]:
    fields: dict[str, Any] = object.__getattribute__(row, "_fields")
    todo = list(fields.values())
    while todo:
        value = todo.pop(0)
        if isinstance(value, list):
            todo.extend(value)
        elif isinstance(value, SealedRow):
            yield from _values(value)
        elif isinstance(value, Sealed):
            datum = value._datum  # noqa: SLF001 -- the same package
            yield raw_of(value), Tag(datum.category, datum.sensitivity, datum.free_text, datum.source, datum.field)


def _is_value(value: object) -> bool:
    return not isinstance(value, (Sealed, SealedRow)) and value is not None


def _python(value: Any) -> Any:
    """Return the Python value of a NumPy scalar; others as they are."""
    item = getattr(value, "item", None)
    return item() if item is not None and type(value).__module__ == "numpy" else value


def _listed(data: object) -> Sequence[object]:
    if isinstance(data, (list, tuple)) and not hasattr(data, "_fields"):
        if not data:
            raise ConfigError(say("data= is an empty list", "data= est une liste vide"), where="data=", todo=_USE)
        return data
    return (data,)


_USE = "data=row, data=[row, …]"


def _not_a_row(one: object) -> ConfigError:
    table = hasattr(one, "columns")
    return ConfigError(
        say(f"a {type(one).__name__} is not a row", f"un {type(one).__name__} n'est pas une ligne"),
        where="data=",
        todo=say(
            "give one row per call: df.to_dict('records')"
            if table
            else "give a dict, a model, a dataclass or a Series",
            "donnez une ligne par appel : df.to_dict('records')"
            if table
            else "donnez un dict, un modèle ou une Series",
        ),
    )
