"""The ledger: one writer that waits, 64 threads, 64 tasks, and verifying."""

from __future__ import annotations

import asyncio
import statistics
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

from benchmarks import measuring
from benchmarks.bench_call import full_commit
from govai.core.records import Draft, new_id
from govai.ledger.store import Ledger

AT_ONCE = 64
_BODY: dict[str, Any] = {
    "actor": {"id": "ana", "identity": "claimed"},
    "purpose": "win_back",
    "basis": "legitimate_interest",
    "provider": "stub",
    "model": "stub",
    "decision": {"effect": "pseudonymise", "rules": ["identifiers"], "reviews": [], "observed": []},
    "fields": [
        {
            "field": name,
            "category": "user.name.first",
            "effect": "pseudonymise",
            "rule": "identifiers",
            "seen": "sealed",
        }
        for name in ("prenom", "nom", "email", "telephone", "notes")
    ],
    "policy": {"name": "bench", "digest": "sha256:" + "0" * 64},
    "prompt": "hmac-sha256:" + "0" * 64,
}


def _intent() -> Draft:
    return Draft("intent", new_id(), _BODY)


def _threads(ledger: Ledger, each: int) -> float:
    def work() -> None:
        for _ in range(each):
            ledger.commit((_intent(),))

    threads = [threading.Thread(target=work) for _ in range(AT_ONCE)]
    start = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return AT_ONCE * each / (time.perf_counter() - start)


def _tasks(ledger: Ledger, each: int) -> float:
    async def work() -> None:
        for _ in range(each):
            await ledger.acommit((_intent(),))

    async def all_of_them() -> None:
        await asyncio.gather(*(work() for _ in range(AT_ONCE)))

    start = time.perf_counter()
    asyncio.run(all_of_them())
    return AT_ONCE * each / (time.perf_counter() - start)


def _enqueued(ledger: Ledger, count: int) -> float:
    drafts = [_intent() for _ in range(count)]
    start = time.perf_counter()
    for draft in drafts:
        ledger.enqueue(draft)
    return (time.perf_counter() - start) / count


def main(rounds: int = 1000) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        ledger = Ledger(f"sqlite:///{folder / 'ledger.db'}")
        took = measuring.by_turns(
            {"bare": full_commit(folder), "ledger": lambda: ledger.commit((_intent(),))}, rounds, warm=50
        )
        threads = statistics.median(_threads(ledger, 100) for _ in range(3))
        tasks = statistics.median(_tasks(ledger, 300) for _ in range(3))
        queued = _enqueued(ledger, 2000)
        ledger.flush()
        start = time.perf_counter()
        found = ledger.verify()
        verified = found.records / (time.perf_counter() - start)
        assert found.ok, found.why
        ledger.close()
    measuring.title(f"the ledger, records of 1 KB, SQLite WAL FULL, {rounds} rounds by turns, medians")
    measuring.said("one bare SQLite FULL commit", f"{took['bare'] * 1e6:,.0f} µs")
    measuring.at_most("one writer that waits × bare commit", took["ledger"] / took["bare"], 1.3, "×")
    measuring.at_least(f"{AT_ONCE} waiting threads", threads, 10_000, "/s")
    measuring.at_least(f"{AT_ONCE} waiting tasks", tasks, 40_000, "/s")
    measuring.said("an outcome enqueued", f"{queued * 1e6:.1f} µs")
    measuring.at_least(f"verify ({found.records:,} records)", verified, 200_000, "/s")


if __name__ == "__main__":
    main()
