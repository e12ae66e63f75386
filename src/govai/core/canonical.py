"""Canonical bytes and digests (RFC 8785 for the values records hold: text, integers within ±2⁵³, booleans, null)."""

from __future__ import annotations

import hashlib
from typing import Any

import orjson
import re2

_MAYBE_FLOAT = re2.compile(rb'(?:^|":|[\[,])-?[0-9]+(?:\.|e)')
_OPTIONS = orjson.OPT_SORT_KEYS | orjson.OPT_STRICT_INTEGER


def canonical(value: Any) -> bytes:
    """Return the one byte string that stands for `value`.

    Floats are not records' business and are refused, so that orjson's output is exactly RFC 8785's.

    Raises:
        TypeError: a float, an integer beyond ±2⁵³, or a value JSON does not have.
    """
    raw = orjson.dumps(value, option=_OPTIONS)
    if _MAYBE_FLOAT.search(raw):  # looks like one, perhaps inside a text: look properly
        _refuse_floats(value)
    return raw


def _refuse_floats(value: Any) -> None:
    if isinstance(value, dict):
        for item in value.values():
            _refuse_floats(item)
    elif isinstance(value, (list, tuple)):
        for item in value:
            _refuse_floats(item)
    elif isinstance(value, float):
        raise TypeError("a record holds no floats: spell amounts as text or integers")


def digest(value: bytes) -> str:
    """Return the SHA-256 of `value` as `sha256:` and 64 hexadecimal digits."""
    return "sha256:" + hashlib.sha256(value).hexdigest()
