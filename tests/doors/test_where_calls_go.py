"""Where an entry sends calls: Azure has paths of its own, which wrapped clients share; a base path with * is for recognising."""

from __future__ import annotations

import openai
import pytest

import govai
from govai.testing import Provider, governor

HOSTS = ["acme.openai.azure.com", "acme.cognitiveservices.azure.com", "acme.services.ai.azure.com"]


def policy(host: str, **entry: str) -> dict:
    azure = {"like": "openai", "host": host, "region": "EU", "trains_on_inputs": False, "api_key": "env:AZURE_OPENAI_API_KEY"}
    return {"govai": 1, "name": "mine", "extends": "eu-marketing", "providers": {"azure": {**azure, **entry}}}


@pytest.mark.parametrize("host", HOSTS)
async def test_every_call_goes_where_azure_serves_it(host: str) -> None:
    provider = Provider()
    with governor(policy(host), provider=provider) as gov:
        gov.generate("azure:gpt", "à ana@exemple.fr", purpose="support", max_tokens=9)
        await gov.agenerate("azure:gpt", "à ana@exemple.fr", purpose="support")
        with gov.stream("azure:gpt", "à ana@exemple.fr", purpose="support") as stream:
            assert "".join(stream) == "à ana@exemple.fr"
        gov.embed("azure:vec", "à ana@exemple.fr", purpose="support")
        assert gov.explain("à ana@exemple.fr", model="azure:gpt", purpose="support").effect.word == "pseudonymise"
        await gov.aclose()
    assert {request.host for request in provider.requests} == {host}
    assert [request.path for request in provider.requests] == ["/openai/v1/chat/completions"] * 3 + ["/openai/v1/embeddings"]
    assert provider.requests[0].json["max_completion_tokens"] == 9
    provider.assert_never_saw("ana@exemple.fr")


def test_responses_too() -> None:
    provider = Provider()
    with governor(policy(HOSTS[0], api="responses"), provider=provider) as gov:
        assert gov.generate("azure:gpt", "à ana@exemple.fr", purpose="support").text == "à ana@exemple.fr"
    assert provider.last.path == "/openai/v1/responses"


def test_a_wrapped_azure_client_has_the_same_entry() -> None:
    provider = Provider()
    with governor(policy(HOSTS[0]), provider=provider) as gov:
        client = gov.wrap(openai.AzureOpenAI(azure_endpoint=f"https://{HOSTS[0]}", api_key="k", api_version="2024-10-21"), purpose="support")
        said = client.chat.completions.create(model="gpt", messages=[{"role": "user", "content": "à ana@exemple.fr"}])
        assert said.choices[0].message.content == "à ana@exemple.fr"
        assert next(iter(gov.ledger.records())).body["provider"] == "azure"
    assert provider.last.path.startswith("/openai/deployments/gpt/chat/completions")
    provider.assert_never_saw("ana@exemple.fr")


@pytest.mark.parametrize(("host", "base_path", "path"), [
    (HOSTS[0], "/openai", "/openai/v1/chat/completions"), ("acme.openai.azure.com.example.org", "", "/v1/chat/completions"), ("gateway.example.org", "/acme", "/acme/v1/chat/completions"),
])  # fmt: skip
def test_a_base_path_or_another_host_is_taken_as_it_stands(host: str, base_path: str, path: str) -> None:
    provider = Provider()
    with governor(policy(host, base_path=base_path), provider=provider) as gov:
        gov.generate("azure:gpt", "bonjour")
    assert provider.last.path == path


@pytest.mark.parametrize("like", ["openai", "anthropic", "mistral", "google"])
def test_a_base_path_that_stands_for_many_is_none_to_send_to(like: str) -> None:
    provider = Provider()
    with governor(policy("gateway.example.org", base_path="/team/*", like=like), provider=provider) as gov:
        with pytest.raises(govai.ConfigError, match=r"base_path of 'azure' is /team/\*.*register an entry without \*"):
            gov.generate("azure:m", "bonjour")
        with pytest.raises(govai.ConfigError, match=r"register an entry without \*"):
            gov.explain("bonjour", model="azure:m")
    assert provider.requests == []


def test_a_client_of_the_callers_own_says_which_of_them_is_meant() -> None:
    provider = Provider()
    with governor(policy("gateway.example.org", base_path="/team/*"), provider=provider) as gov:
        client = openai.OpenAI(base_url="https://gateway.example.org/team/red/v1", api_key="k")
        assert gov.generate("azure:m", "à ana@exemple.fr", purpose="support", client=client).text == "à ana@exemple.fr"
    assert provider.last.path == "/team/red/v1/chat/completions"
