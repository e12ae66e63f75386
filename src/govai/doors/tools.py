"""Tools a model may ask to call: typed Python functions or JSON schemas, and what each may receive."""

from __future__ import annotations

import inspect
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, get_type_hints

from govai.core.errors import ConfigError
from govai.core.lang import say
from govai.core.names import did_you_mean
from govai.core.taxonomy import CATEGORIES

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence


@dataclass(frozen=True, slots=True)
class Tool:
    """A tool as a provider is told of it.

    Attributes:
        name, description: told to the model. parameters: JSON schema of its arguments.
        receives: data categories whose values may be restored in its arguments (a category covers its children).
        fn: the function, when there is one; govai never calls it.
    """

    name: str
    description: str
    parameters: Mapping[str, Any] = field(repr=False)
    receives: tuple[str, ...] = ()
    fn: Callable[..., Any] | None = field(default=None, repr=False, compare=False)


def tool(fn: Callable[..., Any], *, receives: Sequence[str] = ()) -> Tool:
    """Describe a typed function as a tool.

    Args:
        fn: its name, docstring and annotations tell the model what it does.
        receives: data categories (`user.contact.email`, …) whose raw values its arguments may hold; others stay placeholders.

    Raises:
        ConfigError: an unknown category, or a parameter no JSON schema can describe.
    """
    for category in receives:
        if category not in CATEGORIES:
            raise ConfigError(
                say(f"unknown data category '{category}'", f"catégorie inconnue « {category} »"),
                where=f"tool({getattr(fn, '__name__', '?')}, receives=…)",
                todo=did_you_mean(category, CATEGORIES),
            )
    name = getattr(fn, "__name__", "")
    description = (inspect.getdoc(fn) or name).strip()
    return Tool(name, description, _schema(fn, name), tuple(receives), fn)


def read_tools(given: Sequence[Any]) -> tuple[Tool, ...]:
    """Return tools given as `Tool`, functions, or JSON schemas in either provider's shape."""
    return tuple(_read(one) for one in given)


def _read(one: Any) -> Tool:
    if isinstance(one, Tool):
        return one
    if isinstance(one, dict):
        inner = one.get("function", one)
        parameters = inner.get("parameters", inner.get("input_schema")) if isinstance(inner, dict) else None
        if isinstance(inner, dict) and isinstance(inner.get("name"), str) and isinstance(parameters, dict):
            _serialisable(parameters, inner["name"])
            return Tool(inner["name"], str(inner.get("description", "")), parameters)
    elif callable(one):
        return tool(one)
    raise ConfigError(
        say(f"a {type(one).__name__} is not a tool", f"un {type(one).__name__} n'est pas un outil"),
        where="tools=",
        todo=say(
            "give a typed function, govai.tool(fn), or {name, description, parameters: JSON schema}",
            "donnez une fonction typée, govai.tool(fn), ou {name, description, parameters : schéma JSON}",
        ),
    )


def _serialisable(parameters: Any, name: str) -> None:
    import orjson

    try:
        orjson.dumps(parameters)
    except TypeError:
        pass
    else:
        return
    raise ConfigError(
        say(
            f"the parameters of tool '{name}' are not JSON", f"les paramètres de l'outil « {name} » ne sont pas du JSON"
        ),
        where="tools=",
        todo=say("use plain JSON schema values", "utilisez un schéma JSON simple"),
    )


def _schema(fn: Callable[..., Any], name: str) -> dict[str, Any]:
    import pydantic

    try:
        hints = get_type_hints(fn, include_extras=True)
        fields: dict[str, Any] = {}
        for parameter in inspect.signature(fn).parameters.values():
            if parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD):
                raise TypeError(parameter.name)  # noqa: TRY301 -- one error for what cannot be described
            default = ... if parameter.default is parameter.empty else parameter.default
            fields[parameter.name] = (hints.get(parameter.name, str), default)
        schema = pydantic.create_model(name or "Tool", **fields).model_json_schema()
    except (TypeError, ValueError, NameError, pydantic.errors.PydanticUserError):
        schema = None
    if schema is None:
        raise ConfigError(
            say(f"the parameters of tool '{name}' cannot be described", f"outil « {name} » impossible à décrire"),
            where=f"tool({name})",
            todo=say("annotate them with JSON types (str, int, a pydantic model…)", "annotez-les de types JSON"),
        )
    return {key: value for key, value in schema.items() if key != "title"}
