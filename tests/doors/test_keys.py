"""Which host gets which key: a provider's own never leaves for a server that it was not meant for."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

import govai
from govai.policy.registry import KEYS
from tests.server import Server

REAL = {name: f"sk-real-{name.lower()}" for name in (*KEYS.values(), "ANTHROPIC_AUTH_TOKEN", "OPENAI_ADMIN_KEY", "GOOGLE_API_KEY")}
FAMILIES = [{"like": "openai"}, {"like": "openai", "api": "responses"}, {"like": "anthropic"}, {"like": "mistral"}, {"like": "google"}]


@pytest.fixture(autouse=True)
def _real_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in REAL.items():
        monkeypatch.setenv(name, value)


def governor(server: Server, entry: dict[str, Any]) -> govai.Governor:
    policy = {"govai": 1, "name": "t", "extends": "eu-marketing", "providers": {"mine": {"host": server.host, **entry}}}
    return govai.Governor(policy, ledger=":memory:")


def streamed(gov: govai.Governor) -> str:
    with gov.stream("mine:echo", "bonjour") as stream:
        return "".join(stream)


async def astreamed(gov: govai.Governor) -> str:
    async with gov.astream("mine:echo", "bonjour") as stream:
        return "".join([piece async for piece in stream])


SYNC: list[Callable[[govai.Governor], Any]] = [
    lambda gov: gov.generate("mine:echo", "bonjour").text,
    streamed,
    lambda gov: gov.embed("mine:echo", ["bonjour"]),
]
ASYNC: list[Callable[[govai.Governor], Any]] = [
    lambda gov: gov.agenerate("mine:echo", "bonjour"),
    astreamed,
    lambda gov: gov.aembed("mine:echo", ["bonjour"]),
]


def ways(all_of_them: list[Any], entry: dict[str, Any]) -> list[Any]:
    return all_of_them[:2] if entry["like"] == "anthropic" else all_of_them  # it has no embeddings


@pytest.mark.parametrize("entry", FAMILIES, ids=str)
async def test_a_local_server_gets_no_real_key(server: Server, entry: dict[str, Any]) -> None:
    server.log.clear()
    with governor(server, {"region": "local", **entry}) as gov:
        for ask in ways(SYNC, entry):
            ask(gov)
        for ask in ways(ASYNC, entry):
            await ask(gov)
        await gov.aclose()
    assert len(server.log) >= 4
    for request in server.log:
        assert not any(real in str(request) for real in REAL.values())


@pytest.mark.parametrize("entry", FAMILIES, ids=str)
async def test_a_server_elsewhere_without_a_key_of_its_own_gets_nothing(server: Server, entry: dict[str, Any]) -> None:
    server.log.clear()
    with governor(server, {"region": "EU", "trains_on_inputs": False, **entry}) as gov:
        for ask in ways(SYNC, entry):
            with pytest.raises(govai.ConfigError, match="add api_key: env:NAME to the entry") as caught:
                ask(gov)
            assert not any(name in str(caught.value) for name in REAL)
        for ask in ways(ASYNC, entry):
            with pytest.raises(govai.ConfigError, match="add api_key: env:NAME to the entry"):
                await ask(gov)
    assert server.log == []


@pytest.mark.parametrize("entry", FAMILIES, ids=str)
def test_a_resumed_call_takes_no_real_key_either(server: Server, entry: dict[str, Any]) -> None:
    server.log.clear()
    review = {"id": "read", "purpose": ["support"], "on": "prompt", "role": "data"}
    policy = {
        "govai": 1, "name": "t", "extends": "eu-marketing", "reviews": [review], "people": {"data": ["ines"]},
        "providers": {"mine": {"host": server.host, "region": "local", **entry}},
    }
    with govai.Governor(policy, ledger=":memory:", actor="ana") as gov:
        with pytest.raises(govai.ReviewPending) as caught:
            gov.generate("mine:echo", "bonjour", purpose="support")
        gov.bind(actor="ines").reviews.approve(gov.reviews.pending())
        assert gov.resume(caught.value.ticket_id).text == "bonjour"
    assert len(server.log) == 1
    assert not any(real in str(server.log) for real in REAL.values())
