"""What type checkers must see of the public API; mypy and pyright read this file, nothing runs it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, assert_type

from anthropic import Anthropic
from fastapi import Depends, FastAPI, Response
from flask import Flask
from openai import AsyncOpenAI, OpenAI
from pydantic import BaseModel

import govai
import govai.testing
from govai import web
from govai.doors.coverage import Coverage


class Customer(BaseModel):
    first_name: Annotated[str, govai.Tag("user.name.first")]


def calls(gov: govai.Governor, row: Customer) -> None:
    assert_type(gov.generate("offline:demo", "x", data=row, purpose="win_back"), govai.Reply)
    assert_type(gov.wrap(OpenAI(), purpose="reporting"), OpenAI)
    assert_type(gov.wrap(AsyncOpenAI()), AsyncOpenAI)
    assert_type(gov.wrap(Anthropic()), Anthropic)
    assert_type(gov.instrument(purpose="reporting", quiet=True), Coverage)
    assert_type(govai.instrument(), Coverage)
    assert_type(gov.bind(purpose="support"), govai.Governor)
    assert_type(gov.explain("x", model="offline:demo"), govai.Decision)
    assert_type(gov.ledger.records(), Iterator[govai.Record])
    assert_type(gov.ledger.verify(), govai.Verification)
    assert_type(gov.reviews.pending(), list[govai.Ticket])
    with gov.stream("offline:demo", "x") as stream:
        for piece in stream:
            assert_type(piece, str)
        assert_type(stream.reply, govai.Reply)


def in_tests(policy: dict[str, object]) -> None:
    provider = govai.testing.Provider(chunk=3).answer("a", lambda request: govai.testing.Answer(request.said))
    assert_type(provider, govai.testing.Provider)
    assert_type(provider.requests, list[govai.testing.Request])
    assert_type(provider.serve(), str)
    OpenAI(http_client=provider.http_client())
    AsyncOpenAI(http_client=provider.async_http_client())
    with govai.testing.no_real_calls(), provider.installed(), govai.testing.governor(policy, provider=provider) as gov:
        assert_type(gov, govai.Governor)
        reviewer = govai.testing.Reviewer.editing(str.upper)
        assert_type(gov.generate("openai:m", "x", review=reviewer), govai.Reply)
        assert_type(reviewer.seen, list[govai.ReviewDetails])
        assert_type(govai.testing.assert_recorded(gov, "intent"), govai.Record)
        assert_type(govai.testing.Records(gov).of("intent"), list[govai.Record])
        assert_type(govai.testing.approve_all(gov), list[govai.Ticket])


async def acalls(gov: govai.Governor) -> None:
    assert_type(await gov.agenerate("offline:demo", "x"), govai.Reply)
    async with gov.astream("offline:demo", "x") as stream:
        async for piece in stream:
            assert_type(piece, str)


@govai.ask("offline:demo", purpose="win_back")
def win_back(customer: Customer, tone: str = "warm") -> str:
    return f"Write to {customer.first_name}, {tone}"


@govai.ask("offline:demo", purpose="win_back")
async def win_back_later(customer: Customer) -> str:
    return f"Write to {customer.first_name}"


@govai.governed(purpose="reporting")
@govai.block("user.financial", govai.field("email"), govai.Sensitivity.RESTRICTED)
@govai.lineage(job="weekly")
def report(customer: Customer) -> list[str]:
    return []


async def decorated(customer: Customer) -> None:
    assert_type(win_back(customer, tone="short"), govai.Reply)
    assert_type(await win_back_later(customer), govai.Reply)
    assert_type(report(customer), list[str])


def services(gov: govai.Governor, app: FastAPI) -> None:
    async def looked_up(conn: web.Connection) -> str | None:
        return conn.headers.get("x-user")

    app.add_middleware(web.GovernMiddleware, governor=gov, purpose="support", actor=looked_up)
    web.WsgiMiddleware(Flask("x").wsgi_app, purpose=lambda conn: conn.query["why"])
    assert_type(web.problem(govai.Blocked("no")), web.Problem)

    async def endpoint(gov: Annotated[govai.Governor, Depends(web.governor(purpose="support"))]) -> Response:
        return await web.streaming(gov.astream("offline:demo", "x"), media_type="text/event-stream")

    app.get("/")(endpoint)
