"""What both formats read in the same way in answers. Knows no format."""

from __future__ import annotations

import re
from typing import Any

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_.-]{0,63}|\d{3}")


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
