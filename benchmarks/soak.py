"""Thousands of calls through each door: what grows? Memory, objects of ours, sockets, tasks, threads; and the ledger's books.

`python -m benchmarks.soak [--calls 10000] [--door TEXT] [--skip TEXT]`. The provider answers in process; the last column says `yes`
when nothing grew after the warm-up, the ledger verifies, and it holds one outcome for each intent.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import os
import threading
import time
import warnings
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from itertools import count
from typing import Any
from unittest import mock

import anthropic
import httpx
import httpx2
import openai
from google import genai
from google.genai import types
from mistralai.client import Mistral

import govai
from govai.testing import Provider, governor
from govai.testing.transports import transport
from govai.web import GovernMiddleware

WARM_UP = 300  # calls; caches are full and pools open by then
KIB_PER_CALL = 0.5  # of resident memory: below it is the allocator's, the record in the ledger not counted
Call = Callable[[str], "Awaitable[object] | object"]


@dataclass(frozen=True)
class Level:
    """What the process holds at one moment."""

    memory: int  # KiB resident
    objects: Counter[str]
    sockets: int
    tasks: int
    threads: int

    @classmethod
    def now(cls) -> Level:
        gc.collect()
        ours = Counter(type(one).__qualname__ for one in gc.get_objects() if _is_ours(str(type(one).__module__)))
        tasks = len(asyncio.all_tasks()) if _in_loop() else 0
        threads = sum(
            not thread.name.startswith("asyncio_") for thread in threading.enumerate()
        )  # the loop's own pool is bounded
        return cls(_resident(), ours, len(os.listdir("/proc/self/fd")), tasks, threads)


def _is_ours(module: str) -> bool:
    return module.startswith(("govai.", "httpx", "httpcore")) and not module.startswith("govai.testing")


def _in_loop() -> bool:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True


def _resident() -> int:
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmRSS"))


def prompts() -> Iterator[str]:
    """Prompts that each name another person, so that nothing that remembers a value is flattered."""
    for number in count(1):
        yield f"Écris à renee{number}@exemple.fr, qui attend une réponse depuis {number} jours."


def said(text: str) -> list[dict[str, str]]:
    return [{"role": "user", "content": text}]


def exhaust(events: Any) -> None:
    for _event in events:
        continue


async def aexhaust(events: Any) -> None:
    async for _event in events:
        continue


def wrapped(gov: govai.Governor) -> dict[str, Call]:
    """The four SDKs' clients, sync and asyncio, plain and streaming."""
    wrap = lambda make: cache(
        lambda: gov.wrap(make(), purpose="support")
    )  # made with the first call: each takes a moment
    google = types.HttpOptions(api_version="v1beta")
    op, aop = wrap(lambda: openai.OpenAI(api_key="k")), wrap(lambda: openai.AsyncOpenAI(api_key="k"))
    an, aan = wrap(lambda: anthropic.Anthropic(api_key="k")), wrap(lambda: anthropic.AsyncAnthropic(api_key="k"))
    mi, go = wrap(lambda: Mistral(api_key="k")), wrap(lambda: genai.Client(api_key="k", http_options=google))

    async def aopenai(text: str) -> None:
        await aexhaust(await aop().chat.completions.create(model="m", messages=said(text), stream=True))

    async def aanthropic(text: str) -> None:
        await aexhaust(await aan().messages.create(model="m", max_tokens=9, messages=said(text), stream=True))

    async def amistral(text: str) -> None:
        await aexhaust(await mi().chat.stream_async(model="m", messages=said(text)))

    async def agoogle(text: str) -> None:
        await aexhaust(await go().aio.models.generate_content_stream(model="m", contents=text))

    return {
        "wrap openai": lambda text: op().chat.completions.create(model="m", messages=said(text)),
        "wrap openai, stream": lambda text: exhaust(
            op().chat.completions.create(model="m", messages=said(text), stream=True)
        ),
        "wrap openai responses": lambda text: op().responses.create(model="m", input=text),
        "wrap openai, async": lambda text: aop().chat.completions.create(model="m", messages=said(text)),
        "wrap openai, async stream": aopenai,
        "wrap anthropic": lambda text: an().messages.create(model="m", max_tokens=9, messages=said(text)),
        "wrap anthropic, stream": lambda text: exhaust(
            an().messages.create(model="m", max_tokens=9, messages=said(text), stream=True)
        ),
        "wrap anthropic, async": lambda text: aan().messages.create(model="m", max_tokens=9, messages=said(text)),
        "wrap anthropic, async stream": aanthropic,
        "wrap mistral": lambda text: mi().chat.complete(model="m", messages=said(text)),
        "wrap mistral, stream": lambda text: exhaust(mi().chat.stream(model="m", messages=said(text))),
        "wrap mistral, async": lambda text: mi().chat.complete_async(model="m", messages=said(text)),
        "wrap mistral, async stream": amistral,
        "wrap google": lambda text: go().models.generate_content(model="m", contents=text),
        "wrap google, stream": lambda text: exhaust(go().models.generate_content_stream(model="m", contents=text)),
        "wrap google, async": lambda text: go().aio.models.generate_content(model="m", contents=text),
        "wrap google, async stream": agoogle,
    }


def own(gov: govai.Governor) -> dict[str, Call]:
    """Our own calls, and streams that are read, left half-way, dropped, never entered."""
    model, asked = "openai:m", {"purpose": "support"}

    def row(text: str) -> dict[str, Any]:
        return {"data": {"email": text.split()[2].rstrip(",")}, **asked}

    def stream(text: str) -> None:
        with gov.stream(model, text, **asked) as pieces:
            exhaust(pieces)

    def left(text: str) -> None:
        with gov.stream(model, text, **asked) as pieces:
            next(iter(pieces))

    def dropped(text: str) -> None:
        next(iter(gov.stream(model, text, **asked).__enter__()))

    async def astream(text: str) -> None:
        async with gov.astream(model, text, **asked) as pieces:
            await aexhaust(pieces)

    async def aleft(text: str) -> None:
        async with gov.astream(model, text, **asked) as pieces:
            async for _piece in pieces:
                break

    async def cancelled(text: str) -> None:
        task = asyncio.ensure_future(gov.agenerate(model, text, **asked))
        for _turn in range(next(turns) % 12):
            await asyncio.sleep(0)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    def never(text: str) -> None:
        gov.stream(model, text, **asked)

    turns = count()
    return {
        "generate": lambda text: gov.generate(model, text, **asked),
        "generate, a row of data": lambda text: gov.generate(model, "Écris à {email}", **row(text)),
        "generate, sealed row": lambda text: gov.generate(model, lambda c: f"Écris à {c.email}", **row(text)),
        "agenerate": lambda text: gov.agenerate(model, text, **asked),
        "agenerate, cancelled": cancelled,
        "stream": stream,
        "stream, left half-way": left,
        "stream, dropped half-way": dropped,
        "stream, never entered": never,
        "astream": astream,
        "astream, left half-way": aleft,
        "embed": lambda text: gov.embed(model, [text], **asked),
        "aembed": lambda text: gov.aembed(model, [text], **asked),
        "offline": lambda text: gov.generate("offline:demo", text, **asked),
        "a client given to each call": lambda text: gov.generate(
            model, text, client=openai.OpenAI(api_key="k"), **asked
        ),
        "a governor bound per call": lambda text: gov.bind(actor=text[:20]).generate(model, text, **asked),
        "a client wrapped per call": lambda text: gov.wrap(_plain(), purpose="support").chat.completions.create(
            model="m", messages=said(text)
        ),
    }


@cache
def _plain() -> openai.OpenAI:
    return openai.OpenAI(api_key="k")


def process(gov: govai.Governor, provider: Provider) -> dict[str, Call]:
    """A whole process: plain clients of both HTTP libraries, and a service's middleware."""
    url, body = "https://api.openai.com/v1/chat/completions", lambda text: {"model": "m", "messages": said(text)}
    clients = {
        name: library.Client(transport=transport(provider, library))
        for name, library in (("httpx2", httpx2), ("httpx", httpx))
    }
    aclients = {
        name: library.AsyncClient(transport=transport(provider, library))
        for name, library in (("httpx2", httpx2), ("httpx", httpx))
    }
    calls: dict[str, Call] = {}
    for name, client in clients.items():
        calls[f"instrument {name}"] = lambda text, client=client: client.post(url, json=body(text)).raise_for_status()
    for name, aclient in aclients.items():
        calls[f"instrument {name}, async"] = lambda text, aclient=aclient: aclient.post(url, json=body(text))

    async def app(scope: Any, receive: Any, send: Any) -> None:
        reply = await gov.agenerate("openai:m", scope["query_string"].decode())
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": reply.text.encode()})

    service = GovernMiddleware(
        app, governor=gov, purpose="support", actor=lambda connection: connection.headers.get("x-user", "")
    )

    async def served(text: str) -> None:
        async def send(message: Any) -> None:
            pass

        scope = {
            "type": "http",
            "method": "GET",
            "path": "/",
            "query_string": text.encode(),
            "headers": [(b"x-user", b"lea")],
        }
        await service(scope, None, send)

    return calls | {"ASGI middleware": served}


@contextmanager
def doors() -> Iterator[tuple[govai.Governor, dict[str, Call]]]:
    """A governor in memory, and every door to it: a function of the prompt that makes one call."""
    provider = Provider(keep=8)
    policy = {"govai": 1, "name": "soak", "extends": "eu-marketing"}
    with governor(policy, provider=provider) as gov, gov.instrument(purpose="support", quiet=True):
        yield gov, wrapped(gov) | own(gov) | process(gov, provider)


async def repeat(call: Call, texts: Iterator[str], calls: int) -> None:
    for _ in range(calls):
        made = call(next(texts))
        if hasattr(made, "__await__"):
            await made


async def ended() -> None:
    """Let what was left half-way end: SDKs nest generators, which close one after the other, a turn of the loop each."""
    for turn in range(100):
        gc.collect()
        for _ in range(10):
            await asyncio.sleep(0)
        if turn > 3 and len(asyncio.all_tasks()) == 1:
            break
    gc.collect()


@dataclass(frozen=True)
class Growth:
    """What many calls through one door left behind, after a warm-up."""

    door: str
    calls: int
    seconds: float
    before: Level
    after: Level
    ledger: float  # KiB of it, in memory: it is meant to grow
    records: Counter[str]  # kinds of them, the warm-up's included

    @property
    def per_call(self) -> float:
        """KiB of resident memory for each call, the ledger's own not counted."""
        return (self.after.memory - self.before.memory - self.ledger) / self.calls

    @property
    def grown(self) -> list[str]:
        """What grew, in words; memory aside, which the allocator also moves."""
        allowed = max(8, self.calls // 20)
        found = [
            f"{name} +{more}" for name, more in (self.after.objects - self.before.objects).items() if more > allowed
        ]
        for what in ("sockets", "tasks", "threads"):
            if (more := getattr(self.after, what) - getattr(self.before, what)) > 0:
                found.append(f"{what} +{more}")
        if self.records["intent"] != self.records["outcome"]:
            found.append("intents without an outcome")
        return found


async def measure(gov: govai.Governor, door: str, call: Call, calls: int, warm_up: int = WARM_UP) -> Growth:
    """Warm a door up, and make so many calls through it."""
    texts, recorded = prompts(), _kinds(gov)
    with mock.patch("govai.data.references.CAPACITY", 32):  # full at once: 500,000 never would be
        await repeat(call, texts, warm_up)
        await ended()
        gov.ledger.flush()
        before, stored, start = Level.now(), _ledger_size(gov), time.perf_counter()
        await repeat(call, texts, calls)
        seconds = time.perf_counter() - start
        await ended()
        gov.ledger.flush()
        after = Level.now()
    return Growth(door, calls, seconds, before, after, _ledger_size(gov) - stored, _kinds(gov) - recorded)


def _kinds(gov: govai.Governor) -> Counter[str]:
    return Counter(record.kind for record in gov.ledger.records())


async def soak(door: str, calls: int) -> bool:
    """Measure one door with a governor of its own, print its line, return whether nothing grew."""
    with doors() as (gov, every):
        growth = await measure(gov, door, every[door], calls)
        return report(growth, verified=gov.ledger.verify().ok)


def report(growth: Growth, *, verified: bool) -> bool:
    """Print one line of the table; return whether nothing grew."""
    more = lambda what: getattr(growth.after, what) - getattr(growth.before, what)
    objects = growth.after.objects.total() - growth.before.objects.total()
    grown = (
        growth.grown + ["memory"] * (growth.per_call > KIB_PER_CALL) + ["the ledger does not verify"] * (not verified)
    )
    kinds = growth.records
    figures = f"{growth.calls / growth.seconds:>7,.0f} {growth.per_call * 1024:>7,.0f} {objects:>8} {more('sockets'):>8} {more('tasks'):>6} {more('threads'):>8}"
    verdict = f"NO: {', '.join(grown)}" if grown else "yes"
    print(
        f"{growth.door:<30} {growth.calls:>6} {figures} {kinds['intent']:>8} {kinds['outcome']:>9}  {verdict}",
        flush=True,
    )
    return not grown


def _ledger_size(gov: govai.Governor) -> float:
    """KiB that the ledger in memory takes: it is meant to grow."""
    run = gov.ledger.connection.execute
    return run("PRAGMA page_count")[0][0] * run("PRAGMA page_size")[0][0] / 1024


def main() -> None:
    reading = argparse.ArgumentParser(description=__doc__)
    reading.add_argument("--calls", type=int, default=10_000, help="through each door, after the warm-up")
    reading.add_argument("--door", default="", help="only doors whose name holds this")
    reading.add_argument("--skip", default="\n", help="no doors whose name holds this")
    given = reading.parse_args()
    warnings.simplefilter("ignore", ResourceWarning)  # some doors drop streams on purpose
    with doors() as (_gov, every):
        names = [name for name in every if given.door in name and given.skip not in name]
    print(
        f"{'door':<30} {'calls':>6} {'calls/s':>7} {'B/call':>7} {'objects':>8} {'sockets':>8} {'tasks':>6} {'threads':>8} {'intents':>8} {'outcomes':>9}  flat"
    )
    held = [asyncio.run(soak(name, given.calls)) for name in names]
    raise SystemExit(0 if all(held) else 1)


if __name__ == "__main__":
    main()
