"""Judging: what is remembered between calls changes nothing, and what the code or the provider adds only tightens."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from govai.core.data import Datum, Seen
from govai.core.decisions import Effect
from govai.core.errors import ConsentRequired, PurposeRequired
from govai.core.taxonomy import CATEGORIES, Sensitivity, default_sensitivity
from govai.policy.judge import Item, Question
from govai.policy.policy import Policy

BASE = {"govai": 1, "name": "t", "purposes": {"p": {"basis": "contract"}, "c": {"basis": "consent"}}}
CATEGORY = st.none() | st.sampled_from(sorted(CATEGORIES))
DATUM = st.builds(
    lambda category, source, field, seen: Datum("x", category, default_sensitivity(category) if category else Sensitivity.RESTRICTED, source, field, seen),
    CATEGORY, st.sampled_from(["", "crm", "crm.contacts"]), st.sampled_from(["", "a", "a.b"]), st.sampled_from(Seen),
)
BLOCK = st.sampled_from(sorted(CATEGORIES)) | st.sampled_from(Sensitivity)
MAIL = Datum("email", "user.contact.email", Sensitivity.CONFIDENTIAL, "crm", "email")
PLAIN = Datum("value", None, Sensitivity.PUBLIC)
ALLOW_ALL = Policy.load({**BASE, "unmatched": "allow", "rules": [{"id": "all", "effect": "allow"}]})


def ask(policy: Policy, *data: Datum, purpose: str = "p", **more: object):
    return policy.judge(Question(tuple(Item(d, f"m[{i}]", i + 1) for i, d in enumerate(data)), purpose, policy.provider("offline"), **more))


@given(st.lists(DATUM, max_size=6))
def test_finding_i_is_about_item_i_and_the_whole_is_as_strict_as_its_strictest(data: list[Datum]) -> None:
    decision = ask(Policy.load({**BASE, "rules": [{"id": "m", "effect": "mask", "data": {"category": "user"}}]}), *data)
    assert [(j.datum, j.where, j.count) for j in decision.findings] == [(d, f"m[{i}]", i + 1) for i, d in enumerate(data)]
    assert decision.effect is max((j.effect for j in decision.findings), default=Effect.ALLOW)


@given(st.lists(DATUM, max_size=4), st.lists(DATUM, max_size=4))
def test_what_was_judged_before_changes_nothing(before: list[Datum], data: list[Datum]) -> None:
    fresh, used = (Policy.load({**BASE, "rules": [{"id": "m", "effect": "remove", "data": {"field": "a"}}]}) for _ in range(2))
    ask(used, *before)
    assert ask(used, *data) == ask(fresh, *data)


@given(st.lists(DATUM, min_size=1, max_size=4), st.lists(BLOCK, max_size=3))
def test_blocks_in_the_code_only_tighten_and_are_not_remembered(data: list[Datum], blocks: list) -> None:
    without = ask(ALLOW_ALL, *data)
    for one, other in zip(ask(ALLOW_ALL, *data, blocks=tuple(blocks)).findings, without.findings, strict=True):
        assert one.effect >= other.effect
    assert ask(ALLOW_ALL, *data) == without


@given(st.lists(DATUM, min_size=1, max_size=4), st.booleans())
def test_observing_applies_the_floor_and_nothing_else(data: list[Datum], whole: bool) -> None:
    policy = Policy.load({**BASE, "mode": "observe" if whole else "enforce", "rules": [{"id": "b", "effect": "block"}]})
    for judged in ask(policy, *data, observe=not whole).findings:
        assert judged.effect is (Effect.BLOCK if judged.rule.startswith("floor-") else Effect.ALLOW)


def test_a_rule_that_observes_is_recorded_and_not_applied() -> None:
    policy = Policy.load({**BASE, "rules": [{"id": "a", "effect": "allow"}, {"id": "try", "effect": "block", "mode": "observe"}]})
    decision = ask(policy, MAIL)
    assert (decision.effect, decision.rules, decision.observed) == (Effect.ALLOW, (), (("try", "block"),))


def test_a_refusal_for_want_of_declared_data_names_its_rule() -> None:
    policy = Policy.load({**BASE, "undeclared": "block"})
    assert ask(policy, declared=False).rules == ("undeclared",)
    seen = ask(policy, declared=False, observe=True)
    assert (seen.effect, seen.rules, seen.observed) == (Effect.ALLOW, (), (("undeclared", "block"),))


def test_personal_data_needs_a_purpose_and_the_error_points_at_it() -> None:
    with pytest.raises(PurposeRequired) as caught:
        ask(ALLOW_ALL, PLAIN, MAIL, purpose="")
    assert (caught.value.where, "email" in caught.value.what) == ("m[1]", True)
    assert ask(ALLOW_ALL, PLAIN, purpose="").effect is Effect.ALLOW


def test_consent_is_required_for_personal_data_only() -> None:
    with pytest.raises(ConsentRequired):
        ask(ALLOW_ALL, MAIL, purpose="c")
    assert ask(ALLOW_ALL, PLAIN, purpose="c").effect is Effect.ALLOW


@pytest.mark.parametrize(
    ("source", "field", "effect"),
    [("crm.contacts", "notes", "block"), ("crm.contacts", "address.city", "remove"), ("crm", "contacts.notes", "block"), ("crm.contact", "s.notes", "allow"), ("", "notes", "allow"), ("crm.contacts", "city", "allow")],
)
def test_a_matrix_row_names_a_place_whose_source_and_field_may_hold_dots(source: str, field: str, effect: str) -> None:
    policy = Policy.load({**BASE, "rules": [{"id": "all", "effect": "allow"}], "matrix": {"crm.contacts.notes": {"p": "block"}, "crm.contacts.address.city": {"p": "remove"}}})
    assert ask(policy, Datum("x", "user.behavior", Sensitivity.INTERNAL, source, field)).effect.word == effect


def test_reasons_say_what_by_which_rule_strictest_first_in_the_readers_language(monkeypatch: pytest.MonkeyPatch) -> None:
    policy = Policy.load({**BASE, "rules": [{"id": "ids", "effect": "pseudonymise", "data": {"category": "user.contact"}}]})
    secret = Datum("secret", "system.authentication", Sensitivity.RESTRICTED)
    english = ask(policy, MAIL, secret).reasons
    monkeypatch.setenv("GOVAI_LANG", "fr")
    french = ask(policy, MAIL, secret).reasons
    assert english == ("secret blocked by floor-secrets: a secret never leaves", "email (crm.email) pseudonymised by ids")
    assert french == ("secret bloqué par floor-secrets: un secret ne sort jamais", "email (crm.email) pseudonymisé par ids")
