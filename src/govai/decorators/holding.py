"""Hold a scope around a function of any kind: sync, async, generator, async generator, method; its signature is kept.

A generator runs in a context of its own, so its scope is there while it runs and nowhere else.
"""

from __future__ import annotations

import inspect
from contextvars import copy_context
from functools import wraps
from typing import TYPE_CHECKING, Any, TypeVar

from govai.core.scope import Scope, enter_for_good, entered
from govai.data.annotations import parameter_tags, tags_of
from govai.data.rows import declare, row_items

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Generator

    from govai.core.data import Tracked

F = TypeVar("F")


def holding(fn: Any, scope_of: Callable[[tuple[Any, ...], dict[str, Any]], Scope]) -> Any:
    """Return `fn` with the scope that `scope_of(args, kwargs)` gives around each call."""
    if isinstance(fn, (staticmethod, classmethod)):
        return type(fn)(holding(fn.__func__, scope_of))
    if inspect.isasyncgenfunction(fn):
        return _async_generator(fn, scope_of)
    if inspect.iscoroutinefunction(fn):

        @wraps(fn)
        async def later(*args: Any, **kwargs: Any) -> Any:
            with entered(scope_of(args, kwargs)):
                return await fn(*args, **kwargs)

        return later
    if inspect.isgeneratorfunction(fn):
        return _generator(fn, scope_of)

    @wraps(fn)
    def now(*args: Any, **kwargs: Any) -> Any:
        with entered(scope_of(args, kwargs)):
            return fn(*args, **kwargs)

    return now


def arguments(fn: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> dict[str, Any]:
    """Return the arguments of a call by parameter name, defaults included; TypeError as the call itself would raise."""
    bound = inspect.signature(fn).bind(*args, **kwargs)
    bound.apply_defaults()
    return dict(bound.arguments)


def tracked_arguments(fn: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[Tracked, ...]:
    """Return the values of a call's tagged arguments: of tagged parameters, and of objects whose fields are tagged."""
    tags = parameter_tags(fn)
    tracked: list[Tracked] = []
    for name, value in arguments(fn, args, kwargs).items():
        if name in tags and row_items(value) is None:
            tracked += declare({name: value}, lambda _row: {name: tags[name]}).tracked  # noqa: B023 -- used at once
        elif row_items(value) is not None and (name in tags or tags_of(value) or _sourced(value)):
            tracked += declare(value, lambda row: dict.fromkeys(row, tags[name]) if name in tags else {}).tracked  # noqa: B023
        elif isinstance(value, (list, tuple)) and value and all(tags_of(one) or _sourced(one) for one in value):
            tracked += declare(list(value), lambda _row: {}).tracked
    return tuple(tracked)


def _sourced(value: Any) -> bool:
    from govai.data.sources import origin_of

    return bool(origin_of(value)[0])


def _generator(fn: Any, scope_of: Callable[[tuple[Any, ...], dict[str, Any]], Scope]) -> Any:
    @wraps(fn)
    def pieces(*args: Any, **kwargs: Any) -> Generator[Any, Any, Any]:
        context = copy_context()
        inner = context.run(_opened, fn, args, kwargs, scope_of)
        value, error = None, None
        try:
            while True:
                try:
                    step = context.run(inner.throw, error) if error is not None else context.run(inner.send, value)
                except StopIteration as stop:
                    return stop.value
                value, error = None, None
                try:
                    value = yield step
                except GeneratorExit:
                    raise
                except BaseException as thrown:  # noqa: BLE001 -- handed to the inner generator, which decides
                    error = thrown
        finally:
            context.run(inner.close)

    return pieces


def _opened(fn: Any, args: tuple[Any, ...], kwargs: dict[str, Any], scope_of: Any) -> Any:
    """Enter the scope for good in the generator's own context, and return the inner generator."""
    enter_for_good(scope_of(args, kwargs))
    return fn(*args, **kwargs)


def _async_generator(fn: Any, scope_of: Callable[[tuple[Any, ...], dict[str, Any]], Scope]) -> Any:
    import asyncio

    @wraps(fn)
    async def pieces(*args: Any, **kwargs: Any) -> AsyncIterator[Any]:
        context = copy_context()
        inner = context.run(_opened, fn, args, kwargs, scope_of)
        loop = asyncio.get_running_loop()
        try:
            while True:
                try:
                    step = await loop.create_task(_next(inner), context=context)
                except StopAsyncIteration:
                    return
                yield step
        finally:
            await loop.create_task(inner.aclose(), context=context)

    return pieces


async def _next(inner: Any) -> Any:
    return await anext(inner)
