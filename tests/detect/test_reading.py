"""References: alive ones are read, whatever else looks like one refuses the call."""

from __future__ import annotations

import pytest

from govai.core.data import Datum, Seen
from govai.core.errors import PolicyError
from govai.core.taxonomy import Sensitivity
from govai.detect.look import Lookout
from govai.detect.reading import SealedReader

ALIVE = "gvRABCDEFGHIJKLMNOPQRST"
DATUM = Datum("name", "user.name.first", Sensitivity.CONFIDENTIAL, seen=Seen.SEALED)
READER = SealedReader(r"gvR[A-Z2-7]{20}", {ALIVE: ("Renée", DATUM)}.get and (lambda ref: ("Renée", DATUM) if ref == ALIVE else None))


@pytest.mark.parametrize(("before", "after"), [("", ""), ("chère ", ","), ("x", "Y"), ("%20", "%20"), ("\\n", "\\n"), ("", "2345")])
def test_a_reference_is_read_wherever_it_stands(before: str, after: str) -> None:
    (spot,) = Lookout().look([before + ALIVE + after], [-1], (), READER)
    assert (spot.start, spot.end, spot.value, spot.datum) == (len(before), len(before) + len(ALIVE), "Renée", DATUM)
    assert "Renée" not in repr(spot)


@pytest.mark.parametrize("text", [ALIVE[:-1] + "A", ALIVE[:-1], ALIVE[:9], ALIVE.lower(), ALIVE.upper(), ALIVE.capitalize(), f"{ALIVE} {ALIVE[:12]}"])
def test_a_dead_cut_or_altered_one_refuses(text: str) -> None:
    with pytest.raises(PolicyError, match="no longer known"):
        Lookout().look([f"chère {text}."], [-1], (), READER)


@pytest.mark.parametrize("text", ["gvR", "gvRAB", "le gvR est", "GVR 12"])
def test_what_was_never_one_is_left(text: str) -> None:
    assert Lookout().look([text], [-1], (), READER) == []
