"""The examples run as they stand, and no one's name is shown as having left, or stands in what is kept."""

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


def test_on_record(tmp_path: Path) -> None:
    done = subprocess.run([sys.executable, str(ROOT / "examples" / "on_record.py"), str(tmp_path / "kept")], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    said = dict(line.split(": ", 1) for line in done.stdout.splitlines())
    assert said["the headline was made from"] == "crm.churned.prenom, crm.churned.motif"
    assert said["OpenLineage was told"] == "START, COMPLETE, START, COMPLETE"
    assert said["verified"] == "6 records hold" and said["anchored until"] != "None"
    with (ROOT / "examples" / "customers.csv").open(encoding="utf-8", newline="") as file:
        name = next(csv.DictReader(file, delimiter=";"))["prenom"]
    kept = [path for path in (tmp_path / "kept").iterdir() if path.is_file()]
    assert {path.name for path in kept} >= {"ledger.db", "records.jsonl", "openlineage.jsonl", "anchor.jsonl", "ledger.zip"}
    assert not [path.name for path in kept if name.encode() in path.read_bytes()]
    command = [sys.executable, "-m", "govai.cli", *said["--- check it anywhere"].split()[1:]]
    checked = subprocess.run(command, capture_output=True, text=True, check=False)
    assert checked.returncode == 0 and "anchored outside until" in checked.stdout


def test_the_benchmarks_still_run() -> None:
    code = "from benchmarks import bench_call, bench_stream; bench_call.main(rounds=1); bench_stream.main(rounds=1)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, cwd=ROOT)
    assert (done.returncode, done.stderr) == (0, "")
    assert "raw openai call" in done.stdout and "added per piece" in done.stdout
