"""A govai error that an SDK lets through as itself: where an SDK wraps foreign exceptions, ours is also one of its own.

The class is made when first needed; no SDK is imported here.
"""

from __future__ import annotations

import sys
from functools import cache
from typing import TYPE_CHECKING, Any

from govai.core.errors import rebuild

if TYPE_CHECKING:
    import httpx2

    from govai.core.errors import GovaiError


@cache
def _both(ours: type[GovaiError], theirs: type[Exception]) -> type[GovaiError]:
    def reduce(self: GovaiError) -> tuple[Any, ...]:
        return rebuild, (ours, self.what, dict(self.__dict__))  # pickled as the govai error it is

    body = {
        "__reduce__": reduce,
        "__module__": ours.__module__,
        "__qualname__": ours.__qualname__,
        "__doc__": ours.__doc__,
    }
    return type(ours.__name__, (ours, theirs), body)


def as_sdk_error(error: GovaiError, base: type[Exception] | None) -> GovaiError:
    """Return `error` as one that the SDK whose base exception is `base` raises unchanged, after one attempt."""
    if base is not None and not isinstance(error, base):
        error.__class__ = _both(type(error), base)  # type: ignore[arg-type]  # classes are hashable
    return error


def base_of(request: httpx2.Request) -> type[Exception] | None:
    """Return the base exception of the SDK that made a request, where it may wrap or retry ours; None otherwise.

    anthropic says its version of the API in every request; openai shares only the headers of their common generator.
    """
    if "anthropic-version" in request.headers:
        return getattr(sys.modules.get("anthropic"), "AnthropicError", None)
    if "x-stainless-lang" in request.headers:
        return getattr(sys.modules.get("openai"), "OpenAIError", None)
    return None
