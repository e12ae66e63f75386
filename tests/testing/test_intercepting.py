"""What leaves a process under test: answered, forbidden or let through, on every stack, and all of it undone."""

from __future__ import annotations

import asyncio
import importlib.util
import subprocess
import sys
import threading
import urllib.request

import anthropic
import httpx
import httpx2
import openai
import pytest
import requests
import urllib3

import govai.testing
from govai.testing import Provider, RealCallForbidden, no_real_calls

FAR = "https://api.example.invalid/v1/x"


async def _httpx2_async(url: str) -> None:
    async with httpx2.AsyncClient() as client:
        await client.get(url)


async def _httpx_async(url: str) -> None:
    async with httpx.AsyncClient() as client:
        await client.get(url)


async def _aiohttp(url: str) -> None:
    import aiohttp

    async with aiohttp.ClientSession() as session:
        async with session.get(url) as response:
            await response.read()


def _urllib3(url: str) -> None:
    with urllib3.PoolManager() as pool:
        pool.request("GET", url, retries=False)


def _requests(url: str) -> None:
    with requests.Session() as session:
        session.get(url)


def _urllib(url: str) -> None:
    with urllib.request.urlopen(url) as response:
        response.read()


STACKS = {
    "httpx2": lambda url: httpx2.get(url), "httpx": lambda url: httpx.get(url), "urllib3": _urllib3, "requests": _requests, "http.client": _urllib,
    "async httpx2": lambda url: asyncio.run(_httpx2_async(url)), "async httpx": lambda url: asyncio.run(_httpx_async(url)),
}
if importlib.util.find_spec("aiohttp"):  # not one of the project's own dependencies
    STACKS["aiohttp"] = lambda url: asyncio.run(_aiohttp(url))


@pytest.mark.parametrize("stack", STACKS)
def test_a_real_call_is_forbidden_on_every_stack_and_this_machine_is_near(stack: str) -> None:
    call = STACKS[stack]
    with Provider() as served, no_real_calls():
        with pytest.raises(RealCallForbidden, match=r"api\.example\.invalid.*provider\.installed\(\).*no_real_calls\(allow") as caught:
            call(FAR)
        assert caught.value.host == "api.example.invalid"
        assert isinstance(caught.value, AssertionError)
        call(f"{served.serve()}/v1/models")
        call(f"{served.serve().replace('127.0.0.1', 'localhost')}/v1/models")
    assert len(served.requests) == 2


@pytest.mark.parametrize("stack", STACKS)
def test_what_is_allowed_by_name_passes(stack: str) -> None:
    with no_real_calls(allow=["api.example.invalid"]):
        with pytest.raises(Exception) as caught:  # the name does not exist: whatever the stack says of that
            STACKS[stack](FAR)
    assert not isinstance(caught.value, RealCallForbidden)


def _originals() -> list[object]:
    import http.client

    import urllib3.connectionpool

    kept = [http.client.HTTPConnection.putrequest, urllib3.connectionpool.HTTPConnectionPool.urlopen]
    return kept + [getattr(m, c).__dict__[n] for m in (httpx2, httpx) for c, n in (("HTTPTransport", "handle_request"), ("AsyncHTTPTransport", "handle_async_request"))]


def test_all_is_undone_also_after_an_error_and_out_of_order() -> None:
    before = _originals()
    with pytest.raises(ZeroDivisionError):
        with no_real_calls(), Provider().installed():
            assert all(a is not b for a, b in zip(_originals(), before, strict=True))
            1 / 0
    first, second = no_real_calls(), Provider().installed()
    first.__enter__()
    second.__enter__()
    first.__exit__(None, None, None)
    assert _originals() != before
    second.__exit__(None, None, None)
    assert _originals() == before


def test_somebody_elses_patch_over_ours_stays_and_works(monkeypatch: pytest.MonkeyPatch) -> None:
    original = httpx2.HTTPTransport.handle_request
    with Provider() as provider, provider.installed():
        inner, seen = httpx2.HTTPTransport.handle_request, []
        httpx2.HTTPTransport.handle_request = lambda self, request: (seen.append(1), inner(self, request))[1]
        httpx2.get("https://api.openai.com/v1/models")
        url = provider.serve()
    try:
        with Provider() as later:
            httpx2.get(f"{later.serve()}/v1/models")
        assert seen == [1, 1]
        assert url
    finally:
        httpx2.HTTPTransport.handle_request = original


def test_an_installed_provider_answers_clients_that_nobody_gave_it() -> None:
    with Provider() as provider, no_real_calls(), provider.installed() as same:
        assert same is provider
        with openai.OpenAI(api_key="x") as client:
            assert client.chat.completions.create(model="m", messages=[{"role": "user", "content": "é"}]).choices[0].message.content == "é"
        assert httpx.get("https://api.mistral.ai/v1/models").json()["object"] == "list"
        asyncio.run(_httpx_async("https://api.anthropic.com/v1/models"))
        asyncio.run(_httpx2_async("https://generativelanguage.googleapis.com/v1/models"))
    assert [request.wire for request in provider.requests] == ["openai", "mistral", "anthropic", "google"]


@pytest.mark.parametrize("stack", ["urllib3", "requests", "http.client"])
def test_a_providers_host_over_a_stack_that_cannot_be_answered_never_leaves(stack: str) -> None:
    with Provider().installed():
        with pytest.raises(RealCallForbidden, match=r"api\.openai\.com.*provider\.serve"):
            STACKS[stack]("https://api.openai.com/v1/models")


@pytest.mark.skipif("aiohttp" not in STACKS, reason="needs aiohttp: pip install aiohttp")
def test_aiohttp_is_answered_by_the_local_server() -> None:
    async def ask() -> dict:
        import aiohttp

        async with aiohttp.ClientSession() as session:
            async with session.post("https://api.mistral.ai/v1/chat/completions", json={"messages": [{"role": "user", "content": "é"}]}, headers={"X-A": "b"}) as response:
                return await response.json()

    provider = Provider()
    with no_real_calls(), provider.installed():
        assert asyncio.run(ask())["choices"][0]["message"]["content"] == "é"
    assert (provider.last.host, provider.last.wire, provider.last.headers["x-a"]) == ("api.mistral.ai", "mistral", "b")
    assert not provider.serving


@pytest.mark.parametrize("kind", [openai.OpenAI, anthropic.Anthropic])
def test_the_sdks_hand_the_error_through_after_one_attempt(kind: type, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("time.sleep", lambda _s: pytest.fail("it waits to try again"))
    client = kind(api_key="x", max_retries=3)
    with no_real_calls(), client, pytest.raises(RealCallForbidden, match=client.base_url.host):
        if isinstance(client, openai.OpenAI):
            client.chat.completions.create(model="m", messages=[])
        else:
            client.messages.create(model="m", max_tokens=1, messages=[])


def test_the_latest_provider_answers_and_the_earlier_one_again_after() -> None:
    one, two = Provider(), Provider()
    with one.installed():
        with two.installed():
            httpx2.get("https://api.openai.com/v1/models")
        httpx2.get("https://api.openai.com/v1/models")
    assert (len(one.requests), len(two.requests)) == (1, 1)


def test_it_holds_in_threads_and_tasks_and_as_a_decorator() -> None:
    caught: list[BaseException] = []

    def call() -> None:
        try:
            httpx2.get(FAR)
        except BaseException as error:
            caught.append(error)

    @no_real_calls()
    def test() -> None:
        threads = [threading.Thread(target=call) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    @no_real_calls()
    async def tasks() -> None:
        results = await asyncio.gather(*(_httpx2_async(FAR) for _ in range(4)), asyncio.to_thread(call), return_exceptions=True)
        caught.extend(one for one in results if one is not None)

    test()
    asyncio.run(tasks())
    assert [type(error) for error in caught] == [RealCallForbidden] * 9


def test_in_french(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GOVAI_LANG", "fr")
    with no_real_calls(), pytest.raises(RealCallForbidden, match="un appel réel à api.example.invalid allait partir"):
        httpx2.get(FAR)


def test_what_cannot_hold_is_refused() -> None:
    with pytest.raises(TypeError, match="list of host names"):
        no_real_calls(allow="db.example.org")
    with pytest.raises(TypeError, match="generator"):

        @no_real_calls()
        def fixture():
            yield


def test_importing_it_imports_nothing_and_govai_does_not_import_it() -> None:
    code = (
        "import sys, govai; assert not any(m.startswith('govai.testing') for m in sys.modules);"
        "import govai.testing, govai.testing.plugin as p; heavy = {'httpx2', 'openai', 'anthropic', 'pydantic', 'orjson', 'asyncio', 'http.client'};"
        "before = set(); print(sorted(heavy & set(sys.modules) - set(sys.argv[1:])))"
    )
    base = subprocess.run([sys.executable, "-c", "import sys, pytest; print(*sys.modules)"], capture_output=True, text=True, check=True).stdout.split()
    assert subprocess.run([sys.executable, "-c", code, *base], capture_output=True, text=True, check=True).stdout.strip() == "[]"
    assert set(dir(govai.testing)) == set(govai.testing.__all__)
    assert all(getattr(govai.testing, name) is not None for name in govai.testing.__all__)
    with pytest.raises(AttributeError, match="nothing"):
        govai.testing.nothing
