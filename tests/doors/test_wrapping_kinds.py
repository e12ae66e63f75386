"""The clients people already have, each kind: the same type, native objects, every request through the policy."""

from __future__ import annotations

import pickle

import pytest

import govai
from govai.doors import wrapping
from tests.doors.kinds import Kind, close
from tests.server import Server

# Where aiohttp is installed, an ungoverned genai client sends through it, and warns of its own way of doing so.
pytestmark = pytest.mark.filterwarnings("ignore:Inheritance class AiohttpClientSession:DeprecationWarning")


def _state(kind: Kind, client) -> list:
    return [(http, http._transport, dict(http._mounts), http.is_closed, dict(vars(http))) for http in kind.http(client)]


async def test_same_type_native_objects_and_the_original_untouched(gov: govai.Governor, server: Server, kind: Kind, bare) -> None:
    before, attributes = _state(kind, bare), dict(vars(bare))
    wrapped = gov.wrap(bare, purpose="support")
    assert type(wrapped) is type(bare)
    assert (_state(kind, bare), dict(vars(bare))) == (before, attributes)
    assert await kind.ask(wrapped, "à ana@exemple.fr") == "à ana@exemple.fr"
    assert b"ana@exemple.fr" not in server.bodies[-1]
    assert await kind.ask(bare, "à ana@exemple.fr") == "à ana@exemple.fr"
    assert b"ana@exemple.fr" in server.bodies[-1]
    assert len(list(gov.ledger.records(kind="intent"))) == 1


async def test_a_client_that_has_been_used_is_governed_in_all_its_parts(gov: govai.Governor, server: Server, kind: Kind, bare) -> None:
    assert await kind.ask(bare, "ana@exemple.fr") == "ana@exemple.fr"
    assert await kind.ask(gov.wrap(bare, purpose="support"), "ana@exemple.fr") == "ana@exemple.fr"
    assert b"ana@" not in server.bodies[-1]


@pytest.mark.parametrize("size", [1, 2, 3, 7, 1000])
async def test_streams_are_restored_at_every_chunk_boundary(gov: govai.Governor, kind: Kind, bare, size: int) -> None:
    wrapped = gov.wrap(bare, purpose="support")
    text = "À ana@exemple.fr, puis « ana@exemple.fr » et 06 12 34 56 78."
    assert await kind.ask(wrapped, text, model=f"echo-{size}", stream=True) == text
    assert next(gov.ledger.records(kind="outcome")).body["status"] == "completed"


@pytest.mark.parametrize("stream", [False, True])
async def test_a_govai_error_is_itself_after_one_attempt(gov: govai.Governor, server: Server, kind: Kind, bare, stream: bool) -> None:
    wrapped = gov.wrap(bare)
    server.log.clear()
    with pytest.raises(govai.PurposeRequired) as caught:
        await kind.ask(wrapped, "à ana@exemple.fr", stream=stream)
    assert type(caught.value).__name__ == "PurposeRequired"
    assert "ana@" not in str(caught.value) + repr(caught.value)
    assert type(pickle.loads(pickle.dumps(caught.value))) is govai.PurposeRequired
    assert server.log == []
    assert [r.kind for r in gov.ledger.records()] == ["refusal"]


async def test_scopes_and_bind_reach_a_wrapped_client(gov: govai.Governor, kind: Kind, bare) -> None:
    wrapped = gov.bind(actor="lea").wrap(bare)
    with govai.scope(purpose="support", subject="c-1", data={"prenom": "Renée"}, job="weekly"):
        assert await kind.ask(wrapped, "Chère Renée") == "Chère Renée"
    (intent,) = gov.ledger.records(kind="intent")
    assert (intent.body["purpose"], intent.body["actor"]["id"], intent.body["job"], intent.body["data"]) == ("support", "lea", "weekly", "declared")
    assert intent.body["run_id"] and intent.body["subjects"]


async def test_closing_a_governed_client_leaves_the_original_open(gov: govai.Governor, kind: Kind, bare) -> None:
    wrapped = gov.wrap(bare, purpose="support")
    assert await kind.ask(wrapped, "un") == "un"
    await close(wrapped)
    assert await kind.ask(bare, "deux") == "deux"
    assert await kind.ask(gov.wrap(bare, purpose="support"), "trois") == "trois"


async def test_a_probe_arrives_at_the_transport_and_leaves_nothing(gov: govai.Governor, server: Server, bare) -> None:
    server.log.clear()
    wrapping.probe(gov.wrap(bare))
    assert server.log == [] and list(gov.ledger.records()) == []


async def test_a_client_that_is_wrapped_twice_is_governed_once_as_said_last(gov: govai.Governor, policy: dict, server: Server, kind: Kind, bare) -> None:
    twice = gov.wrap(gov.wrap(bare, purpose="newsletter"), purpose="support")
    assert await kind.ask(twice, "à ana@exemple.fr") == "à ana@exemple.fr"
    assert b"ana@" not in server.bodies[-1]
    assert [intent.body["purpose"] for intent in gov.ledger.records(kind="intent")] == ["support"]
    with govai.Governor(policy, ledger=":memory:") as other, pytest.raises(govai.ConfigError, match="another Governor"):
        other.wrap(twice)
