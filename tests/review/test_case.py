"""Roles, quorum and self-review, against a plain model of the rule."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from govai.core.decisions import ReviewNeed
from govai.core.errors import ConfigError, PolicyError
from govai.core.protocols import Verdict
from govai.review.case import Case, decided, opened
from govai.review.tickets import Filing, Status

ROLES = ("data", "legal", "marketing")
PEOPLE = {"lea": ("marketing",), "tom": ("marketing", "data"), "ines": ("data",), "max": ("legal", "data"), "eva": ()}
texts = st.text(st.characters(exclude_categories=()), max_size=20)  # lone surrogates too: models send them


def filing(needs: tuple[ReviewNeed, ...], text: str = "Bonjour", requester: str = "ana") -> Filing:
    return Filing("output", text, needs, ("why",), ("crm.first_name",), requester, "newsletter", "job", "sha256:t", "f", {"text": "sha256:x"}, b"envelope")


def case(*roles: str, self_review: bool = False, requester: str = "ana") -> Case:
    return opened(filing(tuple(ReviewNeed(role, role, self_review=self_review) for role in roles), requester=requester), 1000.0)


@st.composite
def verdicts(draw: st.DrawFn) -> Verdict:
    return Verdict(draw(st.booleans()), draw(st.none() | st.sampled_from(["Bonjour", "Salut"]) | texts), draw(texts))


@given(st.sets(st.sampled_from(ROLES), min_size=1), st.lists(st.tuples(st.sampled_from(sorted(PEOPLE)), verdicts()), max_size=8))
def test_each_role_must_approve_the_text_that_goes_out_and_one_no_is_enough(roles: set[str], steps: list[tuple[str, Verdict]]) -> None:
    now, text, given_by = case(*roles), "Bonjour", {}
    for actor, verdict in steps:
        if now.status is not Status.PENDING:
            break
        held = [role for role in sorted(roles) if role in PEOPLE[actor]]
        edits = verdict.approved and verdict.text is not None and verdict.text != text
        adds = [role for role in held if edits or role not in given_by]
        if not held or (verdict.approved and not adds):
            with pytest.raises(PolicyError):
                decided(now, actor, PEOPLE[actor], verdict)
            continue
        now = decided(now, actor, PEOPLE[actor], verdict)
        if not verdict.approved:
            assert (now.status, now.rejected_by, now.text) == (Status.REJECTED, actor, text)
            assert actor in now.decided_by
            return
        if edits:
            text, given_by = verdict.text, {}
        given_by |= dict.fromkeys(adds, actor)
        assert now.text == text
        assert now.status is (Status.APPROVED if set(given_by) == roles else Status.PENDING)
        assert set(now.decided_by) == set(given_by.values())


@given(st.sets(st.sampled_from(ROLES), min_size=1), st.sampled_from(ROLES), verdicts())
def test_a_requester_decides_only_where_every_need_allows_it(roles: set[str], strict: str, verdict: Verdict) -> None:
    alone = decided(case(*roles, self_review=True), "ana", (), verdict)
    assert alone.status is (Status.APPROVED if verdict.approved else Status.REJECTED)
    mixed = opened(filing((ReviewNeed("a", "marketing", self_review=True), ReviewNeed("b", strict))), 0.0)
    with pytest.raises(PolicyError, match="their own"):
        decided(mixed, "ana", ROLES, verdict)


def test_self_review_opens_the_ticket_to_its_requester_and_to_nobody_else() -> None:
    with pytest.raises(PolicyError, match="'marketing'"):
        decided(case("marketing", self_review=True), "eva", (), Verdict.approve())


@pytest.mark.parametrize("spelled", ["ANA", " ana ", "ana"])
def test_another_spelling_is_not_another_person(spelled: str) -> None:
    with pytest.raises(PolicyError, match="their own"):
        decided(case("marketing"), spelled, ROLES, Verdict.approve())


def test_nobody_in_particular_decides_nothing() -> None:
    for requester in ("", "ana"):
        with pytest.raises(PolicyError, match="nobody is named"):
            decided(case("marketing", self_review=True, requester=requester), "", ROLES, Verdict.approve())


def test_who_holds_two_roles_counts_for_both_and_nobody_approves_twice() -> None:
    assert decided(case("marketing", "data"), "tom", PEOPLE["tom"], Verdict.approve()).status is Status.APPROVED
    half = decided(case("marketing", "data"), "lea", PEOPLE["lea"], Verdict.approve(note="ok"))
    with pytest.raises(PolicyError, match="waits for data"):
        decided(half, "lea", PEOPLE["lea"], Verdict.approve())
    assert decided(half, "lea", PEOPLE["lea"], Verdict.reject("no, after all")).status is Status.REJECTED
    done = decided(half, "ines", PEOPLE["ines"], Verdict.approve())
    assert (done.status, done.decided_by, done.note) == (Status.APPROVED, ("lea", "ines"), "ok")


@given(verdicts(), texts)
def test_bytes_bring_back_the_same_case(verdict: Verdict, text: str) -> None:
    before = opened(filing((ReviewNeed("a", "marketing", expires_s=7),), text), 1234.5678901)
    for one in (before, decided(before, "lea", ("marketing",), verdict)):
        assert Case.from_bytes(one.to_bytes()) == one
    assert before.expires == before.created + 7


def test_the_earliest_expiry_counts_and_a_review_without_a_role_is_refused() -> None:
    assert opened(filing((ReviewNeed("a", "data", expires_s=9), ReviewNeed("b", "data", expires_s=5))), 0.0).expires == 5
    with pytest.raises(ConfigError, match="role"):
        opened(filing(()), 0.0)


def test_what_is_shown_of_a_case_holds_neither_text_nor_note() -> None:
    shown = repr(decided(case("marketing"), "lea", ("marketing",), Verdict.approve("Chère Zoé", "for Zoé")))
    assert "Zoé" not in shown
