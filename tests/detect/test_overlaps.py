"""Overlaps: nothing that any span covers is left, nothing is covered twice, the strongest stays whole."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from govai.core.data import Datum, Seen
from govai.core.taxonomy import Sensitivity
from govai.detect.overlaps import Span, settled

DOCUMENT = "abcdefghij" * 4


@st.composite
def spans(draw: st.DrawFn) -> list[Span]:
    out = []
    for start, size, seen, level in draw(st.lists(st.tuples(st.integers(0, 35), st.integers(1, 15), st.sampled_from(Seen), st.sampled_from(Sensitivity)), max_size=8)):
        end = min(start + size, len(DOCUMENT))
        out.append(Span(start, end, Datum("x", "user.name", level, seen=seen), DOCUMENT[start:end]))
    return out


@given(spans())
def test_the_union_is_covered_once_and_in_order(given_spans: list[Span]) -> None:
    kept = settled(given_spans, DOCUMENT)
    assert [at for s in kept for at in range(s.start, s.end)] == sorted({at for s in given_spans for at in range(s.start, s.end)})
    for span in kept:
        assert span.value == DOCUMENT[span.start : span.end]


@given(spans())
def test_the_strongest_stays_whole(given_spans: list[Span]) -> None:
    kept = {(s.start, s.end) for s in settled(given_spans, DOCUMENT)}
    for span in given_spans:
        others = [o for o in given_spans if o is not span and o.start < span.end and span.start < o.end]
        if all((span.datum.seen, span.end - span.start) > (o.datum.seen, o.end - o.start) for o in others):
            assert (span.start, span.end) in kept
