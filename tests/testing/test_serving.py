"""The provider on a local port: for clients that take a URL and nothing else."""

from __future__ import annotations

import urllib.request

import anthropic
import httpx2
import openai
import pytest
from google import genai
from google.genai import types
from mistralai.client import Mistral

from govai.testing import Answer, Provider


@pytest.fixture
def provider():
    with Provider(chunk=2) as running:
        yield running


def test_all_four_sdks_by_url_alone(provider: Provider) -> None:
    url = provider.serve()
    assert provider.serve() == url
    said = [{"role": "user", "content": "à Zoé"}]
    with openai.OpenAI(base_url=f"{url}/v1", api_key="x") as client:
        assert "".join(e.choices[0].delta.content or "" for e in client.chat.completions.create(model="m", messages=said, stream=True)) == "à Zoé"
    with anthropic.Anthropic(base_url=url, api_key="x") as client:
        assert client.messages.create(model="m", max_tokens=1, messages=said).content[0].text == "à Zoé"
    with Mistral(server_url=url, api_key="x") as client:
        assert client.chat.complete(model="m", messages=said).choices[0].message.content == "à Zoé"
    with genai.Client(api_key="x", http_options=types.HttpOptions(base_url=url)) as client:
        assert client.models.generate_content(model="g", contents="à Zoé").text == "à Zoé"
    assert [request.wire for request in provider.requests] == ["openai", "anthropic", "mistral", "google"]


def test_a_client_without_a_face_says_whose_wire_in_the_path(provider: Provider) -> None:
    url = provider.serve()
    for wire, answered in (("mistral", "invalid_model"), ("openai", "bad_request")):
        provider.answer(Answer(status=400))
        response = httpx2.post(f"{url}/{wire}/v1/chat/completions", json={})
        assert answered in response.text
        assert provider.last.wire == wire


def test_chunked_bodies_gets_and_cuts(provider: Provider) -> None:
    url = provider.serve()
    response = httpx2.post(f"{url}/v1/chat/completions", content=iter([b'{"messages": [{"role": "user", ', b'"content": "x"}]}']))
    assert response.json()["choices"][0]["message"]["content"] == "x"
    with urllib.request.urlopen(f"{url}/v1/models") as response:
        assert response.status == 200
    provider.answer(Answer("une longue réponse", cut=True))
    with pytest.raises(httpx2.RemoteProtocolError):
        httpx2.post(f"{url}/v1/chat/completions", json={"stream": True})


def test_a_late_answer_meets_the_clients_timeout(provider: Provider) -> None:
    provider.answer(Answer(delay=0.3))
    with pytest.raises(httpx2.ReadTimeout):
        httpx2.post(f"{provider.serve()}/v1/chat/completions", json={}, timeout=0.05)


def test_after_the_end_nobody_listens(provider: Provider) -> None:
    url = provider.serve()
    provider.close()
    provider.close()
    with pytest.raises(httpx2.ConnectError):
        httpx2.get(url)
