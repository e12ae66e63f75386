"""All benchmarks, one after the other: `python -m benchmarks.run`."""

from __future__ import annotations

import os
import platform

from benchmarks import (
    bench_bulk,
    bench_call,
    bench_concurrency,
    bench_doors,
    bench_import,
    bench_ledger,
    bench_openlineage,
    bench_scan,
    bench_stream,
    bench_web,
    bench_wrap,
)


def main() -> None:
    print(f"Python {platform.python_version()}, {os.cpu_count()} cores, {platform.system()} {platform.machine()}")
    for bench in (
        bench_import,
        bench_wrap,
        bench_scan,
        bench_ledger,
        bench_openlineage,
        bench_call,
        bench_stream,
        bench_doors,
        bench_bulk,
        bench_web,
        bench_concurrency,
    ):
        bench.main()


if __name__ == "__main__":
    main()
