"""Google's and Vertex AI's paths through the governed transport: what leaves, what is refused, what comes back."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from typing import Any

import httpx2
import pytest

import govai
from govai.core.scope import Scope
from govai.flow.transports import GovernedTransport, Governing
from tests.server import Server

VERTEX = "/v1/projects/123456789012/locations/europe-west1/publishers"
SAID = "à ana@exemple.fr, merci"


@pytest.fixture
def post(gov: govai.Governor, server: Server) -> Iterator[Any]:
    server.log.clear()
    clients = []

    def posted(path: str, body: Any, like: str = "google", **headers: str) -> Any:
        governing = Governing(gov._engine, Scope(purpose="support"), like)
        clients.append(httpx2.Client(transport=GovernedTransport(httpx2.HTTPTransport(), governing)))
        return clients[-1].post(server.url + path, json=body, headers=headers)

    yield posted
    for client in clients:
        client._transport.inner.close()  # type: ignore[attr-defined]
        client.close()


def said(*parts: Any, **extra: Any) -> dict[str, Any]:
    return {"contents": [{"role": "user", "parts": [{"text": SAID}, *parts]}], **extra}


def texts(answers: list[Any]) -> str:
    return "".join(part.get("text", "") for one in answers for part in one["candidates"][0]["content"]["parts"])


@pytest.mark.parametrize("models", ["/v1/models", "/v1beta/models", "/v1alpha/models", f"{VERTEX}/google/models", "/v1beta1/publishers/google/models"])
def test_every_way_to_a_model_is_governed(gov: govai.Governor, server: Server, post: Any, models: str) -> None:
    headers = {"x-goog-api-key": "AIzaSyB-0612345678_kLm9", "x-goog-api-client": "google-genai-sdk/3.6.1 gl-python/3.11.7", "x-server-timeout": "600"}
    whole = post(f"{models}/echo:generateContent", said(), **headers).json()
    events = post(f"{models}/echo-3:streamGenerateContent?alt=sse", said(), **headers).text
    listed = post(f"{models}/echo-3:streamGenerateContent", said(), **headers).json()
    assert post(f"{models}/echo:countTokens", said(), **headers).json() == {"totalTokens": 3}
    assert [texts(answers) for answers in ([whole], [json.loads(line[6:]) for line in events.split("\r\n") if line], listed)] == [SAID] * 3
    assert not any(b"ana@" in raw for raw in server.bodies)
    assert [r.body["status"] for r in gov.ledger.records() if r.kind == "outcome"] == ["completed"] * 4
    assert {r.body["model"] for r in gov.ledger.records() if r.kind == "intent"} == {"echo", "echo-3"}


def test_each_call_of_a_listed_stream_keeps_its_own_tool(post: Any) -> None:
    calls = post("/v1beta/models/two-tools:streamGenerateContent", said()).json()
    named = {call["name"]: call.get("args") for one in calls for part in one["candidates"][0]["content"]["parts"] if (call := part.get("functionCall"))}
    assert set(named) == {"mail", "other", "now"}
    assert "ana@" not in str(named)


@pytest.mark.parametrize(("body", "name"), [
    (said({"inlineData": {"mimeType": "text/plain", "data": base64.b64encode(SAID.encode()).decode()}}), "'file'"), (said({"inline_data": {"mime_type": "image/png", "data": "iVBORw0KGgo="}}), "'image'"),
    (said(generateContentRequest=said({"inline_data": {"data": "iVBORw0KGgo="}})), "'file'"), (said(tools=[{"google_search": {}}]), "'google_search'"), (said(cached_content="cachedContents/1"), "'cached_content'"),
])
def test_what_nothing_allows_is_refused_in_either_spelling(server: Server, post: Any, body: Any, name: str) -> None:
    with pytest.raises(govai.Ungoverned, match=name):
        post("/v1beta/models/echo:generateContent", body)
    assert server.log == []


@pytest.mark.parametrize("path", ["/v1beta/models/echo:batchGenerateContent", "/v1beta/cachedContents", "/upload/v1beta/files", f"{VERTEX}/anthropic/models/echo:rawPredict", f"{VERTEX}/mistralai/models/echo:rawPredict"])
def test_other_endpoints_are_refused(server: Server, post: Any, path: str) -> None:
    with pytest.raises(govai.Ungoverned):
        post(path, said())
    assert server.log == []


def test_a_person_in_the_path_or_the_query_is_refused(server: Server, post: Any) -> None:
    for path in ("/v1beta/models/ana@exemple.fr:generateContent", "/v1beta/models/ana%40exemple.fr:generateContent", "/v1beta/models/echo:generateContent?q=ana@exemple.fr"):
        with pytest.raises(govai.Blocked):
            post(path, said())
    assert server.log == []


@pytest.mark.parametrize("method", ["rawPredict", "streamRawPredict"])
def test_anthropic_on_vertex_is_governed_as_anthropic(server: Server, post: Any, method: str) -> None:
    body = {"anthropic_version": "vertex-2023-10-16", "max_tokens": 9, "messages": [{"role": "user", "content": SAID}]}
    answer = post(f"{VERTEX}/anthropic/models/claude-sonnet-4@20250514:{method}", body, like="anthropic")
    assert SAID in answer.text
    assert b"ana@" not in server.bodies[-1]
