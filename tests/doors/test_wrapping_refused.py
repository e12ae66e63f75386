"""What leaves the governed transport is refused where it would: sockets, signed bodies, other HTTP clients, deep copies."""

from __future__ import annotations

import copy
import importlib
import inspect
import pickle
import pkgutil
from collections.abc import Iterator
from typing import Any

import anthropic
import httpx2
import openai
import pytest
from google import genai
from google.genai import types
from mistralai.azure.client import MistralAzure
from mistralai.client import Mistral
from mistralai.gcp.client import MistralGCP

import govai
from govai.doors import wrapping
from tests.doors.kinds import KINDS, Kind, close
from tests.server import Server

pytestmark = pytest.mark.filterwarnings("ignore:Inheritance class AiohttpClientSession:DeprecationWarning")

_AWS = {"aws_region": "eu-west-1"}
_SIGNING = {**_AWS, "aws_access_key": "a", "aws_secret_key": "b"}
SIGNED = {
    "AnthropicBedrock": lambda: anthropic.AnthropicBedrock(**_SIGNING),
    "AsyncAnthropicBedrock": lambda: anthropic.AsyncAnthropicBedrock(**_SIGNING),
    "AnthropicBedrockMantle": lambda: anthropic.AnthropicBedrockMantle(**_SIGNING),
    "AsyncAnthropicBedrockMantle": lambda: anthropic.AsyncAnthropicBedrockMantle(**_SIGNING),
    "AnthropicAWS": lambda: anthropic.AnthropicAWS(workspace_id="w", **_SIGNING),
    "AsyncAnthropicAWS": lambda: anthropic.AsyncAnthropicAWS(workspace_id="w", **_SIGNING),
    "BedrockOpenAI": lambda: openai.BedrockOpenAI(aws_access_key_id="a", aws_secret_access_key="b", **_AWS),
    "AsyncBedrockOpenAI": lambda: openai.AsyncBedrockOpenAI(aws_access_key_id="a", aws_secret_access_key="b", **_AWS),
}
PLATFORMS = {
    "AnthropicAWS": lambda url: (anthropic.AnthropicAWS(base_url=url, api_key="k", workspace_id="w", **_AWS), "anthropic"),
    "AsyncAnthropicAWS": lambda url: (anthropic.AsyncAnthropicAWS(base_url=url, api_key="k", workspace_id="w", **_AWS), "aanthropic"),
    "AnthropicBedrockMantle": lambda url: (anthropic.AnthropicBedrockMantle(base_url=url, api_key="k", **_AWS), "anthropic"),
    "AsyncAnthropicBedrockMantle": lambda url: (anthropic.AsyncAnthropicBedrockMantle(base_url=url, api_key="k", **_AWS), "aanthropic"),
    "AnthropicGoogleCloud": lambda url: (anthropic.AnthropicGoogleCloud(base_url=url, token_provider=lambda: "t", workspace_id="w"), "anthropic"),
    "AsyncAnthropicGoogleCloud": lambda url: (anthropic.AsyncAnthropicGoogleCloud(base_url=url, token_provider=_token, workspace_id="w"), "aanthropic"),
    "BedrockOpenAI": lambda url: (openai.BedrockOpenAI(base_url=url + "/v1", api_key="k", **_AWS), "openai"),
    "AsyncBedrockOpenAI": lambda url: (openai.AsyncBedrockOpenAI(base_url=url + "/v1", api_key="k", **_AWS), "aopenai"),
}
GOVERNED = {
    "OpenAI", "AsyncOpenAI", "AzureOpenAI", "AsyncAzureOpenAI", "Anthropic", "AsyncAnthropic", "AnthropicVertex",
    "AsyncAnthropicVertex", "AnthropicFoundry", "AsyncAnthropicFoundry", *PLATFORMS,
}


async def _token() -> str:
    return "t"


def _classes(package: Any) -> Iterator[type]:
    """Every client class that an SDK offers."""
    bases = (package._base_client.SyncAPIClient, package._base_client.AsyncAPIClient)
    for module in pkgutil.walk_packages(package.__path__, package.__name__ + "."):
        if module.name.split(".")[1] not in ("lib", "_client") or "_extras" in module.name:
            continue
        try:
            loaded = importlib.import_module(module.name)
        except ImportError:  # an extra that is not installed
            continue
        for cls in vars(loaded).values():
            if inspect.isclass(cls) and issubclass(cls, bases) and cls not in bases:
                yield cls


@pytest.mark.parametrize("package", [openai, anthropic], ids=lambda p: p.__name__)
def test_every_client_class_of_the_sdks_is_decided(package: Any) -> None:
    found = {cls.__name__ for cls in _classes(package) if not cls.__name__.startswith("_")}
    assert len(found) > 3 and found - GOVERNED - set(SIGNED) == set()


@pytest.mark.parametrize("name", SIGNED)
def test_a_client_that_signs_bodies_is_refused_and_told_what_to_do(gov: govai.Governor, name: str) -> None:
    with pytest.raises(govai.ConfigError, match="signs each request.*bearer key"):
        gov.wrap(SIGNED[name]())


def test_an_http_client_that_signs_bodies_is_refused(gov: govai.Governor, server: Server) -> None:
    class Signing(httpx2.Auth):
        requires_request_body = True

    with httpx2.Client(auth=Signing()) as http, pytest.raises(govai.ConfigError, match="Signing signs"):
        gov.wrap(openai.OpenAI(base_url=server.url, api_key="x", http_client=http))


@pytest.mark.parametrize("name", ["mistral", "amistral"])
@pytest.mark.parametrize("platform", ["azure", "gcp"])
async def test_mistral_s_clients_for_other_platforms_are_governed(gov: govai.Governor, server: Server, platform: str, name: str) -> None:
    if platform == "azure":
        bare: Any = MistralAzure(api_key="k", server_url=server.url)
    else:
        bare = MistralGCP(project_id="p", region="eu", access_token="t", server_url=server.url)
    wrapped = gov.wrap(bare, purpose="support")
    assert type(wrapped) is type(bare)
    for stream in (False, True):
        assert await KINDS[name].ask(wrapped, "à ana@exemple.fr", stream=stream) == "à ana@exemple.fr"
        assert b"ana@" not in server.bodies[-1]
    await close(bare)


@pytest.mark.parametrize("name", PLATFORMS)
async def test_a_platform_s_client_with_a_bearer_key_is_governed(gov: govai.Governor, server: Server, name: str) -> None:
    bare, speaks = PLATFORMS[name](server.url)
    wrapped = gov.wrap(bare, purpose="support")
    for stream in (False, True):
        assert await KINDS[speaks].ask(wrapped, "à ana@exemple.fr", stream=stream) == "à ana@exemple.fr"
        assert b"ana@" not in server.bodies[-1]
    assert await KINDS[speaks].ask(wrapped.with_options(timeout=5), "à ana@exemple.fr") == "à ana@exemple.fr"
    assert b"ana@" not in server.bodies[-1]
    closed = bare.close()
    if closed is not None:
        await closed


def _sockets(part: Any, way: tuple[str, ...] = (), depth: int = 3) -> Iterator[str]:
    """Every route of an OpenAI client on which a websocket can be opened."""
    if hasattr(type(part), "connect"):
        yield ".".join((*way, "connect"))
    for name in dir(type(part)) if depth else ():
        if name.startswith(("_", "with_")) or name in ("copy", "is_closed"):
            continue
        made = getattr(type(part), name)
        if isinstance(made, property) or type(made).__name__ == "cached_property":
            try:
                inner = getattr(part, name)
            except Exception:  # a property that needs more than this client has
                continue
            if type(inner).__module__.startswith("openai.resources"):
                yield from _sockets(inner, (*way, name), depth - 1)


@pytest.mark.parametrize("name", ["openai", "aopenai", "azure"])
async def test_every_websocket_of_openai_is_closed_on_copies_too(gov: govai.Governor, server: Server, name: str) -> None:
    bare = KINDS[name].make(server.url)
    routes = sorted(_sockets(bare))
    assert {"realtime.connect", "responses.connect"} <= set(routes)
    wrapped = gov.wrap(bare)
    for client in (wrapped, wrapped.with_options(timeout=3), wrapped.copy().with_options(max_retries=1), copy.copy(wrapped)):
        for route in routes:
            part = client
            for step in route.split("."):
                part = getattr(part, step)
            with pytest.raises(govai.Ungoverned, match="around govai.*plain HTTP"):
                part(model="m")
    assert "ungoverned" not in repr(wrapped.realtime).lower()
    closed = bare.close()
    if closed is not None:
        await closed


@pytest.mark.parametrize(
    "route",
    [lambda c: c.audio.realtime.connect(model="m"), lambda c: c.audio.realtime_speech.connect(model="m"), lambda c: c.audio.sessions.init(), lambda c: c.realtime.sessions.create(),
     lambda c: c.beta.connectors.mcp_client(connector_id_or_name="x"), lambda c: c.beta.connectors.http_client(connector_id_or_name="x"),
     lambda c: c.beta.conversations.start(model="m", inputs="ana@exemple.fr"), lambda c: c.batch.jobs.get(job_id="j"), lambda c: c.ocr.process(model="m", document={"type": "document_url", "document_url": "http://x"}),
     lambda c: c.chat.complete(model="m", messages=[{"role": "user", "content": "x"}], server_url="http://elsewhere.invalid/odd")],
)
def test_what_mistral_does_beside_the_transport_is_refused(gov: govai.Governor, server: Server, route) -> None:
    wrapped = gov.wrap(Mistral(server_url=server.url, api_key="k"), purpose="support")
    server.log.clear()
    with pytest.raises((govai.Ungoverned, AttributeError)) as caught:
        route(wrapped)
    if isinstance(caught.value, AttributeError):  # what this version of the SDK does not have leads nowhere
        assert caught.value.name in ("realtime_speech", "sessions") and not hasattr(type(wrapped.audio), caught.value.name)
        return
    assert "—" in str(caught.value) and "ana@" not in str(caught.value)
    assert server.log == []


@pytest.mark.parametrize(
    "route",
    [lambda c: c.aio.live.connect(model="m"), lambda c: c.aio.live.music.connect(model="m"), lambda c: c.aio.interactions.connect("x"), lambda c: c.interactions.create(model="m", input="ana@exemple.fr"),
     lambda c: c.files.list(), lambda c: c.files.upload(file=__file__), lambda c: c.batches.get(name="batches/b"), lambda c: c.caches.create(model="m", config={"contents": "ana@exemple.fr"}),
     lambda c: c.file_search_stores.create(), lambda c: c.webhooks.list(), lambda c: c._api_client._websocket_base_url()],
)
def test_what_genai_does_beside_the_transport_is_refused(gov: govai.Governor, server: Server, route) -> None:
    wrapped = gov.wrap(genai.Client(api_key="k", http_options=types.HttpOptions(base_url=server.url, api_version="v1beta")), purpose="support")
    server.log.clear()
    with pytest.raises(govai.Ungoverned) as caught:
        route(wrapped)
    assert "—" in str(caught.value) and "ana@" not in str(caught.value)
    assert server.log == [] and [r.kind for r in gov.ledger.records()] in ([], ["refusal"])


@pytest.mark.parametrize("part", ["models", "files", "caches", "batches", "tunings", "file_search_stores", "operations", "auth_tokens"])
def test_every_part_of_a_genai_client_is_bound_to_the_governed_one(gov: govai.Governor, part: str) -> None:
    bare = genai.Client(api_key="k")
    assert bare.interactions is not None  # made and kept by the SDK
    wrapped = gov.wrap(bare)
    for side, theirs in ((wrapped, bare), (wrapped.aio, bare.aio)):
        if hasattr(side, part):
            assert getattr(side, part)._api_client is wrapped._api_client is not bare._api_client
            assert getattr(theirs, part)._api_client is bare._api_client
    if hasattr(bare.interactions, "_api_client"):  # before, the SDK's third major, they were made anew: what they send is refused like any
        assert wrapped.interactions._api_client is wrapped._api_client


def test_the_aio_of_a_genai_client_can_be_wrapped_alone(gov: govai.Governor) -> None:
    bare = genai.Client(api_key="k")
    wrapped = gov.wrap(bare.aio)
    assert type(wrapped) is type(bare.aio) and wrapping.governed_by(wrapped) is not None


def test_a_genai_client_that_sends_by_other_means_is_refused(gov: govai.Governor, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(govai.Ungoverned, match="debug_config"):
        gov.wrap(genai.Client(api_key="k", debug_config=genai.client.DebugConfig(client_mode="replay", replay_id="x", replays_directory="y")))
    tls = genai.Client(api_key="k")
    monkeypatch.setattr(type(tls._api_client), "_use_google_auth_sync", lambda _self: True)
    with pytest.raises(govai.ConfigError, match="mutual TLS"):
        gov.wrap(tls)


@pytest.mark.parametrize("deep", [copy.deepcopy, pickle.dumps])
def test_a_governed_client_is_never_copied_into_an_ungoverned_one(gov: govai.Governor, kind: Kind, bare, deep) -> None:
    wrapped = gov.wrap(bare)
    with pytest.raises(govai.Ungoverned, match="where it is used"):
        deep(wrapped)


async def test_a_shallow_copy_of_a_governed_client_is_governed(gov: govai.Governor, server: Server, kind: Kind, bare) -> None:
    wrapped = gov.wrap(bare, purpose="support")
    assert await kind.ask(copy.copy(wrapped), "ana@exemple.fr") == "ana@exemple.fr"
    assert b"ana@" not in server.bodies[-1]
    assert await kind.ask(bare, "encore") == "encore"


def test_an_http_client_of_another_make_is_refused(gov: govai.Governor) -> None:
    class Own:
        def send(self, request: Any, **_: Any) -> Any: ...
        def build_request(self, *_: Any, **__: Any) -> Any: ...
        def close(self) -> None: ...

    with pytest.raises(govai.ConfigError, match="Own is of no HTTP library"):
        gov.wrap(Mistral(api_key="k", client=Own()))


@pytest.mark.parametrize("thing", [object(), "OpenAI", httpx2, genai, openai])
def test_what_is_no_client_is_refused(gov: govai.Governor, thing: object) -> None:
    with pytest.raises(govai.ConfigError, match="cannot be wrapped"):
        gov.wrap(thing)
    assert wrapping.governed_by(thing) is None


@pytest.mark.parametrize("name", ["mistral", "google"])
def test_a_client_that_goes_around_is_found_by_the_probe(gov: govai.Governor, server: Server, name: str) -> None:
    class Around(httpx2.Client):
        def send(self, request: Any, **_: Any) -> Any:
            return httpx2.Response(200, json={}, request=request)

    options = {"mistral": {"client": Around()}, "google": {"httpx_client": Around()}}[name]
    with pytest.raises(govai.Ungoverned, match="does not send through govai"):
        gov.wrap(KINDS[name].make(server.url, **options))


@pytest.mark.parametrize("name", ["amistral", "agoogle"])
def test_a_client_that_goes_around_in_asyncio_only_is_found_too(gov: govai.Governor, server: Server, name: str) -> None:
    class Around(httpx2.AsyncClient):
        async def send(self, request: Any, **_: Any) -> Any:
            return httpx2.Response(200, json={}, request=request)

    options = {"amistral": {"async_client": Around()}, "agoogle": {"httpx_async_client": Around()}}[name]
    with pytest.raises(govai.Ungoverned, match="does not send through govai"):
        gov.wrap(KINDS[name].make(server.url, **options))


def refused(gov: govai.Governor, client: Any, ask: Any) -> str:
    with pytest.raises(govai.GovaiError) as caught:
        ask(gov.wrap(client, purpose="support"))
    return str(caught.value)


def test_store_asks_the_provider_to_keep_what_it_is_sent(gov: govai.Governor, server: Server) -> None:
    server.log.clear()
    with openai.OpenAI(base_url=server.url + "/v1", api_key="x") as client:
        stored = refused(gov, client, lambda it: it.responses.create(model="echo", input="bonjour", store=True))
        earlier = refused(gov, client, lambda it: it.responses.create(model="echo", input="bonjour", store=False, previous_response_id="resp_1"))
    assert "'store' asks the provider to keep the request and its answer" in stored
    assert "make it false, or name it in the policy: allow: {references: [store]}" in stored
    assert "'previous_response_id' is something the provider already holds" in earlier
    assert server.log == []


def test_a_host_that_is_not_registered_is_named_with_the_entry_to_add(gov: govai.Governor, server: Server) -> None:
    server.log.clear()
    port = server.host.rpartition(":")[2]
    ask = lambda it: it.chat.completions.create(model="echo", messages=[{"role": "user", "content": "à ana@exemple.fr"}])
    with openai.OpenAI(base_url=f"http://localhost:{port}/v1", api_key="x", max_retries=0) as client:
        said = refused(gov, client, ask)
    assert f"localhost:{port} is not in policy 'test'; it has {server.host} (" in said
    assert f'add it: providers: {{NAME: {{like: openai, host: "localhost:{port}", …}}}}' in said
    with openai.OpenAI(base_url="https://api.openal.com/v1", api_key="x", max_retries=0) as client:
        assert "api.openal.com is not in policy 'test'; it has api.openai.com (openai)" in refused(gov, client, ask)
    assert "ana@exemple.fr" not in said
    assert server.log == []


def test_a_registered_host_elsewhere_than_below_its_base_path_says_so(server: Server) -> None:
    entry = {"like": "openai", "host": server.host, "base_path": "/team/*", "region": "local"}
    policy = {"govai": 1, "name": "mine", "extends": "eu-marketing", "providers": {"near": entry}}
    ask = lambda it: it.chat.completions.create(model="echo", messages=[{"role": "user", "content": "à ana@exemple.fr"}])
    with govai.Governor(policy, ledger=":memory:") as gov, openai.OpenAI(base_url=server.url + "/v1", api_key="x") as client:
        assert f"at {server.host}, policy 'mine' knows only what is below /team/* (near)" in refused(gov, client, ask)


@pytest.mark.parametrize(("client", "ask", "governed"), [
    (lambda url: openai.OpenAI(base_url=url + "/v1", api_key="x"), lambda it: it.vector_stores.list(), "chat, responses, completions, images, moderations, embeddings"),
    (lambda url: anthropic.Anthropic(base_url=url, api_key="x"), lambda it: it.beta.files.list(), "messages, batches"),
    (lambda url: Mistral(server_url=url, api_key="x"), lambda it: it.beta.conversations.start(model="m", inputs="bonjour"), "chat, embeddings, moderations, transcription, batches"),
])  # fmt: skip
async def test_an_endpoint_that_is_not_governed_is_told_with_those_that_are(gov: govai.Governor, server: Server, client: Any, ask: Any, governed: str) -> None:
    bare = client(server.url)
    said = refused(gov, bare, ask)
    await close(bare)
    assert f"call what is governed there ({governed}" in said
    assert "or use an unwrapped client knowingly" in said


class ChatModel:
    """What a framework's chat model looks like."""


@pytest.mark.parametrize(("thing", "said"), [
    (openai.OpenAI, r"OpenAI is a class.*wrap OpenAI\(\)"), (Mistral, r"Mistral is a class.*wrap Mistral\(\)"),
    (httpx2.Client(), r"Client is a client of HTTP.*use gov\.instrument"), (httpx2.AsyncClient(), r"use gov\.instrument"),
    (type("ChatOpenAI", (ChatModel,), {"__module__": "langchain_openai.chat_models.base"})(), r"ChatOpenAI makes clients of its own.*use gov\.instrument"),
    (3, "a int cannot be wrapped"),
])  # fmt: skip
def test_what_cannot_be_wrapped_says_what_to_do_instead(gov: govai.Governor, thing: Any, said: str) -> None:
    with pytest.raises(govai.ConfigError, match=said):
        gov.wrap(thing)
