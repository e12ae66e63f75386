"""Mistral through its official SDK: every kind of call, in both worlds, against a local server that speaks its wire."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from mistralai.client import Mistral, models
from mistralai.client.utils import eventstreaming
from pydantic import BaseModel

import govai
from govai.core.messages import Message, ToolCall
from govai.core.scope import Scope
from govai.doors.family import Request
from govai.doors.mistral_family import MistralFamily
from govai.doors.tools import tool
from govai.doors.wrapping import close
from govai.flow.asked import Asked, Asking
from govai.flow.transports import Governing
from govai.wire.codec import encode, parse
from tests.server import Server

ROW = {"prenom": "Renée", "email": "renee.aubrac@exemple.fr"}
SECRETS = (b"Ren", b"aubrac")
SAID = "Écris à Renée (renee.aubrac@exemple.fr)"
FAMILY = MistralFamily()


@pytest.fixture
def gov(policy: dict, server: Server) -> Iterator[govai.Governor]:
    entry = {**policy["providers"]["near"], "like": "mistral"}
    server.log.clear()
    server.failures.clear()
    with govai.Governor({**policy, "providers": {"mistral": entry, "closed": {**entry, "host": "127.0.0.1:9"}}}, ledger=":memory:", actor="ana") as governor:
        yield governor


async def every_way(gov: govai.Governor, model: str, *args: Any, **kwargs: Any) -> list[govai.Reply]:
    replies = [await asyncio.to_thread(gov.generate, model, *args, **kwargs), await gov.agenerate(model, *args, **kwargs)]
    with gov.stream(model, *args, **kwargs) as stream:
        assert "".join(stream) == stream.reply.text
    async with gov.astream(model, *args, **kwargs) as astream:
        assert "".join([piece async for piece in astream]) == astream.reply.text
    return [*replies, stream.reply, astream.reply]


@pytest.mark.parametrize("model", ["mistral:echo", "mistral:echo-3", "mistral:think"])
async def test_what_leaves_is_protected_and_what_returns_is_restored(gov: govai.Governor, server: Server, model: str) -> None:
    replies = await every_way(gov, model, "Écris à {prenom} ({email})", data=ROW, purpose="win_back", temperature=0.5, max_tokens=40)
    for reply in replies:
        assert reply.text == SAID
        assert (reply.usage.input_tokens, reply.usage.output_tokens, reply.finish_reason, reply.provider) == (3, 4, "stop", "mistral")
    assert [type(reply.native) for reply in replies] == [models.ChatCompletionResponse] * 2 + [eventstreaming.EventStream, eventstreaming.EventStreamAsync]
    assert not any(secret in raw for secret in SECRETS for raw in server.bodies)
    assert [r.body["status"] for r in gov.ledger.records() if r.kind == "outcome"] == ["completed"] * 4
    if model == "mistral:think":  # the reply's text is not what it thought, and thinking stays as it was signed
        thought = replies[0].native.choices[0].message.content[0].thinking[0].text
        assert thought != SAID and "Zq" in thought
    await gov.aclose()


async def test_tools_receive_what_they_declare(gov: govai.Governor) -> None:
    def mail(to: str) -> None:
        """Send."""

    for reply in await every_way(gov, "mistral:tool", "{email}", data=ROW, purpose="win_back", tools=[govai.tool(mail, receives=["user.contact.email"])]):
        assert [(call.id, call.name, call.arguments) for call in reply.tool_calls] == [("c1", "mail", {"to": ROW["email"]})]
    await gov.aclose()


class Answer(BaseModel):
    nom: str


async def test_a_schema_gives_an_instance_of_it(gov: govai.Governor, server: Server) -> None:
    for reply in await every_way(gov, "mistral:echo", '{{"nom": "{prenom}"}}', data=ROW, purpose="win_back", schema=Answer):
        assert reply.parsed == Answer(nom="Renée")
    sent = json.loads(server.bodies[0])["response_format"]
    assert (sent["type"], sent["json_schema"]["name"], sent["json_schema"]["strict"]) == ("json_schema", "Answer", True)
    await gov.aclose()


@pytest.mark.parametrize(("model", "kind", "status"), [
    ("mistral:status-400", govai.InvalidRequest, 400), ("mistral:status-401", govai.AuthenticationFailed, 401), ("mistral:status-422", govai.InvalidRequest, 422),
    ("mistral:status-413", govai.ContextTooLong, 413), ("closed:echo", govai.ProviderUnavailable, None),
])
async def test_errors_are_of_one_tree_and_say_nothing_of_the_prompt(gov: govai.Governor, model: str, kind: type, status: int | None) -> None:
    from govai.doors import attempting

    attempting._RETRY["wait"], before = (lambda _state: 0.0), attempting._RETRY["wait"]
    try:
        for call in (lambda: asyncio.to_thread(gov.generate, model, "Chère Renée", purpose="win_back"), lambda: gov.agenerate(model, "Chère Renée", purpose="win_back"),
                     lambda: asyncio.to_thread(gov.stream(model, "Chère Renée", purpose="win_back").__enter__), lambda: gov.astream(model, "Chère Renée", purpose="win_back").__aenter__()):
            with pytest.raises(kind) as caught:
                await call()
            assert caught.value.status == status
            assert "Renée" not in f"{caught.value}{caught.value!r}{caught.value.__cause__}{caught.value.__context__}"
    finally:
        attempting._RETRY["wait"] = before
    await gov.aclose()


async def test_what_is_transient_is_tried_again(gov: govai.Governor, server: Server) -> None:
    assert gov.generate("mistral:status-503x1", "Bonjour", purpose="win_back").text == "Bonjour"
    assert (await gov.agenerate("mistral:status-429x1", "Bonjour", purpose="win_back")).text == "Bonjour"
    assert len(server.log) == 4
    await gov.aclose()


async def test_an_answer_that_does_not_come_in_time(policy: dict) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:  # it takes connections and never answers
        entry = {**policy["providers"]["near"], "like": "mistral", "host": f"127.0.0.1:{silent.getsockname()[1]}"}
        with govai.Governor({**policy, "providers": {"mistral": entry}}, ledger=":memory:", actor="ana") as gov:
            provider, governing = gov.policy.provider("mistral"), Governing(gov._engine, Scope(), "mistral")
            client, aclient = FAMILY.client(provider, governing), FAMILY.aclient(provider, governing)
            body = FAMILY.body(Request("echo", (Message("user", "Bonjour"),)), provider)
            with Asking(Asked(Scope(purpose="win_back"))):
                with pytest.raises(Exception) as caught:  # of the library that this version rides on
                    FAMILY.send(client, "echo", body, 0.05)
                with pytest.raises(type(caught.value)):
                    await FAMILY.send(aclient, "echo", body, 0.05)
            assert type(caught.value).__name__ == "ReadTimeout"
            assert type(FAMILY.translate(caught.value, "mistral")) is govai.ProviderTimeout
            assert FAMILY.translate(ValueError(), "mistral") is None
            close(client)
            await aclient.aclose()


async def test_a_stream_left_early_is_abandoned_once(gov: govai.Governor) -> None:
    with gov.stream("mistral:echo-3", "Bonjour " * 3000, purpose="win_back") as stream:
        assert next(iter(stream)) == "Bon"
    async with gov.astream("mistral:echo-3", "Bonjour " * 3000, purpose="win_back") as astream:
        async for piece in astream:
            assert piece == "Bon"
            break
    assert [r.body["status"] for r in gov.ledger.records() if r.kind == "outcome"] == ["abandoned"] * 2
    await gov.aclose()


async def test_a_refusal_is_itself_and_nothing_leaves(gov: govai.Governor, server: Server) -> None:
    row = {"sante": "diabète de type 1"}
    with pytest.raises(govai.Blocked):
        gov.generate("mistral:echo", "Sur {sante}", data=row, purpose="win_back")
    with pytest.raises(govai.Blocked):
        await gov.agenerate("mistral:echo", "Sur {sante}", data=row, purpose="win_back")
    assert server.log == []
    await gov.aclose()


def test_what_the_sdk_does_not_take_is_said_without_the_prompt(gov: govai.Governor, server: Server) -> None:
    with pytest.raises(govai.ConfigError, match="temperature") as caught:
        gov.generate("mistral:echo", "Chère Renée", purpose="win_back", temperature="Renée")
    assert "Renée" not in f"{caught.value!r}{caught.value}{caught.value.__cause__}{caught.value.__context__}"
    assert server.log == []


def mail(to: str) -> None:
    """Send."""


SAYINGS = [
    Request("echo", (Message("user", "Bonjour"),)),
    Request("echo", (Message("user", "Bonjour"),), system="Sois bref", temperature=1, max_tokens=9, stream=True),
    Request("echo", (Message("user", "Bonjour"),), schema=Answer),
    Request("tool", (Message("user", "é"), Message("assistant", "", tool_calls=(ToolCall("c1", "mail", {"to": "Zoé"}),)), Message("tool", "fait", tool_call_id="c1"), Message("user", "Bonjour")), tools=(tool(mail),)),
]


@pytest.mark.parametrize("request_", SAYINGS, ids=range(4))
@pytest.mark.parametrize("again", [False, True])
async def test_a_body_is_what_goes_out_byte_for_byte(gov: govai.Governor, server: Server, request_: Request, again: bool) -> None:
    provider = gov.policy.provider("mistral")
    governing = Governing(gov._engine, Scope(), "mistral")
    body = FAMILY.body(request_, provider)
    body = parse(encode(body)) if again else body  # as a ticket keeps it
    post = FAMILY.open if request_.stream else FAMILY.send
    with Asking(Asked(Scope(purpose="win_back"))):
        client, aclient = FAMILY.client(provider, governing), FAMILY.aclient(provider, governing)
        native = post(client, "echo", body, 5.0)
        anative = await post(aclient, "echo", body, 5.0)
    assert server.bodies == [encode(body)] * 2
    if request_.stream:
        native.close()
        await anative.close()
    close(client)
    await aclient.aclose()


async def test_embeddings_come_in_the_order_of_the_texts(gov: govai.Governor, server: Server) -> None:
    provider, governing = gov.policy.provider("mistral"), Governing(gov._engine, Scope(), "mistral")
    client, aclient = FAMILY.client(provider, governing), FAMILY.aclient(provider, governing)
    with Asking(Asked(Scope(purpose="win_back"))):
        for native in (FAMILY.embed(client, "echo", ["a", "bcd"], 5.0), await FAMILY.embed(aclient, "echo", ["a", "bcd"], 5.0)):
            assert FAMILY.vectors(native) == [[1.0, 0.5], [3.0, 0.5]]
            assert isinstance(native, models.EmbeddingResponse)
    close(client)
    await aclient.aclose()


async def test_a_client_of_the_callers_is_used_in_both_worlds(gov: govai.Governor, server: Server) -> None:
    with Mistral(server_url=server.url, api_key="x") as sync:
        assert gov.generate("mistral:echo", "Écris à {prenom}", data=ROW, purpose="win_back", client=sync).text == "Écris à Renée"
        with gov.stream("mistral:echo-3", "Écris à {prenom}", data=ROW, purpose="win_back", client=sync) as stream:
            assert "".join(stream) == "Écris à Renée"
    async with Mistral(server_url=server.url, api_key="x") as both:
        assert (await gov.agenerate("mistral:echo", "Écris à {prenom}", data=ROW, purpose="win_back", client=both)).text == "Écris à Renée"
        async with gov.astream("mistral:echo-3", "Écris à {prenom}", data=ROW, purpose="win_back", client=both) as astream:
            assert "".join([piece async for piece in astream]) == "Écris à Renée"
    assert len(server.bodies) == 4 and not any(secret in raw for secret in SECRETS for raw in server.bodies)


async def test_a_ticket_is_resumed_with_the_very_bytes_that_were_approved(policy: dict, server: Server, tmp_path: Path) -> None:
    entry = {**policy["providers"]["near"], "like": "mistral"}
    strict = {**policy, "providers": {"mistral": entry}, "reviews": [{"id": "seen", "purpose": ["win_back"], "on": "prompt", "role": "marketing"}]}
    url = f"sqlite:///{tmp_path}/x.db"
    server.log.clear()
    with govai.Governor(strict, ledger=url, actor="ana") as gov, govai.Governor(strict, ledger=url, actor="lea") as reviewer:
        for number, resume in enumerate((gov.resume, gov.aresume)):
            with pytest.raises(govai.ReviewPending) as caught:
                gov.generate("mistral:echo", "Écris à {prenom} " + str(number), data=ROW, purpose="win_back", temperature=1)
            assert len(server.log) == number
            reviewer.reviews.approve(caught.value.ticket_id)
            reply = resume(caught.value.ticket_id)
            assert (reply if isinstance(reply, govai.Reply) else await reply).text == f"Écris à Renée {number}"
        assert gov.explain("Écris à {prenom}", model="mistral:echo", data=ROW, purpose="win_back").effect.word == "pseudonymise"
        await gov.aclose()
