"""Card numbers: issuer, length and Luhn digit, in every grouping."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from stdnum import luhn

from govai.detect.card import Card


def found(text: str) -> list[str]:
    return [text[f.start : f.end] for f in Card().detect(text)]


@pytest.mark.parametrize("number", ["4111 1111 1111 1111", "4111111111111111", "5500-0000-0000-0004", "3400 0000 0000 009", "3782 822463 10005", "6011 0000 0000 0004", "3530.1113.3330.0000", "4111\u00a01111\u00a01111\u00a01111", "4222222222222", "6759649826438453", "2221000000000009"])
@pytest.mark.parametrize(("before", "after"), [("", ""), ("carte ", "."), ("CB:", ", exp. 12/27"), ("(", ")"), ("_", " 12/27 123"), ("", " 123")])
def test_cards_are_found_exactly(before: str, number: str, after: str) -> None:
    assert found(before + number + after) == [number]


@given(st.from_regex(r"4[0-9]{14}", fullmatch=True), st.sampled_from(["", " ", "-"]))
def test_the_check_digit_decides(start: str, separator: str) -> None:
    right = luhn.calc_check_digit(start)
    for digit in "0123456789":
        number = start + digit
        written = separator.join(number[at : at + 4] for at in range(0, 16, 4))
        assert found(f"payé avec {written}.") == ([written] if digit == right else [])


@pytest.mark.parametrize("text", ["4111 1111 1111 1112", "1234567890123452", "1 30 04 97 443 301 85", "**** **** **** 1111", "x4111111111111111", "41111111111111110000000", "1,4111111111111111", "2024 0115 1030 2231"])
def test_what_only_looks_like_one_is_left(text: str) -> None:
    assert found(text) == []
