"""Sealed values: they answer questions from the raw value, and become a reference whenever they become text.

A Sealed is not a str: what would quietly hand out the value raises and names `reveal`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NoReturn

from govai.core.data import Datum, Seen, kind_of
from govai.core.errors import PolicyError
from govai.core.lang import say
from govai.data.references import mint

if TYPE_CHECKING:
    from collections.abc import Callable

    from govai.core.tags import Tag

_TEXT_METHODS = (
    "capitalize casefold center expandtabs format format_map join ljust lower lstrip removeprefix removesuffix replace rjust "
    "rstrip strip swapcase title translate upper zfill"
).split()
_LIST_METHODS = ("partition", "rpartition", "rsplit", "split", "splitlines")
_QUESTIONS = (
    "count endswith find index isalnum isalpha isascii isdecimal isdigit isidentifier islower isnumeric isprintable isspace "
    "istitle isupper rfind rindex startswith"
).split()


class SealedAccessError(PolicyError, TypeError):
    """Python asked a sealed value for its raw form in a way that would leave no trace."""


class Sealed:
    """A value that is known to be sensitive. `govai.reveal(x)` gives the raw one; text made of it holds a reference."""

    __slots__ = ("_datum", "_raw", "_reference")

    def __init__(self, raw: Any, datum: Datum) -> None:
        self._raw, self._datum = raw, datum
        self._reference = ""

    def __str__(self) -> str:
        if not self._reference:
            if self._raw is None or self._raw == "":
                return ""  # there is nothing to hide, and a placeholder would say that there is
            self._reference = mint(_quietly(lambda: str(self._raw)), self._datum)
        return self._reference

    def __format__(self, spec: str) -> str:
        if not spec:
            return str(self)
        text = _formatted("" if self._raw is None else self._raw, spec, self._datum)
        return mint(text, self._datum) if text.strip() else text

    __html__ = __str__

    def __repr__(self) -> str:
        return f"<Sealed {self._datum.kind} {self._datum.field}>".replace(" >", ">")

    def __add__(self, other: object) -> str:
        return str(self) + str(other) if isinstance(other, (str, Sealed)) else NotImplemented

    def __radd__(self, other: object) -> str:
        return str(other) + str(self) if isinstance(other, (str, Sealed)) else NotImplemented

    def __eq__(self, other: object) -> bool:
        return bool(self._raw == _raw(other))

    def __ne__(self, other: object) -> bool:
        return bool(self._raw != _raw(other))

    def __lt__(self, other: Any) -> bool:
        return bool(_quietly(lambda: self._raw < _raw(other)))

    def __le__(self, other: Any) -> bool:
        return bool(_quietly(lambda: self._raw <= _raw(other)))

    def __gt__(self, other: Any) -> bool:
        return bool(_quietly(lambda: self._raw > _raw(other)))

    def __ge__(self, other: Any) -> bool:
        return bool(_quietly(lambda: self._raw >= _raw(other)))

    def __hash__(self) -> int:
        return hash(self._raw)

    def __bool__(self) -> bool:
        return bool(self._raw)

    def __len__(self) -> int:
        return int(_quietly(lambda: len(self._raw)))

    def __contains__(self, part: object) -> bool:
        return bool(_quietly(lambda: _raw(part) in self._raw))

    def __getitem__(self, where: int | slice) -> Sealed:
        return Sealed(_quietly(lambda: self._raw[where]), self._datum)

    def __copy__(self) -> Sealed:
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> Sealed:
        return self

    def __reduce__(self) -> tuple[Callable[[bytes], Sealed], tuple[bytes]]:
        from govai.data.pickling import locked, unlocked

        return unlocked, (locked(self._raw, self._datum),)

    def __getattr__(self, name: str) -> Any:
        if name in _TEXT_METHODS:
            return lambda *args, **kwargs: Sealed(self._call(name, args, kwargs), self._datum)
        if name in _LIST_METHODS:
            kind = tuple if name.endswith("partition") else list
            return lambda *args, **kwargs: kind(Sealed(part, self._datum) for part in self._call(name, args, kwargs))
        if name in _QUESTIONS:
            return lambda *args, **kwargs: self._call(name, args, kwargs)
        if name.startswith("__"):
            raise AttributeError(name)
        return _refuse(f".{name}")

    def _call(self, name: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        if not isinstance(self._raw, str):
            _refuse(f".{name}()")
        return _quietly(
            lambda: getattr(self._raw, name)(*(_raw(a) for a in args), **{k: _raw(v) for k, v in kwargs.items()})
        )

    def _refused(self, *_args: object) -> NoReturn:
        _refuse(say("this use", "cet usage"))

    __int__ = __float__ = __complex__ = __index__ = __bytes__ = __fspath__ = __iter__ = __reversed__ = _refused
    __sub__ = __rsub__ = __mul__ = __rmul__ = __truediv__ = __rtruediv__ = __floordiv__ = __rfloordiv__ = _refused
    __mod__ = __rmod__ = __pow__ = __rpow__ = __neg__ = __pos__ = __abs__ = __round__ = __and__ = __or__ = __xor__ = (
        _refused
    )


def sealed_value(raw: Any, one: Tag) -> Sealed:
    """Return a value sealed under a tag."""
    return Sealed(raw, datum_of(one, raw, Seen.SEALED))


def datum_of(one: Tag, raw: Any, seen: Seen) -> Datum:
    """Return what a tagged value is."""
    numeric = isinstance(raw, (int, float)) and not isinstance(raw, bool)
    kind = "text" if one.free_text else kind_of(one.category)
    return Datum(kind, one.category, one.level, one.source, one.field, seen, one.free_text, numeric)


def raw_of(value: Sealed) -> Any:
    """Return the raw value."""
    return value._raw  # noqa: SLF001 -- this module's own class


def _raw(value: object) -> Any:
    return value._raw if isinstance(value, Sealed) else value  # noqa: SLF001 -- this module's own class


def _formatted(raw: Any, spec: str, datum: Datum) -> str:
    try:
        return format(raw, spec)
    except Exception:  # noqa: BLE001, S110 -- any error's text may hold the value
        pass
    raise SealedAccessError(
        say(f"format '{spec}' does not fit the sealed {datum.kind}", f"le format « {spec} » ne convient pas"),
        where=datum.field,
        todo=say("use a format that fits its type", "utilisez un format adapté à son type"),
    )


def _quietly(question: Callable[[], Any]) -> Any:
    """Ask the raw value; an error it raises may hold it, so it is replaced."""
    try:
        return question()
    except SealedAccessError:
        raise
    except Exception as error:  # noqa: BLE001 -- any error's text may hold the value
        kind = type(error).__name__
    raise SealedAccessError(
        say(f"a sealed value cannot answer this ({kind})", f"une valeur scellée ne peut répondre ({kind})"),
        todo="govai.reveal(x)",
    )


def _refuse(what: str) -> NoReturn:
    raise SealedAccessError(
        say(f"{what} would give out a sealed value", f"{what} livrerait une valeur scellée"),
        todo=say("ask for it openly: govai.reveal(x)", "demandez-la ouvertement : govai.reveal(x)"),
    )
