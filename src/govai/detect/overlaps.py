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

    Stronger: a better way of knowing (sealed, tracked, detected), then longer, then more sensitive, then earlier. What
    white space a weaker one leaves over stays as it is.
    """
    ordered = sorted(spans, key=_start)
    kept: list[Span] = []
    at, size = 0, len(ordered)
    while at < size:
        reach, upto = ordered[at].end, at + 1
        while upto < size and ordered[upto].start < reach:
            reach = max(reach, ordered[upto].end)
            upto += 1
        kept += ordered[at:upto] if upto == at + 1 else _shared_out(ordered[at:upto], document)
        at = upto
    return kept


def _start(span: Span) -> int:
    return span.start


def _strength(span: Span) -> tuple[int, int, int, int]:
    return -span.datum.seen, span.start - span.end, -span.datum.sensitivity, span.start


def _shared_out(cluster: list[Span], document: str) -> list[Span]:
    """Share out the characters of overlapping spans, the strongest first."""
    first, reach = cluster[0].start, max(span.end for span in cluster)
    strongest = min(cluster, key=_strength)
    if (strongest.start, strongest.end) == (first, reach):
        return [strongest]
    owners: list[Span | None] = [None] * (reach - first)
    for span in sorted(cluster, key=_strength):
        for at in range(span.start - first, span.end - first):
            if owners[at] is None:
                owners[at] = span
    parts: list[Span] = []
    start = 0
    for at in range(1, len(owners) + 1):
        if at < len(owners) and owners[at] is owners[start]:
            continue
        owner = owners[start]
        if owner is not None:
            a, b = first + start, first + at
            whole = (a, b) == (owner.start, owner.end)
            value = owner.value if whole else document[a:b]
            if whole or value.strip():
                parts.append(Span(a, b, owner.datum, value, owner.common))
        start = at
    return parts
