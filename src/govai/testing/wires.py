"""What a wire family is to the provider: where its endpoints are, how it shapes an answer, how it spells an error."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

import orjson

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from govai.testing.answering import Answer
    from govai.testing.arriving import Request

EPOCH = 1_700_000_000  # every answer is made at the same second, so that a test sees the same bytes each time
DIMENSIONS = 8
PIXEL = (
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR42mNgAAAAAgAB5Sfe/AAAAABJRU5ErkJggg=="  # a PNG of one pixel
)

Shaper = Callable[["Request", "Answer"], Any]  # parsed JSON, or Events


@dataclass(frozen=True, slots=True)
class Events:
    """A stream: (event name or "", data) pairs, as server-sent events; `ends` closes it, `newline` is the provider's."""

    items: list[tuple[str, Any]]
    ends: bytes = b""
    newline: bytes = b"\n"

    def encoded(self) -> list[bytes]:
        """Return the events as bytes, one each."""
        eol, out = self.newline, []
        for name, data in self.items:
            head = b"event: " + name.encode() + eol if name else b""
            out.append(head + b"data: " + orjson.dumps(data) + eol + eol)
        return [*out, self.ends] if self.ends else out


class Route(NamedTuple):
    """An endpoint: method, what its path ends with, what shapes the answer.

    `scripted`: it takes the test's next answer. `earlier`: it gives an earlier answer again.
    """

    method: str
    path: re.Pattern[str]
    shape: Shaper
    scripted: bool = True
    earlier: bool = False


@dataclass(frozen=True, slots=True)
class Wire:
    """One family. `error`: the body of an error, and of one that comes inside a stream. `id_header`: of the request's id."""

    name: str
    routes: tuple[Route, ...] = field(repr=False)
    error: Callable[[int, str], Any]
    late_error: Callable[[int, str], Events]
    id_header: str

    def route(self, request: Request) -> Route | None:
        """Return the endpoint a request is for, None when this family has none like it."""
        return next(
            (r for r in self.routes if r.method == request.method and r.path.search(request.path)),
            None,
        )


def routes(*table: tuple[str, str, Shaper], scripted: bool = True, earlier: bool = False) -> tuple[Route, ...]:
    """Return endpoints from (method, end of the path, shaper) rows."""
    return tuple(Route(method, re.compile(path + "$"), shape, scripted, earlier) for method, path, shape in table)


def plain(data: Iterable[Any], ends: bytes = b"data: [DONE]\n\n") -> Events:
    """Return events without names."""
    return Events([("", one) for one in data], ends)


def vector(text: str, answer: Answer, dimensions: int | None = None) -> list[float]:
    """Return the scripted embedding, else one made from the text: the same for the same text, between -1 and 1."""
    if answer.vector is not None:
        return list(answer.vector)
    size, seed = dimensions or DIMENSIONS, b""
    while len(seed) < size:
        seed += hashlib.sha256(text.encode() + len(seed).to_bytes(4, "big")).digest()
    return [round(byte / 127.5 - 1, 6) for byte in seed[:size]]


def as_list(value: Any) -> Sequence[Any]:
    """Return the inputs of a batch: one text or list of tokens is a batch of one."""
    if isinstance(value, list) and not (value and isinstance(value[0], int)):
        return value
    return [value]


def compact(value: Any) -> str:
    """Return JSON text without spaces, as tool arguments stand in messages."""
    return orjson.dumps(value).decode()
