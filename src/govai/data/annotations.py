"""Tags where people write them: in `Annotated` fields of models, dataclasses and TypedDicts, and with `@govai.tag`."""

from __future__ import annotations

import dataclasses
import inspect
import typing
from functools import lru_cache
from typing import TYPE_CHECKING, Annotated, Any, TypeVar, get_args, get_origin

from govai.core.errors import ConfigError
from govai.core.lang import say
from govai.core.names import did_you_mean
from govai.core.tags import Tag

if TYPE_CHECKING:
    from collections.abc import Callable

F = TypeVar("F")
_MARK = "__govai_tags__"


def tag(**categories: str | Tag) -> Callable[[F], F]:
    """Tag the parameters of a function, or the fields of a class: `@govai.tag(notes="user.behavior")`.

    Args:
        categories: for each parameter or field, a data category or a `govai.Tag`.

    Raises:
        ConfigError: an unknown category, parameter or field, naming the nearest.
    """
    tags = {name: one if isinstance(one, Tag) else Tag(one) for name, one in categories.items()}

    def mark(target: F) -> F:
        known = _names(target)
        for name in tags:
            if known and name not in known:
                raise ConfigError(
                    say(f"there is no '{name}' to tag", f"il n'y a pas de « {name} » à marquer"),
                    where=f"@govai.tag on {getattr(target, '__qualname__', '?')}",
                    todo=did_you_mean(name, known),
                )
        setattr(target, _MARK, {**getattr(target, _MARK, {}), **tags})
        return target

    return mark


def tags_of(obj: object) -> dict[str, Tag]:
    """Return the tags of a class's fields (or of an instance's class); those of nested models under `outer.inner`.

    Raises:
        ConfigError: annotations that cannot be read, so that a tag would be lost.
    """
    cls = obj if isinstance(obj, type) else type(obj)
    return dict(_class_tags(cls))


def parameter_tags(fn: Callable[..., Any]) -> dict[str, Tag]:
    """Return the tags of a function's parameters, by annotation and by `@govai.tag`."""
    inner = inspect.unwrap(fn)
    found = {}
    if any("Annotated" in str(note) or "Tag" in str(note) for note in getattr(inner, "__annotations__", {}).values()):
        for name, note in _hints(inner).items():
            if (one := _tag_in(note)) is not None:
                found[name] = one.at("", name)
    marked: dict[str, Tag] = getattr(fn, _MARK, {})
    return {**found, **{name: one.at("", name) for name, one in marked.items()}}


@lru_cache(maxsize=4096)
def _class_tags(cls: type) -> tuple[tuple[str, Tag], ...]:
    found: dict[str, Tag] = {}
    if _has_fields(cls):
        for name, note in _hints(cls).items():
            one = _tag_in(note)
            if one is not None:
                found[name] = one.at("", name)
                continue
            for inner in _classes_in(note):
                if inner is not cls:
                    found.update({f"{name}.{sub}": t.at("", f"{name}.{sub}") for sub, t in _nested(inner)})
    for base in reversed(cls.__mro__):
        found.update({name: one.at("", name) for name, one in base.__dict__.get(_MARK, {}).items()})
    return tuple(found.items())


def _nested(cls: type) -> tuple[tuple[str, Tag], ...]:
    return tuple((name, dataclasses.replace(one, field="")) for name, one in _class_tags(cls))


def _has_fields(cls: type) -> bool:
    return (
        dataclasses.is_dataclass(cls)
        or hasattr(cls, "model_fields")
        or hasattr(cls, "__attrs_attrs__")
        or typing.is_typeddict(cls)
        or (issubclass(cls, tuple) and hasattr(cls, "_fields"))
    )


def _hints(obj: Any) -> dict[str, Any]:
    if getattr(obj, "__pydantic_complete__", False):  # pydantic has read them, names of enclosing functions included
        return {name: _whole(info) for name, info in obj.model_fields.items()}
    try:
        return typing.get_type_hints(obj, include_extras=True)
    except (NameError, TypeError, AttributeError) as error:
        problem = str(error) if isinstance(error, NameError) else type(error).__name__
    raise ConfigError(
        say(
            "annotations cannot be read, so a tag could be lost", "annotations illisibles : une étiquette serait perdue"
        ),
        where=f"{getattr(obj, '__module__', '?')}.{getattr(obj, '__qualname__', '?')}: {problem}",
        todo=say("import the names they use at run time", "importez à l'exécution les noms qu'elles utilisent"),
    )


def _whole(info: Any) -> Any:
    """Return a pydantic field's annotation with what stood beside it."""
    extras = tuple(info.metadata)
    return Annotated[(info.annotation, *extras)] if extras else info.annotation


def _tag_in(note: Any) -> Tag | None:
    if get_origin(note) is Annotated:
        for extra in get_args(note)[1:]:
            if isinstance(extra, Tag):
                return extra
        return _tag_in(get_args(note)[0])
    if isinstance(note, type) or note is None:
        return None
    return next((one for arg in get_args(note) if (one := _tag_in(arg)) is not None), None)


def _classes_in(note: Any) -> list[type]:
    if isinstance(note, type) and not get_args(note):
        return [note] if _has_fields(note) else []
    return [cls for arg in get_args(note) for cls in _classes_in(arg)]


def _names(target: Any) -> list[str]:
    if isinstance(target, type):
        return list({name: None for base in target.__mro__ for name in getattr(base, "__annotations__", {})})
    parameters = inspect.signature(inspect.unwrap(target)).parameters.values()
    if any(p.kind is p.VAR_KEYWORD for p in parameters):
        return []
    return [p.name for p in parameters]
