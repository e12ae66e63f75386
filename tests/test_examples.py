"""The example runs as it stands, and shows no one's name as having left."""

from __future__ import annotations

import csv
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]


def test_win_back() -> None:
    done = subprocess.run([sys.executable, str(ROOT / "examples" / "win_back.py")], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    left = [line for line in done.stdout.splitlines() if line.startswith("--- sent:")]
    with (ROOT / "examples" / "customers.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file, delimiter=";"))
    assert len(left) == len(rows)
    for row, line in zip(rows, left, strict=True):
        assert f"Bonjour {row['prenom']}," in done.stdout
        assert row["prenom"] not in line and row["offre"] in line
    assert "06 39 98 41 27" not in "".join(left) and "ib1987@exemple.net" not in "".join(left)
    assert "Verification(ok=True" in done.stdout
    assert not any(row["prenom"] in line for row in rows for line in done.stdout.partition("--- on record")[2].splitlines())


def test_the_benchmarks_still_run() -> None:
    code = "from benchmarks import bench_call, bench_stream; bench_call.main(rounds=1); bench_stream.main(rounds=1)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, cwd=ROOT)
    assert (done.returncode, done.stderr) == (0, "")
    assert "raw openai call" in done.stdout and "added per piece" in done.stdout
