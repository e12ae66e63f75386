"""Overlaps: of spans that overlap the stronger stays whole, and what is left of the weaker stays covered too."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from govai.core.data import Datum


@dataclass(slots=True, eq=False)
class Span:
    """Characters `start` to `end` of a document, what they are, and the value that stands there (hidden in its repr)."""

    start: int
    end: int
    datum: Datum
    value: str = field(repr=False)
    common: bool = False


def settled(spans: Iterable[Span], document: str) -> list[Span]:
    """Return spans that do not overlap, in order, which cover every character that any of `spans` covers.

    Stronger: a better way of knowing (sealed, tracked, detected), then longer, then more sensitive, then earlier.
    """
    ranked = sorted(spans, key=lambda s: (-s.datum.seen, s.start - s.end, -s.datum.sensitivity, s.start))
    kept: list[Span] = []
    for span in ranked:
        for start, end in _free(span.start, span.end, kept):
            whole = (start, end) == (span.start, span.end)
            value = span.value if whole else document[start:end]
            if whole or value.strip():
                kept.append(Span(start, end, span.datum, value, span.common))
    return sorted(kept, key=lambda s: s.start)


def _free(start: int, end: int, kept: list[Span]) -> list[tuple[int, int]]:
    """Return what of a span no kept one covers."""
    free = [(start, end)]
    for one in kept:
        if one.end <= start or one.start >= end:
            continue
        free = [part for a, b in free for part in ((a, min(b, one.start)), (max(a, one.end), b)) if part[0] < part[1]]
    return free
