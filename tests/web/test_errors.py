"""Every error has a status and a problem body that holds its code and no value; frameworks answer with it."""

from __future__ import annotations

import json

import httpx2
import pytest

import govai
from govai.core import errors
from govai.web import GovernMiddleware, install, problem


@pytest.mark.parametrize(("error", "status"), [
    (govai.Blocked("no"), 403),
    (govai.ConsentRequired("no"), 403),
    (govai.Ungoverned("no"), 403),
    (govai.PurposeRequired("no"), 422),
    (govai.PolicyError("no"), 422),
    (govai.ReviewPending("wait", ticket_id="t1"), 202),
    (govai.ReviewRejected("no"), 409),
    (govai.ReviewExpired("no"), 409),
    (govai.LedgerUnavailable("no"), 503),
    (govai.ConfigError("no"), 500),
    (govai.ProviderError("no"), 502),
    (govai.AuthenticationFailed("no", status=401), 502),
    (govai.InvalidRequest("no"), 502),
    (govai.ContextTooLong("no"), 422),
    (govai.ContentFiltered("no"), 422),
    (govai.RateLimited("no"), 429),
    (govai.ProviderUnavailable("no"), 502),
    (govai.ProviderTimeout("no"), 504),
], ids=lambda value: type(value).__name__)
def test_statuses(error: govai.GovaiError, status: int) -> None:
    made = problem(error)
    said = json.loads(made.body)
    assert (made.status, said["status"], said["code"], said["type"]) == (status, status, error.code, "about:blank")
    assert made.headers["Content-Type"] == ("application/json" if status == 202 else "application/problem+json")


def test_every_error_of_the_tree_is_answered() -> None:
    def below(kind: type[govai.GovaiError]) -> list[type[govai.GovaiError]]:
        return [kind, *(one for sub in kind.__subclasses__() for one in below(sub))]

    named = {one for one in vars(errors).values() if isinstance(one, type) and issubclass(one, govai.GovaiError)}
    assert named <= set(below(govai.GovaiError))
    for kind in named - {govai.ReviewPending}:
        expected = kind in (govai.GovaiError, govai.ConfigError)
        assert (problem(kind("x")).status == 500) is expected, kind


def test_retry_after_is_whole_seconds_and_location_names_the_ticket() -> None:
    assert problem(govai.RateLimited("x", retry_after=1.2)).headers["Retry-After"] == "2"
    assert "Retry-After" not in problem(govai.RateLimited("x")).headers
    assert problem(govai.ProviderUnavailable("x", retry_after=3)).headers["Retry-After"] == "3"
    pending = problem(govai.ReviewPending("x", ticket_id="t1"), ticket_url="/reviews/{ticket_id}")
    assert (pending.headers["Location"], json.loads(pending.body)["ticket_id"]) == ("/reviews/t1", "t1")


def test_what_is_the_services_own_affair_is_logged_and_not_told(caplog: pytest.LogCaptureFixture) -> None:
    said = json.loads(problem(govai.ConfigError("unknown key 'x'", where="/etc/service/policy.yaml:3")).body)
    assert "policy.yaml" not in str(said) and "detail" not in said
    assert "approve it" not in problem(govai.ReviewPending("wait", ticket_id="t", todo="approve it")).body.decode()
    assert "/etc/service/policy.yaml:3" in caplog.text


def test_a_real_refusal_names_its_rules_and_never_the_value(gov: govai.Governor) -> None:
    with pytest.raises(govai.Blocked) as caught:
        gov.generate("offline:echo", "{prenom} {sante}", data={"prenom": "Renée", "sante": "diabète de type 2"}, purpose="support")
    body = problem(caught.value).body.decode()
    assert json.loads(body)["rules"] and "diabète" not in body and "Renée" not in body


async def test_fastapi_and_starlette_answer_with_it() -> None:
    from fastapi import FastAPI
    from starlette.applications import Starlette
    from starlette.routing import Route

    async def refuse(request: object = None) -> None:
        raise govai.ReviewPending("wait", ticket_id="t1")

    fast = FastAPI()
    fast.get("/")(lambda: (_ for _ in ()).throw(govai.ReviewPending("wait", ticket_id="t1")))
    for app in (fast, Starlette(routes=[Route("/", refuse)])):
        install(app, ticket_url="/reviews/{ticket_id}")
        async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app=app), base_url="http://service") as http:
            answer = await http.get("/")
        assert (answer.status_code, answer.headers["location"], answer.json()["ticket_id"]) == (202, "/reviews/t1", "t1")
        assert answer.headers["content-type"] == "application/json"


def test_flask_answers_with_it() -> None:
    from flask import Flask

    app = Flask("service")
    install(app)

    @app.get("/")
    def refuse() -> str:
        raise govai.RateLimited("slow down", retry_after=4)

    answer = app.test_client().get("/")
    assert (answer.status_code, answer.headers["Retry-After"], answer.json["code"]) == (429, "4", "GOVAI-V02")
    assert answer.content_type == "application/problem+json"


async def test_a_mistyped_purpose_of_a_request_is_told_the_nearest(gov: govai.Governor) -> None:
    async def app(_scope, _receive, _send) -> None:
        raise AssertionError

    governed = GovernMiddleware(app, governor=gov, purpose=lambda conn: conn.headers.get("x-purpose"))
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app=governed), base_url="http://service") as http:
        answer = await http.get("/", headers={"x-purpose": "winback"})
    assert (answer.status_code, "did you mean 'win_back'?" in answer.json()["detail"]) == (422, True)
