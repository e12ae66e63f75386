"""Look: all texts of a request at once, alone, joined with their message, and through the encodings they may be in."""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from functools import lru_cache
from typing import TYPE_CHECKING

from govai.core.data import Datum, Finding, Seen, kind_of
from govai.core.errors import PolicyError
from govai.core.lang import say
from govai.core.taxonomy import CATEGORIES
from govai.detect.borders import BORDER, across, joined
from govai.detect.builtin import built_in
from govai.detect.overlaps import Span, settled
from govai.detect.reading import read_references
from govai.detect.runs import base64_runs
from govai.detect.scan import scan
from govai.detect.spots import Spot
from govai.detect.views import decoded

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from govai.core.protocols import Detector
    from govai.detect.known import KnownValues
    from govai.detect.reading import SealedReader
    from govai.detect.scan import Hints
    from govai.detect.views import View

__all__ = ["Lookout", "Spot"]

_REACH = 352  # characters: the longest e-mail address (RFC 5321: 64 + 1 + 255) with room for its neighbours


class Lookout:
    """Looks at texts with the built-in detectors and one's own.

    Args:
        detectors: added to the built-in ones (e-mail, phone, IBAN, card).
    """

    def __init__(self, detectors: Sequence[Detector] = ()) -> None:
        self._own = tuple(detectors)

    def look(
        self,
        texts: Sequence[str],
        groups: Sequence[int],
        known: Sequence[KnownValues] = (),
        sealed: SealedReader | None = None,
    ) -> list[Spot]:
        """Return what stands in the texts, in order, never overlapping.

        Args:
            texts: to look at. groups: for each text its message, whose texts are also looked at joined; -1 for none.
            known: values to find. sealed: how references are read.

        Raises:
            PolicyError: a detector failed, or a sealed reference is dead.
        """
        document = _document(texts)
        spans = [] if sealed is None else read_references(document, sealed)
        spans += self._seen(document, known)
        spots = _placed(document, texts, spans) if spans else []
        if len(texts) > 1:
            found = self._across(texts, groups, known, spots)
            if found:
                spots = sorted([*spots, *found], key=_place)
        return spots

    def _seen(self, document: str, known: Sequence[KnownValues]) -> list[Span]:
        """Return everything known or detected in a document, through every encoding, possibly overlapping."""
        hints = scan(document)
        spans = self._plain(document, known, hints)
        view = decoded(document) if hints.coded else None
        if view is not None:
            read = self._read(view, known, packed=hints.packed)
            spans = read + [_uncut(span, document, view) for span in spans]
        if hints.packed:
            spans += self._packed(document, known)
        return [span for span in spans if span.start < span.end]

    def _plain(self, document: str, known: Sequence[KnownValues], hints: Hints) -> list[Span]:
        """Return what stands in a document as it is written."""
        spans = [
            Span(start, end, values.datum(which), document[start:end], common)
            for values in known
            for start, end, which, common in values.find(document)
        ]
        if any(hints):
            spans += built_in(document, hints)
        if self._own:
            at = 0
            for text in document.split(BORDER):
                for detector in self._own:
                    spans += [
                        Span(f.start + at, f.end + at, _datum(f.kind, f.category), text[f.start : f.end])
                        for f in _reported(detector, text)
                    ]
                at += len(text) + 1
        return spans

    def _read(self, view: View, known: Sequence[KnownValues], *, packed: bool) -> list[Span]:
        """Return what stands in a document as it reads, at its place in the document."""
        hints = scan(view.text)
        spans = self._plain(view.text, known, hints)
        if hints.packed and packed:
            spans += self._packed(view.text, known)
        return [Span(*view.span(span.start, span.end), span.datum, span.value, span.common) for span in spans]

    def _packed(self, document: str, known: Sequence[KnownValues]) -> list[Span]:
        """Return the runs of base64 that hold something: each is the most sensitive thing inside."""
        spans = []
        for start, end, inner in base64_runs(document):
            hints = scan(inner)
            inside = self._plain(inner, known, hints)
            view = decoded(inner) if hints.coded else None
            if view is not None:
                inside += self._plain(view.text, known, scan(view.text))
            if inside:
                worst = max(inside, key=_harm)
                spans.append(Span(start, end, worst.datum, inner, worst.common))
        return spans

    def _across(
        self, texts: Sequence[str], groups: Sequence[int], known: Sequence[KnownValues], spots: list[Spot]
    ) -> list[Spot]:
        """Return the values that stand in several texts of a message, and are whole only when these are joined."""
        members: defaultdict[int, list[int]] = defaultdict(list)
        for at, group in enumerate(groups):
            if group >= 0 and texts[at]:
                members[group].append(at)
        shared = [which for which in members.values() if len(which) > 1]
        if not shared:
            return []
        reach = max([_REACH, *(2 * values.longest for values in known)])
        taken = {(spot.text, at) for spot in spots for at in range(spot.start, spot.end)}
        found: list[Spot] = []
        for glue in ("", " "):
            for which in shared:
                document, pieces = joined(texts, which, glue, reach)
                spans = self._seen(document, known)
                if spans:
                    found += across(settled(spans, document), pieces, texts, taken)
        return found


def _document(texts: Sequence[str]) -> str:
    document = BORDER.join(texts)
    if document.count(BORDER) >= len(texts):  # a text holds the border itself: there it reads as a space
        document = BORDER.join([text.replace(BORDER, " ") for text in texts])
    return document


def _placed(document: str, texts: Sequence[str], spans: Iterable[Span]) -> list[Spot]:
    if len(texts) == 1:
        return [Spot(0, s.start, s.end, s.datum, s.value, s.common) for s in settled(spans, document)]
    starts, at = [], 0
    for text in texts:
        starts.append(at)
        at += len(text) + 1
    spots = []
    for span in settled(spans, document):
        number = bisect_right(starts, span.start) - 1
        start, end = span.start - starts[number], min(span.end - starts[number], len(texts[number]))
        if start < end:
            spots.append(Spot(number, start, end, span.datum, span.value, span.common))
    return spots


def _uncut(span: Span, document: str, view: View) -> Span:
    """Return a span as written so that it cuts no escape in two: what is left must still be readable.

    The `n` of `\\n` is no part of the address after it. A known value stands there exactly, so the escape goes with it.
    """
    detected = span.datum.seen is Seen.DETECTED
    start, end = (view.inside if detected else view.around)(span.start, span.end)
    if (start, end) == (span.start, span.end):
        return span
    return Span(start, end, span.datum, document[start:end], span.common)


def _reported(detector: Detector, text: str) -> list[Finding]:
    """Return what a detector reports on a text, checked.

    Raises:
        PolicyError: it raised, or reported what is no finding: the text was not looked at, so nothing leaves.
    """
    try:
        findings = list(detector.detect(text))
        failed = "" if all(_sound(f, text) for f in findings) else say("no valid finding", "pas un résultat valable")
    except Exception as error:  # noqa: BLE001 -- whatever it raised; its message may hold a value
        findings, failed = [], type(error).__name__
    if failed:
        name = type(detector).__name__
        raise PolicyError(
            say(f"detector {name} failed ({failed})", f"échec du détecteur {name} ({failed})"),
            where="detectors=",
            todo=say("mend or remove it; nothing left", "réparez-le ou retirez-le ; rien n'est parti"),
        )
    return findings


def _sound(finding: object, text: str) -> bool:
    return (
        isinstance(finding, Finding)
        and type(finding.start) is int
        and type(finding.end) is int
        and 0 <= finding.start < finding.end <= len(text)
        and finding.category in CATEGORIES
    )


@lru_cache(maxsize=1024)
def _datum(kind: str, category: str) -> Datum:
    return Datum.detected(Finding(0, 0, kind or kind_of(category), category))


def _harm(span: Span) -> tuple[int, int, int]:
    return span.datum.sensitivity, span.datum.seen, span.end - span.start


def _place(spot: Spot) -> tuple[int, int]:
    return spot.text, spot.start
