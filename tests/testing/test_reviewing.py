"""Reviewers for tests: they decide as told, remember what they saw, and the queue can be decided in a line."""

from __future__ import annotations

import pytest

import govai
from govai.testing import Provider, Reviewer, approve_all, assert_recorded, governor

POLICY = {
    "govai": 1, "name": "team", "extends": "eu-marketing", "people": {"marketing": ["tester", "lea"], "data": ["ines"]},
    "reviews": [{"id": "published", "purpose": "newsletter", "role": "marketing"}],
}
CALL = {"model": "openai:m", "prompt": "À {prenom}", "data": {"prenom": "Renée"}, "purpose": "newsletter"}


@pytest.fixture
def gov():
    with governor(POLICY) as made:
        yield made


def test_approving_rejecting_editing(gov: govai.Governor) -> None:
    reviewer = Reviewer.approving()
    assert gov.generate(**CALL, review=reviewer).text == "À Renée"
    (seen,) = reviewer.seen
    assert (seen.on, seen.role, seen.requester, "Renée" in seen.text) == ("output", "marketing", "tester", False)
    with pytest.raises(govai.ReviewRejected):
        gov.generate(**CALL, review=Reviewer.rejecting("non"))
    assert gov.generate(**CALL, review=Reviewer.editing(lambda text: f"Chère {text}")).text == "Chère À Renée"
    assert_recorded(gov, "review")
    assert repr(reviewer) == "<Reviewer saw 1>"


def test_scripted_verdicts_come_in_order_and_run_out(gov: govai.Governor) -> None:
    reviewer = Reviewer.scripted([govai.Verdict.approve(), lambda details: govai.Verdict.approve(details.text.upper()), govai.Verdict.reject("non")])
    assert gov.generate(**CALL, review=reviewer).text == "À Renée"
    assert gov.generate(**{**CALL, "prompt": "à vous"}, review=reviewer).text == "À VOUS"
    with pytest.raises(govai.ReviewRejected):
        gov.generate(**CALL, review=reviewer)
    with pytest.raises(AssertionError, match="no verdict left"):
        gov.generate(**CALL, review=reviewer)
    assert len(reviewer.seen) == 4


async def test_in_asyncio(gov: govai.Governor) -> None:
    reviewer = Reviewer.approving("bien")
    assert (await gov.agenerate(**CALL, review=reviewer)).text == "À Renée"
    assert len(reviewer.seen) == 1


def test_the_queue_is_approved_by_whoever_may(gov: govai.Governor) -> None:
    tickets = []
    for key in ("a", "b"):
        with pytest.raises(govai.ReviewPending) as pending:
            gov.generate(**CALL, key=key)
        tickets.append(pending.value.ticket_id)
    approved = approve_all(gov, role="marketing", note="ok")
    assert [ticket.id for ticket in approved] == tickets
    assert {ticket.decided_by for ticket in approved} == {("lea",)}
    assert [gov.resume(ticket).text for ticket in tickets] == ["À Renée"] * 2
    assert approve_all(gov) == []


def test_who_may_not_is_told() -> None:
    alone = {**POLICY, "people": {"marketing": ["tester"]}}
    with governor(alone, provider=Provider()) as gov:
        with pytest.raises(govai.ReviewPending):
            gov.generate(**CALL)
        with pytest.raises(AssertionError, match="marketing may decide what tester asked"):
            approve_all(gov)
        with pytest.raises(govai.PolicyError):
            approve_all(gov, actor="tester")
