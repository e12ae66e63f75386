"""Ctrl-C, cancellation, closing and forks while somebody waits for the ledger: nobody else is harmed, nothing stays open."""

from __future__ import annotations

import asyncio
import _thread
import gc
import os
import subprocess
import sys
import textwrap
import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest

from govai.core.errors import LedgerUnavailable
from govai.core.records import Draft
from govai.ledger.store import Ledger
from govai.ledger.verify import verify_url
from tests.ledger.places import records_at


def intent(**body: object) -> Draft:
    return Draft("intent", "call", {"purpose": "p", **body})


def outcome(of: Draft) -> Draft:
    return Draft("outcome", "call", {"purpose": "p", "status": "completed"}, intent_id=of.id)


class Interrupt:
    """Ctrl-C in the main thread, so many microseconds after the block began, unless it ended before."""

    def __init__(self, after_us: int) -> None:
        self._after, self._lock, self._over = after_us / 1e6, threading.Lock(), threading.Event()
        self._thread = threading.Thread(target=self._strike)

    def __enter__(self) -> Interrupt:
        self._thread.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self._over.set()
        self._thread.join()

    def _strike(self) -> None:
        if not self._over.wait(self._after):
            _thread.interrupt_main()


def ends_of(ledger: Ledger) -> dict[str, str]:
    ended = [record for record in ledger.records(kind="outcome")]
    assert max(Counter(record.intent_id for record in ended).values(), default=1) == 1
    return {record.intent_id: record.body["status"] for record in ended}


@pytest.mark.parametrize("others", [1, 8])
def test_an_interrupt_at_any_moment_harms_nobody_else(ledger_url: str, others: int) -> None:
    """A leader or a follower is interrupted; others go on, and what was durable of it is ended."""
    ledger = Ledger(ledger_url)
    ledger.commit((intent(),))
    stop, said, refused = threading.Event(), [], []

    def work() -> None:
        while not stop.is_set():
            mine = intent()
            try:
                ledger.commit((mine,))
            except LedgerUnavailable as error:  # pragma: no cover
                refused.append(error)
            said.append(mine.id)
            ledger.enqueue(outcome(mine))

    threads = [threading.Thread(target=work) for _ in range(others)]
    for thread in threads:
        thread.start()
    cut, whole = [], []
    try:
        for at in range(150):
            one, done = intent(n=at), False
            try:
                with Interrupt(at * 40):
                    ledger.commit((one,))
                    done = True
            except KeyboardInterrupt:
                pass
            (whole if done else cut).append(one.id)
            if done:
                ledger.enqueue(outcome(one))
    finally:
        stop.set()
        for thread in threads:
            thread.join(60)
    assert not any(thread.is_alive() for thread in threads)
    assert refused == []
    ledger.commit((intent(),))
    ended = ends_of(ledger)
    kept = {record.id for record in ledger.records(kind="intent")}
    assert {*whole, *said} <= kept
    assert {ended.get(one, "") for one in kept & set(cut)} <= {"abandoned", ""}  # "": cut on the way back to here
    assert {ended[one] for one in (*whole, *said)} <= {"completed"}
    assert ledger.verify().ok
    ledger.close()


def test_a_task_cancelled_while_a_server_commits_leaves_no_open_intent(schema: str) -> None:
    async def main() -> None:
        ledger = Ledger(schema)
        for round in range(40):
            tasks = [asyncio.create_task(ledger.acommit((intent(n=round),))) for _ in range(4)]
            for _ in range(round % 7):
                await asyncio.sleep(0)
            tasks[0].cancel()
            ends = await asyncio.gather(*tasks, return_exceptions=True)
            assert ends[1:] == [None] * 3
        ledger.commit((intent(),))
        kept = {record.id for record in ledger.records(kind="intent")}
        ended = ends_of(ledger)
        assert set(ended.values()) <= {"abandoned"}
        assert len(kept) - len(ended) == 121
        ledger.close()

    asyncio.run(main())


def test_an_executor_that_is_full_or_shut_down_is_not_needed(schema: str) -> None:
    async def main() -> None:
        ledger, loop = Ledger(schema), asyncio.get_running_loop()
        busy, done = ThreadPoolExecutor(1), threading.Event()
        loop.set_default_executor(busy)
        waits = loop.run_in_executor(None, done.wait)
        await ledger.acommit((intent(),))
        done.set()
        await waits
        await loop.shutdown_default_executor()
        await ledger.acommit((intent(),))
        assert ledger.verify().records == 2
        ledger.close()

    asyncio.run(main())


def test_a_loop_that_is_closed_while_its_records_are_written_harms_no_other(ledger_url: str) -> None:
    ledger = Ledger(ledger_url)
    for turns in range(6):
        loop = asyncio.new_event_loop()
        task = loop.create_task(ledger.acommit((intent(n=turns),)))
        for _ in range(turns):
            loop.run_until_complete(asyncio.sleep(0))
        task.cancel()
        loop.run_until_complete(asyncio.gather(task, return_exceptions=True))
        loop.close()
    asyncio.run(ledger.acommit((intent(),)))
    ledger.commit((intent(),))
    assert {*ends_of(ledger).values()} <= {"abandoned"}
    assert ledger.verify().ok
    ledger.close()


def test_closed_while_others_wait_every_caller_is_answered(ledger_url: str) -> None:
    ledger = Ledger(ledger_url)
    acknowledged, refused, begun = [], [], threading.Barrier(9)

    def work() -> None:
        begun.wait()
        for _ in range(1000):
            mine = intent()
            try:
                ledger.commit((mine,))
            except LedgerUnavailable:
                refused.append(mine.id)
                return
            acknowledged.append(mine.id)

    async def tasks() -> None:
        async def one() -> None:
            mine = intent()
            try:
                await ledger.acommit((mine,))
            except LedgerUnavailable:
                refused.append(mine.id)
            else:
                acknowledged.append(mine.id)

        begun.wait()
        await asyncio.gather(*(one() for _ in range(200)))

    threads = [*(threading.Thread(target=work) for _ in range(7)), threading.Thread(target=lambda: asyncio.run(tasks()))]
    for thread in threads:
        thread.start()
    begun.wait()
    ledger.close()
    for thread in threads:
        thread.join(60)
    assert not any(thread.is_alive() for thread in threads)
    assert len(refused) >= 7
    kept = {record.id for record in records_at(ledger_url)}
    assert set(acknowledged) <= kept
    assert kept.isdisjoint(refused)
    with pytest.raises(LedgerUnavailable, match="closed"):
        ledger.commit((intent(),))
    assert verify_url(ledger_url).ok


def test_a_finalizer_may_end_a_call_from_inside_any_step(ledger_url: str) -> None:
    ledger = Ledger(ledger_url)

    class Stream:
        def __init__(self) -> None:
            self.intent, self.me = intent(), self  # only the garbage collector ends it
            ledger.commit((self.intent,))

        def __del__(self) -> None:
            ledger.enqueue(outcome(self.intent))

    before = gc.get_threshold()
    gc.set_threshold(1)
    try:
        for _ in range(60):
            Stream()
    finally:
        gc.set_threshold(*before)
    gc.collect()
    assert len(ends_of(ledger)) == 60
    ledger.close()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_forks_while_threads_and_tasks_write_to_the_ledger(ledger_url: str) -> None:
    """As servers that fork their workers do: threads lead, a loop waits, sinks read, and the process forks again and again."""
    code = """
        import asyncio, os, sys, threading
        import govai
        from govai.core.records import Draft
        from govai.ledger.store import Ledger
        ledger = Ledger(sys.argv[1], sinks=[govai.sinks.Memory()])
        def note(): return Draft("note", "c", {"who": str(os.getpid())})
        go_on = True
        def work():
            while go_on:
                ledger.commit((note(),))
        async def loop():
            await asyncio.gather(*(ledger.acommit((note(),)) for _ in range(5)))
        threads = [threading.Thread(target=work) for _ in range(4)]
        for one in threads: one.start()
        children = []
        for _ in range(6):
            child = os.fork()
            if not child:
                for _ in range(5): ledger.commit((note(),))
                asyncio.run(loop())
                grandchild = os.fork()
                ledger.commit((note(),))
                if grandchild:
                    assert os.waitstatus_to_exitcode(os.waitpid(grandchild, 0)[1]) == 0
                ledger.close()
                os._exit(0)
            children.append(child)
            asyncio.run(loop())
        codes = [os.waitstatus_to_exitcode(os.waitpid(one, 0)[1]) for one in children]
        go_on = False
        for one in threads: one.join()
        ledger.close()
        assert codes == [0] * 6, codes
    """
    subprocess.run([sys.executable, "-W", "ignore", "-c", textwrap.dedent(code), ledger_url], check=True, timeout=120)
    chains = Counter(record.chain for record in records_at(ledger_url))
    assert sorted(chains.values())[:-1] == [1] * 6 + [11] * 6
    assert verify_url(ledger_url).ok


FORKING = """
import faulthandler, os, sys, threading
from govai.core.records import Draft
from govai.keys.roots import RootKey
from govai.ledger.store import Ledger
ledger, stop = Ledger(sys.argv[1], keys=RootKey(b"k" * 32, "test")), threading.Event()
def opening():  # each checkpoint opens and closes a connection
    while not stop.is_set():
        ledger.commit([Draft("note", "parent", {})])
        ledger.checkpoint()
thread = threading.Thread(target=opening)
thread.start()
for _ in range(12):
    child = os.fork()
    if not child:
        faulthandler.dump_traceback_later(30, exit=True)
        ledger.commit([Draft("note", "child", {})])
        ledger.checkpoint()
        ledger.close()
        os._exit(0)
    assert os.waitpid(child, 0)[1] == 0
stop.set()
thread.join()
ledger.close()
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
def test_a_fork_while_another_thread_opens_and_closes_the_file_leaves_a_child_that_works(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/ledger.db"
    done = subprocess.run([sys.executable, "-W", "ignore::DeprecationWarning", "-c", FORKING, url], capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    found = verify_url(url)
    assert found.ok, found.faults
    assert [record.call_id for record in records_at(url)].count("child") == 12
