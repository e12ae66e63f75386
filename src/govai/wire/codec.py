"""JSON in and out, and the two ways a body is changed: a string replaced, a key renamed. Nothing else moves."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import orjson

if TYPE_CHECKING:
    from govai.core.exchange import Path

_LONG_NUMBER = re.compile(rb"\d{19}")  # orjson reads integers beyond 64 bits as floats, which would change them


def parse(raw: bytes) -> Any:
    """Return the parsed JSON document.

    Raises:
        ValueError: not JSON in UTF-8; the message repeats nothing of it.
    """
    try:
        if _LONG_NUMBER.search(raw):
            return json.loads(raw.decode("utf-8"), parse_constant=_refuse)
        return orjson.loads(raw)
    except (ValueError, RecursionError):
        pass
    raise ValueError("it is not JSON")


def encode(body: Any) -> bytes:
    """Return the document as compact UTF-8 JSON, keys in their order."""
    try:
        return orjson.dumps(body)
    except TypeError:  # integers beyond 64 bits, lone surrogates
        return json.dumps(body, separators=(",", ":"), allow_nan=False).encode("ascii")


def put(body: Any, path: Path, text: str) -> None:
    """Replace the string at `path`, in place."""
    for step in path[:-1]:
        body = body[step]
    body[path[-1]] = text


def rename(body: Any, path: Path, key: str) -> None:
    """Rename the object key that `path` ends with, in place and in its order."""
    for step in path[:-1]:
        body = body[step]
    items = [(key if name == path[-1] else name, value) for name, value in body.items()]
    body.clear()
    body.update(items)


def _refuse(constant: str) -> Any:
    raise ValueError(constant)
