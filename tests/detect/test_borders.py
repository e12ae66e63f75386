"""Borders: a value split anywhere over the texts of a message is found, and no character of it is left."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from govai.core.data import Datum, Seen, Tracked
from govai.core.taxonomy import Sensitivity
from govai.detect.known import KnownValues
from govai.detect.look import Lookout

LOOKOUT = Lookout()
PLAIN = st.text("abcdé .,\n", max_size=30)


def known(*values: str) -> list[KnownValues]:
    return [KnownValues([Tracked(v, Datum("name", "user.name", Sensitivity.CONFIDENTIAL, seen=Seen.TRACKED)) for v in values])]


@given(PLAIN, st.sampled_from(["06 12 34 56 78", "ana.martin@exemple.fr", "FR7630006000011234567890189", "4111 1111 1111 1111", "Renée Crémieux"]), PLAIN, st.data())
def test_a_split_value_is_covered(before: str, value: str, after: str, data: st.DataObject) -> None:
    cut = data.draw(st.integers(1, len(value) - 1))
    texts = [f"{before} {value[:cut]}", f"{value[cut:]} {after}"]
    spots = LOOKOUT.look(texts, [4, 4], known("Renée Crémieux"))
    covered = {(s.text, at) for s in spots for at in range(s.start, s.end)}
    first, size = len(before) + 1, len(texts[0])
    wanted = {(0, at) for at in range(first, size)} | {(1, at) for at in range(len(value) - cut)}
    assert {(t, at) for t, at in wanted if not texts[t][at].isspace()} <= covered


def test_the_first_part_holds_the_value_and_the_rest_is_emptied() -> None:
    spots = LOOKOUT.look(["x ana@exem", "", "ple.fr y"], [0, 0, 0])
    assert [(s.text, s.start, s.end, s.value, s.continued) for s in spots] == [(0, 2, 10, "ana@exemple.fr", False), (2, 0, 6, "ana@exemple.fr", True)]


def test_what_is_found_alone_keeps_its_place_and_the_rest_is_covered() -> None:
    spots = LOOKOUT.look(["chère Jean", "Dupont merci"], [0, 0], known("Jean", "Jean Dupont"))
    assert [(s.text, s.start, s.end, s.value, s.continued) for s in spots] == [(0, 6, 10, "Jean", False), (1, 0, 6, "Dupont", False)]


def test_of_long_texts_the_ends_are_enough() -> None:
    spots = LOOKOUT.look(["a " * 5000 + "06 12 34", "56 78 " + "b " * 5000], [0, 0])
    assert [(s.text, s.start, s.end) for s in spots] == [(0, 10000, 10008), (1, 0, 5)]


@pytest.mark.parametrize(("texts", "groups"), [(["06 12 34", "56 78"], [0, 1]), (["06 12 34", "56 78"], [-1, -1]), (["0", "1", "12", "34", "56", "78", "9"], [0] * 7), ([str(n) for n in range(300)], [0] * 300)])
def test_other_messages_and_lists_of_numbers_are_not_joined(texts: list[str], groups: list[int]) -> None:
    assert LOOKOUT.look(texts, groups) == []
