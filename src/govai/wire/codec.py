"""JSON (and forms) in and out, and the two ways a body is changed: a string replaced, a key renamed. Nothing else moves.

It knows no format: what the places mean is for others to say.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from govai.wire.json_text import parse as parse  # noqa: PLC0414 -- one place to read and write bodies
from govai.wire.json_text import parse_without_vectors as parse_without_vectors  # noqa: PLC0414
from govai.wire.json_text import written
from govai.wire.multipart import Form

if TYPE_CHECKING:
    from govai.core.exchange import Path


def encode(body: Any) -> bytes:
    """Return the document as bytes: a form as a form, all else as JSON.

    Raises:
        ValueError: nested too deep; a form that would be read differently.
    """
    return body.written() if isinstance(body, Form) else written(body)


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
