"""Templates: `{field}` filled with sealed values."""

from __future__ import annotations

import string
from typing import TYPE_CHECKING, Any

from govai.core.errors import ConfigError
from govai.core.lang import say
from govai.data.rows import NoField, SealedRow
from govai.data.sealed import Sealed

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_FORMATTER = string.Formatter()


def fill(template: str, row: SealedRow) -> str:
    """Return the template with each `{field}` (also `{a.b}`, `{a[b]}`, `{field:>10}`) as a sealed value's reference.

    Raises:
        ConfigError: a field the row does not have (naming the nearest), unbalanced braces.
    """
    return _fill(template, lambda name: row[name])


def fill_named(template: str, values: Mapping[str, Any]) -> str:
    """Return the template filled from several sealed values by name: `{c.first_name}`.

    Raises:
        ConfigError: a name that was not given, a field its value does not have.
    """
    return _fill(template, lambda name: _given(values, name))


def _given(values: Mapping[str, Any], name: str) -> Any:
    if name not in values:
        raise NoField(name, list(values))
    return values[name]


def _fill(template: str, get: Any) -> str:
    out: list[str] = []
    for literal, name, spec, conversion in _parsed(template):
        out.append(literal)
        if name is None:
            continue
        value = _field(name, get)
        if conversion == "r":
            out.append(repr(value))
        else:
            out.append(format(value, spec or "") if isinstance(value, Sealed) else str(value))
    return "".join(out)


def _parsed(template: str) -> Sequence[tuple[str, str | None, str | None, str | None]]:
    try:
        return list(_FORMATTER.parse(template))
    except ValueError as error:
        problem = str(error)
    raise ConfigError(
        say(f"the template's braces do not match: {problem}", f"accolades du modèle mal fermées : {problem}"),
        where="prompt=",
        todo=say("write {{ and }} for literal braces", "écrivez {{ et }} pour des accolades littérales"),
    )


def _field(name: str, get: Any) -> Any:
    if not name:
        raise ConfigError(
            say("a template's field has no name", "un champ du modèle n'a pas de nom"),
            where="prompt=",
            todo=say(
                "write {field}; {{ }} for literal braces", "écrivez {champ} ; {{ }} pour des accolades littérales"
            ),
        )
    try:
        return get(name)
    except ConfigError:
        first, rest = _split(name)
        if not rest:
            if not name.replace(" ", "").replace("_", "").isalnum():
                raise ConfigError(
                    say("a template's braces hold no field's name", "des accolades du modèle ne nomment pas de champ"),
                    where="prompt=",
                    todo=say("write {{ and }} for literal braces", "écrivez {{ et }} pour des accolades littérales"),
                ) from None
            raise
    value = get(first)
    for step in rest:
        if step.startswith("_") or not isinstance(value, (SealedRow, list)):
            raise ConfigError(
                say(f"'{first}' has no field", f"« {first} » n'a pas de champ"), where="prompt=", todo=name
            )
        if isinstance(value, list):
            value = value[int(step)] if step.isdigit() and int(step) < len(value) else None
        else:
            value = value[step]
    return value


def _split(name: str) -> tuple[str, list[str]]:
    steps = name.replace("]", "").replace("[", ".").split(".")
    return steps[0], steps[1:]
