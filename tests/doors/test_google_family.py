"""Google through its SDK, against a local server: the same replies, the same errors, in every way there is to ask."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import httpx2
import pytest
from pydantic import BaseModel

import govai
from govai.core.errors import AuthenticationFailed, InvalidRequest, ProviderTimeout, ProviderUnavailable, RateLimited
from govai.core.scope import Scope
from govai.doors.google_family import GoogleFamily
from govai.flow.transports import Governing
from tests.doors.test_generating import every_way
from tests.server import Server

ROW = {"prenom": "Renée", "email": "renee.aubrac@exemple.fr"}
PROMPT = "Écris à {prenom} ({email}), partie"
SAID = "Écris à Renée (renee.aubrac@exemple.fr), partie"
SECRETS = ("Renée", "renee.aubrac", "sk-test-key")


def mail(to: str) -> None:
    """Send a mail."""


def other(to: str) -> None:
    """Do something else."""


def now() -> None:
    """Say what time it is."""


@pytest.mark.parametrize("model", ["echo", "think", "echo-1", "echo-2", "echo-5", "echo-13"])
async def test_what_leaves_is_protected_and_what_returns_is_restored_in_every_way(gov: govai.Governor, server: Server, model: str) -> None:
    server.log.clear()
    for reply in await every_way(gov, f"gnear:{model}", PROMPT, data=ROW, purpose="win_back"):
        assert reply.text == SAID
        assert not any(secret in reply.protected + str(reply.sent) + repr(reply) for secret in SECRETS)
        assert (reply.usage.input_tokens, reply.usage.output_tokens, reply.finish_reason, reply.model) == (3, 6, "STOP", "echo")
    assert not any(secret.encode() in raw for secret in SECRETS for raw in server.bodies)
    assert [entry["path"] for entry in server.log] == [f"/v1beta/models/{model}:{m}" for m in ["generateContent"] * 2 + ["streamGenerateContent?alt=sse"] * 2]
    records = list(gov.ledger.records())
    assert [r.body["status"] for r in records if r.kind == "outcome"] == ["completed"] * 4
    assert all(r.body["request_id"] == "resp-1" for r in records if r.kind == "outcome")
    await gov.aclose()


async def test_the_body_that_is_posted_is_the_body_that_was_built(gov: govai.Governor, server: Server) -> None:
    server.log.clear()
    said = [govai.Message("user", "un"), govai.Message("assistant", "deux"), govai.Message("user", "trois")]
    await every_way(gov, "gnear:echo", messages=said, system="bref", tools=[mail], max_tokens=9, temperature=0.5)
    expected = {
        "contents": [{"role": "user", "parts": [{"text": "un"}]}, {"role": "model", "parts": [{"text": "deux"}]}, {"role": "user", "parts": [{"text": "trois"}]}],
        "generationConfig": {"maxOutputTokens": 9, "temperature": 0.5},
        "systemInstruction": {"parts": [{"text": "bref"}]},
        "tools": [{"functionDeclarations": [{"name": "mail", "description": "Send a mail.", "parametersJsonSchema": {"type": "object", "properties": {"to": {"title": "To", "type": "string"}}, "required": ["to"]}}]}],
    }
    assert len(server.bodies) == 4
    assert all(json.loads(raw) == expected and list(json.loads(raw)) == list(expected) for raw in server.bodies)
    await gov.aclose()


async def test_a_tool_gets_only_what_it_receives(gov: govai.Governor) -> None:
    tools = [govai.tool(mail, receives=["user.contact.email"]), other, now]
    for reply in await every_way(gov, "gnear:two-tools", "renee.aubrac@exemple.fr", purpose="support", tools=tools):
        received, withheld, bare = reply.tool_calls
        assert (received.id, received.name, received.arguments) == ("c1", "mail", {"to": "renee.aubrac@exemple.fr"})
        assert (withheld.id, withheld.name) == ("c2", "other")
        assert "renee" not in str(withheld.arguments)
        assert (bare.id, bare.name, bare.arguments) == ("", "now", {})
    await gov.aclose()


async def test_a_signature_goes_back_with_its_call_and_results_of_one_turn_go_together(gov: govai.Governor, server: Server) -> None:
    for reply in await every_way(gov, "gnear:tool", "ana@exemple.fr", purpose="support", tools=[govai.tool(mail, receives=["user.contact.email"])]):
        server.log.clear()
        calls = (*reply.tool_calls, govai.ToolCall("", "other", {}), govai.ToolCall("", "now", {}))
        results = [govai.Message("tool", f"fait {at}", tool_call_id=call.id) for at, call in enumerate(calls)]
        history = [govai.Message("user", "ana@exemple.fr"), govai.Message("assistant", "", tool_calls=calls), *results]
        await gov.agenerate("gnear:echo", messages=history, purpose="support", tools=[mail, other])
        _, called, answered = json.loads(server.bodies[-1])["contents"]
        assert called["parts"][0]["thoughtSignature"] == "c2lnbg=="
        assert called["parts"][0]["functionCall"]["args"]["to"] in reply.sent[0][1]
        assert [part["functionResponse"] for part in answered["parts"]] == [{"name": name, "response": {"result": f"fait {at}"}} for at, name in enumerate(("mail", "other", "now"))]
        assert answered["role"] == "user"
    await gov.aclose()


async def test_a_schema_gives_parsed(gov: govai.Governor, server: Server) -> None:
    class Answer(BaseModel):
        name: str

    for model in ("gnear:echo", "gnear:echo-4"):
        replies = await every_way(gov, model, lambda c: '{"name": "' + c.prenom + '"}', data={"prenom": 'Re"née\\'}, purpose="win_back", schema=Answer)
        assert [reply.parsed for reply in replies] == [Answer(name='Re"née\\')] * 4
    config = json.loads(server.bodies[-1])["generationConfig"]
    assert config == {"responseMimeType": "application/json", "responseJsonSchema": Answer.model_json_schema()}
    await gov.aclose()


async def ways(gov: govai.Governor, model: str) -> list[BaseException]:
    """Return the error of each of the four ways, read to its end."""

    def read() -> None:
        with gov.stream(model, "ana@exemple.fr", purpose="support") as stream:
            list(stream)

    async def aread() -> None:
        async with gov.astream(model, "ana@exemple.fr", purpose="support") as stream:
            [piece async for piece in stream]

    calls = [
        asyncio.to_thread(gov.generate, model, "ana@exemple.fr", purpose="support"), gov.agenerate(model, "ana@exemple.fr", purpose="support"),
        asyncio.to_thread(read), aread(),
    ]
    return [error for error in [(await asyncio.gather(call, return_exceptions=True))[0] for call in calls] if isinstance(error, BaseException)]


@pytest.mark.parametrize(("model", "kind", "attempts"), [
    ("status-400", InvalidRequest, 4), ("status-401", AuthenticationFailed, 4), ("status-404", InvalidRequest, 4), ("status-429", RateLimited, 12), ("status-503", ProviderUnavailable, 12),
])
async def test_failures_are_the_same_in_every_way_and_none_tells_what_was_said(gov: govai.Governor, server: Server, model: str, kind: type[Exception], attempts: int) -> None:
    server.log.clear()
    errors = await ways(gov, f"gnear:{model}")
    assert [type(error) for error in errors] == [kind] * 4
    assert all(error.status == int(model[7:]) and error.__cause__ is None and "exemple" not in f"{error!r}{error.args}" for error in errors)  # type: ignore[attr-defined]
    assert len(server.log) == attempts
    await gov.aclose()


async def test_a_stream_that_reports_an_error_or_breaks_off_fails(gov: govai.Governor) -> None:
    with pytest.raises(ProviderUnavailable, match="unavailable") as caught, gov.stream("gnear:late", "ana@exemple.fr", purpose="support") as stream:
        list(stream)
    assert caught.value.status == 503
    pieces = []
    with pytest.raises(ProviderUnavailable, match="cannot be read"):
        async with gov.astream("gnear:cut", "ana@exemple.fr", purpose="support") as astream:
            async for piece in astream:
                pieces.append(piece)
    assert "".join(pieces) == "ana@exemple.fr"
    assert [(r.body["status"], r.body["error"]) for r in gov.ledger.records() if r.kind == "outcome"] == [("failed", "UNAVAILABLE"), ("failed", "cut")]
    await gov.aclose()


async def test_a_stream_that_is_left_is_abandoned_at_once(gov: govai.Governor) -> None:
    with gov.stream("gnear:cut-3", "bonjour", purpose="win_back") as stream:
        next(iter(stream))
    async with gov.astream("gnear:cut-3", "bonjour", purpose="win_back") as astream:
        async for _piece in astream:
            break
    assert [r.body["status"] for r in gov.ledger.records() if r.kind == "outcome"] == ["abandoned"] * 2
    for _turn in range(20):  # the loop closes the SDK's own generators
        await asyncio.sleep(0)
    await gov.aclose()


def test_errors_in_stable_fields_only() -> None:
    from google.genai import errors

    def told(status: int, word: str, *details: dict[str, Any]) -> Any:
        return errors.ClientError(status, {"error": {"code": status, "status": word, "message": "ana@exemple.fr", "details": list(details)}})

    family = GoogleFamily()
    key = family.translate(told(400, "INVALID_ARGUMENT", {"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": "API_KEY_INVALID"}), "g")
    assert (type(key), key and key.status) == (AuthenticationFailed, 400)
    full = family.translate(told(429, "RESOURCE_EXHAUSTED", {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "34.5s"}), "g")
    assert (type(full), full and full.retry_after) == (RateLimited, 34.5)
    assert type(family.translate(told(400, "INVALID_ARGUMENT", {"reason": 3}), "g")) is InvalidRequest
    assert type(family.translate(httpx2.ReadTimeout("x"), "g")) is ProviderTimeout
    assert type(family.translate(httpx2.ConnectError("x"), "g")) is ProviderUnavailable
    assert type(family.translate(json.JSONDecodeError("x", "ana@exemple.fr", 0), "g")) is ProviderUnavailable
    assert family.translate(KeyError("x"), "g") is None
    for strange in (None, [], "ana", {"error": "ana"}, {"error": {"details": "ana"}}, {"error": {"details": [3]}}):
        assert isinstance(family.translate(errors.APIError(500, strange if strange is not None else {}), "g"), ProviderUnavailable)


async def test_embeddings_give_one_vector_for_each_text(gov: govai.Governor, server: Server) -> None:
    family, provider = GoogleFamily(), gov._engine.policy.provider("gnear")
    governing = Governing(gov._engine, Scope(), "google")
    client, aclient = family.client(provider, governing), family.aclient(provider, governing)
    server.log.clear()
    for native in (family.embed(client, "gemini-embedding-001", ["un", "deux"], 9.0), await family.embed(aclient, "gemini-embedding-001", ["un", "deux"], 9.0)):
        assert family.vectors(native) == [[2.0, 0.5], [4.0, 0.5]]
    assert [entry["path"] for entry in server.log] == ["/v1beta/models/gemini-embedding-001:batchEmbedContents"] * 2
    client._govai_original.close()
    await aclient._govai_original.aclose()


async def test_both_worlds_of_both_clients_are_governed(gov: govai.Governor, server: Server) -> None:
    """The SDK's client holds the other world too; nothing leaves by it either."""
    family, provider = GoogleFamily(), gov._engine.policy.provider("gnear")
    client = family.client(provider, Governing(gov._engine, Scope(), "google"))
    server.log.clear()
    for call in (lambda: client.models.generate_content(model="echo", contents="à ana@exemple.fr"), lambda: asyncio.run(client.aio.models.generate_content(model="echo", contents="à ana@exemple.fr"))):
        with pytest.raises(govai.PurposeRequired):
            await asyncio.to_thread(call)
    assert server.log == []
    client._govai_original.close()


def test_explain_asks_at_the_models_own_path(gov: govai.Governor, server: Server) -> None:
    server.log.clear()
    for model in ("gnear:echo", "gnear:tunedModels/echo-1"):
        decision = gov.explain(PROMPT, model=model, purpose="win_back", data=ROW)
        assert decision.effect.word == "pseudonymise"
    assert server.log == []


@pytest.mark.parametrize("on", ["prompt", "output"])
@pytest.mark.parametrize("streamed", [False, True])
def test_a_call_that_waited_for_a_review_goes_on_to_its_own_model(policy: dict, server: Server, on: str, streamed: bool) -> None:
    policy["reviews"] = [{"id": "looked-at", "purpose": "win_back", "on": on, "role": "marketing"}]
    with govai.Governor(policy, ledger=":memory:", actor="ana") as gov:
        server.log.clear()
        with pytest.raises(govai.ReviewPending) as caught:
            if streamed:
                gov.stream("gnear:echo-3", PROMPT, data=ROW, purpose="win_back").__enter__()
            else:
                gov.generate("gnear:echo-3", PROMPT, data=ROW, purpose="win_back")
        assert len(server.log) == (on == "output")
        gov.bind(actor="lea").reviews.approve(caught.value.ticket_id)
        assert gov.resume(caught.value.ticket_id).text == SAID
        assert [entry["path"] for entry in server.log] == [f"/v1beta/models/echo-3:{'streamGenerateContent?alt=sse' if streamed else 'generateContent'}"]


def test_a_kept_reply_is_of_its_model(gov: govai.Governor, server: Server) -> None:
    server.log.clear()
    for model in ("gnear:echo", "gnear:echo", "gnear:think"):
        gov.generate(model, PROMPT, data=ROW, purpose="win_back", key="k")
    assert [entry["path"] for entry in server.log] == ["/v1beta/models/echo:generateContent", "/v1beta/models/think:generateContent"]
