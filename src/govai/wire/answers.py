"""What both formats read in the same way in answers. Knows no format."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from govai.core.exchange import ReplySlot

if TYPE_CHECKING:
    from govai.core.exchange import Channel, Path

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_.-]{0,63}|\d{3}")


def an_object(body: Any) -> dict[str, Any]:
    """Return `body` if it is an object.

    Raises:
        ValueError: it is not.
    """
    if isinstance(body, dict):
        return body
    raise ValueError("it is not an object")


def count(value: Any) -> int | None:
    """Return a number of tokens or an index, None when it is no integer."""
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def text_or_none(value: Any) -> str | None:
    """Return `value` if it is a text."""
    return value if isinstance(value, str) else None


def error_name(error: Any) -> str:
    """Return an error's code or type as the provider names it, never its message: that may repeat the request."""
    if isinstance(error, dict):
        for value in (error.get("code"), error.get("type")):
            name = str(value)
            if value and _NAME.fullmatch(name):
                return name
    return "error"


def leaves(path: Path, value: Any, channel: Channel) -> list[ReplySlot]:
    """Return every string in a parsed value, in their order: a tool call's arguments given as an object."""
    slots: list[ReplySlot] = []
    todo: list[tuple[Path, Any]] = [(path, value)]
    while todo:
        here, item = todo.pop()
        if isinstance(item, str):
            slots.append(ReplySlot(here, item, channel))
        elif isinstance(item, dict):
            todo.extend(((*here, key), inner) for key, inner in reversed(item.items()))
        elif isinstance(item, list):
            todo.extend(((*here, at), item[at]) for at in reversed(range(len(item))))
    return slots
