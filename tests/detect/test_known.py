"""Known values: exact but for case, accents and spaces; whole words; the strictest of equals; built once."""

from __future__ import annotations

import pickle
import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from govai.core.data import Datum, Seen, Tracked
from govai.core.taxonomy import Sensitivity
from govai.detect.folding import folded, folded_text
from govai.detect.known import KnownValues, _Kept, known_values

ANY = st.text(st.characters(exclude_categories=["Cs"]), max_size=60)
WORDS = st.from_regex(r"[A-Za-zÀ-ÖØ-öø-ÿŒœŠšĀ-ſа-я]{3,12}( [A-Za-zÀ-öø-ÿ'’-]{3,9}[a-z])?", fullmatch=True)


def tracked(value: str, sensitivity: Sensitivity = Sensitivity.CONFIDENTIAL, kind: str = "name") -> Tracked:
    return Tracked(value, Datum(kind, "user.name", sensitivity, seen=Seen.TRACKED))


def found(text: str, *values: str) -> list[str]:
    return [text[f.start : f.end] for f in KnownValues([tracked(v) for v in values]).find(text)]


@given(ANY)
def test_folding_keeps_places(text: str) -> None:
    assert len(folded(text)) == len(folded_text(text)) == len(text)


@given(st.text(st.characters(exclude_categories=["Cs"], max_codepoint=0x2FF), max_size=60))
def test_both_foldings_agree_where_both_can_tell(text: str) -> None:
    for byte, char, original in zip(folded(text), folded_text(text), text, strict=True):
        if char < "\x80" and byte != 0x1A and not "\x80" <= original < "\xa0":
            assert chr(byte) == char


@given(WORDS, ANY, ANY, st.sampled_from([str, str.upper, str.lower, str.title, lambda v: v.replace(" ", "  \n"), lambda v: v.replace(" ", "\u00a0")]))
def test_a_planted_value_is_found_and_covered(value: str, before: str, after: str, written) -> None:
    shown = written(value)
    if len(shown) < len(value):
        return
    text = f"{before} {shown} {after}"
    start = len(before) + 1
    assert any(f.start <= start and f.end >= start + len(shown) for f in KnownValues([tracked(value)]).find(text))


@given(ANY, st.lists(WORDS, max_size=5))
def test_what_is_found_is_the_value_and_stands_alone(text: str, values: list[str]) -> None:
    text = " ".join([text, *values, text])
    known = KnownValues([tracked(v) for v in values])
    for one in known.find(text):
        assert 0 <= one.start < one.end <= len(text)
        assert not (one.start and text[one.start - 1].isalnum() and text[one.start].isalnum())
        assert not (one.end < len(text) and text[one.end].isalnum() and text[one.end - 1].isalnum())


@pytest.mark.parametrize(("value", "text", "expected"), [
    ("Leboeuf", "Lebœuf et LEBOEUF", ["Lebœuf", "LEBOEUF"]), ("Lebœuf", "leboeuf", ["leboeuf"]), ("Strauß", "STRAUSS", ["STRAUSS"]), ("O'Neil", "O’Neil", ["O’Neil"]), ("L’Haÿ", "l'hay", ["l'hay"]), ("Дмитрий Ёлкин", "дмитрий елкин", ["дмитрий елкин"]),
    ("田中", "田中さん", ["田中"]), ("김철수", "김철수씨", ["김철수"]), ("10 m²", "10 m² ici", ["10 m²"]), ("ＡＮＡ", "ana", ["ana"]), ("AB-123456", "xAB-123456y", ["AB-123456"]), ("Ana", "Ana_x -Ana- Analyse", ["Ana", "Ana"]), ("12", "12 123 x12", ["12"]),
    ("Ŵilliam", "william", ["william"]), ("Jean Dupont", "Jean\n\n  Dupont", ["Jean\n\n  Dupont"]), ("Jean Dupont", "JeanDupont Jean Dupontel", []), ("  ", "   ", []), ("", "x", []), ("a\x1fb", "a b", ["a b"]),
])
def test_spellings(value: str, text: str, expected: list[str]) -> None:
    assert found(text, value) == expected


def test_of_equal_values_the_most_sensitive_counts() -> None:
    values = [tracked("Renée"), tracked("RENEE", Sensitivity.RESTRICTED, "patient"), tracked("renée", Sensitivity.INTERNAL)]
    for order in (values, values[::-1]):
        known = KnownValues(order)
        assert {known.datum(f.which).kind for f in known.find("renee")} == {"patient"}


@pytest.mark.parametrize(("value", "common"), [("la", True), ("Li", True), ("123", True), ("1234", False), ("pour", True), ("Ana", False), ("田", False), ("avec Ana", False)])
def test_common_values_are_marked(value: str, common: bool) -> None:
    (one,) = KnownValues([tracked(value)]).find(f"x {value} y")
    assert one.common is common


def test_values_are_hidden_and_sets_are_kept() -> None:
    values = (tracked("Renée Crémieux"), tracked("12345678"))
    assert "Renée" not in repr(KnownValues(values)) and len(KnownValues(values)) == 2
    assert known_values(values) is known_values(values) is known_values(tuple(pickle.loads(pickle.dumps(values))))
    assert known_values(values) is not known_values((*values, tracked("x")))
    stricter = (tracked("Renée Crémieux", Sensitivity.RESTRICTED), values[1])
    assert {known_values(stricter).datum(f.which).sensitivity for f in known_values(stricter).find("Renée Crémieux")} == {Sensitivity.RESTRICTED}


def test_no_more_sets_are_kept_than_said() -> None:
    kept = _Kept(sets=3, values=10)
    sets = [tuple(tracked(f"v{n}{i}") for i in range(3)) for n in range(9)]
    for one in sets:
        assert kept.get(one) is kept.get(one)
    assert len(kept._kept) == len(kept._same) == 3 and kept._size == 9
    large = tuple(tracked(f"w{n}") for n in range(50))
    assert kept.get(large) is kept.get(large) and len(kept._kept) == 1 and kept._size == 50


def test_threads_share_one_set() -> None:
    values = tuple(tracked(f"Nom{n:04}") for n in range(500))
    text = " ".join(v.value for v in values)
    counts: list[int] = []
    threads = [threading.Thread(target=lambda: counts.append(sum(1 for _ in known_values(values).find(text)))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert counts == [500] * 8
