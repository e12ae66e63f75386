"""JSON (and forms) in and out, and the two ways a body is changed: a string replaced, a key renamed. Nothing else moves.

It knows no format: what the places mean is for others to say.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import orjson

from govai.wire.multipart import Form

if TYPE_CHECKING:
    from govai.core.exchange import Path

# orjson reads integers beyond 64 bits as floats, which would change them: a run of 19 digits takes the slower parser.
_DIGITS_AS_ZERO = bytes.maketrans(b"123456789", b"0" * 9)
_LONG_NUMBER = b"0" * 19


def parse(raw: bytes) -> Any:
    """Return the parsed JSON document (RFC 8259); integers keep every digit.

    Args:
        raw: the document in UTF-8.

    Raises:
        ValueError: not JSON in UTF-8, or nested too deep; the message repeats nothing of it.
    """
    try:
        if _LONG_NUMBER in raw.translate(_DIGITS_AS_ZERO):
            return json.loads(raw.decode("utf-8"), parse_constant=_refuse, parse_float=_finite)
        return orjson.loads(raw)
    except (ValueError, RecursionError):
        pass  # the parser's own message quotes the document
    raise ValueError("it is not JSON")


def encode(body: Any) -> bytes:
    """Return the document as compact UTF-8 JSON, keys in their order; a form as a form.

    Raises:
        ValueError: nested too deep; a form that would be read differently.
    """
    if isinstance(body, Form):
        return body.written()
    try:
        return orjson.dumps(body)
    except TypeError:  # integers beyond 64 bits, lone surrogates, 250 levels: what the slower encoder can write
        pass
    try:
        text = json.dumps(body, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    except RecursionError:
        raise ValueError("it is nested too deep") from None
    return text.encode("utf-8", "backslashreplace")  # a lone surrogate becomes its JSON escape


def put(body: Any, path: Path, text: str) -> None:
    """Replace the string at `path`, in place."""
    for step in path[:-1]:
        body = body[step]
    body[path[-1]] = text


def rename(body: Any, path: Path, key: str) -> None:
    """Rename the object key that `path` ends with, in place and in its order.

    Raises:
        ValueError: the object has such a key already, whose value would be lost.
    """
    for step in path[:-1]:
        body = body[step]
    if key != path[-1] and key in body:
        raise ValueError("the object has such a key already")
    items = [(key if name == path[-1] else name, value) for name, value in body.items()]
    body.clear()
    body.update(items)


def _refuse(constant: str) -> Any:
    raise ValueError(constant)


def _finite(spelled: str) -> float:
    number = float(spelled)
    if number in (float("inf"), float("-inf")):
        raise ValueError("out of range")
    return number
