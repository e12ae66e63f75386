"""Columns: never looser than a careful reader of real tables about who is personal, and what the value proves counts."""

from __future__ import annotations

import csv
import json

import pytest

import govai
from govai.core.taxonomy import Sensitivity
from govai.detect.columns import classify

# Where the defaults of the taxonomy itself are milder than that reader: age, gender, household, what was bought and paid.
MILDER = ("demographic.", "financial.payment_method", "financial.billing", "sales.opportunity")


def test_real_tables_are_read_no_looser_than_by_a_person(shared) -> None:
    labels = json.loads((shared / "data/columns.json").read_text(encoding="utf-8"))
    looser, impersonal, seen = [], [], 0
    for table, columns in labels.items():
        path = shared / "data/marketing" / table
        if not path.is_file() or path.suffix != ".csv":
            continue
        with open(path, encoding="utf-8-sig") as file:
            sample = file.readline()
            file.seek(0)
            rows = csv.DictReader(file, delimiter=";" if sample.count(";") > 3 else ",")
            row = next(iter(rows))
        tags = classify(row)
        for name, label in columns.items():
            if name not in tags:
                continue
            seen += 1
            if tags[name].level < Sensitivity.parse(label["level"]) and not label["category"].startswith(MILDER):
                looser.append((table, name))
            if label["personal"] and not tags[name].personal:
                impersonal.append((table, name))
    assert seen > 250 and impersonal == []
    assert looser == [("womens_reviews/womens_clothing_reviews.csv", "Title")]  # of a review, or of a person: no one can tell


@pytest.mark.parametrize(("header", "value", "category"), [
    ("BirthDate", "", "user.demographic.date_of_birth"), ("date de naissance", "", "user.demographic.date_of_birth"), ("Marital_Status", "Single", "user.demographic.profile"), ("phone type", "mobile", "user.contact.phone_number"),
    ("city", "ana@exemple.fr", "user.contact.email"), ("NIR", "06 12 34 56 78", "user.government_id.national_identification_number"), ("allergies", "ana@exemple.fr", "user.health_and_medical"),
    ("enfant_age", 7, "user.childrens"), ("age_enfant_1", 9, "user.childrens"), ("child_age", "7", "user.childrens"), ("Age enfant", "7", "user.childrens"), ("Âge des enfants", "7", "user.childrens"),
    ("mineur", "1", "user.childrens"), ("is_minor", True, "user.childrens"), ("enfants", "Zoé", "user.childrens"), ("prenom_enfant", "Zoé", "user.childrens"), ("enfant", 7, "user.childrens"), ("nb_enfants", "Zoé, 7 ans", "user.childrens"),
    ("genre", "F", "user.demographic.gender"), ("Genre", "Femme", "user.demographic.gender"), ("enceinte", "oui", "user.health_and_medical"), ("groupe_sanguin", "AB+", "user.health_and_medical"),
    ("bmi", 27.5, "user.health_and_medical"), ("régime_alimentaire", "sans gluten", "user.health_and_medical"),
])
def test_the_stricter_reading_counts(header: str, value: object, category: str) -> None:
    assert classify({header: value})[header].category == category


@pytest.mark.parametrize(("header", "value"), [
    ("nb_enfants", 2), ("nb enfants", "2"), ("Nombre d'enfants", "0"), ("children_count", 1.0), ("number of kids", "3"), ("Kidhome", "1"), ("Teenhome", ""), ("Dependents", "Yes"), ("has_children", False), ("enfants", "2"),
])
def test_how_many_children_or_whether_is_about_the_household(header: str, value: object) -> None:
    assert classify({header: value})[header].category == "user.demographic"


@pytest.mark.parametrize(("header", "value"), [("enfant_age", 7), ("mineur", "1"), ("enceinte", "oui")])
def test_what_is_about_a_child_or_health_never_leaves(header: str, value: object) -> None:
    with govai.Governor(ledger=":memory:") as gov, pytest.raises(govai.Blocked):
        gov.generate("offline:demo", f"Pour un foyer : {{{header}}}", data={header: value}, purpose="win_back")
