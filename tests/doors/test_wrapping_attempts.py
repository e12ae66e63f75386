"""The attempts that an SDK makes of one call are recorded as that; a blocked call has none."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import openai
import pytest

import govai
from tests.doors.kinds import Kind, close
from tests.server import Server

pytestmark = pytest.mark.filterwarnings("ignore:Inheritance class AiohttpClientSession:DeprecationWarning")


@pytest.fixture
async def retrying(kind: Kind, server: Server):
    server.failures.clear()
    client = kind.make(server.url, **kind.retrying())
    yield client
    await close(client)


@pytest.mark.parametrize("stream", [False, True])
async def test_the_attempts_of_one_call_share_its_id(gov: govai.Governor, kind: Kind, retrying, stream: bool) -> None:
    wrapped = gov.wrap(retrying, purpose="support")
    assert await kind.ask(wrapped, "à ana@exemple.fr", model="status-500x2", stream=stream) == "à ana@exemple.fr"
    assert await kind.ask(wrapped, "encore", stream=stream) == "encore"
    intents = list(gov.ledger.records(kind="intent"))
    assert len(intents) == 4 and len({intent.call_id for intent in intents[:3]}) == 1
    assert intents[3].call_id != intents[0].call_id
    outcomes = list(gov.ledger.records(kind="outcome"))
    assert [o.body["status"] for o in outcomes] == ["failed", "failed", "completed", "completed"]
    assert [o.intent_id for o in outcomes] == [i.id for i in intents]


@pytest.mark.parametrize("stream", [False, True])
async def test_a_blocked_call_is_not_tried_again(gov: govai.Governor, server: Server, kind: Kind, retrying, stream: bool) -> None:
    wrapped = gov.wrap(retrying)
    server.log.clear()
    with pytest.raises(govai.PurposeRequired):
        await kind.ask(wrapped, "à ana@exemple.fr", stream=stream)
    assert server.log == [] and [r.kind for r in gov.ledger.records()] == ["refusal"]


async def test_a_redirect_within_the_host_is_the_same_call(gov: govai.Governor, server: Server, kind: Kind, bare) -> None:
    server.failures.clear()
    assert await kind.ask(gov.wrap(bare, purpose="support"), "ana@exemple.fr", model="redirect-here") == "ana@exemple.fr"
    first, second = gov.ledger.records(kind="intent")
    assert first.call_id == second.call_id


def test_calls_in_a_thread_pool_keep_the_client_s_own_defaults(gov: govai.Governor, server: Server) -> None:
    with openai.OpenAI(base_url=server.url + "/v1", api_key="x") as bare, ThreadPoolExecutor(2) as pool:
        wrapped = gov.wrap(bare, purpose="support")
        ask = lambda text: wrapped.chat.completions.create(model="echo", messages=[{"role": "user", "content": text}])
        with govai.scope(purpose="newsletter"):
            replies = list(pool.map(ask, ["à ana@exemple.fr", "à luc@exemple.fr"]))
    assert [r.choices[0].message.content for r in replies] == ["à ana@exemple.fr", "à luc@exemple.fr"]
    intents = list(gov.ledger.records(kind="intent"))
    assert {i.body["purpose"] for i in intents} == {"support"} and len({i.call_id for i in intents}) == 2
