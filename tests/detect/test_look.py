"""Looking: values are found alone, joined, and through the encodings they may be in; spans cover them exactly."""

from __future__ import annotations

import base64
import html
import json
import unicodedata
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

import govai
from govai.core.data import Datum, Finding, Seen, Tracked
from govai.core.errors import PolicyError
from govai.core.taxonomy import Sensitivity
from govai.detect.columns import classify
from govai.detect.known import KnownValues
from govai.detect.look import Lookout

LOOKOUT = Lookout()
PROSE = st.text(st.characters(categories=["Lu", "Ll", "Zs", "Po"], exclude_characters="@%&\\"), max_size=40)
VALUES = {
    "email": ["ana@exemple.fr", "Renée.O'Neil+x@sub.exemple.co.uk", "josé@exämple.com"],
    "phone": ["06 12 34 56 78", "0612345678", "06.12.34.56.78", "06-12-34-56-78", "+33 6 12 34 56 78", "+33 (0)6 12 34 56 78", "0033 6 12 34 56 78", "+44 20 7946 0958", "(212) 555-2368", "06\u00a012\u00a034\u00a056\u00a078", "+48 22 123 45 67"],
    "iban": ["FR76 3000 6000 0112 3456 7890 189", "FR7630006000011234567890189", "fr76 3000 6000 0112 3456 7890 189", "DE89370400440532013000", "GB29 NWBK 6016 1331 9268 19", "NO93 8601 1117 947"],
    "card": ["4111 1111 1111 1111", "4111111111111111", "5500-0000-0000-0004", "3400 0000 0000 009"],
}
PAIRS = [(kind, value) for kind, values in VALUES.items() for value in values]
NOTHING = ["2024-01-15 10:30", "01/02/2024", "12 345 678 901 €", "n° 123456789", "4111 1111 1111 1112", "FR76 3000 6000 0112 3456 7890 188", "v1.2.3", "a @ b", "@handle", "10.0.0.1", "00:11:22:33:44", "1234567890123"]


def tracked(*values: str, sensitivity: Sensitivity = Sensitivity.CONFIDENTIAL) -> list[KnownValues]:
    return [KnownValues([Tracked(v, Datum("name", "user.name", sensitivity, seen=Seen.TRACKED)) for v in values])]


def kinds(text: str) -> list[str]:
    return [spot.datum.kind for spot in LOOKOUT.look([text], [-1])]


@pytest.mark.parametrize(("kind", "value"), PAIRS)
def test_built_in_detectors_find_each_spelling_exactly(kind: str, value: str) -> None:
    text = f"Note : {value}, merci."
    (spot,) = LOOKOUT.look([text], [-1])
    assert (spot.datum.kind, text[spot.start : spot.end]) == (kind, value)


@pytest.mark.parametrize("text", NOTHING)
def test_look_alikes_are_left_alone(text: str) -> None:
    assert kinds(text) == []


@given(PROSE, PROSE, st.sampled_from(PAIRS), st.sampled_from([
    lambda v: v, lambda v: quote(v), lambda v: "".join(f"%{b:02X}" for b in v.encode()), lambda v: json.dumps(v)[1:-1], lambda v: "".join(f"\\u{ord(c):04x}" for c in v),
    lambda v: "".join(f"&#{ord(c)};" for c in v), html.escape, lambda v: base64.b64encode(v.encode()).decode(), lambda v: base64.urlsafe_b64encode(v.encode()).decode().rstrip("="),
    lambda v: "\u200b".join(v), lambda v: v.translate({c: c + 0xFEE0 for c in range(0x21, 0x7F)}),
]))
def test_a_planted_value_is_covered_through_every_encoding(before: str, after: str, pair: tuple, encode) -> None:
    value = encode(pair[1])
    text = f"{before} {value} {after}"
    start = len(before) + 1
    covered = {at for spot in LOOKOUT.look([text], [-1]) for at in range(spot.start, spot.end)}
    plain = [at for at in range(start, start + len(value)) if not text[at].isspace() and text[at] not in "=)(\u200b"]
    assert set(plain) <= covered


@given(st.lists(st.text(max_size=30), min_size=1, max_size=4), st.lists(st.sampled_from([v for _, v in PAIRS]), max_size=3), st.data())
def test_spots_are_in_order_never_overlap_and_stay_inside(texts: list[str], values: list[str], data: st.DataObject) -> None:
    for value in values:
        at = data.draw(st.integers(0, len(texts) - 1))
        texts[at] += " " + value + data.draw(st.sampled_from([" ", "", "@", "0"]))
    spots = LOOKOUT.look(texts, [data.draw(st.integers(-1, 1)) for _ in texts], tracked("Ana", "exemple", "12 34"))
    assert [(s.text, s.start) for s in spots] == sorted((s.text, s.start) for s in spots)
    for spot in spots:
        assert 0 <= spot.start < spot.end <= len(texts[spot.text])
    for one, two in zip(spots, spots[1:], strict=False):
        assert one.text < two.text or one.end <= two.start


@pytest.mark.parametrize("written", ["Renée", "RENÉE", "renee", "Rene\u0301e", "Renée", "%52en%C3%A9e", "Ren\\u00e9e", "Ren&eacute;e", "Ren\u00adée"])
def test_known_values_are_found_however_they_are_written(written: str) -> None:
    (spot,) = LOOKOUT.look([f"chère {written}, merci"], [-1], tracked("Renée"))
    assert f"chère {written}, merci"[spot.start : spot.end] == written


@pytest.mark.parametrize(("value", "text"), [("Ana", "Analyse de la banane"), ("12", "123"), ("Jean Dupont", "Jean\u00a0 Dupontel")])
def test_known_values_are_words(value: str, text: str) -> None:
    assert LOOKOUT.look([text], [-1], tracked(value)) == []


@pytest.mark.parametrize("text", ["Jean Dupont", "jean  dupont", "Jean\nDupont", "JEAN\u00a0DUPONT", "Jean\\nDupont"])
def test_spaces_are_spaces(text: str) -> None:
    (spot,) = LOOKOUT.look([f"({text})"], [-1], tracked("Jean Dupont"))
    assert (spot.start, spot.end) == (1, 1 + len(text))


def test_common_values_are_marked() -> None:
    spots = LOOKOUT.look(["a la fin, Li et Renée"], [-1], tracked("la", "Li", "Renée"))
    assert [(s.value, s.common) for s in spots] == [("la", True), ("Li", True), ("Renée", False)]


def test_a_value_split_over_the_parts_of_a_message_is_found() -> None:
    spots = LOOKOUT.look(["appelle le 06 12 34", " 56 78 demain", "autre"], [0, 0, 1])
    assert [(s.text, s.continued) for s in spots] == [(0, False), (1, True)]
    assert LOOKOUT.look(["appelle le 06 12 34", " 56 78 demain"], [0, 1]) == []
    spots = LOOKOUT.look(["chère Jean", "Dupont merci"], [3, 3], tracked("Jean Dupont"))
    assert [(s.text, s.start, s.end) for s in spots] == [(0, 6, 10), (1, 0, 6)]


def test_the_stronger_finding_wins_and_the_rest_stays_covered() -> None:
    text = "ana.martin@exemple.fr"
    spots = LOOKOUT.look([text], [-1], tracked("martin"))
    assert [text[s.start : s.end] for s in spots] == ["ana.", "martin", "@exemple.fr"]


class Broken:
    def __init__(self, result: object) -> None:
        self.result = result

    def detect(self, text: str):
        if isinstance(self.result, Exception):
            raise self.result
        return self.result


@pytest.mark.parametrize("result", [ValueError("Renée"), None, [3], [Finding(0, 99, "x", "user.name")], [Finding(2, 1, "x", "user.name")]])
def test_a_detector_that_fails_refuses_the_call(result: object) -> None:
    with pytest.raises(PolicyError, match="Broken failed") as caught:
        Lookout([Broken(result)]).look(["chère Renée"], [-1])
    assert "Renée" not in str(caught.value)


def test_own_patterns_are_added(gov: govai.Governor) -> None:
    lookout = Lookout([govai.Pattern("user.unique_id", r"FID-\d{8}")])
    spots = lookout.look(["x", "carte FID-12345678 et FID-87654321"], [-1, -1])
    assert [(s.text, s.start, s.end, s.datum.kind) for s in spots] == [(1, 6, 18, "id"), (1, 22, 34, "id")]


def test_columns_of_a_real_export(shared) -> None:
    import csv

    with open(shared / "data/marketing/telco_churn/Telco-Customer-Churn.csv", encoding="utf-8-sig") as file:
        row = next(csv.DictReader(file))
    tags = {name: tag.category for name, tag in classify(row).items()}
    assert (tags["customerID"], tags["gender"], tags["Contract"]) == ("user.unique_id", "user.demographic.gender", "user.behavior.purchase_history")


@pytest.mark.parametrize(
    ("header", "value", "category"),
    [("Prénom", "Zoé", "user.name.first"), ("NOM", "Le Goff", "user.name.last"), ("e-mail", "", "user.contact.email"), ("x", "ana@exemple.fr", "user.contact.email"), ("Téléphone portable", "", "user.contact.phone_number"),
     ("champ1", "FR7630006000011234567890189", "user.financial.bank_account"), ("date_naissance", "", "user.demographic.date_of_birth"), ("numéro de sécurité sociale", "", "user.government_id.national_identification_number"),
     ("Santé", "", "user.health_and_medical"), ("mot de passe", "", "user.authorization.password"), ("customer_id", "", "user.unique_id"), ("codePostal", "", "user.contact.address.postal_code"), ("motif de départ", "prix", "user.behavior"), ("zzz", "qqq", None), ("diabétique", "oui", "user.health_and_medical"), ("enfants", "Léo, 7 ans", "user.childrens"), ("enfants", "2", "user.demographic"), ("orientation", "x", "user.demographic.sexual_orientation"), ("Z_CostContact", "3", None)],
)
def test_headers_and_values_tell_what_a_field_is(header: str, value: str, category: str | None) -> None:
    assert classify({header: value})[header].category == category


def test_sentences_are_free_text_and_unknown_is_restricted() -> None:
    tags = classify({"zzz": "Elle préfère être appelée le soir", "yyy": "qq"})
    assert tags["zzz"].free_text and tags["yyy"].level is Sensitivity.RESTRICTED


def test_normal_forms_do_not_hide(gov: govai.Governor) -> None:
    text = unicodedata.normalize("NFD", "chère Renée Crémieux")
    spots = LOOKOUT.look([text], [-1], tracked("Renée Crémieux"))
    assert [unicodedata.normalize("NFC", text[s.start : s.end]) for s in spots] == ["Renée Crémieux"]
