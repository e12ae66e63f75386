"""The default governor: what module-level functions and decorators use."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from govai.core.decisions import Decision
    from govai.core.messages import Reply
    from govai.doors.coverage import Coverage
    from govai.doors.generating import AsyncStream, Stream
    from govai.governor.governor import Governor

C = TypeVar("C")

_lock = threading.Lock()
_default: Governor | None = None


def configure(governor: Governor) -> None:
    """Make `governor` the one that module-level functions and decorators use."""
    global _default  # noqa: PLW0603 -- one default per process is what the function is for
    with _lock:
        _default = governor


def default() -> Governor:
    """Return the configured governor, else `Governor()`, created at first use."""
    global _default  # noqa: PLW0603 -- see configure
    with _lock:
        if _default is None:
            from govai.governor.governor import Governor

            _default = Governor()
        return _default


def generate(*args: Any, **kwargs: Any) -> Reply:
    """`Governor.generate` of the default governor."""
    return default().generate(*args, **kwargs)


async def agenerate(*args: Any, **kwargs: Any) -> Reply:
    """`Governor.agenerate` of the default governor."""
    return await default().agenerate(*args, **kwargs)


def stream(*args: Any, **kwargs: Any) -> Stream:
    """`Governor.stream` of the default governor."""
    return default().stream(*args, **kwargs)


def astream(*args: Any, **kwargs: Any) -> AsyncStream:
    """`Governor.astream` of the default governor."""
    return default().astream(*args, **kwargs)


def embed(*args: Any, **kwargs: Any) -> list[list[float]]:
    """`Governor.embed` of the default governor."""
    return default().embed(*args, **kwargs)


async def aembed(*args: Any, **kwargs: Any) -> list[list[float]]:
    """`Governor.aembed` of the default governor."""
    return await default().aembed(*args, **kwargs)


def explain(*args: Any, **kwargs: Any) -> Decision:
    """`Governor.explain` of the default governor."""
    return default().explain(*args, **kwargs)


def wrap(client: C, **kwargs: Any) -> C:
    """`Governor.wrap` of the default governor."""
    return default().wrap(client, **kwargs)


def instrument(**kwargs: Any) -> Coverage:
    """`Governor.instrument` of the default governor."""
    return default().instrument(**kwargs)


def resume(ticket_id: str, **kwargs: Any) -> Reply:
    """`Governor.resume` of the default governor."""
    return default().resume(ticket_id, **kwargs)
