"""`@govai.ask`: the function returns the prompt, calling it returns the reply. Its parameters arrive sealed."""

from __future__ import annotations

import inspect
from functools import wraps
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar, overload

from govai.core.errors import ConfigError
from govai.core.lang import say
from govai.core.scope import Scope, entered
from govai.data.annotations import parameter_tags
from govai.data.rows import row_items
from govai.data.sealed import Sealed
from govai.data.sealing import seal as seal_tagged
from govai.decorators.holding import tracked_arguments
from govai.detect.columns import classify
from govai.governor.default import default

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Sequence
    from typing import Protocol

    from govai.core.messages import Reply
    from govai.governor.governor import Governor

    P = ParamSpec("P")

    class _Asks(Protocol):
        @overload
        def __call__(self, fn: Callable[P, Coroutine[Any, Any, str]], /) -> Callable[P, Coroutine[Any, Any, Reply]]: ...
        @overload
        def __call__(self, fn: Callable[P, str], /) -> Callable[P, Reply]: ...


R = TypeVar("R")


def ask(model: str | Sequence[str], *, purpose: str = "", governor: Governor | None = None, **options: Any) -> _Asks:
    """Ask a model what the function returns.

    Args:
        model: `provider:model`, or a list in order of fallback. purpose: why. governor: default: the default governor.
        options: as for `Governor.generate` (system, schema, tools, max_tokens, temperature, timeout, client, key, review).

    Raises:
        ConfigError: on a generator, or when the function returns no text.
    """

    def decorate(fn: Any) -> Any:
        if inspect.isgeneratorfunction(fn) or inspect.isasyncgenfunction(fn):
            raise ConfigError(
                say("@govai.ask is not for generators", "@govai.ask n'est pas pour les générateurs"),
                where=getattr(fn, "__qualname__", "?"),
                todo=say(
                    "return the prompt, or use @govai.governed", "retournez le texte, ou utilisez @govai.governed"
                ),
            )
        if inspect.iscoroutinefunction(fn):

            @wraps(fn)
            async def later(*args: Any, **kwargs: Any) -> Reply:
                with entered(Scope(purpose=purpose, tracked=tracked_arguments(fn, args, kwargs))):
                    prompt = _text(fn, await _called(fn, args, kwargs))
                    return await (governor or default()).agenerate(model, prompt, **options)

            return later

        @wraps(fn)
        def now(*args: Any, **kwargs: Any) -> Reply:
            with entered(Scope(purpose=purpose, tracked=tracked_arguments(fn, args, kwargs))):
                return (governor or default()).generate(model, _text(fn, _called(fn, args, kwargs)), **options)

        return now

    return decorate


def _called(fn: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Call the function with its parameters sealed: tagged values, and rows."""
    tags = parameter_tags(fn)
    bound = inspect.signature(fn).bind(*args, **kwargs)
    bound.apply_defaults()
    methods = _is_method(fn)
    for number, (name, value) in enumerate(list(bound.arguments.items())):
        if methods and number == 0:
            continue
        if name in tags and row_items(value) is None:
            bound.arguments[name] = seal_tagged(value, tags={"": tags[name]})
        elif row_items(value) is not None or (
            isinstance(value, list) and value and all(row_items(v) is not None for v in value)
        ):
            bound.arguments[name] = seal_tagged(value, classify=classify)
    return fn(*bound.args, **bound.kwargs)


def _is_method(fn: Any) -> bool:
    first = next(iter(inspect.signature(fn).parameters), "")
    return first in ("self", "cls")


def _text(fn: Any, prompt: Any) -> str:
    if isinstance(prompt, str):
        return prompt
    if isinstance(prompt, Sealed):
        return str(prompt)
    raise ConfigError(
        say(
            f"it returned a {type(prompt).__name__}, not a prompt",
            f"elle a rendu un {type(prompt).__name__}, pas un texte",
        ),
        where=f"@govai.ask {getattr(fn, '__qualname__', '?')}",
        todo=say("return the text to send", "retournez le texte à envoyer"),
    )
