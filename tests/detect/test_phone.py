"""Phone numbers: the spellings people use, and the dates, references and service numbers that are none."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from govai.detect.numbering import is_international, is_international_line, is_line, is_number
from govai.detect.phone import Phone


def found(text: str) -> list[str]:
    return [text[f.start : f.end] for f in Phone().detect(text)]


@pytest.mark.parametrize("number", [
    "06 12 34 56 78", "0612345678", "06.12.34.56.78", "06-12-34-56-78", "06/12/34/56/78", "06 - 12 - 34 - 56 - 78", "06\u00a012\u202f34\u200956 78", "(0)6 12 34 56 78", "06 39 98 41 27", "0612 34 56 78", "06 12 345 678",
    "+33 6 12 34 56 78", "+33612345678", "+33 (0)6 12 34 56 78", "(+33) 6 12 34 56 78", "+33(0)612345678", "0033 6 12 34 56 78", "0033612345678", "33612345678",
    "+44 20 7946 0958", "020 7946 0958", "+48 22 123 45 67", "0470/12.34.56", "079 123 45 67", "+1 212 555 2368", "(212) 555-2368", "212-555-2368", "212.555.2368", "1-212-555-2368", "+1 (212) 555-2368",
])
@pytest.mark.parametrize(("before", "after"), [("", ""), ("tél. ", "."), ("(", ")"), ("tel:", " demain"), ("au ", ", merci")])
def test_numbers_are_found_exactly(before: str, number: str, after: str) -> None:
    if before == "(" and number.startswith("("):
        return
    (one,) = found(before + number + after)
    assert one.strip("()") == number.strip("()") and one in before + number + after


@pytest.mark.parametrize("text", [
    "01/02/2024", "01/02/2024 15 h", "01.02.2024 1530", "02/2024 1530", "2024-01-15 10:30:22", "10.02.34.56.78", "n° 123456789", "12 345 678 901 €", "1 85 06 75 116 123 45", "2 02 01 67 474 511 59", "EAN 3017620422003",
    "0805 04 47 72", "+33 805 04 47 72", "W0612345678X", "v06.12", "0123456", "99 99 99 99 99", "+0 12 34 56 78", "SKU 455-765-7912",
])
def test_what_only_looks_like_one_is_left(text: str) -> None:
    assert found(text) == []


@pytest.mark.parametrize(("text", "numbers"), [
    ("06 12 34 56 78 07 11 22 33 44", ["06 12 34 56 78", "07 11 22 33 44"]), ("0612345678/0711223344", ["0612345678", "0711223344"]), ("+33 6 12 34 56 78 06 11 22 33 44", ["+33 6 12 34 56 78", "06 11 22 33 44"]),
    ("+33612345678 12", ["+33612345678"]),
])
def test_lists_are_taken_apart(text: str, numbers: list[str]) -> None:
    assert found(text) == numbers


@given(st.from_regex(r"0[1-79][0-9]{8}", fullmatch=True), st.sampled_from(["", " ", ".", "-", "\u00a0", "\u202f", " - "]))
def test_every_french_line_in_pairs_is_one(digits: str, separator: str) -> None:
    number = separator.join(digits[at : at + 2] for at in range(0, 10, 2))
    if separator in {".", "-"} and digits[4:6] in {"19", "20"} and digits[2:4] <= "12" and digits[2:4] != "00":
        return  # a date to any reader
    if separator in {" ", ""} and digits[4:6] in {"19", "20"}:
        return
    assert found(f"au {number}.") == [number]


def test_plans_tell_lines_from_forms_and_services() -> None:
    assert is_line("0612345678", "FR") and not is_line("0639984127", "FR") and is_number("0639984127", "FR")
    assert not is_number("0805044772", "FR") and not is_number("612345678", "FR") and not is_line("0612345678", "ZZ")
    assert is_international_line("33612345678") and is_international("33639984127") and not is_international("33805044772") and not is_international("99912345678")
