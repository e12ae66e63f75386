"""Clients of the caller's own in generate and stream: governed once, whatever they are, and none kept for ever."""

from __future__ import annotations

import gc
import weakref
from typing import Any

import anthropic
import httpx2
import openai
import pytest
from google import genai
from google.genai import types
from mistralai.client import Mistral

import govai
from tests.doors.kinds import close
from tests.server import Server


def test_a_given_client_is_governed_once_and_let_go_of(gov: govai.Governor, server: Server) -> None:
    with openai.OpenAI(base_url=server.url + "/v1", api_key="x") as bare:
        for _ in range(3):
            assert gov.generate("near:echo", "à ana@exemple.fr", purpose="support", client=bare).text == "à ana@exemple.fr"
        assert not any(b"ana@" in body for body in server.bodies[-3:])
    gone = weakref.ref(bare)
    del bare
    gov.close()
    gc.collect()
    assert gone() is None


def test_a_client_that_is_neither_hashable_nor_weakly_referenced_works(gov: govai.Governor, server: Server) -> None:
    class Odd(openai.OpenAI):
        __hash__ = None  # type: ignore[assignment]

        def __eq__(self, other: object) -> bool:
            return isinstance(other, Odd)

    with Odd(base_url=server.url + "/v1", api_key="x") as bare, Odd(base_url=server.url + "/v1", api_key="y") as other:
        assert gov.generate("near:echo", "un", purpose="support", client=bare).text == "un"
        assert gov.generate("near:echo", "deux", purpose="support", client=other).text == "deux"
    assert "Bearer y" in server.log[-1]["headers"].values()


def test_many_given_clients_are_not_all_kept(gov: govai.Governor, server: Server) -> None:
    made = []
    with httpx2.Client() as shared:
        for _ in range(40):
            bare = openai.OpenAI(base_url=server.url + "/v1", api_key="x", http_client=shared)
            gov.generate("near:echo", "un", purpose="support", client=bare)
            made.append(weakref.ref(bare))
    del bare
    gc.collect()
    assert sum(ref() is not None for ref in made) == 32


async def test_one_mistral_client_serves_both_worlds(gov: govai.Governor, server: Server) -> None:
    async with Mistral(server_url=server.url, api_key="k") as bare, _closing(bare):
        asked = {"purpose": "support", "client": bare}
        assert gov.generate("north:echo", "à ana@exemple.fr", **asked).text == "à ana@exemple.fr"
        assert (await gov.agenerate("north:echo", "à ana@exemple.fr", **asked)).text == "à ana@exemple.fr"
        wrapped = gov.wrap(bare)
        assert (await gov.agenerate("north:echo", "à ana@exemple.fr", **{**asked, "client": wrapped})).text == "à ana@exemple.fr"
    assert not any(b"ana@" in body for body in server.bodies[-3:])


async def test_one_genai_client_serves_both_worlds(gov: govai.Governor, server: Server) -> None:
    bare = genai.Client(api_key="k", http_options=types.HttpOptions(base_url=server.url, api_version="v1beta", headers={"connection": "close"}))
    asked = {"purpose": "support", "client": bare}
    assert gov.generate("south:echo", "à ana@exemple.fr", **asked).text == "à ana@exemple.fr"
    assert (await gov.agenerate("south:echo", "à ana@exemple.fr", **asked)).text == "à ana@exemple.fr"
    assert (await gov.agenerate("south:echo", "à ana@exemple.fr", purpose="support", client=gov.wrap(bare))).text == "à ana@exemple.fr"
    assert not any(b"ana@" in body for body in server.bodies[-3:])
    bare.close()


class _closing:
    def __init__(self, client: Mistral) -> None:
        self._client = client

    async def __aenter__(self) -> None: ...

    async def __aexit__(self, *exc: object) -> None:
        self._client.__exit__(*exc)


def test_a_client_of_another_governor_is_refused(gov: govai.Governor, policy: dict, server: Server) -> None:
    with govai.Governor(policy, ledger=":memory:") as other, openai.OpenAI(base_url=server.url + "/v1", api_key="x") as bare:
        with pytest.raises(govai.ConfigError, match="another Governor"):
            gov.generate("near:echo", "un", purpose="support", client=other.wrap(bare))


def asyncio_client(model: str, url: str) -> tuple[Any, Any, str]:
    """Return the asyncio client that a model is asked with, what is to be closed for it, and what to give instead."""
    if model == "south:echo":
        google = genai.Client(api_key="k", http_options=types.HttpOptions(base_url=url, api_version="v1beta"))
        return google.aio, google, r"give Client\(\)"
    if model == "nearby:echo":
        client: Any = anthropic.AsyncAnthropic(base_url=url, api_key="x")
        return client, client, r"give Anthropic\(\)"
    client = openai.AsyncOpenAI(base_url=url + "/v1", api_key="x")
    return client, client, r"give OpenAI\(\)"


@pytest.mark.parametrize("model", ["near:echo", "answers:echo", "nearby:echo", "south:echo"])
@pytest.mark.parametrize("wrapped", [False, True])
async def test_an_asyncio_client_in_a_sync_call_is_refused_before_anything_is_sent(gov: govai.Governor, server: Server, model: str, wrapped: bool) -> None:
    server.log.clear()
    client, whole, instead = asyncio_client(model, server.url)
    given = gov.wrap(client) if wrapped else client
    calls = [
        lambda: gov.generate(model, "bonjour", client=given),
        gov.stream(model, "bonjour", client=given).__enter__,
        lambda: gov.embed(model, ["bonjour"], client=given),
    ]
    for call in calls:
        with pytest.raises(govai.ConfigError, match="this client is for asyncio.*use agenerate, astream or aembed, or " + instead):
            call()
    await close(whole)
    assert server.log == []
    assert list(gov.ledger.records()) == []


@pytest.mark.parametrize("wrapped", [False, True])
@pytest.mark.parametrize(("model", "make", "instead"), [("near:echo", openai.OpenAI, "AsyncOpenAI"), ("nearby:echo", anthropic.Anthropic, "AsyncAnthropic")])
async def test_a_client_that_is_not_for_asyncio_in_an_asyncio_call_is_refused_before_anything_is_sent(gov: govai.Governor, server: Server, model: str, make, instead: str, wrapped: bool) -> None:
    server.log.clear()
    with make(base_url=server.url + "/v1", api_key="x") as client:
        given = gov.wrap(client) if wrapped else client
        calls = [
            lambda: gov.agenerate(model, "bonjour", client=given),
            lambda: gov.astream(model, "bonjour", client=given).__aenter__(),
            lambda: gov.aembed(model, ["bonjour"], client=given),
        ]
        for call in calls:
            with pytest.raises(govai.ConfigError, match=rf"this client is not for asyncio.*use generate, stream or embed, or give {instead}\(\)"):
                await call()
    assert server.log == []


def test_a_wrapped_client_of_another_provider_is_refused(gov: govai.Governor, server: Server) -> None:
    with anthropic.Anthropic(base_url=server.url, api_key="x") as client, pytest.raises(govai.ConfigError, match="does not speak openai"):
        gov.generate("near:echo", "bonjour", client=gov.wrap(client))
