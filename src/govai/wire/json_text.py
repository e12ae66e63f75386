"""JSON in and out (RFC 8259), so that nothing in it changes: integers keep every digit, keys their order."""

from __future__ import annotations

import json
import re
from typing import Any

import orjson

# orjson reads integers beyond 64 bits as floats, which would change them: a run of 19 digits takes the slower parser.
_DIGITS_AS_ZERO = bytes.maketrans(b"123456789", b"0" * 9)
_LONG_NUMBER = b"0" * 19
_VECTOR = re.compile(rb"\[[-+0-9.eE,\s]+\]")


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


def parse_without_vectors(raw: bytes) -> Any:
    """Return the parsed JSON document with every list of numbers empty, in strings too: vectors are megabytes that say nothing.

    Raises:
        ValueError: as `parse`.
    """
    return parse(_VECTOR.sub(b"[]", raw))


def written(body: Any) -> bytes:
    """Return the document as compact UTF-8 JSON, keys in their order.

    Raises:
        ValueError: nested too deep.
    """
    try:
        return orjson.dumps(body)
    except TypeError:  # integers beyond 64 bits, lone surrogates, 250 levels: what the slower encoder can write
        pass
    try:
        text = json.dumps(body, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    except RecursionError:
        raise ValueError("it is nested too deep") from None
    return text.encode("utf-8", "backslashreplace")  # a lone surrogate becomes its JSON escape


def _refuse(constant: str) -> Any:
    raise ValueError(constant)


def _finite(spelled: str) -> float:
    number = float(spelled)
    if number in (float("inf"), float("-inf")):
        raise ValueError("out of range")
    return number
