"""One call as attempts: retries of what is transient, then the next model; never after a piece was handed out.

Retries wait as the provider asks (`Retry-After`), else exponentially with jitter.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from tenacity import (
    AsyncRetrying,
    RetryCallState,
    Retrying,
    retry_if_exception,
    stop_after_attempt,
    wait_random_exponential,
)

from govai.core.errors import ContextTooLong, GovaiError, InvalidRequest, ProviderError
from govai.doors.failing import transient, unheard
from govai.flow.asked import Asked, Asking, Trace

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from govai.doors.clients import Target

ATTEMPTS = 3
LONGEST_WAIT_S = 60.0
_backoff = wait_random_exponential(multiplier=0.5, max=8.0)


def attempt(targets: tuple[Target, ...], asked: Asked, send: Callable[[Target], Any]) -> tuple[Target, Asked, Any]:
    """Send to the first target that answers; return it, what was asked of it, and the native answer.

    Raises:
        GovaiError: from govai itself at once; from the last provider when none answered.
    """
    for number, target in enumerate(targets, start=1):
        try:
            return Retrying(**_RETRY)(_once, target, asked, send)
        except ProviderError as error:
            if number == len(targets) or not falls_back(error):
                raise
    raise AssertionError("a call has at least one target")


async def aattempt(
    targets: tuple[Target, ...], asked: Asked, send: Callable[[Target], Awaitable[Any]]
) -> tuple[Target, Asked, Any]:
    """The asyncio twin of `attempt`."""
    for number, target in enumerate(targets, start=1):
        try:
            return await AsyncRetrying(**_RETRY)(_aonce, target, asked, send)
        except ProviderError as error:
            if number == len(targets) or not falls_back(error):
                raise
    raise AssertionError("a call has at least one target")


def translated(error: Exception, target: Target) -> Exception:
    """Return a native error in govai's tree; what is nobody's stays itself."""
    if isinstance(error, GovaiError):
        return error
    return target.family.translate(error, target.provider.name) or error


def falls_back(error: ProviderError) -> bool:
    """Whether another model may do better: not when the request itself is wrong."""
    return not isinstance(error, InvalidRequest) or isinstance(error, ContextTooLong)


def _once(target: Target, asked: Asked, send: Callable[[Target], Any]) -> tuple[Target, Asked, Any]:
    mine = replace(asked, trace=Trace())
    with Asking(mine):
        native = _called(send, target)
    _heard(mine, target)
    return target, mine, native


async def _aonce(target: Target, asked: Asked, send: Callable[[Target], Awaitable[Any]]) -> tuple[Target, Asked, Any]:
    mine = replace(asked, trace=Trace())
    with Asking(mine):
        native = await _acalled(send, target)
    _heard(mine, target)
    return target, mine, native


def _heard(asked: Asked, target: Target) -> None:
    """Raise what an answer with status 200 failed with, unless it is still to come. Vectors tell for themselves."""
    if asked.door == "embed" or asked.trace.stream() is not None:
        return
    if (failure := unheard(asked.trace, target.provider.name)) is not None:
        raise failure


def _called(send: Callable[[Target], Any], target: Target) -> Any:
    try:
        return send(target)
    except Exception as error:  # noqa: BLE001 -- translated below, outside, so that the native error is not chained
        failure = translated(error, target)
    raise failure


async def _acalled(send: Callable[[Target], Awaitable[Any]], target: Target) -> Any:
    try:
        return await send(target)
    except Exception as error:  # noqa: BLE001 -- translated below, outside, so that the native error is not chained
        failure = translated(error, target)
    raise failure


def _again(error: BaseException) -> bool:
    return transient(error) and (getattr(error, "retry_after", None) or 0.0) <= LONGEST_WAIT_S


def _wait(state: RetryCallState) -> float:
    error = state.outcome.exception() if state.outcome else None
    asked = getattr(error, "retry_after", None)
    return _backoff(state) if asked is None else float(asked)


_RETRY: dict[str, Any] = {
    "stop": stop_after_attempt(ATTEMPTS),
    "retry": retry_if_exception(_again),
    "wait": _wait,
    "reraise": True,
}
