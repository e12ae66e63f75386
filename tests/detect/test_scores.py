"""Labelled French notes: every address, phone, IBAN and card, exactly, and none of the look-alikes."""

from __future__ import annotations

import json

from govai.detect.look import Lookout

TYPES = {"EMAIL": "email", "PHONE": "phone", "IBAN": "iban", "CREDIT_CARD": "card"}


def test_every_one_is_found_exactly_and_no_other(shared) -> None:
    lookout = Lookout()
    missed, wrong = [], []
    lines = (shared / "data/pii/fr_marketing.jsonl").read_text(encoding="utf-8").splitlines()
    for line in lines:
        row = json.loads(line)
        gold = {(s["start"], s["end"], TYPES[s["type"]]) for s in row["spans"] if s["type"] in TYPES}
        said = {(s.start, s.end, s.datum.kind) for s in lookout.look([row["text"]], [-1])}
        missed += [(row["id"], *one) for one in gold - said]
        wrong += [(row["id"], *one) for one in said - gold]
    assert len(lines) == 500 and missed == [] and wrong == []
