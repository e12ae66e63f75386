"""Verifying: records a second and memory, against the same pass that reads every record whole; no false alarm on a million.

python -m benchmarks.verify [records]
"""

from __future__ import annotations

import itertools
import resource
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from benchmarks import measuring
from benchmarks.bench_ledger import _BODY
from govai.core.records import Draft, new_id
from govai.ledger.chain import Chain
from govai.ledger.claims import Claims
from govai.keys.roots import RootKey
from govai.ledger.scanning import Scan
from govai.ledger.signing import Signer
from govai.ledger.store import Ledger
from govai.ledger.verify import _ROWS, Trust, verify_url
from govai.storage.opening import open_database

KEYS = RootKey(b"k" * 32, "test")
_BATCH = 10_000  # records a checkpoint


def drafts() -> Iterator[Draft]:
    while True:
        one = Draft("intent", new_id(), _BODY)
        yield one
        yield Draft(
            "outcome",
            one.call_id,
            {"purpose": "win_back", "status": "completed", "usage": {"input": 12, "output": 30}},
            intent_id=one.id,
        )


def written(url: str, records: int) -> None:
    """Write a ledger of several writers' chains with a checkpoint every so many records, as quickly as the database can."""
    ledger = Ledger(url, keys=KEYS)
    chains = [Chain.new() for _ in range(4)]
    endless = drafts()
    for number in range(records // _BATCH):
        rows = [chains[number % 4].link(draft) for draft in itertools.islice(endless, _BATCH)]
        with ledger.connection.writing():
            ledger.connection.insert("records", rows)
        ledger.checkpoint()
    ledger.close()


def pace(url: str) -> tuple[float, int]:
    start = time.perf_counter()
    found = verify_url(url, Trust((Signer(KEYS).key,)))
    took = time.perf_counter() - start
    assert found.ok, found.faults
    return found.records / took, found.records


def read_whole(url: str) -> float:
    """The same scan where no signature covers anything: every record is parsed."""
    connection = open_database(url).connect_reading()
    scan, start = Scan(Claims()), time.perf_counter()
    scan.run(itertools.islice(connection.stream(_ROWS), 100_000))
    connection.close()
    return scan.count / (time.perf_counter() - start)


def main(records: int = 1_000_000) -> None:
    with tempfile.TemporaryDirectory() as name:
        url = f"sqlite:///{Path(name) / 'ledger.db'}"
        written(url, records)
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        found = [pace(url) for _ in range(3)]
        after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        whole = read_whole(url)
    speed = statistics.median(one for one, _ in found)
    measuring.title(f"verify, {found[0][1]:,} records of 0.4 and 1.2 KB, signed every {_BATCH:,}, SQLite")
    measuring.at_least("records", speed, 200_000, "/s")
    measuring.said("× the pass that parses every record", f"{speed / whole:.2f}")
    measuring.said("peak memory, more than before", f"{(after - before) / 1024:.0f} MiB")


if __name__ == "__main__":
    main(*(int(one) for one in sys.argv[1:]))
