"""The file of lines: it rotates, it is mended, and several processes may write to it at once."""

from __future__ import annotations

import gzip
import json
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from govai.ledger.store import Ledger
from govai.sinks.jsonl import mend
from govai.sinks.opening import open_sink
from tests.sinks.services import notes


def records(count: int):
    ledger = Ledger(":memory:")
    ledger.commit(notes(count))
    found = list(ledger.records())
    ledger.close()
    return found


def numbers(path: Path) -> list[int]:
    raw = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    return [json.loads(line)["body"]["n"] for line in raw.splitlines()]


def aside(folder: Path) -> list[Path]:
    return sorted(one for one in folder.iterdir() if one.name.startswith("out-2"))


@pytest.mark.parametrize("compress", ["no", "yes"])
def test_a_full_file_is_set_aside(tmp_path: Path, compress: str) -> None:
    (tmp_path / "out-of-mine.jsonl").write_text("mine\n")
    sink = open_sink(f"jsonl:{tmp_path}/out.jsonl?max_bytes=3KB&keep=3&gzip={compress}")
    for record in records(60):
        sink.emit([record])
    files = aside(tmp_path)
    found = [n for file in [*files, tmp_path / "out.jsonl"] for n in numbers(file)]
    assert len(files) == 3 and found == list(range(found[0], 60)) and found[0] > 0
    assert all((file.suffix == ".gz") == (compress == "yes") and stat.S_IMODE(file.stat().st_mode) == 0o600 for file in files)
    assert (tmp_path / "out.jsonl").stat().st_size <= 3000 and (tmp_path / "out-of-mine.jsonl").exists()


def test_yesterdays_file_is_set_aside(tmp_path: Path) -> None:
    sink = open_sink(f"jsonl:{tmp_path}/out.jsonl?daily=yes")
    first, second, third = records(3)
    sink.emit([first])
    os.utime(tmp_path / "out.jsonl", (0, 0))
    sink.emit([second])
    sink.emit([third])
    assert [numbers(file) for file in aside(tmp_path)] == [[0]] and numbers(tmp_path / "out.jsonl") == [1, 2]


def test_what_a_crash_left_uncompressed_is_compressed_later(tmp_path: Path) -> None:
    left = tmp_path / "out-20200101T000000000000Z.jsonl"
    left.write_text('{"body":{"n":7}}\n')
    sink = open_sink(f"jsonl:{tmp_path}/out.jsonl?max_bytes=1&gzip=yes")
    for record in records(2):
        sink.emit([record])
    assert [numbers(file) for file in aside(tmp_path)] == [[7], [0]] and all(file.suffix == ".gz" for file in aside(tmp_path))


@given(cut=st.integers(0, 10_000), lines=st.integers(1, 5))
def test_a_line_cut_anywhere_leaves_a_readable_file(tmp_path_factory, cut: int, lines: int) -> None:
    whole = b"".join(json.dumps({"body": {"n": n, "text": "é" * 300 * n}}).encode() + b"\n" for n in range(lines))
    path = tmp_path_factory.mktemp("cut") / "out.jsonl"
    path.write_bytes(whole[: cut % (len(whole) + 1)])
    handle = os.open(path, os.O_RDWR | os.O_APPEND)
    mend(handle)
    os.close(handle)
    found = path.read_bytes()
    assert found == b"" or found.endswith(b"\n")
    assert [json.loads(line)["body"]["n"] for line in found.splitlines()] == list(range(found.count(b"\n")))
    assert whole.startswith(found) and found.count(b"\n") >= whole[: cut % (len(whole) + 1)].count(b"\n")


def test_processes_that_write_to_one_file_lose_nothing(tmp_path: Path) -> None:
    code = """
import sys
from govai.ledger.store import Ledger
from govai.sinks.opening import open_sink
from tests.sinks.services import notes
ledger = Ledger(":memory:"); ledger.commit(notes(200, int(sys.argv[2]) * 200)); found = list(ledger.records()); ledger.close()
sink = open_sink(f"jsonl:{sys.argv[1]}?max_bytes=20KB&gzip=yes")
sys.stdin.readline()
for record in found: sink.emit([record])
"""
    root = Path(__file__).parents[2]
    children = [subprocess.Popen([sys.executable, "-c", code, str(tmp_path / "out.jsonl"), str(n)], stdin=subprocess.PIPE, cwd=root) for n in range(3)]
    for child in children:
        child.stdin.write(b"\n")
        child.stdin.flush()
    for child in children:
        child.communicate()
    found = [n for file in [*aside(tmp_path), tmp_path / "out.jsonl"] for n in numbers(file)]
    assert sorted(found) == list(range(600))


def test_a_full_disk_leaves_whole_lines(tmp_path: Path) -> None:
    import resource

    code = """
import resource, signal, sys
from tests.sinks.test_jsonl import records
from govai.sinks.opening import open_sink
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
found = records(30)
resource.setrlimit(resource.RLIMIT_FSIZE, (5000, 5000))
sink = open_sink(f"jsonl:{sys.argv[1]}")
try:
    for record in found: sink.emit([record])
except OSError: print("refused")
"""
    assert resource
    done = subprocess.run([sys.executable, "-c", code, str(tmp_path / "out.jsonl")], capture_output=True, text=True, cwd=Path(__file__).parents[2])
    assert done.stdout == "refused\n", done.stderr
    raw = (tmp_path / "out.jsonl").read_bytes()
    assert raw.endswith(b"\n") and numbers(tmp_path / "out.jsonl") == list(range(raw.count(b"\n")))
