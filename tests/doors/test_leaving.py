"""Whoever leaves a call before its end, and however: one outcome, `abandoned`, and a word to those who drop a stream."""

from __future__ import annotations

import asyncio
import gc
import subprocess
import sys
import threading
import warnings
from collections.abc import Iterator
from typing import Any

import openai
import pytest

import govai
from tests.doors.kinds import KINDS, Kind, close
from tests.server import Server

TEXT = "À ana@exemple.fr, une réponse assez longue pour être laissée à moitié lue."
SYNC, ASYNC = ["openai", "anthropic", "mistral", "google"], ["aopenai", "aanthropic", "amistral", "agoogle"]


def outcomes(gov: govai.Governor) -> list[tuple[str, str]]:
    return [(r.body["status"], r.body["error"]) for r in gov.ledger.records(kind="outcome")]


async def opened(name: str, client: Any, model: str) -> Any:
    """The native stream of one of the SDKs' clients, unread."""
    said = [{"role": "user", "content": TEXT}]
    stream = {
        "openai": lambda: client.chat.completions.create(model=model, messages=said, stream=True),
        "anthropic": lambda: client.messages.create(model=model, max_tokens=9, messages=said, stream=True),
        "mistral": lambda: client.chat.stream(model=model, messages=said),
        "amistral": lambda: client.chat.stream_async(model=model, messages=said),
        "google": lambda: client.models.generate_content_stream(model=model, contents=TEXT),
        "agoogle": lambda: client.aio.models.generate_content_stream(model=model, contents=TEXT),
    }
    made = stream.get(name, stream[name[1:] if name in ("aopenai", "aanthropic") else name])()
    return await made if hasattr(made, "__await__") else made


async def first(stream: Any) -> None:
    """Read one event and leave the loop."""
    if hasattr(stream, "__aiter__"):
        async for _event in stream:
            break
        return
    for _event in stream:
        break


async def gone() -> None:
    """Have the collector and the loop finish with what nobody holds: SDKs nest generators, and each turn closes one."""
    for turn in range(21):
        if turn % 10 == 0:
            gc.collect()
        await asyncio.sleep(0)


@pytest.fixture(scope="module", autouse=True)
def _only_ours() -> Iterator[None]:
    """Have the collector look at what these tests make: looking at all that is loaded would take most of their time."""
    gc.collect()
    gc.freeze()
    yield
    gc.unfreeze()


@pytest.fixture
def stalling(server: Server) -> Iterator[Server]:
    """The local server, which holds back what `wait` and `stall` still owe until the test is over."""
    server.go.clear()
    yield server
    server.go.set()
    while server.arrived.acquire(blocking=False):
        continue


@pytest.fixture(params=SYNC + ASYNC)
def name(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture
def kind(name: str) -> Kind:
    return KINDS[name]


async def test_a_stream_dropped_half_way_is_abandoned(stalling: Server, gov: govai.Governor, name: str, bare: Any) -> None:
    stream = await opened(name, gov.wrap(bare, purpose="support"), "stall-1")
    await first(stream)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)  # some SDKs close what is dropped, some do not
        del stream
        await gone()
    assert outcomes(gov) == [("abandoned", "")]


@pytest.mark.parametrize("name", ["openai", "aopenai", "anthropic", "aanthropic", "mistral", "amistral"])  # google opens with the first event
async def test_a_stream_dropped_unread_is_abandoned_and_warned_of(gov: govai.Governor, name: str, bare: Any) -> None:
    stream = await opened(name, gov.wrap(bare, purpose="support"), "echo-3")
    with pytest.warns(ResourceWarning, match="read it in a `with` block, or close it"):
        del stream
        await gone()
    assert outcomes(gov) == [("abandoned", "")]


async def test_a_stream_read_to_its_end_and_never_closed_is_complete_and_warns_of_nothing(gov: govai.Governor, name: str, bare: Any) -> None:
    stream = await opened(name, gov.wrap(bare, purpose="support"), "echo-3")
    events = [event async for event in stream] if hasattr(stream, "__aiter__") else list(stream)
    assert len(events) > 5
    del stream, events
    await gone()
    assert outcomes(gov) == [("completed", "")]


async def test_an_error_in_the_loop_that_reads_a_stream_abandons_it(stalling: Server, gov: govai.Governor, name: str, bare: Any) -> None:
    async def read() -> None:
        stream = await opened(name, gov.wrap(bare, purpose="support"), "stall-1")
        if hasattr(stream, "__aiter__"):
            async for _event in stream:
                raise KeyError
        for _event in stream:
            raise KeyError

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        with pytest.raises(KeyError):
            await read()
        await gone()
    assert outcomes(gov) == [("abandoned", "")]


@pytest.mark.parametrize("name", ASYNC)
@pytest.mark.parametrize("stream", [False, True])
async def test_a_task_cancelled_while_it_waits_for_the_answer_is_abandoned(stalling: Server, gov: govai.Governor, kind: Kind, bare: Any, stream: bool) -> None:
    task = asyncio.create_task(kind.ask(gov.wrap(bare, purpose="support"), TEXT, "wait", stream))
    await asyncio.to_thread(stalling.arrived.acquire)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert outcomes(gov) == [("abandoned", "CancelledError")]


@pytest.mark.parametrize("name", ASYNC)
async def test_a_task_cancelled_in_the_middle_of_a_stream_is_abandoned(stalling: Server, gov: govai.Governor, kind: Kind, bare: Any) -> None:
    task = asyncio.create_task(kind.ask(gov.wrap(bare, purpose="support"), TEXT, "stall-1", True))
    await asyncio.to_thread(stalling.arrived.acquire)
    for _turn in range(50):
        await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await gone()
    (status, _error), = outcomes(gov)
    assert status == "abandoned"


@pytest.mark.parametrize("name", ["aopenai"])
async def test_a_task_cancelled_before_its_intent_is_durable_leaves_nothing(gov: govai.Governor, server: Server, kind: Kind, bare: Any) -> None:
    wrapped = gov.wrap(bare, purpose="support")
    server.log.clear()
    task = asyncio.create_task(kind.ask(wrapped, TEXT, "echo", False))
    while not gov._engine.ledger._writer._tasks._pending:  # until it waits for the ledger
        await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert list(gov.ledger.records()) == [] and server.log == []


@pytest.mark.parametrize("name", ["aopenai"])
async def test_a_task_cancelled_just_when_its_intent_is_durable_sends_nothing_and_is_abandoned(gov: govai.Governor, server: Server, kind: Kind, bare: Any) -> None:
    wrapped = gov.wrap(bare, purpose="support")
    server.log.clear()
    task = asyncio.create_task(kind.ask(wrapped, TEXT, "echo", False))
    while not gov._engine.ledger._writer._tasks._pending:
        await asyncio.sleep(0)
    asyncio.get_running_loop().call_soon(task.cancel)  # after the commit, before the task goes on
    with pytest.raises(asyncio.CancelledError):
        await task
    assert [r.kind for r in gov.ledger.records()] == ["intent", "outcome"]
    assert outcomes(gov) == [("abandoned", "CancelledError")] and server.log == []


@pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning")  # the SDK's own sockets, which its loop did not close
def test_an_event_loop_that_ends_in_the_middle_of_a_stream_leaves_no_intent_open(server: Server, gov: govai.Governor) -> None:
    async def leave() -> None:
        made = openai.AsyncOpenAI(base_url=server.url + "/v1", api_key="x")
        held.append(await opened("aopenai", gov.wrap(made, purpose="support"), "echo-3"))

    held: list[Any] = []
    asyncio.run(leave())
    with pytest.warns(ResourceWarning, match="dropped before its end"):
        held.clear()
        gc.collect()
    assert outcomes(gov) == [("abandoned", "")]


def test_streams_dropped_in_threads_are_settled_once_each(gov: govai.Governor, server: Server) -> None:
    def work() -> None:
        for _ in range(10):
            with gov.stream("near:echo-3", TEXT, purpose="support") as stream:
                next(iter(stream))

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    records = list(gov.ledger.records())
    intents, ended = ([r for r in records if r.kind == kind] for kind in ("intent", "outcome"))
    assert len(intents) == len(ended) == 40
    assert {r.id for r in intents} == {r.intent_id for r in ended}


def test_a_stream_never_entered_sends_nothing(gov: govai.Governor, server: Server) -> None:
    server.log.clear()
    gov.stream("near:echo-3", TEXT, purpose="support")
    gov.astream("near:echo-3", TEXT, purpose="support")
    gc.collect()
    assert server.log == [] and list(gov.ledger.records()) == []


async def test_an_answer_that_is_kept_by_its_key_and_whose_task_is_cancelled_meanwhile_is_abandoned(gov: govai.Governor, monkeypatch: pytest.MonkeyPatch) -> None:
    reached, on = asyncio.Event(), threading.Event()
    loop, keep = asyncio.get_running_loop(), gov._engine.desk.keep_reply

    def slow(*said: Any, **more: Any) -> None:
        loop.call_soon_threadsafe(reached.set)
        on.wait()
        keep(*said, **more)

    monkeypatch.setattr(gov._engine.desk, "keep_reply", slow)  # a database that takes its time
    task = asyncio.create_task(gov.agenerate("offline:echo", TEXT, purpose="support", key="k"))
    await reached.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    on.set()
    assert outcomes(gov) == [("abandoned", "CancelledError")]
    await gov.aclose()


@pytest.mark.parametrize("how", ["sync", "async"])
def test_a_stream_still_open_when_the_process_ends_is_settled(server: Server, tmp_path: Any, how: str) -> None:
    script = f"""
import asyncio, tempfile, openai, govai
import weakref; weakref.finalize(tempfile, print)  # an older finalizer: the order of exit hooks is not ours
entry = {{"host": {server.host!r}, "region": "EU", "trains_on_inputs": False}}
gov = govai.Governor({{"govai": 1, "name": "t", "extends": "eu-marketing", "providers": {{"near": {{"like": "openai", **entry}}}}}}, ledger="sqlite:///x.db")
asked = {{"model": "echo-3", "messages": [{{"role": "user", "content": "Bonjour"}}], "stream": True}}
async def main():
    return await gov.wrap(openai.AsyncOpenAI(base_url="{server.url}/v1", api_key="x"), purpose="support").chat.completions.create(**asked)
stream = asyncio.run(main()) if {how!r} == "async" else gov.wrap(openai.OpenAI(base_url="{server.url}/v1", api_key="x"), purpose="support").chat.completions.create(**asked)
"""
    done = subprocess.run([sys.executable, "-c", script], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    with govai.Governor(ledger=f"sqlite:///{tmp_path}/x.db") as gov:
        assert outcomes(gov) == [("abandoned", "")]
