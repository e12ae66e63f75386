"""All that the SDKs offer around a call works on a governed client: helpers, raw answers, tools, options, HTTP clients."""

from __future__ import annotations

import inspect
import json
from typing import Any

import anthropic
import openai
import pytest
from google import genai
from google.genai import types
from mistralai.client import Mistral
from mistralai.client.utils import BackoffStrategy, RetryConfig
from pydantic import BaseModel

import govai
from tests.doors.kinds import HTTP, KINDS, close
from tests.server import Server

pytestmark = pytest.mark.filterwarnings("ignore:Inheritance class AiohttpClientSession:DeprecationWarning")
SAID = "à ana@exemple.fr"


class Mail(BaseModel):
    to: str


MAIL = Mail(to="ana@exemple.fr").model_dump_json()


def said(text: str = SAID) -> list[dict]:
    return [{"role": "user", "content": text}]


@pytest.fixture
async def client(gov: govai.Governor, server: Server):
    """Governed clients by kind; what left is checked when the test is over."""
    made = []

    def give(name: str, **options):
        made.append(KINDS[name].make(server.url, **options))
        return gov.wrap(made[-1], purpose="support")

    server.log.clear()
    yield give
    assert server.bodies and not any(b"ana@exemple.fr" in body for body in server.bodies)
    for bare in made:
        await close(bare)


def test_openai_raw_and_streaming_answers(client) -> None:
    wrapped = client("openai")
    raw = wrapped.chat.completions.with_raw_response.create(model="echo", messages=said())
    assert raw.parse().choices[0].message.content == SAID and SAID in json.loads(raw.text)["choices"][0]["message"]["content"]
    assert raw.headers["x-request-id"] == "req-1"
    with wrapped.chat.completions.with_streaming_response.create(model="echo-2", messages=said(), stream=True) as answer:
        events = [json.loads(line[6:]) for line in answer.iter_lines() if line.startswith("data: {")]
    assert "".join(e["choices"][0]["delta"].get("content", "") for e in events if e["choices"]) == SAID
    raw = wrapped.with_raw_response.chat.completions.create(model="echo", messages=said())
    assert raw.parse().choices[0].message.content == SAID


def test_openai_parse_and_stream_helpers(client) -> None:
    wrapped = client("openai")
    parsed = wrapped.chat.completions.parse(model="echo", messages=said(MAIL), response_format=Mail)
    assert parsed.choices[0].message.parsed == Mail(to="ana@exemple.fr")
    with wrapped.chat.completions.stream(model="echo-3", messages=said(MAIL), response_format=Mail) as stream:
        deltas = "".join(event.delta for event in stream if event.type == "content.delta")
        assert stream.get_final_completion().choices[0].message.parsed == Mail(to="ana@exemple.fr")
    assert json.loads(deltas) == {"to": "ana@exemple.fr"}


async def test_openai_async_helpers(client) -> None:
    wrapped = client("aopenai")
    async with wrapped.chat.completions.stream(model="echo-3", messages=said()) as stream:
        assert (await stream.get_final_completion()).choices[0].message.content == SAID
    async with wrapped.chat.completions.with_streaming_response.create(model="echo", messages=said()) as answer:
        assert (await answer.parse()).choices[0].message.content == SAID
    raw = await wrapped.chat.completions.with_raw_response.create(model="echo", messages=said())
    assert (await raw.parse() if hasattr(raw.parse(), "__await__") else raw.parse()).choices[0].message.content == SAID


def test_anthropic_helpers(client) -> None:
    wrapped = client("anthropic")
    ask = {"model": "echo-3", "max_tokens": 9}
    with wrapped.messages.stream(messages=said(), **ask) as stream:
        assert "".join(stream.text_stream) == SAID
        assert stream.get_final_message().content[0].text == SAID
    assert wrapped.messages.with_raw_response.create(messages=said(), **ask).parse().content[0].text == SAID
    with wrapped.messages.with_streaming_response.create(messages=said(), **ask) as answer:
        assert answer.parse().content[0].text == SAID
    assert wrapped.messages.parse(messages=said(MAIL), output_format=Mail, **ask).parsed_output == Mail(to="ana@exemple.fr")
    assert wrapped.beta.messages.create(messages=said(), **ask).content[0].text == SAID
    with wrapped.beta.messages.stream(messages=said(), **ask) as stream:
        assert stream.get_final_text() == SAID


async def test_anthropic_async_helpers(client) -> None:
    wrapped = client("aanthropic")
    async with wrapped.messages.stream(model="echo-3", max_tokens=9, messages=said()) as stream:
        assert "".join([piece async for piece in stream.text_stream]) == SAID


def aside(method: Any) -> dict[str, bool]:
    """Keep a tool in this thread, where the SDK would use another: its first majors never did."""
    return {"thread": False} if "thread" in inspect.signature(method).parameters else {}


@pytest.mark.parametrize("asynchronous", [False, True])
async def test_anthropic_s_tool_runner_calls_the_caller_s_function_with_what_is_protected(client, asynchronous: bool) -> None:
    got: list[str] = []
    if asynchronous:

        @anthropic.beta_async_tool
        async def mail(to: str) -> str:
            """Send a mail.

            Args:
                to: the address
            """
            got.append(to)
            return "envoyé à luc@exemple.fr"

        runner = client("aanthropic").beta.messages.tool_runner(model="tool", max_tokens=9, tools=[mail], messages=said(), **aside(anthropic.resources.beta.messages.Messages.tool_runner))
        last = await runner.until_done()
    else:

        @anthropic.beta_tool
        def mail(to: str) -> str:
            """Send a mail.

            Args:
                to: the address
            """
            got.append(to)
            return "envoyé à luc@exemple.fr"

        last = client("anthropic").beta.messages.tool_runner(model="tool", max_tokens=9, tools=[mail], messages=said(), **aside(anthropic.resources.beta.messages.Messages.tool_runner)).until_done()
    assert last.content[0].text == "fini"
    assert len(got) == 1 and "ana@" not in got[0]


def test_mistral_helpers(client) -> None:
    wrapped = client("mistral")
    parsed = wrapped.chat.parse(response_format=Mail, model="echo", messages=said(MAIL))
    assert parsed.choices[0].message.parsed == Mail(to="ana@exemple.fr")
    pieces = [e.data.choices[0].delta.content or "" for e in wrapped.chat.parse_stream(response_format=Mail, model="echo-2", messages=said(MAIL)) if e.data.choices]
    assert json.loads("".join(pieces)) == {"to": "ana@exemple.fr"}
    with wrapped as entered:
        assert entered.chat.complete(model="echo", messages=said()).choices[0].message.content == SAID


def test_mistral_s_options_for_one_call(client, server: Server) -> None:
    wrapped = client("mistral")
    assert wrapped.chat.complete(model="echo", messages=said(), server_url=server.url, http_headers={"x-team": "crm"}).choices[0].message.content == SAID
    assert server.log[-1]["headers"]["x-team"] == "crm"
    with pytest.raises(govai.Blocked):
        wrapped.chat.complete(model="echo", messages=said(), http_headers={"x-customer": "ana@exemple.fr"})
    with pytest.raises(govai.Blocked, match="is not in policy"):
        wrapped.chat.complete(model="echo", messages=said(), server_url="http://elsewhere.invalid")
    server.failures.clear()
    retries = RetryConfig("backoff", BackoffStrategy(1, 5, 1.1, 60_000, jitter_ms=0), retry_connection_errors=True)
    assert wrapped.chat.complete(model="status-500x2", messages=said(), retries=retries).choices[0].message.content == SAID


def test_mistral_s_telemetry_sees_nothing_of_a_governed_client(client, monkeypatch: pytest.MonkeyPatch) -> None:
    wrapped = client("mistral")
    monkeypatch.setenv("MISTRAL_SDK_TELEMETRY", "dedicated")  # an exporter of its own, to the provider
    assert wrapped.chat.complete(model="echo", messages=said()).choices[0].message.content == SAID
    assert "send" not in vars(wrapped.sdk_configuration.client)


def test_genai_helpers(client) -> None:
    wrapped = client("google")
    config = types.GenerateContentConfig(response_mime_type="application/json", response_schema=Mail)
    assert wrapped.models.generate_content(model="echo", contents=MAIL, config=config).parsed == Mail(to="ana@exemple.fr")
    chat = wrapped.chats.create(model="echo-2")
    assert chat.send_message(SAID).text == SAID
    assert "".join(e.text or "" for e in chat.send_message_stream("puis luc@exemple.fr")) == "puis luc@exemple.fr"
    assert [content.parts[0].text for content in chat.get_history()][:2] == [SAID, SAID]


async def test_genai_async_chats(client) -> None:
    chat = client("agoogle").aio.chats.create(model="echo-2")
    assert (await chat.send_message(SAID)).text == SAID
    assert "".join([e.text or "" async for e in await chat.send_message_stream(SAID)]) == SAID


@pytest.mark.parametrize("asynchronous", [False, True])
async def test_genai_calls_the_caller_s_function_with_what_is_protected(client, asynchronous: bool) -> None:
    got: list[str] = []

    def mail(to: str) -> str:
        """Send a mail."""
        got.append(to)
        return "envoyé à luc@exemple.fr"

    wrapped, config = client("google"), types.GenerateContentConfig(tools=[mail])
    ask = {"model": "tool", "contents": SAID, "config": config}
    reply = await wrapped.aio.models.generate_content(**ask) if asynchronous else wrapped.models.generate_content(**ask)
    assert reply.text == "fini" and len(got) == 1 and "ana@" not in got[0]


async def test_genai_s_options_for_one_call(client, server: Server) -> None:
    wrapped = client("google")
    here = types.HttpOptions(base_url=server.url, headers={"x-team": "crm"}, timeout=5_000)
    for options in (here, types.HttpOptions(client_args={"verify": False}, async_client_args={"verify": False})):
        config = types.GenerateContentConfig(http_options=options)
        assert wrapped.models.generate_content(model="echo", contents=SAID, config=config).text == SAID
        assert (await wrapped.aio.models.generate_content(model="echo", contents=SAID, config=config)).text == SAID
    elsewhere = types.GenerateContentConfig(http_options=types.HttpOptions(base_url="http://elsewhere.invalid"))
    with pytest.raises(govai.Blocked, match="is not in policy"):
        wrapped.models.generate_content(model="echo", contents=SAID, config=elsewhere)
    with pytest.raises(govai.Blocked, match="is not in policy"):
        await wrapped.aio.models.generate_content(model="echo", contents=SAID, config=elsewhere)
    smuggled = types.GenerateContentConfig(http_options=types.HttpOptions(extra_body={"labels": {"client": "ana@exemple.fr"}}))
    try:
        wrapped.models.generate_content(model="echo", contents="x", config=smuggled)
    except (govai.Blocked, govai.Ungoverned):
        pass  # refused or protected; what left is checked at the end


class Seeing(HTTP.HTTPTransport):
    """A transport of the caller's own."""

    def __init__(self) -> None:
        super().__init__()
        self.bodies: list[bytes] = []

    def handle_request(self, request: Any) -> Any:
        self.bodies.append(request.read())
        return super().handle_request(request)


OWN = {"openai": "http_client", "azure": "http_client", "anthropic": "http_client", "mistral": "client", "google": "httpx_client"}


@pytest.mark.parametrize("name", OWN)
async def test_an_http_client_of_the_caller_s_own_keeps_its_hooks_cookies_and_routes(client, server: Server, name: str) -> None:
    calls: list[str] = []
    plain, mounted = Seeing(), Seeing()
    hooks = {"request": [lambda request: calls.append("request")], "response": [lambda response: calls.append("response")]}
    with HTTP.Client(transport=plain, mounts={"all://127.0.0.1": mounted}, event_hooks=hooks, cookies={"team": "crm"}, timeout=7) as own:
        wrapped = client(name, **{OWN[name]: own})
        assert calls == []
        assert await KINDS[name].ask(wrapped, SAID) == SAID
        assert calls == ["request", "response"]
        assert plain.bodies == [] and len(mounted.bodies) == 1 and b"ana@" not in mounted.bodies[0]
        assert "team=crm" in server.log[-1]["headers"].get("cookie", server.log[-1]["headers"].get("Cookie", ""))
        assert own.timeout == HTTP.Timeout(7) and not own.is_closed


def test_timeouts_and_headers_of_the_client_hold(client, server: Server) -> None:
    wrapped = client("openai", timeout=3.5, default_headers={"x-team": "crm"}, max_retries=0)
    assert wrapped.timeout == 3.5 and wrapped.max_retries == 0
    assert wrapped.chat.completions.create(model="echo", messages=said()).choices[0].message.content == SAID
    assert server.log[-1]["headers"]["x-team"] == "crm"


def test_azure_says_deployment_and_version_and_asks_for_its_token_when_it_calls(gov: govai.Governor, server: Server) -> None:
    asked: list[int] = []
    bare = openai.AzureOpenAI(azure_endpoint=server.url, azure_deployment="crm", api_version="2024-10-21", azure_ad_token_provider=lambda: asked.append(1) or "token")
    with bare:
        wrapped = gov.wrap(bare, purpose="support")
        assert asked == []
        assert wrapped.chat.completions.create(model="echo", messages=said()).choices[0].message.content == SAID
    assert asked == [1]
    assert server.log[-1]["path"] == "/openai/deployments/crm/chat/completions?api-version=2024-10-21"
    assert ("Bearer token" in server.log[-1]["headers"].values()) and b"ana@" not in server.bodies[-1]


def test_keys_that_are_callables_are_asked_when_it_calls(gov: govai.Governor, server: Server) -> None:
    asked: list[int] = []
    key = lambda: asked.append(1) or "sk-x"
    for bare, name in ((openai.OpenAI(base_url=server.url + "/v1", api_key=key), "openai"), (Mistral(server_url=server.url, api_key=key), "mistral")):
        asked.clear()
        gov.wrap(bare)
        assert asked == [], name


def test_anthropic_s_middleware_stays_above_the_policy(client) -> None:
    seen: list[str] = []

    def note(request, call_next):
        answer = call_next(request)
        seen.append(answer.text())
        return answer

    wrapped = client("anthropic", middleware=[note])
    seen.clear()
    assert wrapped.messages.create(model="echo", max_tokens=9, messages=said()).content[0].text == SAID
    assert len(seen) == 1 and "ana@exemple.fr" in seen[0]
    assert wrapped.with_middleware(note).messages.create(model="echo", max_tokens=9, messages=said()).content[0].text == SAID


def test_two_governors_do_not_mix_on_one_client(gov: govai.Governor, policy: dict, server: Server) -> None:
    with govai.Governor(policy, ledger=":memory:", actor="luc") as other, openai.OpenAI(base_url=server.url + "/v1", api_key="x") as bare:
        first, second = gov.wrap(bare, purpose="support"), other.wrap(bare, purpose="support")
        first.chat.completions.create(model="echo", messages=said())
        second.chat.completions.create(model="echo", messages=said())
        assert [len(list(g.ledger.records(kind="intent"))) for g in (gov, other)] == [1, 1]


def test_genai_is_one_client_in_many_loops(gov: govai.Governor, server: Server) -> None:
    import asyncio

    bare = genai.Client(api_key="k", http_options=types.HttpOptions(base_url=server.url, api_version="v1beta", headers={"connection": "close"}))
    wrapped = gov.wrap(bare, purpose="support")
    ask = lambda: wrapped.aio.models.generate_content(model="echo", contents=SAID)
    assert [asyncio.run(ask()).text for _ in range(3)] == [SAID] * 3
    assert not any(b"ana@" in body for body in server.bodies[-3:])
