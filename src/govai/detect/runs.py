"""Runs of base64 (RFC 4648, standard and URL-safe alphabets; RFC 2045 line folding) that hold readable text."""

from __future__ import annotations

import binascii
import re
from typing import TYPE_CHECKING

import re2

if TYPE_CHECKING:
    from collections.abc import Iterator

_RUN = re2.compile(rb"[A-Za-z0-9+/_\-]{12,}")  # over the UTF-8 bytes, which RE2 reads several times faster
_TOGETHER = 32  # lines that are read as one, so that a long block costs its length, not its square
_REST = re.compile(rf"(?:\r?\n[A-Za-z0-9+/_\-]{{2,}}){{0,{_TOGETHER - 1}}}={{0,2}}")  # further lines, and padding
_LINE = 60  # characters of a first line from which on others may follow; MIME has 76, PEM 64
_PADDING = re.compile("={0,2}")
_PIECE = re.compile(r"[A-Za-z0-9]{12,}={0,2}")
_UNREADABLE = re.compile(r"[\x00-\x08\x0e-\x1f\x7f\ufffd]")
_LONG = 1000  # bytes; less was not cut by us
_CUT_SHORT = ("unexpected end of data", "truncated data")
_SAMPLE = 48  # bytes that say whether a run that is not UTF-8 is text in an older encoding
_STRANGE = 0.2  # of its bytes at most are not ASCII text
_PRINTABLE = bytes(range(32, 127)) + b"\t\n\r"


def base64_runs(text: str) -> Iterator[tuple[int, int, str]]:
    """Yield (start, end, decoded text) of each run of twelve characters or more that decodes to readable text.

    A run that does not, a path for example, is tried again in pieces without `/`, `+`, `-` and `_`. Of a block of lines, some
    are read together: what stands in fewer than half as many is always read whole.
    """
    read = (0, 0)  # the lines that were read last, and until where a run that continues them says nothing new
    for start, end in _runs(text):
        if start < read[1] and _aligned(text[read[0] : start]):
            continue
        for rest in (_REST, _PADDING) if end - start >= _LINE else (_PADDING,):
            padded = rest.match(text, end)
            stop = padded.end() if padded else end
            inner = _text_of(text[start:stop])
            if inner:
                read = (start, _told(text, start, end, stop))
                yield start, stop, inner
                break
        else:
            for piece in _PIECE.finditer(text, start, end):
                if piece.span() != (start, end) and (inner := _text_of(piece.group())):
                    yield *piece.span(), inner


def _aligned(before: str) -> bool:
    """Whether what follows `before` decodes to the same bytes alone as after it."""
    return len("".join(before.split())) % 4 == 0


def _told(text: str, start: int, end: int, stop: int) -> int:
    """Return until where what was read holds all that could be read anew: its middle, where the block goes on after it."""
    goes_on = text.count("\n", end, stop) == _TOGETHER - 1
    return (start + stop) // 2 if goes_on else stop


def _runs(text: str) -> Iterator[tuple[int, int]]:
    """Yield (start, end) of each run, in characters."""
    raw = text.encode("utf-8", "surrogatepass")
    start = read = 0
    for run in _RUN.finditer(raw):
        first, end = run.span()
        start += len(raw[read:first].decode("utf-8", "surrogatepass"))
        read = first
        yield start, start + end - first


def _text_of(run: str) -> str:
    bare = "".join(run.split()).rstrip("=")
    if bare.isdigit():  # no text: the first byte of a letter's code never begins with a digit's six bits
        return ""
    bare = bare.replace("-", "+").replace("_", "/")
    if len(bare) % 4 == 1:  # cut short; the last character alone holds no byte
        bare = bare[:-1]
    try:
        raw = binascii.a2b_base64(bare + "=" * (-len(bare) % 4))
    except binascii.Error:
        return ""
    for coding in _codings(raw):
        try:
            text = raw.decode(coding)
        except UnicodeDecodeError as wrong:
            if wrong.reason not in _CUT_SHORT or len(raw) < _LONG:
                continue
            text = raw[: wrong.start].decode(coding)  # lines read together end in the middle of a character
        if not _UNREADABLE.search(text):
            return text
    return ""


def _codings(raw: bytes) -> tuple[str, ...]:
    if raw[:2] in {b"\xff\xfe", b"\xfe\xff"}:
        return ("utf-16",)
    if b"\x00" in raw:
        return ("utf-16-le", "utf-16-be")
    sample = raw[:_SAMPLE]
    strange = len(sample.translate(None, _PRINTABLE))
    return ("utf-8", "cp1252") if strange <= _STRANGE * len(sample) else ("utf-8",)
