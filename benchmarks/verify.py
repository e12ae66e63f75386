"""Verifying: records a second and memory, against one plain loop over the same ledger in the same run; no false alarm on a
million records of an honest life.

    python -m benchmarks.verify [records | URL of a ledger that honest_life wrote]
"""

from __future__ import annotations

import os
import resource
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from benchmarks import measuring
from benchmarks.honest_life import KEYS, lived
from govai.ledger import parts
from govai.ledger.claims import Claims
from govai.ledger.line import Line
from govai.ledger.parts import Part
from govai.ledger.scanning import Scan
from govai.ledger.signing import Signer
from govai.ledger.purges import Purges
from govai.ledger.verify import Trust, verify_url
from govai.storage.opening import open_database

GOAL = 200_000
_ROUNDS = 3


@dataclass(frozen=True)
class Pace:
    records: int
    seconds: float  # by the clock
    cpu: float  # of all processes

    @property
    def speed(self) -> float:
        return self.records / self.seconds


def timed(work: Callable[[], int]) -> Pace:
    start, before = time.perf_counter(), os.times()
    records = work()
    took, after = time.perf_counter() - start, os.times()
    return Pace(records, took, sum(after[:4]) - sum(before[:4]))


def verified(url: str) -> int:
    found = verify_url(url, Trust((Signer(KEYS).key,)))
    assert found.ok, found.faults
    return found.records


def plain(url: str, *, signed: bool) -> int:
    """One loop in this process; where no signature is taken for what it says, every record is parsed."""
    connection = open_database(url).connect_reading()
    claims = Claims(
        Line.read(connection).checkpoints.values() if signed else (), Purges.read(connection, frozenset()).signed
    )
    scan = Scan(claims)
    scan.run(connection.stream(*Part(None, None).query()))
    connection.close()
    assert not scan.faults, scan.faults
    return scan.count


def mebibytes(of: int) -> float:
    return resource.getrusage(of).ru_maxrss / 1024


def report(url: str) -> None:
    rss = mebibytes(resource.RUSAGE_SELF)
    found = {"verify": list[Pace](), "plain": list[Pace]()}
    for _ in range(_ROUNDS):
        found["verify"].append(timed(lambda: verified(url)))
        found["plain"].append(timed(lambda: plain(url, signed=True)))
    peak, theirs = mebibytes(resource.RUSAGE_SELF), mebibytes(resource.RUSAGE_CHILDREN)
    unsigned = timed(lambda: plain(url, signed=False))
    median = {name: statistics.median(one.speed for one in paces) for name, paces in found.items()}
    cpu = {name: statistics.median(one.cpu / one.records for one in paces) * 1e6 for name, paces in found.items()}
    size = Path(url.removeprefix("sqlite:///")).stat().st_size / 2**20
    measuring.title(
        f"verify, {found['verify'][0].records:,} records, SQLite, {size:,.0f} MiB, {parts.PROCESSES} processes"
    )
    measuring.at_least("records, by the clock", median["verify"], GOAL, "/s")
    measuring.said("… if each process had a core: records/s", f"{parts.PROCESSES * 1e6 / cpu['verify']:,.0f}")
    measuring.said("one plain loop: records/s", f"{median['plain']:,.0f}")
    measuring.said("× the plain loop", f"{median['verify'] / median['plain']:.2f}")
    measuring.said("one plain loop where nothing is signed: records/s", f"{unsigned.speed:,.0f}")
    measuring.said(
        "CPU a record, all processes; plain; unsigned",
        f"{cpu['verify']:.1f}; {cpu['plain']:.1f}; {unsigned.cpu / unsigned.records * 1e6:.1f} µs",
    )
    measuring.said("resident at the start; at most; at most in a child", f"{rss:.0f}; {peak:.0f}; {theirs:.0f} MiB")


def main(what: str = "1000000") -> None:
    if not what.isdecimal():
        report(what)
        return
    with tempfile.TemporaryDirectory() as name:
        url = f"sqlite:///{Path(name) / 'ledger.db'}"
        lived(url, int(what))
        report(url)


if __name__ == "__main__":
    main(*(one for one in sys.argv[1:] if not one.startswith("-")))
