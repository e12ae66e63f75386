"""Who asked that their data not be used (GDPR art. 18) is asked for at every door: the call is refused, recorded, and nothing is sent."""

from __future__ import annotations

import io
import json
from typing import Any

import httpx2
import openai
import pytest

import govai
from tests.server import Server

MAIL = "zelie.quentavaine@example.org"
SAID = [{"role": "user", "content": f"Écris à {MAIL}"}]
ROW = {"email": MAIL}
MODEL = "near:echo"


async def generated(gov: govai.Governor, _url: str) -> None:
    gov.generate(MODEL, "Écris à {email}", data=ROW, purpose="support")


async def generated_later(gov: govai.Governor, _url: str) -> None:
    await gov.agenerate(MODEL, f"Écris à {MAIL}", purpose="support")


async def streamed(gov: govai.Governor, _url: str) -> None:
    with gov.stream(MODEL, "Écris à {email}", data=ROW, purpose="support") as pieces:
        list(pieces)


async def streamed_later(gov: govai.Governor, _url: str) -> None:
    async with gov.astream(MODEL, "Écris à {email}", data=ROW, purpose="support") as pieces:
        [one async for one in pieces]


async def embedded(gov: govai.Governor, _url: str) -> None:
    gov.embed("near:m", ["bonjour", f"à {MAIL}"], purpose="support")


async def embedded_later(gov: govai.Governor, _url: str) -> None:
    await gov.aembed("near:m", ["bonjour", f"à {MAIL}"], purpose="support")


async def named_as_subject(gov: govai.Governor, _url: str) -> None:
    gov.generate(MODEL, "Écris une lettre", data=ROW, purpose="support")


async def decorated(gov: govai.Governor, _url: str) -> None:
    govai.configure(gov)

    @govai.ask(MODEL, purpose="support")
    def letter(email: str) -> str:
        return f"Écris à {email}"

    letter(MAIL)


async def decorated_later(gov: govai.Governor, _url: str) -> None:
    govai.configure(gov)

    @govai.ask(MODEL, purpose="support")
    async def letter(email: str) -> str:
        return f"Écris à {email}"

    await letter(MAIL)


async def wrapped(gov: govai.Governor, url: str) -> None:
    with openai.OpenAI(base_url=url + "/v1", api_key="x") as bare:
        gov.wrap(bare, purpose="support").chat.completions.create(model="echo", messages=SAID)


async def wrapped_later(gov: govai.Governor, url: str) -> None:
    async with openai.AsyncOpenAI(base_url=url + "/v1", api_key="x") as bare:
        await gov.wrap(bare, purpose="support").chat.completions.create(model="echo", messages=SAID)


async def wrapped_stream(gov: govai.Governor, url: str) -> None:
    with openai.OpenAI(base_url=url + "/v1", api_key="x") as bare:
        list(gov.wrap(bare, purpose="support").chat.completions.create(model="echo", messages=SAID, stream=True))


async def instrumented(gov: govai.Governor, url: str) -> None:
    with openai.OpenAI(base_url=url + "/v1", api_key="x") as client, gov.instrument(purpose="support", quiet=True):
        client.chat.completions.create(model="echo", messages=SAID)


async def instrumented_later(gov: govai.Governor, url: str) -> None:
    async with openai.AsyncOpenAI(base_url=url + "/v1", api_key="x") as client:
        with gov.instrument(purpose="support", quiet=True):
            await client.chat.completions.create(model="echo", messages=SAID)


async def instrumented_plain(gov: govai.Governor, url: str) -> None:
    with httpx2.Client() as client, gov.instrument(purpose="support", quiet=True):
        client.post(url + "/v1/chat/completions", json={"model": "echo", "messages": SAID})


DOORS = [generated, generated_later, streamed, streamed_later, embedded, embedded_later, named_as_subject, decorated, decorated_later, wrapped, wrapped_later, wrapped_stream, instrumented, instrumented_later, instrumented_plain]


@pytest.mark.parametrize("door", DOORS, ids=lambda door: door.__name__)
async def test_every_door_refuses_the_data_of_who_restricted_it(gov: govai.Governor, server: Server, door: Any) -> None:
    await door(gov, server.url)
    before = len(server.log)
    assert before and [record.kind for record in gov.ledger.records()].count("refusal") == 0
    gov.ledger.restrict(email=MAIL)
    with pytest.raises(govai.Blocked, match="restricted") as caught:
        await door(gov, server.url)
    assert len(server.log) == before
    assert MAIL not in str(caught.value)
    (refusal,) = gov.ledger.records(kind="refusal")
    assert [call.record_id for call in gov.ledger.about(email=MAIL).calls][-1] == refusal.id
    assert MAIL not in json.dumps(refusal.to_json(), ensure_ascii=False)
    gov.ledger.unrestrict(email=MAIL)
    await door(gov, server.url)
    assert len(server.log) > before and gov.ledger.verify().ok
    await gov.aclose()


def test_a_batch_names_the_line_that_is_about_them_and_sends_none(gov: govai.Governor) -> None:
    received: list[httpx2.Request] = []

    def provider(request: httpx2.Request) -> httpx2.Response:
        received.append(request)
        return httpx2.Response(200, json={"id": "file-in", "object": "file", "bytes": 1, "created_at": 1, "filename": "b.jsonl", "purpose": "batch", "status": "processed"})

    def rows() -> io.BytesIO:
        texts = ("Bonjour", f"Écris à {MAIL}")
        lines = [{"custom_id": f"row-{at}", "method": "POST", "url": "/v1/chat/completions", "body": {"model": "m", "messages": [{"role": "user", "content": text}]}} for at, text in enumerate(texts)]
        file = io.BytesIO("\n".join(map(json.dumps, lines)).encode())
        file.name = "rows.jsonl"
        return file

    with openai.OpenAI(api_key="x", max_retries=0, http_client=httpx2.Client(transport=httpx2.MockTransport(provider))) as bare:
        client = gov.wrap(bare, purpose="support")
        gov.ledger.restrict(email=MAIL)
        with pytest.raises(govai.Blocked, match="restricted") as caught:
            client.files.create(file=rows(), purpose="batch")
        assert "line 2" in str(caught.value) and MAIL not in str(caught.value)
        assert received == []
        (refusal,) = gov.ledger.records(kind="refusal")
        assert [call.record_id for call in gov.ledger.about(email=MAIL).calls] == [refusal.id]
        gov.ledger.unrestrict(email=MAIL)
        assert client.files.create(file=rows(), purpose="batch").id == "file-in" and len(received) == 1
