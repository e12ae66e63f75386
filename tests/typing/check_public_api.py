"""What type checkers must see of the public API; mypy and pyright read this file, nothing runs it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, assert_type

from anthropic import Anthropic
from openai import AsyncOpenAI, OpenAI
from pydantic import BaseModel

import govai
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
