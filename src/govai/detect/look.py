"""Look: all texts of a request at once, alone, joined with their message, and through the encodings they may be in."""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from govai.core.data import Datum, Finding
from govai.core.errors import GovaiError, PolicyError
from govai.core.lang import say
from govai.detect.card import Card
from govai.detect.email import Email
from govai.detect.hints import Hint, Scan
from govai.detect.iban import Iban
from govai.detect.overlaps import Span, settled
from govai.detect.phone import Phone
from govai.detect.views import base64_runs, decoded

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from govai.core.protocols import Detector
    from govai.detect.known import KnownValues
    from govai.detect.reading import SealedReader

BORDER = "\x1f"  # stands between texts; nothing that is looked for crosses it


@dataclass(slots=True, eq=False)
class Spot:
    """One value seen in one text.

    Attributes:
        text: which of the texts. start, end: characters of it that must be replaced. datum: what it is.
        value: as it reads (hidden in the repr). common: a known value too common to be found safely.
        continued: the rest of a value that began in an earlier text.
    """

    text: int
    start: int
    end: int
    datum: Datum
    value: str = field(repr=False)
    common: bool = False
    continued: bool = False


class Lookout:
    """Looks at texts with the built-in detectors and one's own.

    Args:
        detectors: added to the built-in ones (e-mail, phone, IBAN, card).
    """

    def __init__(self, detectors: Sequence[Detector] = ()) -> None:
        self._own = tuple(detectors)
        self._email: Detector = Email()
        self._numbers: tuple[tuple[Hint, tuple[Detector, ...]], ...] = (
            (Hint.DIGITS, (Phone(), Card())),
            (Hint.IBAN, (Iban(),)),
        )

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
        document = BORDER.join(texts)
        spans = [*self._sealed(document, sealed), *self._seen(document, known)]
        spots = self._placed(document, texts, spans) if spans else []
        shared = {group for group in groups if group >= 0 and groups.count(group) > 1} if len(texts) > 1 else set()
        for group in sorted(shared):
            which = [at for at, one in enumerate(groups) if one == group]
            spots += self._across(texts, which, known, spots)
        if shared:
            spots.sort(key=lambda spot: (spot.text, spot.start))
        return spots

    def _seen(self, document: str, known: Sequence[KnownValues]) -> list[Span]:
        """Return everything known or detected in a document, through every encoding, possibly overlapping."""
        scan = Scan(document)
        spans = list(self._plain(scan, known))
        if (Hint.CODED in scan.seen or Hint.UNUSUAL in scan.seen) and (view := decoded(document)) is not None:
            for span in self._plain(Scan(view.text), known):
                start, end = view.span(span.start, span.end)
                spans.append(Span(start, end, span.datum, span.value, span.common))
        if Hint.LONG_RUN in scan.seen:
            spans += self._in_base64(scan, known)
        return spans

    def _plain(self, scan: Scan, known: Sequence[KnownValues]) -> Iterator[Span]:
        document = scan.text
        for values in known:
            for start, end, index in values.find(document):
                yield Span(start, end, values.datum(index), document[start:end], values.common(index))
        if Hint.EMAIL in scan.seen:
            yield from self._detected(self._email, document)
        for hint, detectors in self._numbers:
            if hint in scan.seen:
                for at, window in scan.windows(hint):
                    for detector in detectors:
                        for span in self._detected(detector, window):
                            yield Span(span.start + at, span.end + at, span.datum, span.value)
        if self._own:
            at = 0
            for text in document.split(BORDER):
                for detector in self._own:
                    for span in self._detected(detector, text):
                        yield Span(span.start + at, span.end + at, span.datum, span.value)
                at += len(text) + 1

    def _detected(self, detector: Detector, text: str) -> Iterator[Span]:
        spans: list[Span] = []
        try:
            findings = list(detector.detect(text))
            spans = [
                Span(f.start, f.end, Datum.detected(f), text[f.start : f.end]) for f in findings if _sound(f, text)
            ]
            failed = (
                ""
                if len(spans) == len(findings)
                else say("reported a span that is not one", "un intervalle impossible")
            )
        except GovaiError:
            raise
        except Exception as error:  # noqa: BLE001 -- whatever it raised: the text was not looked at, so nothing leaves
            failed = type(error).__name__
        if failed:
            raise PolicyError(
                say(
                    f"detector {type(detector).__name__} failed ({failed})",
                    f"échec du détecteur {type(detector).__name__} ({failed})",
                ),
                where="detectors=",
                todo=say("mend or remove it; nothing left", "réparez-le ou retirez-le ; rien n'est parti"),
            )
        yield from spans

    def _in_base64(self, scan: Scan, known: Sequence[KnownValues]) -> Iterator[Span]:
        for at, window in scan.windows(Hint.LONG_RUN):
            for start, end, inner in base64_runs(window):
                inside = list(self._plain(Scan(inner), known))
                if inside:
                    worst = max(inside, key=lambda s: (s.datum.sensitivity, s.datum.seen))
                    yield Span(start + at, end + at, worst.datum, inner, worst.common)

    def _sealed(self, document: str, sealed: SealedReader | None) -> Iterator[Span]:
        if sealed is None or sealed.pattern[:3] not in document:
            return
        for start, end, reference in _references(sealed.pattern, document):
            found = sealed.read(reference)
            if found is None:
                raise PolicyError(
                    say(
                        "a sealed reference is dead, cut or altered",
                        "une référence scellée est morte, coupée ou altérée",
                    ),
                    todo=say(
                        "build the prompt again from its row, in this process, and send it unchanged",
                        "reconstruisez le texte à partir de la ligne, dans ce processus, et envoyez-le tel quel",
                    ),
                )
            value, datum = found
            yield Span(start, end, datum, value)

    def _placed(self, document: str, texts: Sequence[str], spans: Iterable[Span]) -> list[Spot]:
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

    def _across(
        self, texts: Sequence[str], which: list[int], known: Sequence[KnownValues], spots: list[Spot]
    ) -> list[Spot]:
        """Return values that stand in several texts of a message only when these are joined."""
        taken = {(spot.text, at) for spot in spots for at in range(spot.start, spot.end)}
        found: list[Spot] = []
        for glue in ("", " "):
            joined = glue.join(texts[at] for at in which)
            starts, at = [], 0
            for one in which:
                starts.append(at)
                at += len(texts[one]) + len(glue)
            for span in settled(self._plain(Scan(joined), known), joined):
                pieces = _pieces(span, starts, [len(texts[one]) for one in which])
                if len(pieces) < 2:  # noqa: PLR2004 -- it stands in one text and was found there
                    continue
                places = [(which[number], start, end) for number, start, end in pieces]
                if any((text, at) in taken for text, start, end in places for at in range(start, end)):
                    continue
                for number, (text, start, end) in enumerate(places):
                    found.append(Spot(text, start, end, span.datum, span.value, span.common, continued=number > 0))
                    taken.update((text, at) for at in range(start, end))
        return found


def _pieces(span: Span, starts: list[int], sizes: list[int]) -> list[tuple[int, int, int]]:
    pieces = []
    for number, (start, size) in enumerate(zip(starts, sizes, strict=True)):
        a, b = max(span.start - start, 0), min(span.end - start, size)
        if a < b:
            pieces.append((number, a, b))
    return pieces


def _sound(finding: Finding, text: str) -> bool:
    return 0 <= finding.start < finding.end <= len(text)


def _references(pattern: str, document: str) -> Iterator[tuple[int, int, str]]:
    """Yield what is or was a reference: its prefix with whatever letters and digits follow."""
    whole = re.compile(pattern)
    for found in re.finditer(re.escape(pattern[:3]) + r"[A-Z2-7]{4,}", document):
        exact = whole.match(found.group())
        yield (
            found.start(),
            found.start() + (exact.end() if exact else len(found.group())),
            exact.group() if exact else "",
        )
