"""One interface over the providers: the same call gives the same Reply and the same errors, whoever answers, in both worlds.

What is scripted is scripted once; each provider's wire spells it its own way, and the official SDKs read it.
"""

from __future__ import annotations

import json
import traceback
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
from pydantic import BaseModel

import govai
from govai.doors import attempting
from govai.testing import Answer, Provider, governor
from tests.doors import parity

NAME, EMAIL = "Renée", "renee.aubrac@exemple.fr"
ROW = {"prenom": NAME, "email": EMAIL}
PROMPT, SAID = "Écris à {prenom} ({email})", f"Écris à {NAME} ({EMAIL})"
ENTRY = {"region": "EU", "trains_on_inputs": False}
POLICY = {
    "govai": 1, "name": "parity", "extends": "eu-marketing",
    "providers": {
        **{name: {"like": name, **ENTRY} for name in ("openai", "anthropic", "mistral", "google")},
        "responses": {"like": "openai", "api": "responses", "host": "responses.example.org", **ENTRY},
    },
}
MODELS = {name: f"{name}:{'echo' if name == 'offline' else 'model-x'}" for name in parity.PROVIDERS}
NATIVES = {"openai": "ChatCompletion", "responses": "Response", "anthropic": "Message", "mistral": "ChatCompletionResponse", "google": "GenerateContentResponse", "offline": "dict"}
STREAMS = {"openai": "Stream", "responses": "Stream", "anthropic": "Stream", "mistral": "EventStream", "google": "_Events", "offline": "_Events"}  # of google-genai and in process: plain iterators
SDKS = {"openai": "openai", "responses": "openai", "anthropic": "anthropic", "mistral": "mistralai", "google": "google"}
FINISHED = {"openai": "stop", "responses": "completed", "anthropic": "end_turn", "mistral": "stop", "google": "STOP", "offline": "stop"}


@pytest.fixture
def provider() -> Provider:
    return Provider(chunk=3).always(Answer(usage=(11, 7)))


@pytest.fixture
async def gov(provider: Provider) -> AsyncIterator[govai.Governor]:
    async with governor(POLICY, provider=provider) as made:
        yield made


class Slept:
    def __await__(self) -> Iterator[Any]:
        return iter(())


@pytest.fixture
def waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """What is waited between attempts, in either world; nobody waits it."""
    waited: list[float] = []
    monkeypatch.setitem(attempting._RETRY, "sleep", lambda seconds: waited.append(seconds) or Slept())
    return waited


async def whole(gov: govai.Governor, world: str, *args: Any, **kwargs: Any) -> govai.Reply:
    return gov.generate(*args, **kwargs) if world == "sync" else await gov.agenerate(*args, **kwargs)


async def streamed(gov: govai.Governor, world: str, *args: Any, pieces: list[str] | None = None, **kwargs: Any) -> govai.Reply:
    pieces = [] if pieces is None else pieces
    if world == "sync":
        with gov.stream(*args, **kwargs) as stream:
            pieces.extend(stream)
    else:
        async with gov.astream(*args, **kwargs) as stream:
            async for piece in stream:
                pieces.append(piece)
    assert "".join(pieces) == stream.reply.text
    return stream.reply


WAYS = {"whole": whole, "streamed": streamed}


def matrix(capability: str) -> Any:
    return pytest.mark.parametrize(("name", "world"), parity.cells(capability))


def told(reply: govai.Reply) -> dict[str, Any]:
    """All that a reply says, but for what each call has of its own."""
    decision = reply.decision
    return {
        "text": reply.text, "tools": [(call.name, call.arguments) for call in reply.tool_calls], "parsed": reply.parsed, "finish": reply.finish_reason,
        "usage": (reply.usage.input_tokens, reply.usage.output_tokens), "model": reply.model, "provider": reply.provider, "cost": reply.cost_eur,
        "effect": decision and decision.effect.word, "rules": decision and decision.rules, "protected": reply.protected, "sent": reply.sent,
    }


def check(gov: govai.Governor, provider: Provider, name: str, reply: govai.Reply) -> None:
    """What holds for every reply."""
    (intent,) = [r for r in gov.ledger.records(kind="intent") if r.id == reply.record_id]
    assert intent.body["provider"] == reply.provider == name
    assert reply.model == MODELS[name].partition(":")[2]
    assert reply.decision and reply.decision.effect.word == "pseudonymise"
    assert reply.cost_eur is None
    if name != "offline":
        assert (reply.usage.input_tokens, reply.usage.output_tokens) == (11, 7)
    assert reply.usage.input_tokens and reply.usage.output_tokens
    provider.assert_never_saw(NAME, EMAIL) if name != "offline" else None
    assert not any(secret in reply.protected + str(reply.sent) + repr(reply) + reply._repr_html_() for secret in (NAME, EMAIL))


@matrix("plain")
async def test_an_answer(gov: govai.Governor, provider: Provider, name: str, world: str) -> None:
    reply = await whole(gov, world, MODELS[name], PROMPT, data=ROW, purpose="win_back", system="Sois bref", temperature=1, max_tokens=40)
    check(gov, provider, name, reply)
    assert (reply.text, str(reply), reply.tool_calls, reply.parsed, reply.finish_reason) == (SAID, SAID, [], None, FINISHED[name])
    assert type(reply.native).__name__ == NATIVES[name]
    assert type(reply.native).__module__.partition(".")[0] == SDKS.get(name, "builtins")


@matrix("stream")
async def test_a_stream_and_then_its_reply(gov: govai.Governor, provider: Provider, name: str, world: str) -> None:
    pieces: list[str] = []
    reply = await streamed(gov, world, MODELS[name], PROMPT, data=ROW, purpose="win_back", pieces=pieces)
    once = await whole(gov, world, MODELS[name], PROMPT, data=ROW, purpose="win_back")
    check(gov, provider, name, reply)
    assert told(reply) == told(once)
    assert reply.text == SAID and len(pieces) > 1
    assert STREAMS[name] in type(reply.native).__name__


def mail(to: str) -> None:
    """Send a message."""


@pytest.mark.parametrize("way", WAYS)
@matrix("tools")
async def test_tools(gov: govai.Governor, provider: Provider, name: str, world: str, way: str) -> None:
    provider.always(lambda request: Answer(tool_calls=[("mail", {"to": request.said}), ("mail", {"to": "Léa & co"})], usage=(11, 7)))
    for receives, restored in (("user.contact", True), ("user.name", False)):
        tools = [govai.tool(mail, receives=[receives])]
        reply = await WAYS[way](gov, world, MODELS[name], "{email}", data=ROW, purpose="support", tools=tools)
        first, second = reply.tool_calls
        assert (first.name, list(first.arguments), second.arguments) == ("mail", ["to"], {"to": "Léa & co"})
        assert (first.arguments["to"] == EMAIL) is restored
        assert (reply.text, bool(reply.finish_reason)) == ("", True)
        check(gov, provider, name, reply)

    asked = provider.last.json
    provider.always(Answer("C'est fait", usage=(11, 7)))
    turns = [govai.Message("user", EMAIL), govai.Message("assistant", "", tool_calls=tuple(reply.tool_calls))]
    turns += [govai.Message("tool", f"parti pour {EMAIL}", tool_call_id=call.id) for call in reply.tool_calls]
    reply = await WAYS[way](gov, world, MODELS[name], messages=turns, purpose="support", tools=tools)
    assert (reply.text, reply.tool_calls, reply.finish_reason) == ("C'est fait", [], FINISHED[name])
    check(gov, provider, name, reply)
    placeholder = next(word for word in json.dumps(asked).replace('"', " ").split() if word.startswith("Zq"))
    assert provider.last.text.count(placeholder) >= 3  # said, called with, and in each result: the same one in every turn
    assert all(word in provider.last.text for word in ("parti pour", "Léa & co"))


class Card(BaseModel):
    nom: str
    email: str


@pytest.mark.parametrize("way", WAYS)
@matrix("schema")
async def test_a_schema(gov: govai.Governor, provider: Provider, name: str, world: str, way: str) -> None:
    reply = await WAYS[way](gov, world, MODELS[name], '{{"nom": "{prenom}", "email": "{email}"}}', data=ROW, purpose="support", schema=Card)
    assert reply.parsed == Card(nom=NAME, email=EMAIL)
    assert json.loads(reply.text) == {"nom": NAME, "email": EMAIL}
    check(gov, provider, name, reply)
    with pytest.raises(govai.ProviderError, match="does not fit Card") as caught:
        await WAYS[way](gov, world, MODELS[name], '{{"nom": ["{email}"]}}', data=ROW, purpose="support", schema=Card)
    silent(caught.value)


@pytest.mark.parametrize("way", WAYS)
@matrix("thinking")
async def test_thinking_is_not_the_text(gov: govai.Governor, provider: Provider, name: str, world: str, way: str) -> None:
    provider.always(lambda request: Answer(thinking=f"Que dire ? {request.said}", usage=(11, 7)))
    reply = await WAYS[way](gov, world, MODELS[name], PROMPT, data=ROW, purpose="win_back")
    assert (reply.text, reply.finish_reason) == (SAID, FINISHED[name])
    check(gov, provider, name, reply)


@matrix("embed")
async def test_embeddings(gov: govai.Governor, provider: Provider, name: str, world: str) -> None:
    provider.always(lambda request: Answer())

    async def embed(texts: list[str]) -> list[list[float]]:
        return gov.embed(MODELS[name], texts, purpose="win_back") if world == "sync" else await gov.aembed(MODELS[name], texts, purpose="win_back")

    one, two = await embed(["Bonjour", f"À {EMAIL}"])
    assert len(one) == len(two) > 1 and all(isinstance(number, float) for number in one)
    assert await embed(["Bonjour"]) == [one] != [two]
    if name != "offline":
        provider.assert_never_saw(EMAIL)
    assert [r.body["status"] for r in gov.ledger.records(kind="outcome")] == ["completed"] * 2


@pytest.mark.parametrize("world", parity.WORLDS)
async def test_who_has_no_embeddings_says_so_and_sends_nothing(gov: govai.Governor, provider: Provider, world: str) -> None:
    assert [name for name, capability in parity.MISSING if capability == "embed"] == ["anthropic"]
    with pytest.raises(govai.ConfigError, match="no embeddings"):
        gov.embed("anthropic:m", "x") if world == "sync" else await gov.aembed("anthropic:m", "x")
    assert provider.requests == []


# Failures

SPELLED = f'"message": "{SAID}"'
CODED = {
    "openai": lambda code: Answer(status=400, body=f'{{"error": {{{SPELLED}, "type": "invalid_request_error", "code": "{code}"}}}}'.encode()),
    "google": lambda _code: Answer(body=b'{"promptFeedback": {"blockReason": "PROHIBITED_CONTENT"}, "usageMetadata": {"promptTokenCount": 3}}'),
}
CODED["responses"] = CODED["openai"]


def scripted(name: str, failure: str) -> Answer:
    if failure.isdigit():
        return Answer(status=int(failure), error=SAID)
    if failure in ("context too long", "content filter"):
        return CODED[name]("context_length_exceeded" if failure.startswith("context") else "content_filter")
    return {
        "429 with Retry-After": Answer(status=429, error=SAID, headers={"retry-after": "7"}),
        "no answer in time": Answer(delay=3600),
        "broken connection": Answer(cut=True),
        "an answer that is not JSON": Answer(body=f'{{"text": "{SAID}'.encode()),
        "an answer of another kind (HTML)": Answer(body=f"<html>{SAID}</html>".encode(), headers={"content-type": "text/html"}),
        "an empty body": Answer(body=b""),
        "an empty object": Answer(body=b"{}"),
    }[failure]


def silent(error: BaseException) -> None:
    """No value of the prompt in an error, nor in what a log would show of it."""
    shown = "".join(traceback.format_exception(error)) + repr(error) + str(error) + repr(error.args) + repr(vars(error))
    assert not any(secret in shown for secret in (NAME, EMAIL, "Ren\\xe9e"))
    assert error.__cause__ is None and error.__context__ is None


async def fails(gov: govai.Governor, world: str, way: str, model: str, kind: type[Exception], **kwargs: Any) -> Any:
    with pytest.raises(govai.ProviderError) as caught:
        await WAYS[way](gov, world, model, PROMPT, data=ROW, purpose="win_back", **kwargs)
    assert type(caught.value) is kind, caught.value
    silent(caught.value)
    return caught.value


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(("name", "world", "failure"), [one for one in parity.failing() if one[2] not in ("refused connection", "broken connection") and one[0] != "offline"])
async def test_the_same_failure_is_the_same_error(gov: govai.Governor, provider: Provider, waits: list[float], name: str, world: str, failure: str, way: str) -> None:
    kind, attempts = parity.FAILURES[failure]
    provider.always(scripted(name, failure))
    error = await fails(gov, world, way, MODELS[name], getattr(govai, kind), timeout=1)
    assert error.provider == name
    assert error.status == (int(failure[:3]) if failure[0].isdigit() else 400 if attempts == 1 and name != "google" else None)
    assert len(provider.requests) == attempts
    assert error.retry_after == (7 if "Retry" in failure else None)
    assert [r.body["status"] for r in gov.ledger.records(kind="outcome")] == ["failed"] * attempts
    if "Retry" in failure:
        assert waits == [7.0, 7.0]


@pytest.mark.parametrize("failure", ["429 with Retry-After", "no answer in time", "an answer that is not JSON", "an answer of another kind (HTML)", "an empty body", "an empty object"])
@pytest.mark.parametrize(("name", "world"), [one for one in parity.cells("embed") if one[0] != "offline"])
async def test_vectors_that_do_not_come_are_the_same_error(gov: govai.Governor, provider: Provider, waits: list[float], name: str, world: str, failure: str) -> None:
    provider.always(scripted(name, failure))
    with pytest.raises(govai.ProviderError) as caught:
        gov.embed(MODELS[name], [SAID], purpose="win_back", timeout=1) if world == "sync" else await gov.aembed(MODELS[name], [SAID], purpose="win_back", timeout=1)
    assert type(caught.value).__name__ == parity.FAILURES[failure][0]
    silent(caught.value)
    assert len(provider.requests) == 3
    provider.always(Answer(vector=[0.5]))
    assert gov.embed(MODELS[name], ["Bonjour"], purpose="win_back") == [[0.5]]


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(("name", "world"), [one for one in parity.cells("error") if one[0] != "offline"])
async def test_nobody_answers(waits: list[float], monkeypatch: pytest.MonkeyPatch, name: str, world: str, way: str) -> None:
    entry = {**POLICY["providers"][name], "host": "127.0.0.1:9", "api_key": "env:GOVAI_TEST_KEY"}
    async with govai.Governor({**POLICY, "providers": {name: entry}}, ledger=":memory:", actor="ana") as gov:
        await fails(gov, world, way, MODELS[name], govai.ProviderUnavailable)
        assert len(waits) == 2


@pytest.mark.parametrize("world", parity.WORLDS)
@pytest.mark.parametrize("way", WAYS)
async def test_the_embedded_provider_knows_two_models(gov: govai.Governor, world: str, way: str) -> None:
    assert [failure for failure in parity.FAILURES if ("offline", failure) not in parity.UNSAID] == ["404"]
    assert (await fails(gov, world, way, "offline:other", govai.InvalidRequest)).status == 404


@pytest.mark.parametrize(("name", "world"), [one for one in parity.cells("error") if one[0] != "offline"])
async def test_a_broken_connection(gov: govai.Governor, provider: Provider, waits: list[float], name: str, world: str) -> None:
    provider.always(Answer(cut=True))
    await fails(gov, world, "whole", MODELS[name], govai.ProviderUnavailable)
    assert len(provider.requests) == 3


def late(gov: govai.Governor, provider: Provider, name: str, failure: str) -> Answer:
    """Return an answer whose stream begins well, but for the empty one."""
    if failure == "broken connection":
        return Answer(cut=True)
    if failure == "error event":
        return Answer(status=529, late=True, error=SAID)
    events, good = {"content-type": "text/event-stream"}, b""
    if failure != "empty stream":
        with gov.stream(MODELS[name], PROMPT, data=ROW, purpose="win_back") as stream:
            list(stream)
        last = provider.last
        with provider.http_client() as client:
            good = client.request(last.method, f"https://{last.host}{last.path}?{last.query}", content=last.body).content
        end = b"\r\n\r\n" if b"\r\n\r\n" in good else b"\n\n"
        parts = good.split(end)
        good = end.join(parts[: len(parts) // 2]) + end
    return Answer(body=good + (f'data: {{"text": "{SAID}\n\n'.encode() if failure == "event that is not JSON" else b""), headers=events)


@pytest.mark.parametrize(("name", "world", "failure"), parity.failing_late())
async def test_a_stream_that_fails_is_not_tried_again(gov: govai.Governor, provider: Provider, waits: list[float], name: str, world: str, failure: str) -> None:
    answer = late(gov, provider, name, failure)
    before = len(provider.requests)
    provider.always(answer)
    pieces: list[str] = []
    await fails(gov, world, "streamed", MODELS[name], getattr(govai, parity.LATE[failure]), pieces=pieces)
    if pieces:
        assert "".join(pieces).startswith("Écris à ") or SAID.startswith("".join(pieces))  # a placeholder that was cut stays one
        assert len(provider.requests) == before + 1 and waits == []
    assert bool(pieces) is (failure != "empty stream")
    assert [r.body["status"] for r in gov.ledger.records(kind="outcome")][-1] == "failed"


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(("name", "world"), [one for one in parity.cells("error") if one[0] != "offline"])
async def test_a_busy_provider_is_asked_again(gov: govai.Governor, provider: Provider, waits: list[float], name: str, world: str, way: str) -> None:
    provider.answer(Answer(status=429, headers={"retry-after": "2.5"}), Answer(status=529))
    reply = await WAYS[way](gov, world, MODELS[name], PROMPT, data=ROW, purpose="win_back")
    assert reply.text == SAID
    assert (len(provider.requests), waits[0]) == (3, 2.5)
    intents = list(gov.ledger.records(kind="intent"))
    assert (len(intents), len({r.call_id for r in intents}), intents[-1].id) == (3, 1, reply.record_id)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(("name", "world"), [one for one in parity.cells("error") if one[0] != "offline"])
async def test_the_next_provider_answers_in_its_place(gov: govai.Governor, provider: Provider, waits: list[float], name: str, world: str, way: str) -> None:
    others = [other for other in SDKS if other != name]
    provider.answer(Answer(status=401), *[Answer(status=503)] * 3)
    reply = await WAYS[way](gov, world, [MODELS[name], MODELS[others[0]], MODELS[others[1]]], PROMPT, data=ROW, purpose="win_back")
    assert (reply.text, reply.provider, len(provider.requests)) == (SAID, others[1], 5)
    check(gov, provider, others[1], reply)
    provider.answer(Answer(status=400))
    with pytest.raises(govai.InvalidRequest):  # it would be as wrong elsewhere
        await WAYS[way](gov, world, [MODELS[name], MODELS[others[0]]], PROMPT, data=ROW, purpose="win_back")


@pytest.mark.parametrize("way", WAYS)
@matrix("plain")
async def test_a_key_is_answered_once(gov: govai.Governor, provider: Provider, waits: list[float], name: str, world: str, way: str) -> None:
    asked = {"data": ROW, "purpose": "win_back", "key": "order-1"}
    if name != "offline":
        provider.answer(Answer(body=b"{}"), Answer(body=b"<html>", headers={"content-type": "text/html"}))  # what is no answer is not kept
    one, two = [await WAYS[way](gov, world, MODELS[name], PROMPT, **asked) for _ in range(2)]
    assert told(one) == told(two) and one.text == SAID and one.record_id == two.record_id
    assert len(list(gov.ledger.records(kind="intent"))) == (1 if name == "offline" else 3)
    other = await WAYS[way](gov, world, MODELS[name], PROMPT + " encore", **asked)
    assert other.text == SAID + " encore" and other.record_id != one.record_id


def test_the_page_says_what_is_tested() -> None:
    assert parity.main(["--check"]) == 0
