"""Assertions on what was recorded: they find it, and say what was there when they do not."""

from __future__ import annotations

import pytest

import govai
from govai.testing import Records, assert_recorded, governor

ROW = {"prenom": "Renée", "email": "renee@exemple.fr"}


@pytest.fixture
def gov():
    with governor() as made:
        made.generate("openai:m", "À {prenom}, {email}", data=ROW, purpose="support")
        made.generate("openai:m", "bonjour")
        yield made


def test_records_read_like_a_list_and_are_live(gov: govai.Governor) -> None:
    records = Records(gov)
    assert records.kinds == ["intent", "outcome"] * 2
    assert (len(records), records[0].kind, records.last.kind, [r.kind for r in records[1:3]]) == (4, "intent", "outcome", ["outcome", "intent"])
    assert records.of("intent") == [records[0], records[2]]
    gov.generate("offline:echo", "x")
    assert (len(records), repr(records)) == (6, "<Records intent, outcome, intent, outcome, intent, outcome>")
    with governor() as fresh, pytest.raises(AssertionError, match="nothing was recorded"):
        Records(fresh).last


@pytest.mark.parametrize(
    ("told", "at"),
    [
        ({}, 0), ({"kind": "outcome"}, 1), ({"purpose": "support"}, 0), ({"provider": "openai", "kind": "intent", "effect": "allow"}, 2),
        ({"category": "user.contact"}, 0), ({"category": "user.contact.email", "effect": "pseudonymise", "field": "email", "rule": "identifiers"}, 0),
        ({"model": "m", "category": "user.name"}, 0), ({"status": "completed"}, 1), ({"seen": "sealed"}, 0),
    ],
)
def test_it_finds_what_is_there(gov: govai.Governor, told: dict, at: int) -> None:
    assert assert_recorded(gov, **told) == Records(gov)[at]


@pytest.mark.parametrize(
    "told",
    [
        {"kind": "refusal"}, {"purpose": "reporting"}, {"category": "user.cont"}, {"category": "user.financial"}, {"effect": "block"},
        {"category": "user.name", "field": "email"}, {"kind": "outcome", "effect": "pseudonymise"}, {"status": "failed"}, {"error": "Blocked"},
    ],
)
def test_it_says_what_there_was_instead(gov: govai.Governor, told: dict) -> None:
    with pytest.raises(AssertionError, match="no record says") as caught:
        assert_recorded(gov, **told)
    shown = str(caught.value)
    assert all(f"{name}={value}" in shown for name, value in told.items())
    assert "intent purpose=support provider=openai" in shown and "[user.contact.email: pseudonymise by identifiers]" in shown
    assert not any(value in shown for value in ROW.values())


def test_nothing_recorded_is_said(gov: govai.Governor) -> None:
    with governor() as fresh, pytest.raises(AssertionError, match="nothing"):
        assert_recorded(fresh)
