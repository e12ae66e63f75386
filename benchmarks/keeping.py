"""What keeping content costs a call, and how fast a purge is: `python benchmarks/keeping.py`."""

from __future__ import annotations

import statistics
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import govai

BODY = "Chère cliente, voici notre offre du mois, avec une remise de vingt pour cent. " * 26  # 2 KB
ROW = {"prenom": "Zoé", "email": "zoe@example.org"}
CALLS, ROUNDS = 400, 3


def median_call_us(keep: str, folder: Path) -> float:
    """Return the median of one call's time, in microseconds."""
    policy = {"govai": 1, "name": "b", "extends": "eu-marketing", "keep": keep}
    times = []
    with govai.Governor(policy, ledger=f"sqlite:///{folder}/{keep}.db", actor="b") as gov:
        for _ in range(CALLS):
            start = time.perf_counter()
            gov.generate("offline:echo", "À {prenom} ({email}) : " + BODY, data=ROW, purpose="newsletter")
            times.append((time.perf_counter() - start) * 1e6)
    return statistics.median(times)


def purge_rate(folder: Path) -> float:
    """Return how many records a second a purge empties."""
    with govai.Governor(ledger=f"sqlite:///{folder}/content.db", actor="b") as gov:
        start = time.perf_counter()
        report = gov.ledger.purge(before=datetime.now(UTC) + timedelta(days=1))
        return report.count / (time.perf_counter() - start)


def main() -> None:
    """Print the medians of several rounds."""
    found: dict[str, list[float]] = {"nothing": [], "content": []}
    for _ in range(ROUNDS):
        with tempfile.TemporaryDirectory() as folder:
            for keep, medians in found.items():
                medians.append(median_call_us(keep, Path(folder)))
            rate = purge_rate(Path(folder))
    without, kept = (statistics.median(found[name]) for name in ("nothing", "content"))
    print(f"a call of 2 KB, SQLite: {without:,.0f} µs; with keep: content {kept:,.0f} µs (+{kept - without:,.0f})")
    print(f"purge: {rate:,.0f} records/s")


if __name__ == "__main__":
    main()
