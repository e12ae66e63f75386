"""The governed transports over both HTTP libraries that SDKs ride on: the same behaviour, the library's own objects."""

from __future__ import annotations

import gc
import gzip
import json
from types import ModuleType

import httpx2
import pytest

import govai
from govai.core.scope import Scope
from govai.flow.stacks import stack_of
from govai.flow.transports import AsyncGovernedTransport, GovernedTransport, Governing
from tests.server import Server

httpx = pytest.importorskip("httpx", reason="the library of the previous SDKs: pip install httpx")
TEXT = "À ana@exemple.fr, puis « ana@exemple.fr »."


class Talker:
    """A plain client of one library, sync or asyncio, whose transport is governed."""

    def __init__(self, library: ModuleType, kind: str, gov: govai.Governor, server: Server) -> None:
        stack, governing = stack_of(library), Governing(gov._engine, Scope(purpose="support", actor="ana"), "openai")
        self.is_async, self.url = kind == "async", server.url + "/v1/chat/completions"
        self.inner = library.AsyncHTTPTransport() if self.is_async else library.HTTPTransport()
        governed = (stack.async_transport if self.is_async else stack.transport)(self.inner, governing)
        self.client = (library.AsyncClient if self.is_async else library.Client)(transport=governed)

    async def post(self, model: str = "echo", **extra):
        made = self.client.post(self.url, json={"model": model, "messages": [{"role": "user", "content": TEXT}], **extra})
        return await made if self.is_async else made

    async def open(self, model: str):
        """Send a streaming request and return its response, unread."""
        body = {"model": model, "stream": True, "messages": [{"role": "user", "content": TEXT}]}
        made = self.client.send(self.client.build_request("POST", self.url, json=body), stream=True)
        return await made if self.is_async else made

    async def lines(self, response) -> list[str]:
        return [line async for line in response.aiter_lines()] if self.is_async else list(response.iter_lines())

    async def close(self, thing) -> None:
        await thing.aclose() if self.is_async else thing.close()


@pytest.fixture
def policy(policy: dict) -> dict:
    entry = {**policy["providers"]["near"], "base_path": "/c/*"}
    return {**policy, "providers": {**policy["providers"], "canned": entry}}


@pytest.fixture(params=["httpx2", "httpx"])
def library(request: pytest.FixtureRequest) -> ModuleType:
    return {"httpx2": httpx2, "httpx": httpx}[request.param]


@pytest.fixture(params=["sync", "async"])
async def talker(request: pytest.FixtureRequest, library: ModuleType, gov: govai.Governor, server: Server):
    made = Talker(library, request.param, gov, server)
    yield made
    await made.close(made.client)
    await made.close(made.inner)  # a governed transport leaves it open


def outcome(gov: govai.Governor) -> tuple[str, str]:
    body = next(gov.ledger.records(kind="outcome")).body
    return body["status"], body["error"]


async def test_an_answer_is_restored_and_the_value_never_leaves(talker: Talker, library: ModuleType, gov: govai.Governor, server: Server) -> None:
    response = await talker.post()
    assert type(response) is library.Response
    assert response.json()["choices"][0]["message"]["content"] == TEXT
    assert response.headers["content-length"] == str(len(response.content))
    assert b"ana@exemple.fr" not in server.bodies[-1]
    assert outcome(gov) == ("completed", "")


async def test_a_stream_is_restored_as_it_comes(talker: Talker, gov: govai.Governor) -> None:
    response = await talker.open("echo-3")
    events = [json.loads(line[6:]) for line in await talker.lines(response) if line.startswith("data: {")]
    assert "".join(e["choices"][0]["delta"].get("content", "") for e in events if e["choices"]) == TEXT
    assert len(events) > len(TEXT) / 3
    assert outcome(gov) == ("completed", "")


async def test_a_stream_closed_unread_is_abandoned(talker: Talker, gov: govai.Governor) -> None:
    await talker.close(await talker.open("echo-3"))
    gc.collect()
    assert outcome(gov) == ("abandoned", "")


async def test_a_stream_dropped_unread_is_abandoned_and_says_what_to_do(talker: Talker, gov: govai.Governor) -> None:
    response = await talker.open("echo-3")
    with pytest.warns(ResourceWarning, match="abandoned; read it in a `with` block, or close it"):
        del response
        gc.collect()
    assert outcome(gov) == ("abandoned", "")


async def test_a_stream_read_to_its_end_and_then_dropped_is_complete_and_warns_of_nothing(talker: Talker, gov: govai.Governor) -> None:
    response = await talker.open("echo-3")
    pieces = response.stream  # its own close() is never called
    read = [piece async for piece in pieces] if talker.is_async else list(pieces)
    del response, pieces
    gc.collect()
    assert read
    assert outcome(gov) == ("completed", "")


async def test_errors_of_the_provider_come_through(talker: Talker, gov: govai.Governor) -> None:
    response = await talker.post("status-429")
    assert (response.status_code, response.headers["retry-after"]) == (429, "0")
    assert outcome(gov) == ("failed", "http_429")


async def test_errors_of_the_connection_are_the_librarys_own(talker: Talker, library: ModuleType, gov: govai.Governor) -> None:
    talker.url = "http://127.0.0.1:1/v1/chat/completions"
    body = {"model": "echo", "messages": [{"role": "user", "content": "x"}]}
    with pytest.raises(library.ConnectError):
        made = talker.client.post(talker.url, json=body)
        await made if talker.is_async else made
    assert outcome(gov) == ("failed", "ConnectError")


async def test_a_refusal_is_govais_own_and_nothing_leaves(talker: Talker, gov: govai.Governor, server: Server) -> None:
    before = len(server.log)
    with pytest.raises(govai.Ungoverned, match="not an endpoint"):
        made = talker.client.get(server.url + "/v1/vector_stores")
        await made if talker.is_async else made
    assert len(server.log) == before
    assert [r.kind for r in gov.ledger.records()] == ["refusal"]


@pytest.mark.parametrize("place", ["elsewhere", "unreadable"])
async def test_a_redirect_to_another_host_is_refused(talker: Talker, gov: govai.Governor, server: Server, place: str) -> None:
    with pytest.raises(govai.Ungoverned, match="redirects"):
        if place == "elsewhere":
            await talker.post("redirect")
        else:
            server.replies["odd"] = (307, {"location": "http://[::bad/"}, b"")
            talker.url = server.url + "/c/odd/v1/chat/completions"
            await talker.post()
    assert outcome(gov) == ("failed", "redirect")


async def test_compressed_answers_are_read(talker: Talker, server: Server) -> None:
    reply = {"choices": [{"index": 0, "message": {"role": "assistant", "content": "é"}, "finish_reason": "stop"}]}
    headers = {"content-type": "application/json", "content-encoding": "gzip"}
    server.replies["zip"] = (200, headers, gzip.compress(json.dumps(reply).encode()))
    talker.url = server.url + "/c/zip/v1/chat/completions"
    response = await talker.post()
    assert response.json() == reply
    assert "content-encoding" not in response.headers


def test_a_stack_is_made_once_per_library_and_found_from_what_rides_on_it(library: ModuleType) -> None:
    stack = stack_of(library)
    with library.Client() as client:
        things = (library, client, library.HTTPTransport(), library.Request("GET", "http://x"))
        assert all(stack_of(thing) is stack for thing in things)
    assert issubclass(stack.transport, library.BaseTransport)
    assert issubclass(stack.async_transport, library.AsyncBaseTransport)


def test_those_of_httpx2_are_the_ones_in_transports() -> None:
    stack = stack_of(httpx2)
    assert (stack.transport, stack.async_transport) == (GovernedTransport, AsyncGovernedTransport)


@pytest.mark.parametrize("thing", [json, object(), "httpx"])
def test_another_library_is_refused(thing: object) -> None:
    with pytest.raises(govai.ConfigError, match="no HTTP library"):
        stack_of(thing)
