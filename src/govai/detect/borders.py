"""Borders: the texts of one message joined, to find what was split between them.

Only what reaches over a border matters, so of a long text no more is joined than its two ends.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from govai.core.data import Seen
from govai.detect.spots import Spot

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from govai.detect.overlaps import Span

BORDER = "\x1f"  # stands between texts that are no neighbours; nothing that is looked for crosses it
_NUMBER = re.compile(r"\s*-?[0-9]+(?:[.,][0-9]+)?\s*")
_FEW = 2  # texts; more of nothing but a number each are a list of numbers, not the groups of one


@dataclass(frozen=True, slots=True)
class Piece:
    """Characters `offset` to `offset + size` of text `text`, which stand at `at` in the joined text."""

    at: int
    text: int
    offset: int
    size: int


def joined(texts: Sequence[str], which: Sequence[int], glue: str, reach: int) -> tuple[str, list[Piece]]:
    """Return the texts `which` joined by `glue`, and where each part of it comes from.

    Args:
        reach: characters on either side of a border that are kept.
    """
    out: list[str] = []
    pieces: list[Piece] = []
    at = 0
    for one in which:
        text = texts[one]
        ends = [(0, text)] if len(text) <= 2 * reach else [(0, text[:reach]), (len(text) - reach, text[-reach:])]
        for number, (offset, part) in enumerate(ends):
            if number:
                out.append(BORDER)
                at += 1
            pieces.append(Piece(at, one, offset, len(part)))
            out.append(part)
            at += len(part)
        out.append(glue)
        at += len(glue)
    return "".join(out), pieces


def across(spans: Iterable[Span], pieces: list[Piece], texts: Sequence[str], taken: set[tuple[int, int]]) -> list[Spot]:
    """Return spots for the spans that reach over a border, without the characters in `taken`, to which they are added."""
    spots: list[Spot] = []
    first = 0
    for span in spans:  # in order, as the pieces are
        while first + 1 < len(pieces) and pieces[first].at + pieces[first].size <= span.start:
            first += 1
        held = _held(span, pieces, first)
        if len({text for text, _, _ in held}) > 1 and not _listed(span, held, texts):
            spots += _freed(span, held, texts, taken)
    return spots


def _held(span: Span, pieces: list[Piece], first: int) -> list[tuple[int, int, int]]:
    held = []
    for number in range(first, len(pieces)):
        piece = pieces[number]
        if piece.at >= span.end:
            break
        start, end = max(span.start - piece.at, 0), min(span.end - piece.at, piece.size)
        if start < end:
            held.append((piece.text, piece.offset + start, piece.offset + end))
    return held


def _listed(span: Span, held: list[tuple[int, int, int]], texts: Sequence[str]) -> bool:
    """Whether it was only read out of a list of numbers (a column of data, an array)."""
    numbers = span.datum.seen is Seen.DETECTED and len(held) > _FEW
    return numbers and all(_NUMBER.fullmatch(texts[text]) for text, _, _ in held)


def _freed(
    span: Span, held: list[tuple[int, int, int]], texts: Sequence[str], taken: set[tuple[int, int]]
) -> list[Spot]:
    spots: list[Spot] = []
    for text, start, end in held:
        at = start
        while at < end:
            if (text, at) in taken:
                at += 1
                continue
            stop = at + 1
            while stop < end and (text, stop) not in taken:
                stop += 1
            spots.append(Spot(text, at, stop, span.datum, span.value, span.common, continued=bool(spots)))
            at = stop
    if len(spots) < len(held) and spots:  # something else stands in its place: each part is a value of its own
        spots = [Spot(s.text, s.start, s.end, s.datum, texts[s.text][s.start : s.end], s.common) for s in spots]
    taken.update((s.text, at) for s in spots for at in range(s.start, s.end))
    return [s for s in spots if texts[s.text][s.start : s.end].strip() or s.continued]
