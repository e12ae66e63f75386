"""All benchmarks, one after the other: `python -m benchmarks.run`."""

from __future__ import annotations

import os
import platform

from benchmarks import bench_call, bench_concurrency, bench_import, bench_ledger, bench_scan, bench_stream


def main() -> None:
    print(f"Python {platform.python_version()}, {os.cpu_count()} cores, {platform.system()} {platform.machine()}")
    for bench in (bench_import, bench_scan, bench_ledger, bench_call, bench_stream, bench_concurrency):
        bench.main()


if __name__ == "__main__":
    main()
