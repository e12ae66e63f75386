"""Places: bounded memory, and the pieces' boundaries make no difference."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from govai.protect.destinations import Place

SCRAP = st.sampled_from(
    ["<", ">", "'", '"', "(", ")", "[", "]", ":", "\\", "\n", "\r", " ", "=", "a", "url", "//", "www.", "script", "/", "é"]
)


def place(*texts: str) -> Place:
    here = Place()
    for text in texts:
        here.read(text)
    return here


@given(st.lists(SCRAP, max_size=25))
def test_pieces_make_no_difference(pieces: list[str]) -> None:
    assert place(*pieces).forbids() == place("".join(pieces)).forbids() == place(*"".join(pieces)).forbids()


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", None),
        ("https://a/", "url"),
        ("[x](", "link-target"),
        ("[x]: ", "link-target"),
        ("<a ", "attribute"),
        ("<", "attribute"),
        ("<script>", "script"),
        ("<a>", None),
        ("a < b", None),
    ],
)
def test_the_reason_is_named(text: str, why: str | None) -> None:
    assert place(text).forbids() == why


@pytest.mark.parametrize(
    ("text", "why"),
    [("https://" + "a" * 50_000, "url"), ("<a " + "b" * 50_000, "attribute"), ("[x](" + "c" * 50_000, "link-target")],
)
def test_a_long_text_keeps_its_place_in_little_memory(text: str, why: str) -> None:
    here = place(*(text[at : at + 1000] for at in range(0, len(text), 1000)))
    assert here.forbids() == why
    kept = [getattr(here, name) for name in Place.__slots__]
    assert sum(len(item) for item in kept if isinstance(item, str)) < 8000


def test_markup_is_asked_apart_from_addresses() -> None:
    assert place("https://a/").forbids_markup() is None
    assert place("<a https://a/").forbids() == "url"
    assert place("<a https://a/").forbids_markup() == "attribute"
