"""Answers that come later: written in the background and fetched by their id, settled like any answer."""

from __future__ import annotations

import json
from typing import Any

import httpx2
import openai
import pytest

import govai


class Background:
    """Answers `responses` in the background: queued at first, complete when it is fetched for the second time."""

    def __init__(self, *, streamed: bool = False) -> None:
        self.asked: list[dict[str, Any]] = []
        self.fetched = 0

    def __call__(self, request: httpx2.Request) -> httpx2.Response:
        if request.method == "POST" and request.url.path.endswith("/responses"):
            self.asked.append(json.loads(request.read()))
            if self.asked[-1].get("stream"):
                created = {"type": "response.created", "sequence_number": 0, "response": self._response("queued")}
                raw = f"event: response.created\ndata: {json.dumps(created)}\n\n".encode()
                return httpx2.Response(200, headers={"content-type": "text/event-stream"}, content=raw)
            return httpx2.Response(200, json=self._response("queued"))
        self.fetched += 1
        return httpx2.Response(200, json=self._response("completed" if self.fetched > 1 else "in_progress"))

    def _response(self, status: str) -> dict[str, Any]:
        said = self.asked[-1]["input"]
        text = {"type": "output_text", "text": said, "annotations": []}
        whole = [{"type": "message", "id": "msg_1", "role": "assistant", "status": "completed", "content": [text]}]
        part = [{"type": "message", "id": "msg_1", "role": "assistant", "status": "in_progress", "content": [{**text, "text": said[:30]}]}]
        return {
            "id": "resp_1", "object": "response", "created_at": 1, "model": "gpt", "status": status, "background": True, "parallel_tool_calls": True, "tool_choice": "auto", "tools": [],
            "output": {"queued": [], "in_progress": part, "completed": whole}[status], "usage": {"input_tokens": 3, "output_tokens": 4, "total_tokens": 7, "input_tokens_details": {"cached_tokens": 0}, "output_tokens_details": {"reasoning_tokens": 0}},
        }


def client_over(handler: Any, server: Any) -> openai.OpenAI:
    return openai.OpenAI(base_url=server.url + "/v1", api_key="sk-x", max_retries=0, http_client=httpx2.Client(transport=httpx2.MockTransport(handler)))


def test_what_was_asked_in_the_background_is_restored_when_it_is_fetched(gov: govai.Governor, server: Any) -> None:
    handler = Background()
    wrapped = gov.wrap(client_over(handler, server), purpose="support")
    first = wrapped.responses.create(model="gpt", input="à ana@exemple.fr, dès demain, s'il te plaît", background=True)
    assert "ana@exemple.fr" not in handler.asked[0]["input"]
    assert first.status == "queued"
    assert wrapped.responses.retrieve(first.id).status == "in_progress"
    done = wrapped.responses.retrieve(first.id)
    assert done.output_text == "à ana@exemple.fr, dès demain, s'il te plaît"
    asked, *fetches = gov.ledger.records(kind="intent")
    assert [one.body["fetches"] for one in fetches] == [asked.id, asked.id]
    assert {one.call_id for one in fetches} == {asked.call_id}
    assert [one.body["operation"] for one in fetches] == ["fetch", "fetch"]
    assert gov.ledger.verify().ok


def test_a_fetched_answer_that_was_asked_for_as_json_is_read_as_json(gov: govai.Governor, server: Any) -> None:
    sealed = govai.seal({"prenom": 'Re"née\\'})
    wrapped = gov.wrap(client_over(Background(), server), purpose="support")
    wrapped.responses.create(model="gpt", input=f'{{"lien": "<a href=", "nom": "{sealed.prenom}"}}', background=True, text={"format": {"type": "json_object"}})
    wrapped.responses.retrieve("resp_1")
    assert json.loads(wrapped.responses.retrieve("resp_1").output_text) == {"lien": "<a href=", "nom": 'Re"née\\'}


def test_an_answer_streamed_in_the_background_is_fetched_too(gov: govai.Governor, server: Any) -> None:
    wrapped = gov.wrap(client_over(Background(), server), purpose="support")
    with wrapped.responses.create(model="gpt", input="à ana@exemple.fr", background=True, stream=True) as events:
        assert [event.type for event in events] == ["response.created"]
    wrapped.responses.retrieve("resp_1")
    assert wrapped.responses.retrieve("resp_1").output_text == "à ana@exemple.fr"


def test_another_process_with_the_same_ledger_and_keys_fetches_it(policy: dict, server: Any, tmp_path: Any) -> None:
    handler, ledger = Background(), f"sqlite:///{tmp_path}/l.db"
    with govai.Governor(policy, ledger=ledger) as one:
        one.wrap(client_over(handler, server), purpose="support").responses.create(model="gpt", input="à ana@exemple.fr", background=True)
    with govai.Governor(policy, ledger=ledger) as other:
        wrapped = other.wrap(client_over(handler, server))
        wrapped.responses.retrieve("resp_1")
        assert wrapped.responses.retrieve("resp_1").output_text == "à ana@exemple.fr"
        assert [r.body["purpose"] for r in other.ledger.records(kind="intent")] == ["support"] * 3


def test_an_answer_that_nobody_asked_for_through_govai_is_refused(gov: govai.Governor, server: Any) -> None:
    handler = Background()
    wrapped = gov.wrap(client_over(handler, server), purpose="support")
    with pytest.raises(govai.Ungoverned, match="response_id"):
        wrapped.responses.retrieve("resp_1")
    assert handler.fetched == 0
    assert [r.kind for r in gov.ledger.records()] == ["refusal"]


def test_a_policy_may_name_foreign_answers_and_their_reviews_hold(policy: dict, server: Any) -> None:
    handler = Background()
    handler.asked.append({"input": "bonjour à toute l'équipe de Lyon"})
    named = {**policy, "allow": {"references": ["response_id"]}, "purposes": {"letters": {"basis": "legitimate_interest"}}, "reviews": [{"id": "read", "purpose": "letters", "role": "marketing"}]}
    with govai.Governor(named, ledger=":memory:") as gov:
        wrapped = gov.wrap(client_over(handler, server), purpose="support")
        wrapped.responses.retrieve("resp_1")
        assert wrapped.responses.retrieve("resp_1").output_text == "bonjour à toute l'équipe de Lyon"
        with pytest.raises(govai.ReviewPending):
            gov.wrap(client_over(handler, server), purpose="letters").responses.retrieve("resp_1")


def test_a_reviewed_answer_is_handed_out_once_it_was_approved_and_nothing_of_it_before(policy: dict, server: Any) -> None:
    handler = Background()
    reviewed = {**policy, "purposes": {"letters": {"basis": "legitimate_interest"}}, "reviews": [{"id": "read", "purpose": "letters", "role": "marketing"}]}
    with govai.Governor(reviewed, ledger=":memory:", actor="ana") as gov:
        wrapped = gov.wrap(client_over(handler, server), purpose="letters")
        wrapped.responses.create(model="gpt", input="à ana@exemple.fr, dès demain, s'il te plaît", background=True)
        assert wrapped.responses.retrieve("resp_1").output_text == ""  # in progress: what is there was read by nobody
        with pytest.raises(govai.ReviewPending) as waits:
            wrapped.responses.retrieve("resp_1")
        gov.bind(actor="lea").reviews.approve(waits.value.ticket_id)
        before = handler.fetched
        assert wrapped.responses.retrieve("resp_1").output_text == "à ana@exemple.fr, dès demain, s'il te plaît"
        assert handler.fetched == before  # the answer that was read, not another one


def test_a_changed_policy_is_judged_anew(policy: dict, server: Any, tmp_path: Any) -> None:
    handler, ledger = Background(), f"sqlite:///{tmp_path}/l.db"
    with govai.Governor(policy, ledger=ledger) as one:
        one.wrap(client_over(handler, server), purpose="support").responses.create(model="gpt", input="à ana@exemple.fr", background=True)
    with govai.Governor({**policy, "version": 2}, ledger=ledger) as other, pytest.raises(govai.PolicyError, match="changed"):
        other.wrap(client_over(handler, server), purpose="support").responses.retrieve("resp_1")


def test_what_a_fetch_would_need_and_cannot_be_kept_is_an_error_and_leaves_nothing_open(gov: govai.Governor, server: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_args: object, **_more: object) -> None:
        raise govai.LedgerUnavailable("the disk is full")

    monkeypatch.setattr(type(gov._engine.desk), "keep_reply", full)
    with pytest.raises(govai.LedgerUnavailable):
        gov.wrap(client_over(Background(), server), purpose="support").responses.create(model="gpt", input="à ana@exemple.fr", background=True)
    gov.ledger.flush()
    assert [r.body["status"] for r in gov.ledger.records(kind="outcome")] == ["failed"]
