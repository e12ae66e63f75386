"""Rewriting: what restoring gives back is what was there, and no placeholder can be forged."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from govai.core.data import Datum, Seen
from govai.core.decisions import Effect
from govai.core.taxonomy import Sensitivity
from govai.protect.restoring import Restorer
from govai.protect.rewriting import Cut, rewrite
from govai.protect.tokens import Tokens

KEY = b"k" * 32
NAME = Datum("name", "user.name", Sensitivity.CONFIDENTIAL)
FAKE = "ZqNameAAAAAAAAAAAA"
TEXT = st.text(st.characters(exclude_characters='<>[](){}\\/:@.&`~"'), max_size=40)  # no addresses, no JSON


def kinds(count: int) -> list[Datum]:
    return [Datum("kind" + "abcdefgh"[i], None, Sensitivity.RESTRICTED) for i in range(count)]


@given(TEXT, st.data())
def test_restoring_undoes_rewriting_wherever_the_spans_are(text: str, data: st.DataObject) -> None:
    text = data.draw(st.sampled_from(["", FAKE, f" {FAKE} ", "Zq"])) + text
    bounds = sorted(data.draw(st.lists(st.integers(0, len(text)), max_size=6)))
    spans = [(a, b) for a, b in zip(bounds[::2], bounds[1::2], strict=False) if a < b]
    cuts = [Cut(a, b, kind, text[a:b]) for (a, b), kind in zip(spans, kinds(len(spans)), strict=True)]
    tokens = Tokens(KEY)
    out = rewrite(text, cuts, tokens)
    restorer: Restorer[int] = Restorer(tokens)
    assert restorer.restore_text(out) == text
    assert restorer.incidents == []


@given(TEXT.filter(lambda text: "\\" not in text))
def test_a_look_alike_comes_back_as_it_was(before: str) -> None:
    tokens = Tokens(KEY)
    out = rewrite(f"{before} {FAKE}!", [], tokens)
    assert FAKE not in out
    assert Restorer[int](tokens).restore_text(out) == f"{before} {FAKE}!"


def test_a_look_alike_comes_back_even_inside_a_link() -> None:
    tokens = Tokens(KEY)
    text = f"[x](https://a.example/{FAKE})"
    assert Restorer[int](tokens).restore_text(rewrite(text, [], tokens)) == text


@pytest.mark.parametrize("effect", [Effect.REMOVE, Effect.MASK, Effect.GENERALISE, Effect.ALLOW])
def test_what_is_left_around_a_cut_forges_no_placeholder(effect: Effect) -> None:
    tokens = Tokens(KEY)
    token = tokens.issue(NAME, "Renée")
    forged = "ZqName" + "A" * 6
    datum = Datum("email", "user.contact.email", Sensitivity.CONFIDENTIAL, seen=Seen.SEALED)
    cut = Cut(12, 13, datum, "A", effect)
    out = rewrite(forged + "-" + "A" * 6, [cut], tokens)
    assert "ZqNameA" not in out
    assert token not in out


def test_letters_that_touch_a_value_go_with_it() -> None:
    tokens = Tokens(KEY)
    out = rewrite("xRenée2024, l'Ana", [Cut(1, 6, NAME, "Renée"), Cut(14, 17, NAME, "Ana")], tokens)
    assert [held.value for held in tokens.held.values()] == ["xRenée2024", "Ana"]
    assert Restorer[int](tokens).restore_text(out) == "xRenée2024, l'Ana"


def test_an_escape_before_a_value_stays_an_escape() -> None:
    tokens = Tokens(KEY)
    out = rewrite('{"a":"x\\nAna"}', [Cut(9, 12, NAME, "Ana")], tokens)
    assert out.startswith('{"a":"x\\nZqName')
    assert Restorer[int](tokens).restore_text(out) == '{"a":"x\\nAna"}'


def test_scripts_without_spaces_keep_their_text() -> None:
    tokens = Tokens(KEY)
    out = rewrite("田中さん", [Cut(0, 2, NAME, "田中")], tokens)
    assert out.endswith("さん") and [held.value for held in tokens.held.values()] == ["田中"]
    assert Restorer[int](tokens).restore_text(out) == "田中さん"


def test_a_sealed_value_takes_the_place_of_its_reference_and_the_rest_of_one_is_emptied() -> None:
    sealed = Datum("name", "user.name", Sensitivity.PUBLIC, seen=Seen.SEALED)
    cuts = [Cut(3, 6, sealed, "Ana", Effect.ALLOW), Cut(7, 9, NAME, "", Effect.REMOVE, continued=True)]
    assert rewrite("Hi REF ée!", cuts, Tokens(KEY)) == "Hi Ana !"


def test_a_detected_value_that_is_allowed_stays_as_spelt() -> None:
    assert rewrite("Hi ANA", [Cut(3, 6, NAME, "Ana", Effect.ALLOW)], Tokens(KEY)) == "Hi ANA"


def test_a_cut_s_repr_hides_its_value() -> None:
    assert "Renée" not in repr(Cut(0, 5, NAME, "Renée"))
