"""A governor for tests: the real one, in memory, its providers answered in process; nothing is left behind."""

from __future__ import annotations

import gc
import os
from pathlib import Path

import anthropic
import httpx2
import openai
import pytest
from pydantic import BaseModel

import govai
from govai.testing import Answer, Provider, RealCallForbidden, assert_recorded, governor, no_real_calls

ROW = {"prenom": "Renée", "email": "renee@exemple.fr"}
PROMPT = "Écris à {prenom}, {email}"
MODELS = ["openai:gpt-x", "anthropic:claude-x", "mistral:mistral-x"]


@pytest.fixture
def provider():
    return Provider(chunk=3)


@pytest.mark.parametrize("model", MODELS)
async def test_generate_and_stream_in_both_worlds_and_nothing_raw_leaves(provider: Provider, model: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("OPENAI_API_KEY", "ANTHROPIC_API_KEY", "MISTRAL_API_KEY"):
        monkeypatch.delenv(name, raising=False)
    said = "Écris à Renée, renee@exemple.fr"
    with no_real_calls():
        async with governor(provider=provider) as gov:
            assert gov.generate(model, PROMPT, data=ROW, purpose="support").text == said
            assert (await gov.agenerate(model, PROMPT, data=ROW, purpose="support")).text == said
            with gov.stream(model, PROMPT, data=ROW, purpose="support") as stream:
                assert "".join(stream) == said
            async with gov.astream(model, PROMPT, data=ROW, purpose="support") as stream:
                assert "".join([piece async for piece in stream]) == said
            assert len(provider.requests) == 4
            provider.assert_never_saw(*ROW.values())
            assert_recorded(gov, "intent", effect="pseudonymise", category="user.contact", field="email", provider=model.partition(":")[0])
            assert_recorded(gov, "outcome", status="completed")
    assert os.listdir() == []


@pytest.mark.parametrize("model", MODELS)
def test_tools_schemas_and_errors_are_scripted(provider: Provider, model: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tenacity.nap.time.sleep", lambda _s: None)

    class Letter(BaseModel):
        subject: str
        lines: int

    def mail(to: str) -> None:
        """Send a message."""

    with governor(provider=provider) as gov:
        echo = lambda request: Answer(tool_calls=[("mail", {"to": request.said.split()[-1]})])
        (call,) = gov.generate(model, "à {email}", data=ROW, purpose="support", tools=[govai.tool(mail, receives=["user.contact"])]).tool_calls or [None]
        assert call is None  # unscripted, it calls no tool
        provider.answer(echo)
        (call,) = gov.generate(model, "à {email}", data=ROW, purpose="support", tools=[govai.tool(mail, receives=["user.contact"])]).tool_calls
        assert call.arguments == {"to": "renee@exemple.fr"}
        assert gov.generate(model, "à {prenom}", data=ROW, purpose="support", schema=Letter).parsed == Letter(subject="à Renée", lines=1)
        provider.answer(Answer(status=503), Answer(status=429, headers={"retry-after": "0"}), "enfin")
        assert gov.generate(model, "bonjour").text == "enfin"
        provider.answer(Answer(status=401))
        with pytest.raises(govai.AuthenticationFailed):
            gov.generate(model, "bonjour")
        provider.always(Answer(delay=900))
        with pytest.raises(govai.ProviderTimeout):
            gov.generate(model, "bonjour")
        provider.assert_never_saw(*ROW.values())


def test_embeddings(provider: Provider) -> None:
    with governor(provider=provider) as gov:
        one, two = gov.embed("openai:m", ["à renee@exemple.fr", "autre"], purpose="support")
        assert len(one) == len(two) == 8 and one != two
    provider.assert_never_saw("renee@exemple.fr")


def test_a_users_own_client_wrapped(provider: Provider) -> None:
    with governor(provider=provider) as gov:
        client = gov.wrap(openai.OpenAI(api_key="x"), purpose="support")
        assert client.chat.completions.create(model="m", messages=[{"role": "user", "content": "à renee@exemple.fr"}]).choices[0].message.content == "à renee@exemple.fr"
        given = gov.wrap(anthropic.Anthropic(api_key="x", http_client=provider.http_client()), purpose="support")
        assert given.messages.create(model="m", max_tokens=9, messages=[{"role": "user", "content": "à renee@exemple.fr"}]).content[0].text == "à renee@exemple.fr"
        begun = client.responses.create(model="m", input="à renee@exemple.fr", background=True)
        assert client.responses.retrieve(begun.id).output_text == "à renee@exemple.fr"
    assert len(provider.requests) == 4
    provider.assert_never_saw("renee@exemple.fr")


def test_the_policy_is_the_users_and_the_surroundings_do_not_hold(provider: Provider, tmp_path: Path) -> None:
    (tmp_path / "govai.yaml").write_text("policy: eu-marketing\nsinks: ['jsonl:leak.jsonl']\nmode: observe\nkeys: 'file:key'\nledger: 'sqlite:///x.db'\n")
    entry = {"like": "openai", "host": "ai.example.org:8443", "base_path": "/team", "region": "EU", "trains_on_inputs": False, "api_key": "env:NOWHERE"}
    policy = {"govai": 1, "name": "mine", "extends": "eu-marketing", "providers": {"gateway": entry}}
    with no_real_calls(), governor(policy, provider=provider) as gov:
        assert gov.generate("gateway:m", PROMPT, data=ROW, purpose="support").provider == "gateway"
        assert provider.last.host == "ai.example.org:8443"
        provider.assert_never_saw(*ROW.values())
        with pytest.raises(govai.Blocked):
            gov.generate("gateway:m", "Sur {sante}", data={"sante": "diabète de type 1"}, purpose="support")
        assert_recorded(gov, "refusal", error="Blocked", effect="block", rule="floor-special-category")
    assert os.listdir() == ["govai.yaml"]


def test_the_same_test_sends_the_same_bytes(provider: Provider) -> None:
    for _ in range(2):
        with governor(provider=provider) as gov:
            gov.generate("openai:m", PROMPT, data=ROW, purpose="support")
    one, two = provider.requests
    assert one.body == two.body


def test_closing_it_or_losing_it_uninstalls_the_provider(provider: Provider) -> None:
    original = httpx2.HTTPTransport.handle_request
    with governor(provider=provider) as gov:
        assert httpx2.HTTPTransport.handle_request is not original
        view = gov.bind(purpose="support")
    assert httpx2.HTTPTransport.handle_request is original
    lost = governor(provider=provider)
    view = lost.bind(purpose="support")
    engine = lost._engine
    del lost
    gc.collect()
    assert view.generate("openai:m", "bonjour").text == "bonjour"
    del view
    gc.collect()
    assert httpx2.HTTPTransport.handle_request is original
    engine.desk.close()
    engine.ledger.close()


@pytest.mark.parametrize("model", [*MODELS])
def test_a_real_call_of_a_governor_is_forbidden_and_told_as_such(model: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "x")
    monkeypatch.setenv("ANTHROPIC_API_KEY", "x")
    monkeypatch.setenv("MISTRAL_API_KEY", "x")
    with no_real_calls(), govai.Governor(ledger=":memory:") as gov:
        with pytest.raises(RealCallForbidden, match="api"):
            gov.generate(model, "bonjour")
        with pytest.raises(RealCallForbidden):
            with gov.stream(model, "bonjour") as stream:
                list(stream)
        assert_recorded(gov, "outcome", status="failed")
