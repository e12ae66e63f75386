"""Server-sent events (WHATWG HTML, "Interpreting an event stream"), kept byte for byte."""

from __future__ import annotations

import re
from dataclasses import dataclass

_BLANK = re.compile(rb"\r\n\r\n|\r\n\n|\r\n\r(?!\n)|\n\r\n|\n\n|\n\r(?!\n)|\r\r\n|\r\r(?!\n)")
_LINE = re.compile(rb"\r\n|\n|\r")
_BOM = b"\xef\xbb\xbf"


@dataclass(frozen=True, slots=True)
class RawEvent:
    """One event: its bytes with the blank line that ends it, its data (lines joined by a line feed; None without), its name."""

    raw: bytes
    data: bytes | None
    name: str


class EventSplitter:
    """Cuts a stream, however it is chunked, into events."""

    __slots__ = ("_left",)

    def __init__(self) -> None:
        self._left = b""

    def feed(self, chunk: bytes) -> list[RawEvent]:
        """Take bytes and return the events that are now complete."""
        left = self._left + chunk if self._left else chunk
        events, start = [], 0
        for blank in _BLANK.finditer(left):
            if blank.end() == len(left) and left.endswith(b"\r"):
                break  # a line feed may follow and belong to it
            events.append(_event(left[start : blank.end()]))
            start = blank.end()
        self._left = left[start:]
        return events

    def finish(self) -> bytes:
        """Return what never became an event."""
        left, self._left = self._left, b""
        return left


def with_data(event: RawEvent, data: bytes) -> bytes:
    """Return the event with other data, in one line where its first data line stood; its other lines untouched."""
    out, done, at = [], False, 0
    for end in _LINE.finditer(event.raw):
        line = event.raw[at : end.end()]
        at = end.end()
        if not _is_data(line):
            out.append(line)
        elif not done:
            done = True
            out.append(b"data: " + data + end.group())
    return b"".join(out)


def _is_data(line: bytes) -> bool:
    line = line.removeprefix(_BOM)
    return line.startswith(b"data:") or line.rstrip(b"\r\n") == b"data"


def _event(raw: bytes) -> RawEvent:
    if raw.startswith(b"data: ") and raw.endswith(b"\n\n") and raw.count(b"\n") == 2 and b"\r" not in raw:  # noqa: PLR2004
        return RawEvent(raw, raw[6:-2], "")
    data: list[bytes] = []
    name = ""
    for line in _LINE.split(raw.removeprefix(_BOM)):
        field, colon, value = line.partition(b":")
        value = value.removeprefix(b" ")
        if field == b"data":
            data.append(value if colon else b"")
        elif field == b"event":
            name = value.decode("utf-8", "replace")
    return RawEvent(raw, b"\n".join(data) if data else None, name)
