"""The policy: order-free, deny by default, strictest wins, the floor holds, and every mistake has a place."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import govai
from govai.core.data import Datum, Seen
from govai.core.decisions import Effect
from govai.core.scope import FieldRef
from govai.core.taxonomy import CATEGORIES, SPECIAL, Sensitivity, default_sensitivity, in_any
from govai.policy.floor import floor_rule
from govai.policy.judge import Item, Question
from govai.policy.policy import Policy

PURPOSES = {"p": {"basis": "legitimate_interest"}, "q": {"basis": "contract", "use": "marketing.x"}}
CATEGORY = st.sampled_from(sorted(c for c in CATEGORIES if c.startswith("user")))
RULE = st.fixed_dictionaries(
    {"effect": st.sampled_from([e.word for e in Effect]), "data": st.fixed_dictionaries({}, optional={"category": CATEGORY, "sensitivity": st.sampled_from(["public", "internal", "confidential", "restricted"])})},
    optional={"purpose": st.sampled_from(["p", "q"])},
)
DATUM = st.builds(lambda c: Datum("x", c, default_sensitivity(c)), CATEGORY)


def load(rules: list[dict], **more: object) -> Policy:
    named = [{"id": f"r{n}", **rule} for n, rule in enumerate(rules)]
    return Policy.load({"govai": 1, "name": "t", "purposes": PURPOSES, "rules": named, **more})


def ask(policy: Policy, *data: Datum, purpose: str = "p", **more: object):
    return policy.judge(Question(items=tuple(Item(d, "here") for d in data), purpose=purpose, provider=policy.providers["offline"], **more))


@given(st.lists(RULE, max_size=6), DATUM, st.randoms(use_true_random=False))
def test_rule_order_never_matters(rules: list[dict], datum: Datum, rng: random.Random) -> None:
    named = [{"id": f"r{n}", **rule} for n, rule in enumerate(rules)]
    shuffled = rng.sample(named, len(named))
    one, two = (ask(Policy.load({"govai": 1, "name": "t", "purposes": PURPOSES, "rules": r}), datum) for r in (named, shuffled))
    assert (one.findings, one.effect) == (two.findings, two.effect)


@given(st.lists(RULE, max_size=5), RULE.filter(lambda r: r["effect"] != "allow"), DATUM)
def test_a_restriction_never_loosens(rules: list[dict], extra: dict, datum: Datum) -> None:
    before = ask(load([*rules, {"effect": "allow", "data": {}}]), datum).effect
    assert ask(load([*rules, {"effect": "allow", "data": {}}, extra]), datum).effect >= before


@given(st.lists(RULE, min_size=1, max_size=6), DATUM)
def test_the_strictest_matching_effect_wins(rules: list[dict], datum: Datum) -> None:
    policy = load(rules)
    (found,) = ask(policy, datum).findings
    if floor_rule(datum, marketing=False):
        assert found.effect is Effect.BLOCK
        return
    matching = [r.effect for r in policy.rules if r.id in found.matched]
    assert found.effect is max(matching, default=Effect.BLOCK if datum.personal else Effect.ALLOW)


@given(st.sampled_from(sorted(c for c in CATEGORIES if in_any(c, SPECIAL))), st.booleans())
def test_the_floor_holds_in_every_mode(category: str, observe: bool) -> None:
    policy = load([{"effect": "allow", "data": {}}], mode="observe", unmatched="allow")
    decision = ask(policy, Datum("x", category, Sensitivity.RESTRICTED), observe=observe)
    assert (decision.effect, decision.rules) == (Effect.BLOCK, ("floor-special-category",))


def test_built_in_identifiers_become_placeholders_facts_pass_unknown_is_hidden() -> None:
    policy = Policy.load()
    effects = {c: ask(policy, Datum("x", c, default_sensitivity(c)), purpose="win_back").effect.word for c in ("user.name.first", "user.contact.email", "user.unique_id", "user.behavior.purchase_history", "user.contact.address", "user.demographic.gender")}
    assert effects == {"user.name.first": "pseudonymise", "user.contact.email": "pseudonymise", "user.unique_id": "pseudonymise", "user.behavior.purchase_history": "allow", "user.contact.address": "pseudonymise", "user.demographic.gender": "allow"}
    assert ask(policy, Datum("value", None, Sensitivity.RESTRICTED), purpose="win_back").effect is Effect.PSEUDONYMISE
    assert ask(policy, Datum("value", None, Sensitivity.INTERNAL), purpose="win_back").effect is Effect.ALLOW
    assert ask(policy, Datum("x", "user.behavior", Sensitivity.INTERNAL), purpose="exploration").effect is Effect.PSEUDONYMISE
    nir = Datum("id", "user.government_id.national_identification_number", Sensitivity.RESTRICTED)
    assert ask(policy, nir, purpose="win_back").rules == ("floor-national-id",)
    assert ask(policy, nir, purpose="reporting").effect is Effect.PSEUDONYMISE
    assert set(policy.purposes) == {"win_back", "newsletter", "support", "reporting", "exploration"}
    assert {"openai", "anthropic", "mistral", "google", "offline"} == set(policy.providers)


@pytest.mark.parametrize(
    ("entry", "rule"),
    [({"trains_on_inputs": True}, "provider-trains"), ({"region": "US", "transfer": {"mechanism": "dpf", "expires": "2020-01-01"}}, "provider-transfer"), ({"region": "FR", "transfer": {"mechanism": "dpf", "expires": "2020-01-01"}}, ""), ({"region": "US"}, "")],
)
def test_providers_are_judged_on_the_data_before_protection(entry: dict, rule: str) -> None:
    policy = load([{"effect": "pseudonymise", "data": {}}], providers={"p1": {"like": "openai", "host": "h", **entry}})
    datum = Datum("email", "user.contact.email", Sensitivity.CONFIDENTIAL)
    decision = policy.judge(Question(items=(Item(datum, "x"),), purpose="p", provider=policy.providers["p1"]))
    assert decision.rules == ((rule,) if rule else ("r0",))
    unknown = policy.judge(Question(items=(Item(datum, "x"),), purpose="p", provider=None))
    assert unknown.rules == ("provider-unregistered",)


@pytest.mark.parametrize("block", ["user.contact", FieldRef("email"), FieldRef("email", "crm"), Sensitivity.CONFIDENTIAL])
def test_code_can_only_tighten(block: object) -> None:
    policy = load([{"effect": "allow", "data": {}}])
    datum = Datum("email", "user.contact.email", Sensitivity.CONFIDENTIAL, source="crm", field="email")
    assert ask(policy, datum, blocks=(block,)).effect is Effect.BLOCK
    assert ask(policy, Datum("x", "user.behavior", Sensitivity.INTERNAL), blocks=(block,)).effect is Effect.ALLOW


def test_matching_by_source_field_detected_and_matrix() -> None:
    policy = load(
        [{"effect": "allow", "data": {}}, {"effect": "remove", "data": {"source": "crm", "field": "a"}}, {"effect": "mask", "data": {"detected": "phone"}}, {"effect": "block", "data": {"unclassified": True}}],
        matrix={"crm.contacts.notes": {"p": "block", "q": "pseudonymise"}},
    )
    sees = lambda **k: ask(policy, Datum(**{"kind": "phone", "category": "user.behavior", "sensitivity": Sensitivity.INTERNAL, **k}), purpose=k.pop("purpose", "p")).effect.word
    assert sees(source="crm", field="a") == "remove"
    assert sees(seen=Seen.SEALED) == "allow"
    assert sees() == "mask"
    assert sees(category=None) == "block"
    assert sees(source="crm.contacts", field="notes", kind="text") == "block"


def test_reviews_are_a_second_dimension() -> None:
    policy = load([{"effect": "allow", "data": {}}], reviews=[{"id": "all", "purpose": "p", "role": "m", "expires": "3d"}, {"id": "notes", "data": {"field": "notes"}, "on": "prompt", "role": "data"}], undeclared="review")
    needs = lambda d, **k: [(n.id, n.on, n.expires_s) for n in ask(policy, d, **k).reviews]
    plain, notes = Datum("x", "user.behavior", Sensitivity.INTERNAL), Datum("x", "user.behavior", Sensitivity.INTERNAL, field="notes")
    assert needs(plain) == [("all", "output", 259200)]
    assert needs(notes) == [("all", "output", 259200), ("notes", "prompt", 259200)]
    assert needs(plain, purpose="q", declared=False) == [("undeclared", "prompt", 259200)]
    assert needs(plain, observe=True) == []


def test_undeclared_block_refuses_even_without_findings() -> None:
    assert ask(load([], undeclared="block"), declared=False).effect is Effect.BLOCK


def write(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "policy.yaml"
    path.write_text(text, encoding="utf-8")
    return path


HEAD = "govai: 1\nname: x\npurposes:\n  p: {basis: contract}\n"


@pytest.mark.parametrize(
    ("text", "line", "says"),
    [
        ("govai: 1\nname: [x\n", 3, "broken"), (HEAD + "rulez: []\n", 5, "'rules'"), (HEAD + "rules:\n  - {id: a, effct: allow}\n", 6, "'effect'"), (HEAD + "rules:\n  - {id: a, effect: alow}\n", 6, "'allow'"),
        (HEAD + "rules:\n  - {id: a, effect: allow, data: {category: user.nam}}\n", 6, "'user.name'"), (HEAD + "rules:\n  - {id: a, effect: allow, data: {sensitivity: secrt}}\n", 6, "sensitivity"),
        (HEAD + "rules:\n  - {id: a, effect: allow, purpose: pp}\n", 6, "'p'"), (HEAD + "rules:\n  - {id: a, effect: allow, provider: ofline}\n", 6, "'offline'"),
        (HEAD + "rules:\n  - {id: a, effect: allow}\n  - {id: a, effect: block}\n", 7, "twice"), (HEAD + "rules:\n  - {id: a, effect: allow, unless: provider.in_eea}\n", 6, "later"),
        (HEAD + "limits:\n  - {per: purpose}\n", 5, "later"), (HEAD + "reviews:\n  - {id: r, role: m, sample: 0.5}\n", 6, "later"), (HEAD + "reviews:\n  - {id: r, role: m, expires: soon}\n", 6, "72h"),
        (HEAD + "name: y\n", 5, "twice"), (HEAD + "providers:\n  near: {like: openai, host: h, api_key: sk-123}\n", 6, "never the key"), (HEAD + "providers:\n  near: {region: EU}\n", 6, "like"),
        (HEAD + "unmatched: nothing\n", 5, "allow"), (HEAD + "extends: other\n", 5, "eu-marketing"), (HEAD + "extends: eu-marketing\nunmatched: allow\n", 6, "tighten"), (HEAD + "matrix:\n  crm.a: {zz: block}\n", 6, "known: p"),
        ("- a\n", None, "mapping"), ("name: x\n", 1, "govai"),
    ],
)
def test_every_mistake_has_a_place(tmp_path: Path, text: str, line: int | None, says: str) -> None:
    with pytest.raises(govai.ConfigError) as caught:
        Policy.load(write(tmp_path, text))
    assert says in str(caught.value)
    assert "sk-123" not in str(caught.value)
    if line:
        assert f"policy.yaml:{line}:" in caught.value.where


def test_yaml_words_stay_words(tmp_path: Path) -> None:
    policy = Policy.load(write(tmp_path, HEAD + "providers:\n  near: {like: openai, host: h, region: NO}\nreviews:\n  - {id: r, on: prompt, role: m}\n"))
    assert policy.providers["near"].region == "NO" and policy.providers["near"].in_eea
    assert policy.reviews[0].need.on == "prompt"


@pytest.mark.parametrize(
    ("base", "path", "rest"),
    [("", "/v1/x", "/v1/x"), ("/c/*", "/c/case.1/v1/x", "/v1/x"), ("/c/*", "/v1/x", None), ("/c/*", "/c//v1/x", None), ("/api", "/apix/v1", None), ("/api/", "/api/v1/x", "/v1/x")],
)
def test_base_paths(base: str, path: str, rest: str | None) -> None:
    found = load([], providers={"near": {"like": "openai", "host": "h:1", "base_path": base}}).locate("h:1", path)
    assert (found[1] if found else None) == rest


def test_the_digest_names_the_policy() -> None:
    assert Policy.load().digest == Policy.load().digest != load([]).digest


def test_messages_speak_french(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GOVAI_LANG", "fr")
    with pytest.raises(govai.ConfigError, match="finalité inconnue"):
        Policy.load().purpose("winback")
