"""The scan never says no where there is something: every built-in detector finds nothing in what it clears."""

from __future__ import annotations

import base64
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from govai.detect.builtin import built_in
from govai.detect.card import Card
from govai.detect.email import Email
from govai.detect.iban import Iban
from govai.detect.phone import Phone
from govai.detect.runs import base64_runs
from govai.detect.scan import scan
from govai.detect.views import decoded

DIGITS = st.text("0123456789 .-/()+\u00a0\u202faéFR", max_size=40)
CODED = st.text("%4&#;aé\\nu0AF\u200b\u0301ａ٣\ue000", max_size=30)


@given(DIGITS)
def test_what_is_cleared_holds_no_number(text: str) -> None:
    hints = scan(text)
    assert hints.number or not [*Phone().detect(text), *Card().detect(text)]
    assert hints.iban or not [*Iban().detect(text)]


@given(DIGITS, st.sampled_from(["06 12 34 56 78", "+33 6 12 34 56 78", "4111 1111 1111 1111", "FR76 3000 6000 0112 3456 7890 189", "(212) 555-2368"]), DIGITS)
def test_together_they_cover_what_each_finds_alone(before: str, value: str, after: str) -> None:
    text = f"{before} {value} {after}"
    covered = {at for span in built_in(text, scan(text)) for at in range(span.start, span.end)}
    for detector in (Iban(), Card()):
        for one in detector.detect(text):
            assert set(range(one.start, one.end)) <= covered


@given(CODED)
def test_what_is_cleared_holds_nothing_coded(text: str) -> None:
    assert scan(text).coded or decoded(text) is None


@given(st.text(min_size=9, max_size=40), st.sampled_from([base64.b64encode, base64.urlsafe_b64encode]))
def test_what_is_cleared_holds_no_words_in_base64(text: str, encode) -> None:
    packed = f"x {encode(text.encode()).decode()} y"
    if any(char.islower() for char in text) and sum(char.isalpha() for char in text) > 8:  # words, not marks
        assert scan(packed).packed or not [*base64_runs(packed)]


@pytest.mark.parametrize("size", [10_000, 1_000_000])
def test_a_long_text_is_seen_to_its_end(size: int) -> None:
    dice = random.Random(3)
    prose = "".join(chr(dice.choice([32, 97, 101, 110, 233, 8217, 128512])) for _ in range(size))
    assert not any(scan(prose))
    for planted, hint in (("06 12 34 56 78", "number"), ("FR7630006000011234567890189", "iban"), ("ana&#64;x", "coded"), ("YW5hQGV4ZW1wbGUuZnI", "packed"), ("a@b", "at")):
        assert getattr(scan(f"{prose} {planted}"), hint)


def test_halves_of_surrogate_pairs_do_not_stop_it() -> None:
    assert Email and scan("\ud800 06 12 34 56 78").number
