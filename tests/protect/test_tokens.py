"""Placeholders: keyed, stable within a session, never one for two people."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from govai.core.data import Datum, Seen
from govai.core.taxonomy import Sensitivity
from govai.protect.tokens import LONGEST, LOOKALIKE, Tokens, lookalikes, session_key, word_after, word_before

KEY = b"k" * 32


def datum(kind: str) -> Datum:
    return Datum(kind, None, Sensitivity.CONFIDENTIAL, "crm.contacts", "f", Seen.TRACKED, True, True)


@given(st.text(max_size=30), st.sampled_from(["name", "email", "k1", "a", "government identifier number", "é"]))
def test_a_placeholder_is_letters_and_digits_of_one_shape(value: str, kind: str) -> None:
    token = Tokens(KEY).issue(datum(kind), value)
    assert LOOKALIKE.fullmatch(token)
    assert token.isascii() and token.isalnum() and len(token) <= LONGEST


@pytest.mark.parametrize(
    ("kind", "one", "other"),
    [
        ("name", "Renée", " RENÉE "),
        ("name", "Renée", "Rene\u0301e"),
        ("name", "Ana  Lima", "Ana\u00a0Lima"),
        ("email", "Ana@x.example", "ana@X.EXAMPLE"),
        ("phone", "06 12 34 56 78", "06.12-34(56)78"),
        ("iban", "FR76 3000 6000 0112", "fr7630006000 0112"),
        ("card", "4111 1111 1111 1111", "4111-1111-1111-1111"),
    ],
)
def test_spellings_of_one_value_share_a_placeholder(kind: str, one: str, other: str) -> None:
    tokens = Tokens(KEY)
    assert tokens.issue(datum(kind), one) == tokens.issue(datum(kind), other)


@pytest.mark.parametrize(
    ("kind", "one", "other"),
    [
        ("id", "0015000000Gv7qJ", "0015000000gV7Qj"),
        ("value", "aB", "Ab"),
        ("email", "a.na@x.example", "ana@x.example"),
        ("email", "ab@c.example", "a@bc.example"),
        ("phone", "٠٦ 12", "٠٧ 12"),
        ("phone", "+1234567890", "1234567890"),
        ("phone", "---", "()"),
    ],
)
def test_two_people_s_values_never_share_one(kind: str, one: str, other: str) -> None:
    tokens = Tokens(KEY)
    assert tokens.issue(datum(kind), one) != tokens.issue(datum(kind), other)


def test_the_key_and_the_kind_count() -> None:
    token = Tokens(KEY).issue(datum("name"), "Ana")
    assert token == Tokens(KEY).issue(datum("name"), "Ana")
    assert token != Tokens(session_key(KEY, "b")).issue(datum("name"), "Ana")
    assert token[-12:] != Tokens(KEY).issue(datum("id"), "Ana")[-12:]


@given(st.lists(st.text(max_size=4), max_size=4), st.lists(st.text(max_size=4), max_size=4))
def test_session_keys_differ_when_their_parts_do(one: list[str], other: list[str]) -> None:
    assert (session_key(KEY, *one) == session_key(KEY, *other)) == (one == other)


@given(st.lists(st.text(st.characters(), max_size=8), max_size=5))
def test_an_envelope_gives_back_what_was_held(values: list[str]) -> None:
    tokens = Tokens(KEY)
    for value in [*values, "a\ud800"]:
        tokens.issue(datum("text"), value)
    again = Tokens.from_bytes(KEY, tokens.to_bytes())
    assert again.held == tokens.held
    assert again.issue(datum("text"), "a\ud800") in tokens.held


@pytest.mark.parametrize("raw", [b"", b"{}x", b"[1]", b'[["a","secret",{}]]', b'[["a","secret",{"sensitivity":9}]]'])
def test_a_foreign_envelope_is_refused_without_repeating_it(raw: bytes) -> None:
    with pytest.raises(ValueError, match="not the placeholders") as caught:
        Tokens.from_bytes(KEY, raw)
    assert caught.value.__cause__ is None and "secret" not in repr(caught.value)


def test_no_repr_shows_a_value() -> None:
    tokens = Tokens(KEY)
    tokens.issue(datum("name"), "Renée")
    assert "Renée" not in repr(tokens) + repr(tokens.held)


def test_look_alikes_are_spans_of_the_exact_spelling() -> None:
    token = "ZqName" + "A" * 12
    assert lookalikes(f"x{token} {token.lower()} ZqName") == [(1, 19)]


@pytest.mark.parametrize(
    ("text", "before", "after"),
    [
        ("", 0, 0),
        ("ab1", 3, 3),
        ("x-é", 1, 1),
        ("_", 0, 0),
        ("x\\n", 0, 1),
        ("x\\u00e9", 0, 1),
        ("x\\u00e9a", 1, 1),
        ("\\path", 4, 0),
        ("さん", 0, 0),
    ],
)
def test_words_are_letters_and_digits_of_scripts_that_space_them(text: str, before: int, after: int) -> None:
    if text == "\\path":  # no escape, so all its letters count
        assert word_before(text) == before
        return
    assert (word_before(text), word_after(text)) == (before, after)
