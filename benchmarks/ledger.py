"""The ledger's figures on SQLite and PostgreSQL: `python benchmarks/ledger.py`, or `python -m benchmarks.ledger`.

`--load SECONDS` writes from 8 processes of 64 tasks to one PostgreSQL, and from 4 to one file, and looks for what was lost;
`--records N` says over how many records `verify` and `about` are measured.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

if __package__ in (None, ""):
    sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks import about, bench_ledger, measuring, verify
from govai.ledger.store import Ledger
from govai.ledger.reading import reading_at
from govai.ledger.verify import verify_url

SERVER = os.environ.get("GOVAI_TEST_POSTGRESQL", "postgresql://postgres@127.0.0.1:5432/postgres")
WORKER = """
import asyncio, sys, time
from govai.core.records import Draft
from govai.ledger.store import Ledger
url, seconds, tasks = sys.argv[1], float(sys.argv[2]), int(sys.argv[3])
ledger, said, end = Ledger(url), [], time.monotonic() + seconds
async def task():
    while time.monotonic() < end:
        intent = Draft("intent", "call", {"purpose": "p", "subjects": []}, subjects=(("a" * 64,),))
        await ledger.acommit((intent,))
        said.append(intent.id)
        ledger.enqueue(Draft("outcome", "call", {"purpose": "p", "status": "completed"}, intent_id=intent.id))
async def main():
    await asyncio.gather(*(task() for _ in range(tasks)))
asyncio.run(main())
ledger.close()
print(*said, sep="\\n")
"""


@contextmanager
def server_schema() -> Iterator[str | None]:
    """The URL of an empty schema, dropped afterwards; None where no server answers."""
    try:
        import psycopg

        base = psycopg.connect(SERVER, autocommit=True, connect_timeout=3)
    except (ImportError, psycopg.OperationalError):
        yield None
        return
    name = f"govai_bench_{os.getpid()}"
    with base:
        try:
            yield f"{SERVER}?schema={name}"
        finally:
            base.execute(f"DROP SCHEMA IF EXISTS {name} CASCADE")


def load(url: str, processes: int, tasks: int, seconds: float) -> tuple[int, float]:
    """Write from many processes at once; return how many intents were acknowledged, and how many a second.

    Raises:
        AssertionError: one is lost, stands twice, has not one outcome, or a chain does not verify.
    """
    Ledger(url).close()
    command = [sys.executable, "-c", WORKER, url, str(seconds), str(tasks)]
    start = time.perf_counter()
    running = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(processes)]
    said = sorted(line for one in running for line in one.communicate()[0].split())
    took = time.perf_counter() - start
    assert [one.returncode for one in running] == [0] * processes
    with reading_at(url) as reading:
        kept = [(one.kind, one.id, one.intent_id) for one in reading.records()]
    assert sorted(named for kind, named, _ in kept if kind == "intent") == said
    assert sorted(of for kind, _, of in kept if kind == "outcome") == said
    found = verify_url(url)
    assert found.ok, found.why
    return len(said), len(said) / took


def loads(seconds: float) -> None:
    measuring.title(
        f"64 tasks in each of several processes for {seconds:g} s: nothing lost, nothing twice, chains verify"
    )
    with server_schema() as url:
        if url is not None:
            count, speed = load(url, 8, 64, seconds)
            measuring.said(f"8 processes, PostgreSQL: {count:,} calls", f"{speed:,.0f}/s")
    with tempfile.TemporaryDirectory() as folder:
        count, speed = load(f"sqlite:///{folder}/ledger.db", 4, 64, seconds)
        measuring.said(f"4 processes, SQLite: {count:,} calls", f"{speed:,.0f}/s")


def on_server(rounds: int) -> None:
    with server_schema() as url:
        if url is None:
            measuring.title(f"no PostgreSQL at {SERVER}: name one in $GOVAI_TEST_POSTGRESQL")
            return
        import psycopg

        name = url.rpartition("=")[2]
        with psycopg.connect(SERVER, autocommit=True) as bare:
            ledger = Ledger(url)
            bare.execute(f"CREATE TABLE {name}.bare(bytes bytea)")
            query, row = f"INSERT INTO {name}.bare VALUES(%s)", (b"x" * 1000,)
            work = {
                "bare": lambda: bare.execute(query, row),
                "ledger": lambda: ledger.commit((bench_ledger._intent(),)),
            }
            took = measuring.by_turns(work, rounds, warm=50)
            threads, tasks = bench_ledger._threads(ledger, 30), bench_ledger._tasks(ledger, 100)
            assert ledger.verify().ok
            ledger.close()
    measuring.title(f"the ledger, records of 1 KB, PostgreSQL, {rounds} rounds by turns, medians")
    measuring.said("one bare psycopg commit", f"{took['bare'] * 1e6:,.0f} µs")
    measuring.said("one writer that waits × bare commit", f"{took['ledger'] / took['bare']:.2f} ×")
    measuring.said("64 waiting threads", f"{threads:,.0f}/s")
    measuring.said("64 waiting tasks", f"{tasks:,.0f}/s")


def main(rounds: int = 500) -> None:
    if "--load" in sys.argv:
        loads(float(sys.argv[sys.argv.index("--load") + 1]))
        return
    bench_ledger.main(rounds)
    on_server(rounds)
    count = int(sys.argv[sys.argv.index("--records") + 1]) if "--records" in sys.argv else 200_000
    measuring.title(f"verify, and about one person, over {count:,} records (--records 10000000 takes hours)")
    sys.stdout.flush()
    verify.main(str(count))
    with tempfile.TemporaryDirectory() as folder:
        about.main(count, f"sqlite:///{folder}/ledger.db")


if __name__ == "__main__":
    main()
