"""A whole process: whoever made a client, and whenever, what it sends to a provider is governed or refused."""

from __future__ import annotations

import asyncio
import http.client
import json
import os
import socket
import subprocess
import sys
import urllib.request
from pathlib import Path

import anthropic
import httpx2
import openai
import pytest
from google import genai
from mistralai.client import Mistral

import govai
from govai.doors.coverage import Coverage
from tests.server import Server

httpx = pytest.importorskip("httpx", reason="the library of the previous SDKs: pip install httpx")
MAIL = "ana@exemple.fr"
SAID = [{"role": "user", "content": f"à {MAIL}"}]
JSON = {"content-type": "application/json"}
RAW = json.dumps({"model": "echo", "messages": SAID}).encode()


class Kind:
    """A native client of one SDK, and how to ask it."""

    def __init__(self, make, ask, close) -> None:
        self.make, self.ask, self.close = make, ask, close


async def _closed(client) -> None:
    await client.close()


async def _left(client) -> None:
    client.__exit__(None, None, None)
    await client.__aexit__(None, None, None)


async def _openai(client):
    return client.chat.completions.create(model="echo", messages=SAID).choices[0].message.content


async def _aopenai(client):
    return (await client.chat.completions.create(model="echo", messages=SAID)).choices[0].message.content


async def _openai_stream(client):
    events = client.chat.completions.create(model="echo-3", messages=SAID, stream=True)
    return "".join(e.choices[0].delta.content or "" for e in events if e.choices)


async def _anthropic(client):
    return client.messages.create(model="echo", max_tokens=9, messages=SAID).content[0].text


async def _aanthropic(client):
    return (await client.messages.create(model="echo", max_tokens=9, messages=SAID)).content[0].text


async def _anthropic_stream(client):
    with client.messages.stream(model="echo-3", max_tokens=9, messages=SAID) as events:
        return "".join(events.text_stream)


async def _mistral(client):
    return client.chat.complete(model="echo", messages=SAID).choices[0].message.content


async def _amistral(client):
    return (await client.chat.complete_async(model="echo", messages=SAID)).choices[0].message.content


async def _google(client):
    return client.models.generate_content(model="echo", contents=SAID[0]["content"]).text


async def _google_stream(client):
    return "".join(event.text or "" for event in client.models.generate_content_stream(model="echo-3", contents=SAID[0]["content"]))


async def _agoogle(client):
    return (await client.aio.models.generate_content(model="echo", contents=SAID[0]["content"])).text


async def _gone(client) -> None:
    client.close()
    await client.aio.aclose()


async def _sync_closed(client) -> None:
    client.close()


def _make_openai(url: str):
    return openai.OpenAI(base_url=url + "/v1", api_key="sk-x")


def _make_anthropic(url: str):
    return anthropic.Anthropic(base_url=url, api_key="sk-x")


def _make_google(url: str):
    return genai.Client(api_key="x", http_options={"base_url": url, "api_version": "v1beta"})


def _make_mistral(url: str):
    return Mistral(server_url=url, api_key="sk-x")


KINDS = {
    "openai": Kind(_make_openai, _openai, _sync_closed),
    "openai stream": Kind(_make_openai, _openai_stream, _sync_closed),
    "openai async": Kind(lambda url: openai.AsyncOpenAI(base_url=url + "/v1", api_key="sk-x"), _aopenai, _closed),
    "anthropic": Kind(_make_anthropic, _anthropic, _sync_closed),
    "anthropic stream": Kind(_make_anthropic, _anthropic_stream, _sync_closed),
    "anthropic async": Kind(lambda url: anthropic.AsyncAnthropic(base_url=url, api_key="sk-x"), _aanthropic, _closed),
    "google": Kind(_make_google, _google, _gone),
    "google stream": Kind(_make_google, _google_stream, _gone),
    "google async": Kind(_make_google, _agoogle, _gone),  # kept off aiohttp
    "mistral": Kind(_make_mistral, _mistral, _left),
    "mistral async": Kind(_make_mistral, _amistral, _left),
}


@pytest.fixture(params=list(KINDS))
def kind(request: pytest.FixtureRequest) -> Kind:
    return KINDS[request.param]


@pytest.fixture
def elsewhere():
    """A host that is no provider's."""
    with Server() as running:
        yield running


@pytest.fixture
def instrumented(gov: govai.Governor):
    with gov.instrument(purpose="support", quiet=True) as coverage:
        yield coverage


def intents(gov: govai.Governor) -> list[dict]:
    return [record.body for record in gov.ledger.records(kind="intent")]


@pytest.mark.filterwarnings("ignore:Inheritance class AiohttpClientSession")  # what google-genai does afterwards
@pytest.mark.parametrize("made", ["before", "after"])
async def test_every_sdk_is_governed_whenever_its_client_was_made(gov: govai.Governor, server: Server, kind: Kind, made: str) -> None:
    client = kind.make(server.url) if made == "before" else None
    with gov.instrument(purpose="support", quiet=True):
        client = client or kind.make(server.url)
        assert await kind.ask(client) == f"à {MAIL}"
        assert MAIL.encode() not in server.bodies[-1]
    assert await kind.ask(client) == f"à {MAIL}"
    assert MAIL.encode() in server.bodies[-1]
    await kind.close(client)
    (intent,) = intents(gov)
    assert (intent["door"], intent["purpose"], intent["actor"]["id"]) == ("instrument", "support", "ana")


async def test_a_govai_error_is_itself_after_one_attempt(gov: govai.Governor, server: Server, kind: Kind) -> None:
    client, before = kind.make(server.url), len(server.log)
    with gov.instrument(quiet=True), pytest.raises(govai.PurposeRequired) as caught:
        await kind.ask(client)
    await kind.close(client)
    assert MAIL not in str(caught.value)
    assert len(server.log) == before
    assert [record.kind for record in gov.ledger.records()] == ["refusal"]


async def test_google_keeps_off_aiohttp_only_meanwhile(gov: govai.Governor) -> None:
    import google.genai._api_client as api

    before = api.has_aiohttp
    with gov.instrument(quiet=True):
        assert api.has_aiohttp is False
    assert api.has_aiohttp is before


def _bodies(host: str) -> dict:
    return {"url": f"http://{host}/v1/chat/completions", "json": {"model": "echo", "messages": SAID}}


@pytest.mark.parametrize("library", [httpx2, httpx], ids=["httpx2", "httpx"])
@pytest.mark.parametrize("route", ["plain", "module", "mounted", "custom", "async"])
async def test_plain_clients_are_governed_whatever_their_transport(gov: govai.Governor, server: Server, elsewhere: Server, instrumented: Coverage, library, route: str) -> None:
    class Own(library.HTTPTransport):
        pass

    for host, log in ((server.host, server.log), (elsewhere.host, elsewhere.log)):
        if route == "async":
            async with library.AsyncClient() as client:
                answer = await client.post(**_bodies(host))
        elif route == "module":
            answer = library.post(**_bodies(host))
        else:
            options = {"plain": {}, "mounted": {"mounts": {"all://127.0.0.1": Own()}}, "custom": {"transport": Own()}}[route]
            with library.Client(**options) as client:
                answer = client.post(**_bodies(host))
        assert isinstance(answer, library.Response)
        assert answer.json()["choices"][0]["message"]["content"] == f"à {MAIL}"
        assert (MAIL.encode() in log[-1]["raw"]) is (host == elsewhere.host)
    assert len(intents(gov)) == 1


def test_an_entry_is_found_by_the_endpoint_where_several_share_a_host(gov: govai.Governor, server: Server, instrumented: Coverage) -> None:
    body = {"model": "echo", "max_tokens": 9, "messages": SAID}
    httpx2.post(server.url + "/v1/messages", json=body, headers={"anthropic-version": "2026-10-21"})
    httpx2.post(server.url + "/v1/chat/completions", json=body)
    assert [(i["provider"], i["format"]) for i in intents(gov)] == [("nearby", "anthropic_messages"), ("near", "openai_chat")]


@pytest.mark.parametrize("method, path", [("POST", "/v1/vector_stores"), ("POST", "/v1/responses/x/y"), ("DELETE", "/v1/models/m"), ("POST", "/")])
def test_other_endpoints_of_a_provider_are_refused(server: Server, instrumented: Coverage, method: str, path: str) -> None:
    with pytest.raises(govai.Ungoverned, match="not an endpoint"):
        httpx2.request(method, server.url + path, json={})


def test_a_websocket_of_the_library_itself_is_refused(server: Server, instrumented: Coverage) -> None:
    with pytest.raises(govai.Ungoverned, match="websocket"):
        httpx2.get(server.url + "/v1/realtime", headers={"connection": "upgrade", "upgrade": "websocket"})


@pytest.mark.parametrize("url", ["https://api.openai.com/v1/chat/completions", "https://API.openai.com.:443/v1/chat/completions", "https://me:x@api.openai.com/v1/chat/completions"])
def test_a_well_known_host_that_is_not_registered_gets_no_personal_data(policy: dict, url: str) -> None:
    bare = {**policy, "providers": {}, "extends": None, "purposes": {"support": {"basis": "contract"}}}
    with govai.Governor({k: v for k, v in bare.items() if v is not None}, ledger=":memory:") as gov, gov.instrument(purpose="support", quiet=True):
        with pytest.raises((govai.Blocked, govai.Ungoverned)) as caught:
            httpx2.post(url, json={"model": "m", "messages": SAID})
        assert "openai" in str(caught.value) or "registry" in str(caught.value)


def test_signed_requests_are_refused_and_say_why(instrumented: Coverage) -> None:
    with pytest.raises(govai.Ungoverned, match="signed"):
        httpx2.post("https://bedrock-runtime.eu-west-1.amazonaws.com/model/m/invoke", json={"messages": SAID})


# -- once, and no more ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("first", ["wrap", "instrument"])
async def test_a_wrapped_client_in_an_instrumented_process_is_governed_once(gov: govai.Governor, server: Server, first: str) -> None:
    with _make_openai(server.url) as bare:
        wrapped = gov.wrap(bare, purpose="support") if first == "wrap" else None
        with gov.instrument(purpose="reporting", quiet=True):
            assert await _openai(wrapped or gov.wrap(bare, purpose="support")) == f"à {MAIL}"
    assert [(i["door"], i["purpose"]) for i in intents(gov)] == [("wrap", "support")]


@pytest.mark.parametrize("model", ["near:echo", "nearby:echo", "offline:demo"])
async def test_generate_in_an_instrumented_process_is_governed_once(gov: govai.Governor, instrumented: Coverage, model: str) -> None:
    gov.generate(model, "à {mail}", data={"mail": MAIL}, purpose="support")
    await gov.agenerate(model, "à {mail}", data={"mail": MAIL}, purpose="support")
    assert [i["door"] for i in intents(gov)] == ["generate", "generate"]
    await gov.aclose()


@pytest.mark.parametrize("library", [httpx2, httpx], ids=["httpx2", "httpx"])
async def test_a_transport_that_sends_with_a_client_of_its_own_is_governed_once(gov: govai.Governor, server: Server, instrumented: Coverage, library) -> None:
    class Relay(library.BaseTransport):
        def handle_request(self, request):
            with library.Client() as inner:
                return inner.send(inner.build_request(request.method, request.url, content=request.read(), headers=request.headers))

    class AsyncRelay(library.AsyncBaseTransport):
        async def handle_async_request(self, request):
            async with library.AsyncClient() as inner:
                return await inner.send(inner.build_request(request.method, request.url, content=await request.aread(), headers=request.headers))

    with library.Client(transport=Relay()) as client:
        answers = [client.post(**_bodies(server.host))]
    async with library.AsyncClient(transport=AsyncRelay()) as client:
        answers.append(await client.post(**_bodies(server.host)))
    assert [a.json()["choices"][0]["message"]["content"] for a in answers] == [f"à {MAIL}"] * 2
    assert len(intents(gov)) == 2


def test_what_a_transport_sends_beside_the_request_is_governed_too(gov: govai.Governor, server: Server, instrumented: Coverage) -> None:
    class Copying(httpx2.HTTPTransport):
        def handle_request(self, request):
            httpx2.post(**_bodies(server.host))
            return super().handle_request(request)

    with httpx2.Client(transport=Copying()) as client:
        client.post(server.url + "/v1/chat/completions", json={"model": "echo", "messages": [{"role": "user", "content": "x"}]})
    assert all(MAIL.encode() not in raw for raw in server.bodies[-2:])
    assert len(intents(gov)) == 2


async def test_a_transport_that_rides_on_a_guarded_library_is_governed(gov: govai.Governor, server: Server, instrumented: Coverage) -> None:
    aiohttp = pytest.importorskip("aiohttp", reason="what LiteLLM's transport rides on: pip install aiohttp")

    class Riding(httpx.AsyncBaseTransport):
        async def handle_async_request(self, request):
            async with aiohttp.ClientSession() as session, session.request(request.method, str(request.url), data=request.content, headers=request.headers) as answer:
                return httpx.Response(answer.status, content=await answer.read())

    async with httpx.AsyncClient(transport=Riding()) as client:
        answer = await client.post(**_bodies(server.host))
    assert answer.json()["choices"][0]["message"]["content"] == f"à {MAIL}"
    assert MAIL.encode() not in server.bodies[-1]


async def test_a_call_that_a_review_hook_makes_is_a_call_of_its_own(policy: dict, server: Server) -> None:
    reviews = [{"id": "look", "purpose": "support", "role": "marketing"}]

    def hook(details):
        _ask_plainly(server)
        return govai.Verdict.approve()

    with govai.Governor({**policy, "reviews": reviews}, ledger=":memory:") as gov, gov.instrument(purpose="reporting", quiet=True):
        assert gov.generate("near:echo", "bonjour", purpose="support", review=hook).text == "bonjour"
        assert sorted((i["door"], i["purpose"]) for i in intents(gov)) == [("generate", "support"), ("instrument", "reporting")]


async def test_a_task_that_a_transport_leaves_behind_is_guarded(gov: govai.Governor, server: Server, instrumented: Coverage) -> None:
    aiohttp = _importing("aiohttp")
    tasks: list[asyncio.Task] = []
    go = asyncio.Event()

    async def later() -> None:
        await go.wait()
        async with aiohttp.ClientSession() as session:
            await session.get(server.url + "/v1/models")

    class Leaving(httpx2.AsyncHTTPTransport):
        async def handle_async_request(self, request):
            tasks.append(asyncio.create_task(later()))
            return await super().handle_async_request(request)

    async with httpx2.AsyncClient(transport=Leaving()) as client:
        await client.post(**_bodies(server.host))
    go.set()
    with pytest.raises(govai.Ungoverned, match="aiohttp"):
        await tasks[0]


# -- guards --------------------------------------------------------------------------------------------------------------


def _importing(name: str):
    return pytest.importorskip(name, reason="guarded where it is installed: pip install --group guards")


async def _aiohttp(host: str) -> None:
    async with _importing("aiohttp").ClientSession(base_url=f"http://{host}") as session, session.post("/v1/chat/completions", json={"model": "echo", "messages": SAID}) as answer:
        await answer.read()


async def _requests(host: str) -> None:
    _importing("requests").post(**_bodies(host)).close()


async def _urllib3(host: str) -> None:
    name, _, port = host.partition(":")
    with _importing("urllib3").HTTPConnectionPool(name, int(port)) as pool:
        pool.urlopen(method="POST", url="/v1/chat/completions", body=RAW, headers=JSON)


async def _urllib(host: str) -> None:
    urllib.request.urlopen(urllib.request.Request(f"http://{host}/v1/chat/completions", data=RAW, headers=JSON)).close()


async def _http_client(host: str) -> None:
    connection = http.client.HTTPConnection(host)
    try:
        connection.request("POST", "/v1/chat/completions", body=RAW, headers=JSON)
        connection.getresponse().read()
    finally:
        connection.close()


async def _proxied(host: str) -> None:
    """Through a proxy that is no provider's: the request line names the host."""
    connection = http.client.HTTPConnection("127.0.0.1", 1)
    try:
        connection.request("POST", f"http://{host}/v1/chat/completions", body=b"{}")
    finally:
        connection.close()


async def _tunnelled(host: str) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", 1)
    connection.set_tunnel(host)
    try:
        connection.request("POST", "/v1/chat/completions", body=b"{}")
    finally:
        connection.close()


async def _websockets(host: str) -> None:
    async with _importing("websockets.asyncio.client").connect(f"ws://{host}/v1/realtime"):
        pass


async def _websockets_sync(host: str) -> None:
    def work() -> None:
        with _importing("websockets.sync.client").connect(f"ws://{host}/v1/realtime"):
            pass

    await asyncio.to_thread(work)


async def _websocket_client(host: str) -> None:
    _importing("websocket").create_connection(f"ws://{host}/v1/realtime")


async def _grpc(host: str) -> None:
    _importing("grpc").insecure_channel(f"dns:///{host}").close()


async def _grpc_aio(host: str) -> None:
    await _importing("grpc.aio").insecure_channel(host).close()


async def _botocore(host: str) -> None:
    _importing("botocore")
    from botocore.awsrequest import AWSRequest
    from botocore.httpsession import URLLib3Session

    URLLib3Session().send(AWSRequest("POST", f"http://{host}/v1/chat/completions", data=RAW, headers=JSON).prepare())


async def _socket(host: str) -> None:
    name, _, port = host.partition(":")
    await asyncio.to_thread(lambda: socket.create_connection((name, int(port)), 5).close())


async def _streams(host: str) -> None:
    name, _, port = host.partition(":")
    _reader, writer = await asyncio.open_connection(name, int(port))
    writer.close()
    await writer.wait_closed()


GUARDED = [_socket, _streams, _aiohttp, _requests, _urllib3, _urllib, _http_client, _proxied, _tunnelled, _websockets, _websockets_sync, _websocket_client, _grpc, _grpc_aio, _botocore]


@pytest.mark.parametrize("reach", GUARDED, ids=lambda f: f.__name__)
async def test_other_libraries_are_refused_to_providers_and_say_what_to_use(gov: govai.Governor, server: Server, reach) -> None:
    before = len(server.log)
    with gov.instrument(purpose="support", quiet=True), pytest.raises(govai.Ungoverned, match="go around govai") as caught:
        await reach(server.host)
    assert " — use " in str(caught.value)
    assert len(server.log) == before
    (refusal,) = gov.ledger.records()
    assert (refusal.kind, refusal.body["door"], refusal.body["error"]["type"]) == ("refusal", "instrument", "Ungoverned")


@pytest.mark.parametrize("reach", [_socket, _streams, _aiohttp, _requests, _urllib3, _urllib, _http_client, _grpc, _botocore], ids=lambda f: f.__name__)
async def test_other_libraries_reach_every_other_host(elsewhere: Server, gov: govai.Governor, instrumented: Coverage, reach) -> None:
    await reach(elsewhere.host)
    assert list(gov.ledger.records()) == []


@pytest.mark.parametrize("reach", [_socket, _streams, _aiohttp, _requests, _urllib3, _urllib, _http_client, _grpc, _botocore], ids=lambda f: f.__name__)
async def test_they_reach_providers_again_afterwards(gov: govai.Governor, server: Server, reach) -> None:
    gov.instrument(quiet=True).undo()
    await reach(server.host)


LATER = """
import sys
import govai

gov = govai.Governor({policy!r}, ledger=":memory:")
coverage = gov.instrument(purpose="support", quiet=True)
early = [name for name in ("httpx", "aiohttp", "urllib3", "requests", "websockets", "google.genai") if name in sys.modules]
assert early == [], early

def refused(work):
    try:
        work()
    except govai.Ungoverned:
        return
    raise SystemExit("not refused")

import httpx
refused(lambda: httpx.post("{url}/v1/vector_stores", json={{}}))
answer = httpx.post("{url}/v1/chat/completions", json={{"model": "echo", "messages": [{{"role": "user", "content": "ana@exemple.fr"}}]}})
assert answer.json()["choices"][0]["message"]["content"] == "ana@exemple.fr"
import requests
refused(lambda: requests.get("{url}/v1/models"))
import urllib.request
refused(lambda: urllib.request.urlopen("{url}/v1/models"))
import aiohttp, asyncio
async def ask():
    async with aiohttp.ClientSession() as session:
        await session.get("{url}/v1/models")
refused(lambda: asyncio.run(ask()))
import google.genai._api_client as api
assert api.has_aiohttp is False
coverage.undo()
assert api.has_aiohttp is True
assert not any("govai" in type(finder).__module__ for finder in sys.meta_path)
assert requests.get("{url}/v1/models").ok
assert httpx._client.Client._transport_for_url.__module__ == "httpx._client"
"""


def test_libraries_that_are_imported_later_are_covered_and_none_is_imported_for_it(policy: dict, server: Server) -> None:
    _importing("aiohttp"), _importing("requests")
    code, env = LATER.format(policy=policy, url=server.url), {**os.environ, "PYTHONPATH": str(Path(govai.__file__).parents[1])}
    done = subprocess.run([sys.executable, "-W", "ignore", "-c", code], env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert MAIL.encode() not in b"".join(server.bodies[-1:])


# -- several, and undone -------------------------------------------------------------------------------------------------


def _ask_plainly(server: Server) -> bytes:
    httpx2.post(**_bodies(server.host))
    return server.bodies[-1]


@pytest.mark.parametrize("order", ["inner first", "outer first"])
def test_the_last_one_is_in_effect_and_they_may_be_undone_in_any_order(policy: dict, gov: govai.Governor, server: Server, order: str) -> None:
    with govai.Governor(policy, ledger=":memory:") as other:
        outer, inner = gov.instrument(purpose="support", quiet=True), other.instrument(purpose="reporting", quiet=True)
        _ask_plainly(server)
        assert (len(intents(gov)), len(intents(other))) == (0, 1)
        first, second = (inner, outer) if order == "inner first" else (outer, inner)
        first.undo()
        first.undo()
        assert MAIL.encode() not in _ask_plainly(server)
        assert (len(intents(gov)), len(intents(other))) == ((1, 1) if order == "inner first" else (0, 2))
        second.undo()
        assert MAIL.encode() in _ask_plainly(server)


def test_threads_may_instrument_and_undo_at_once(gov: govai.Governor, server: Server) -> None:
    from concurrent.futures import ThreadPoolExecutor

    before, finders = vars(httpx2.Client)["_transport_for_url"], list(sys.meta_path)

    def work(_number: int) -> bool:
        with gov.instrument(purpose="support", quiet=True), httpx2.Client() as client:
            answer = client.post(**_bodies(server.host))
        return MAIL in answer.text

    with ThreadPoolExecutor(4) as pool:
        assert all(pool.map(work, range(16)))
    assert len(intents(gov)) == 16
    assert vars(httpx2.Client)["_transport_for_url"] is before
    assert sys.meta_path == finders


def test_undo_restores_what_was_found(gov: govai.Governor) -> None:
    before = [vars(c)["_transport_for_url"] for c in (httpx2.Client, httpx2.AsyncClient, httpx.Client, httpx.AsyncClient)]
    putrequest, finders = http.client.HTTPConnection.putrequest, list(sys.meta_path)
    with gov.instrument(quiet=True):
        assert httpx2.Client._transport_for_url is not before[0]
    assert [vars(c)["_transport_for_url"] for c in (httpx2.Client, httpx2.AsyncClient, httpx.Client, httpx.AsyncClient)] == before
    assert http.client.HTTPConnection.putrequest is putrequest
    assert sys.meta_path == finders


def test_what_somebody_else_patched_afterwards_stays_and_ours_does_nothing_any_more(gov: govai.Governor, server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[str] = []
    found = vars(httpx2.Client)["_transport_for_url"]
    coverage = gov.instrument(purpose="support", quiet=True)
    ours = vars(httpx2.Client)["_transport_for_url"]

    def theirs(client, url):
        seen.append(url.host)
        return ours(client, url)

    httpx2.Client._transport_for_url = theirs
    try:
        assert MAIL.encode() not in _ask_plainly(server)
        coverage.undo()
        assert httpx2.Client._transport_for_url is theirs
        assert MAIL.encode() in _ask_plainly(server)
        with gov.instrument(purpose="support", quiet=True):
            assert MAIL.encode() not in _ask_plainly(server)
        assert (len(seen), len(intents(gov))) == (3, 2)
    finally:
        httpx2.Client._transport_for_url = found


def test_scopes_apply_and_keywords_are_defaults(gov: govai.Governor, server: Server) -> None:
    with gov.instrument(purpose="support", actor="lea", job="nightly", quiet=True), govai.scope(data={"nom": "Renée"}, subject="c-1", job="weekly"):
        answer = httpx2.post(server.url + "/v1/chat/completions", json={"model": "echo", "messages": [{"role": "user", "content": "Chère Renée"}]})
    assert answer.json()["choices"][0]["message"]["content"] == "Chère Renée"
    assert "Renée".encode() not in server.bodies[-1]
    (intent,) = intents(gov)
    assert (intent["purpose"], intent["actor"]["id"], intent["job"], intent["data"]) == ("support", "lea", "weekly", "declared")


def test_an_unknown_purpose_is_said_at_once_and_nothing_is_instrumented(gov: govai.Governor) -> None:
    before = vars(httpx2.Client)["_transport_for_url"]
    with pytest.raises(govai.ConfigError, match="reportin"):
        gov.instrument(purpose="reportin")
    assert vars(httpx2.Client)["_transport_for_url"] is before


def test_a_closed_governor_keeps_the_door_shut(policy: dict, server: Server) -> None:
    gov = govai.Governor(policy, ledger=":memory:")
    with gov.instrument(purpose="support", quiet=True):
        gov.close()
        before = len(server.log)
        with pytest.raises(govai.LedgerUnavailable):
            _ask_plainly(server)
        with pytest.raises(govai.Ungoverned):
            urllib.request.urlopen(server.url + "/v1/models")
        assert len(server.log) == before


def test_many_calls_leave_nothing_behind(gov: govai.Governor, server: Server, instrumented: Coverage) -> None:
    import gc

    from govai.flow.transports import Governed

    def there() -> int:
        gc.collect()
        return sum(issubclass(type(one), Governed) for one in gc.get_objects())

    before = there()
    with httpx2.Client() as client:
        for _ in range(5):
            client.post(**_bodies(server.host))
        assert there() <= before


# -- what it says --------------------------------------------------------------------------------------------------------


def test_coverage_says_what_is_governed_and_what_refused(gov: govai.Governor, server: Server, capsys: pytest.CaptureFixture[str]) -> None:
    with gov.instrument(purpose="support") as coverage:
        printed = capsys.readouterr().out
        assert printed == f"{coverage}\n"
        lines = printed.splitlines()
        assert "policy test, purpose support" in lines[0]
        assert any(line.split() == ["governed", "httpx2", httpx2.__version__] for line in lines)
        assert any(line.startswith("  refused ") and "urllib, http.client" in line and "use the SDK's own client" in line for line in lines)
        assert lines[-1].startswith("  providers ") and server.host in lines[-1]
        assert printed.isascii()  # any terminal, any file
        assert set(coverage.governed) == {"httpx2", "httpx"}
        assert "urllib, http.client" in coverage.refused and coverage.blind == ()
        assert not set(coverage.absent) & {*coverage.governed, *coverage.refused}
        assert repr(coverage).startswith("<Coverage governed=2 refused=")
    assert not coverage.active
    assert "undone" in str(coverage) and "undone" in repr(coverage)
    assert capsys.readouterr().out == ""


def test_coverage_speaks_french_and_can_be_quiet(gov: govai.Governor, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("GOVAI_LANG", "fr")
    with gov.instrument(quiet=True) as coverage:
        assert "gouverné" in str(coverage) and "refusé" in str(coverage) and "utilisez" in str(coverage)
    assert capsys.readouterr().out == ""


def test_a_version_that_cannot_be_guarded_is_named(gov: govai.Governor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(_importing("aiohttp.client").ClientSession, "_request")
    with gov.instrument(quiet=True) as coverage:
        assert coverage.blind == ("aiohttp",)
        assert "aiohttp" not in coverage.refused
        assert "NOT SEEN" in str(coverage)


def test_a_version_that_cannot_be_governed_is_refused_and_leaves_nothing_patched(gov: govai.Governor, monkeypatch: pytest.MonkeyPatch) -> None:
    putrequest = http.client.HTTPConnection.putrequest
    monkeypatch.delattr(httpx.Client, "_transport_for_url")
    with pytest.raises(govai.Ungoverned, match="version of httpx"):
        gov.instrument(quiet=True)
    assert http.client.HTTPConnection.putrequest is putrequest


def test_the_default_governor_instruments(gov: govai.Governor, server: Server) -> None:
    from govai.governor import default

    before = default._default
    govai.configure(gov)
    try:
        with govai.instrument(purpose="support", quiet=True):
            assert MAIL.encode() not in _ask_plainly(server)
    finally:
        default._default = before
