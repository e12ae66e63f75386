"""64 threads and 64 tasks on one governor: nothing of one call is ever seen in another. And what a kill leaves behind."""

from __future__ import annotations

import asyncio
import os
import random
import re
import signal
import subprocess
import sys
import textwrap
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import orjson

import govai
from tests.server import Server


def expected(number: int) -> str:
    return f"Client{number:03d}xy de client{number}@exemple.fr, {number}"


def check(gov: govai.Governor, replies: dict[int, govai.Reply]) -> None:
    for number, reply in replies.items():
        assert reply.text == expected(number)
        assert not re.search(r"Client\d{3}xy|@exemple", reply.protected)
    intents = {r.id: r for r in gov.ledger.records(kind="intent")}
    assert len({reply.record_id for reply in replies.values()}) == len(replies)
    for number, reply in replies.items():
        body = intents[reply.record_id].body
        assert (body["job"], body["actor"]["id"]) == (f"job-{number}", f"actor-{number}")
        assert len(body["subjects"]) == 1
    assert len({intents[reply.record_id].body["subjects"][0] for reply in replies.values()}) == len(replies)
    assert gov.ledger.verify().ok


def row(number: int) -> dict[str, str]:
    return {"prenom": f"Client{number:03d}xy", "email": f"client{number}@exemple.fr"}


def test_64_threads(gov: govai.Governor) -> None:
    def call(number: int) -> govai.Reply:
        with govai.scope(job=f"job-{number}"):
            view = gov.bind(actor=f"actor-{number}", purpose="win_back")
            return view.generate("near:echo-4", "{prenom} de {email}, " + str(number), data=row(number))

    with ThreadPoolExecutor(64) as pool:
        replies = dict(zip(range(256), pool.map(call, range(256)), strict=True))
    check(gov, replies)


async def test_64_tasks(gov: govai.Governor) -> None:
    async def call(number: int) -> govai.Reply:
        with govai.scope(job=f"job-{number}"):
            view = gov.bind(actor=f"actor-{number}", purpose="win_back")
            async with view.astream("near:echo-4", "{prenom} de {email}, " + str(number), data=row(number)) as stream:
                async for _piece in stream:
                    await asyncio.sleep(0)
            return stream.reply

    replies = {}
    for start in range(0, 128, 64):
        numbers = range(start, start + 64)
        replies |= dict(zip(numbers, await asyncio.gather(*(call(n) for n in numbers)), strict=True))
    check(gov, replies)
    await gov.aclose()


def test_carry_takes_a_scope_into_a_thread_pool(gov: govai.Governor) -> None:
    with ThreadPoolExecutor(2) as pool, govai.scope(purpose="win_back", job="carried"):
        lost = pool.submit(lambda: gov.generate("offline:echo", "x").record_id).result()
        kept = pool.submit(govai.carry(lambda: gov.generate("offline:echo", "x").record_id)).result()
    jobs = {r.id: r.body["job"] for r in gov.ledger.records(kind="intent")}
    assert (jobs[lost], jobs[kept]) == ("", "carried")


CHILD = """
    import sys, govai, threading
    host, ledger = sys.argv[1:]
    policy = {"govai": 1, "name": "k", "extends": "eu-marketing", "providers": {"near": {"like": "openai", "host": host, "region": "EU", "api_key": "env:K"}}}
    gov = govai.Governor(policy, ledger=ledger, actor="ana")
    def calls(start):
        for number in range(start, 200, 4):
            gov.generate("near:echo", f"appel {number:03d} de ana@exemple.fr", purpose="support")
            print(number, flush=True)
    threads = [threading.Thread(target=calls, args=(start,)) for start in range(4)]
    [t.start() for t in threads]; [t.join() for t in threads]
"""


def test_a_kill_at_any_moment_leaves_an_intent_for_every_request_that_was_seen(server: Server, tmp_path: Path) -> None:
    for attempt in range(3):
        ledger = f"sqlite:///{tmp_path}/kill-{attempt}.db"
        server.log.clear()
        child = subprocess.Popen(
            [sys.executable, "-c", textwrap.dedent(CHILD), server.host, ledger], stdout=subprocess.PIPE, env={**os.environ, "K": "x"}, cwd=tmp_path
        )
        assert child.stdout is not None
        for _ in range(random.Random(attempt).randrange(1, 120)):
            child.stdout.readline()
        child.send_signal(signal.SIGKILL)
        child.wait()
        child.stdout.close()
        seen = len(server.log)
        with govai.Governor(ledger=ledger) as gov:
            intents = list(gov.ledger.records(kind="intent"))
            assert gov.ledger.verify().ok
        assert 0 < seen <= len(intents)
        assert not any(b"ana@" in raw for raw in server.bodies)
        whole = [raw for raw in server.bodies if raw.endswith(b"}")]  # the kill may have cut the last ones
        assert len({orjson.loads(raw)["messages"][0]["content"] for raw in whole}) == len(whole) >= seen - 4
