"""How long `about` takes on a ledger of ten million records: `python benchmarks/about.py [RECORDS] [LEDGER URL]`.

First come 100 real calls about one person, then the rest in bulk, past the writer, 50,000 records a transaction: refusals with the bytes
of one real record, each about one other person (six in seven about one of a million people, the seventh about somebody seen once),
a chain for every transaction, whose hashes are random: it does not verify, and `about` does not look at it.
"""

from __future__ import annotations

import secrets
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import orjson

import govai
from govai.ledger.store import Ledger

EMAIL = "zelie@example.org"
CALLS = 100  # of the person asked about
TOLD_MS = 100


def filled(gov: govai.Governor, count: int) -> None:
    """Put `count` records after those of one person."""
    for _ in range(CALLS):
        gov.generate("offline:echo", "Write a note.", data={"email": EMAIL}, purpose="win_back")
    template = next(iter(gov.ledger.records(kind="intent"))).to_json()
    connection, step = gov.ledger.connection, 50_000
    if not gov.ledger.database.remote:
        for hastened in ("synchronous=OFF", "cache_size=-4000000", "wal_autocheckpoint=200000"):  # while it is filled
            connection.execute(f"PRAGMA {hastened}")
    for at in range(0, count, step):
        with connection.writing():
            some = list(_records(template, at, min(step, count - at)))
            connection.insert("records", [row for row, _ref in some])
            uses = sorted((ref, row[2]) for row, ref in some)
            connection.insert("uses", uses)
            connection.insert("subjects", sorted({(ref, ref[2:]) for ref, _record in uses}), ignore=True)
    connection.execute("ANALYZE")


def _records(template: dict[str, object], at: int, count: int) -> Iterator[tuple[tuple[object, ...], str]]:
    chain = secrets.token_hex(8)
    for seq in range(1, count + 1):
        named = f"{at:012x}-{secrets.token_hex(10)}"
        ref = f"s:{(at + seq) % 1_000_000:032x}" if seq % 7 else f"s:{secrets.token_hex(16)}"
        raw = orjson.dumps(template | {"id": named, "seq": seq})
        yield (
            (chain, seq, named, str(template["time"]), "refusal", named, "", "win_back", secrets.token_hex(32), raw),
            ref,
        )


def main(count: int, url: str) -> None:
    """Fill, ask, print."""
    with govai.Governor(ledger=url, keys=f"file:{tempfile.mkdtemp()}/key") as gov:
        begun = time.perf_counter()
        filled(gov, count)
        gov.ledger.flush()
        print(
            f"{count} records in {time.perf_counter() - begun:.0f} s on {gov.ledger.url.partition(':')[0]}", flush=True
        )
        took = []
        for _ in range(30):
            begun = time.perf_counter()
            found = gov.ledger.about(email=EMAIL, customer_id="nobody-1")
            took.append((time.perf_counter() - begun) * 1000)
            assert len(found.calls) == CALLS
        print(
            f"about, {CALLS} calls: first {took[0]:.1f} ms, median {statistics.median(took):.1f} ms, highest {max(took):.1f} ms (at most {TOLD_MS})"
        )
        begun = time.perf_counter()
        gov.ledger.erase(email=EMAIL)
        print(f"erase: {(time.perf_counter() - begun) * 1000:.1f} ms")
        assert isinstance(gov.ledger, Ledger)


if __name__ == "__main__":
    records = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000_000
    with tempfile.TemporaryDirectory() as folder:
        main(records, sys.argv[2] if len(sys.argv) > 2 else f"sqlite:///{Path(folder)}/ledger.db")
