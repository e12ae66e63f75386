"""Server-sent events (WHATWG HTML, "Interpreting an event stream"), kept byte for byte. It knows nothing of JSON."""

from __future__ import annotations

import re
from dataclasses import dataclass

# What nearly every server writes: one data line, perhaps after a name; Google ends its lines with a carriage return, too.
_USUAL = re.compile(rb"(?:event: ?([^\r\n]*)\r?\n)?data: ?([^\r\n]*)(\n\n|\r\n\r\n)")
_BLANK = re.compile(rb"\r\n\r\n|\r\n\n|\r\n\r(?!\n)|\n\r\n|\n\n|\n\r(?!\n)|\r\r\n|\r\r(?!\n)")
_LINE = re.compile(rb"\r\n|\n|\r")
_SEAM = 3  # bytes of what came before that may belong to a blank line
_BOM = b"\xef\xbb\xbf"


@dataclass(frozen=True, slots=True)
class RawEvent:
    """One event: its bytes with the blank line that ends it, its data (lines joined by a line feed; None without), its name."""

    raw: bytes
    data: bytes | None
    name: str


class EventSplitter:
    """Cuts a stream, however it is chunked, into events.

    A carriage return at the very end waits for what follows: a line feed would belong to it.
    """

    __slots__ = ("_begun", "_left", "_parts", "_tail")

    def __init__(self) -> None:
        self._left = b""
        self._parts: list[bytes] = []  # pieces of one long event, joined once it ends
        self._tail = b""  # the end of what waits
        self._begun = False

    def feed(self, chunk: bytes) -> list[RawEvent]:
        """Take bytes and return the events that are now complete."""
        if not chunk:
            return []
        if self._left or self._parts:
            seam = self._tail + chunk
            ends = b"\n" in chunk or b"\r" in chunk or self._tail.endswith(b"\r")
            if not ends or not _BLANK.search(seam):  # no event ends here: what waits is not gone through again
                self._parts.append(chunk)
                self._tail = seam[-_SEAM:]
                return []
            chunk = b"".join((self._left, *self._parts, chunk))
            self._parts.clear()
        events: list[RawEvent] = []
        start = 0
        while usual := _USUAL.match(chunk, start):
            name, data, _blank = usual.groups()
            events.append(RawEvent(usual.group(), data, name.decode("utf-8", "replace") if name else ""))
            start = usual.end()
        if start < len(chunk):
            start = self._cut(chunk, start, events)
        self._begun = self._begun or bool(events)
        self._left = chunk[start:]
        self._tail = self._left[-_SEAM:]
        return events

    def finish(self) -> bytes:
        """Return what never became an event."""
        left = b"".join((self._left, *self._parts))
        self._left, self._tail, self._begun = b"", b"", False
        self._parts.clear()
        return left

    def _cut(self, chunk: bytes, start: int, events: list[RawEvent]) -> int:
        """Cut by the letter of the standard, from `start`; return where the next event begins."""
        for blank in _BLANK.finditer(chunk, start):
            end = blank.end()
            if end == len(chunk) and chunk.endswith(b"\r"):
                break
            raw = chunk[start:end]
            first = not (self._begun or events)
            events.append(_event(raw, raw.removeprefix(_BOM) if first else raw))
            start = end
        return start


def with_data(event: RawEvent, data: bytes) -> bytes:
    """Return the event with other data, in one line where its first data line stood; its other lines untouched.

    Args:
        event: an event that has data (one without is returned as it is).
        data: one line.

    Raises:
        ValueError: `data` holds a line break, which would break the event.
    """
    if b"\n" in data or b"\r" in data:
        raise ValueError("the data of an event is one line")
    if event.data is None:
        return event.raw
    usual = _USUAL.fullmatch(event.raw)
    if usual:
        before = event.raw[: event.raw.index(b"\n") + 1] if usual[1] is not None else b""
        return before + b"data: " + data + usual[3]
    marked = event.raw.startswith(_BOM) and _event(event.raw, event.raw).data != event.data
    out: list[bytes] = [_BOM] if marked else []
    done, at = False, len(_BOM) if marked else 0
    for end in _LINE.finditer(event.raw):
        line, ending = event.raw[at : end.start()], end.group()
        at = end.end()
        if not line.startswith(b"data:") and line != b"data":
            if not line and ending == b"\n" and out and out[-1].endswith(b"\r"):
                out[-1] = out[-1][:-1] + b"\n"  # lines in between were dropped: the two must not become one ending
            out.append(line + ending)
        elif not done:
            done = True
            out.append(b"data: " + data + ending)
    return b"".join(out)


def _event(raw: bytes, text: bytes) -> RawEvent:
    data: list[bytes] = []
    name = ""
    for line in _LINE.split(text):
        field, _colon, value = line.partition(b":")
        value = value.removeprefix(b" ")
        if field == b"data":
            data.append(value)
        elif field == b"event":
            name = value.decode("utf-8", "replace")
    return RawEvent(raw, b"\n".join(data) if data else None, name)
