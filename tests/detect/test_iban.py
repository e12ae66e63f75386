"""IBANs: structure and check digits, in every grouping, among words."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from stdnum import iban as registry

from govai.detect.iban import Iban

VALID = ["FR7630006000011234567890189", "DE89370400440532013000", "GB29NWBK60161331926819", "NO9386011117947", "BE68539007547034", "CH9300762011623852957", "MT84MALT011000012345MTLCAST001S", "FR1420041010050500013M02606"]


def found(text: str) -> list[str]:
    return [text[f.start : f.end] for f in Iban().detect(text)]


@pytest.mark.parametrize("compact", VALID)
@pytest.mark.parametrize("grouped", [str, str.lower, lambda v: " ".join(v[at : at + 4] for at in range(0, len(v), 4)), lambda v: "-".join(v[at : at + 4] for at in range(0, len(v), 4)), lambda v: "\u00a0".join(v[at : at + 4] for at in range(0, len(v), 4))])
@pytest.mark.parametrize(("before", "after"), [("", ""), ("IBAN: ", " merci de payer"), ("(", ")"), ("sur ", "."), ("x=", ";")])
def test_ibans_are_found_exactly(compact: str, grouped, before: str, after: str) -> None:
    written = grouped(compact)
    assert found(before + written + after) == [written]


@given(st.sampled_from(VALID), st.integers(4, 14), st.sampled_from("0123456789"))
def test_one_wrong_digit_and_it_is_none(compact: str, at: int, digit: str) -> None:
    wrong = compact[:at] + digit + compact[at + 1 :]
    assert found(f"compte {wrong} fin") == ([wrong] if registry.is_valid(wrong, check_country=False) else [])


@pytest.mark.parametrize("text", ["AB12 nous avons vu trois clients", "ZZ7630006000011234567890189", "XFR7630006000011234567890189", "FR76300060000112345678901890", "FR76", "EN 2024 12345678901234567"])
def test_what_only_looks_like_one_is_left(text: str) -> None:
    assert found(text) == []
