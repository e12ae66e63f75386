"""The provider itself: what is scripted is said in order, what arrived is kept, and nothing that leaked goes unseen."""

from __future__ import annotations

import base64
import json
import threading

import httpx
import httpx2
import openai
import pytest
from hypothesis import given
from hypothesis import strategies as st

from govai.testing import Answer, Provider, Request

SECRET = "ana@exemple.fr"


def ask(provider: Provider, text: str = "bonjour", **more) -> str:
    with openai.OpenAI(http_client=provider.http_client(), api_key="test", max_retries=0) as client:
        return client.chat.completions.create(model="m", messages=[{"role": "user", "content": text}], **more).choices[0].message.content


def post(provider: Provider, **options) -> httpx2.Response:
    with provider.http_client() as client:
        return client.post(options.pop("url", "https://api.openai.com/v1/chat/completions"), **options)


def test_answers_are_taken_in_order_then_the_standing_one_holds() -> None:
    provider = Provider().answer("un", lambda request: Answer(f"{request.said}, {request.model}")).always("toujours")
    assert [ask(provider) for _ in range(4)] == ["un", "bonjour, m", "toujours", "toujours"]
    provider.reset()
    assert (ask(provider), len(provider.requests), provider.last.number) == ("bonjour", 1, 1)


@pytest.mark.parametrize("wrong", [None, 3, b"x", {"text": "x"}])
def test_what_is_no_answer_is_refused_where_it_is_scripted(wrong: object) -> None:
    with pytest.raises(TypeError, match="an answer is"):
        Provider().answer(wrong)
    with pytest.raises(TypeError, match="an answer is"):
        Provider().always(wrong)
    with pytest.raises(TypeError, match="an answer is"):
        ask(Provider().always(lambda request: wrong) if wrong is not None else Provider().always(lambda request: 3))


def test_settings_that_cannot_be_are_refused() -> None:
    with pytest.raises(ValueError, match="chunk"):
        Provider(chunk=0)
    with pytest.raises(ValueError, match="mistral"):
        Provider(hosts={"x": "mistrall"})


def test_what_arrived_is_there_to_look_at_and_its_repr_shows_nothing() -> None:
    provider = Provider()
    post(provider, json={"model": "m", "messages": [{"role": "system", "content": "sois bref"}, {"role": "user", "content": [{"type": "text", "text": "à "}, {"type": "text", "text": SECRET}]}]}, params={"q": "1"}, headers={"X-Tag": "t"})
    request = provider.last
    assert (request.method, request.host, request.path, request.query) == ("POST", "api.openai.com", "/v1/chat/completions", "q=1")
    assert request.headers["x-tag"] == "t"
    assert request.said == f"à {SECRET}"
    assert {"sois bref", SECRET, "messages"} <= set(request.text.split("\n"))
    assert SECRET not in repr(request) + repr(provider) + repr(Answer(SECRET))
    with pytest.raises(AssertionError, match="nothing arrived"):
        Provider().last


@pytest.mark.parametrize(
    "options",
    [
        {"json": {"messages": [{"role": "user", "content": f"à {SECRET}."}]}},
        {"json": {"messages": [{"role": "user", "content": f"à {SECRET.upper()}."}]}},
        {"json": {SECRET: 1}},
        {"json": {SECRET: {"deep": f"<{SECRET}>"}}},
        {"json": {"a": ["ana@", "exemple.fr"]}},
        {"json": {"a": "data:" + base64.b64encode(f"cher {SECRET}".encode()).decode()}},
        {"content": json.dumps({"a": SECRET}).replace("@", "\\u0040")},
        {"content": SECRET},
        {"json": {}, "headers": {"x-user": SECRET}},
        {"json": {}, "params": {"user": SECRET}},
        {"json": {}, "url": f"https://api.openai.com/v1/users/{SECRET}/chat/completions"},
    ],
    ids=["text", "upper case", "key", "in a key", "split", "base64", "escaped", "not JSON", "header", "query", "path"],
)
def test_a_value_that_arrived_is_seen_wherever_it_stands_and_not_shown(options: dict) -> None:
    provider = Provider()
    post(provider, json={"messages": []})
    provider.assert_never_saw(SECRET)
    post(provider, **options)
    provider.assert_never_saw("tom@exemple.fr")
    with pytest.raises(AssertionError) as caught:
        provider.assert_never_saw("tom@exemple.fr", SECRET)
    assert "number 2 of 2" in str(caught.value) and "request 2" in str(caught.value)
    assert SECRET not in str(caught.value).lower()


def test_the_error_says_the_place() -> None:
    provider = Provider()
    post(provider, json={"messages": [{"content": SECRET}]})
    with pytest.raises(AssertionError, match=r"messages\[0\]\.content of request 1: POST api\.openai\.com"):
        provider.assert_never_saw(SECRET)


def test_a_short_value_is_a_word_and_an_accent_is_an_accent() -> None:
    provider = Provider()
    post(provider, json={"a": "Analyse de la rentrée; Rene\u0301e"})
    provider.assert_never_saw("Ana")
    with pytest.raises(AssertionError):
        provider.assert_never_saw("Renée")
    post(provider, json={"a": "Bonjour Ana!"})
    with pytest.raises(AssertionError):
        provider.assert_never_saw("Ana")
    for nothing in ("", "  ", None):
        with pytest.raises(ValueError, match="values"):
            provider.assert_never_saw(nothing)


def test_requests_that_were_not_kept_are_not_vouched_for() -> None:
    provider = Provider(keep=1)
    ask(provider)
    provider.assert_never_saw(SECRET)
    ask(provider)
    assert len(provider.requests) == 1
    with pytest.raises(AssertionError, match="1 of 2"):
        provider.assert_never_saw(SECRET)


@given(text=st.text(max_size=60), size=st.integers(1, 20))
def test_pieces_join_to_the_text(text: str, size: int) -> None:
    pieces = Answer(chunk=size).pieces(text)
    assert "".join(pieces) == text
    assert all(len(piece) <= size for piece in pieces) and pieces


def test_any_body_headers_and_status() -> None:
    provider = Provider().answer(Answer(body=b"<html>", headers={"Content-Type": "text/html"}, status=502), Answer("x", headers={"x-request-id": "mine"}))
    odd = post(provider, json={})
    assert (odd.status_code, odd.content, odd.headers["content-type"]) == (502, b"<html>", "text/html")
    assert post(provider, json={"messages": []}).headers["x-request-id"] == "mine"


def test_httpx_is_answered_too() -> None:
    from govai.testing.transports import transport

    provider = Provider()
    with httpx.Client(transport=transport(provider, httpx)) as client:
        assert client.post("https://api.anthropic.com/v1/messages", json={"model": "m", "messages": [{"role": "user", "content": "é"}]}).json()["content"][0]["text"] == "é"


def test_whose_wire_a_host_speaks() -> None:
    provider = Provider(hosts={"ai.example.org": "mistral", "both.example.org:8000": "openai"})
    provider.answer_for("BOTH.example.org:8000", "anthropic")
    for url, wire in [
        ("https://api.mistral.ai/v1/chat/completions", "mistral"),
        ("https://ai.example.org/team/v1/chat/completions", "mistral"),
        ("http://both.example.org:8000/v1/chat/completions", "openai"),
        ("http://both.example.org:8000/v1/messages", "anthropic"),
        ("https://mine.openai.azure.com/openai/deployments/d/chat/completions", "openai"),
        ("https://europe-west1-aiplatform.googleapis.com/v1/projects/p/locations/l/publishers/google/models/g:generateContent", "google"),
        ("http://127.0.0.1:1/mistral/v1/chat/completions", "mistral"),
    ]:
        assert post(provider, url=url, json={}).status_code == 200
        assert provider.last.wire == wire
    assert [provider.answers(host) for host in ("api.openai.com", "ai.example.org", "both.example.org:8000", "both.example.org", "example.org")] == [True, True, True, False, False]


def test_threads_each_get_one_answer() -> None:
    provider = Provider().answer(*(str(n) for n in range(200)))
    said: list[str] = []
    threads = [threading.Thread(target=lambda: said.extend(ask(provider) for _ in range(25))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(said, key=int) == [str(n) for n in range(200)]
    assert sorted(request.number for request in provider.requests) == list(range(1, 201))


@pytest.mark.parametrize("body", ["null", "[]", "3", '"x"', "{}", '{"messages": 3, "contents": {"a": 1}}', '{"text": 1, "output_config": 2, "generationConfig": []}', "nonsense"])
def test_a_request_of_any_shape_says_something_or_nothing(body: str) -> None:
    request = Request("POST", "h", "/x", body=body.encode())
    assert (request.said, request.schema, request.model, request.stream) == ("", None, "", False)
    assert isinstance(request.text, str)


def test_a_schema_of_every_shape_is_met() -> None:
    from typing import Literal

    from pydantic import BaseModel

    class Inner(BaseModel):
        word: Literal["oui", "non"]
        many: list[float]

    class Outer(BaseModel):
        inner: Inner
        maybe: int | None
        fixed: bool = False
        at: str

    schema = {"type": "json_schema", "json_schema": {"name": "o", "schema": Outer.model_json_schema()}}
    said = ask(Provider(), response_format=schema)
    assert Outer.model_validate_json(said).at == "bonjour"
