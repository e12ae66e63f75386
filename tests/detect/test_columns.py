"""Columns: never looser than a careful reader of real tables about who is personal, and what the value proves counts."""

from __future__ import annotations

import csv
import json

import pytest

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
])
def test_the_stricter_reading_counts(header: str, value: str, category: str) -> None:
    assert classify({header: value})[header].category == category
