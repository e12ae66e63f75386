"""The database goes away: killed processes, a killed server, a full disk, failing fsync. Nothing leaves without an intent, and all recovers by itself."""

from __future__ import annotations

import asyncio
import os
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path

import pytest

import govai
from benchmarks.ledger import load
from govai.core.errors import LedgerUnavailable
from govai.core.records import Draft
from govai.ledger.store import Ledger
from govai.ledger.verify import verify_url
from tests.ledger.places import records_at
from tests.server import Server


def intent(**body: object) -> Draft:
    return Draft("intent", "call", {"purpose": "p", **body})


KILLED = """
import os, signal, sys, threading
import govai
url, host, at = sys.argv[1], sys.argv[2], int(sys.argv[3])
left = [at]
def trace(frame, event, arg):
    if not any(part in frame.f_code.co_filename for part in ("/govai/ledger/", "/govai/storage/", "/govai/flow/")):
        return None
    if event == "line":
        left[0] -= 1
        if left[0] == 0:
            os.kill(os.getpid(), signal.SIGKILL)
    return trace
policy = {"govai": 1, "name": "t", "extends": "eu-marketing", "providers": {"near": {"like": "openai", "host": host, "region": "EU", "trains_on_inputs": False, "api_key": "env:GOVAI_TEST_KEY"}}}
threading.settrace(trace)
sys.settrace(trace)
with govai.Governor(policy, ledger=url, keys=None, actor="ana") as gov:
    for n in range(3):
        gov.generate("near:echo", "Bonjour", purpose="reporting")
        print(n, flush=True)
"""


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="no SIGKILL here")
@pytest.mark.parametrize("at", [700, 2800, 3600, 4900])
def test_a_process_killed_at_any_line_leaves_no_call_without_intent(ledger_url: str, at: int) -> None:
    """From the migration over three calls to the close; the lines that run are counted, the killed one is the test's choice."""
    with Server() as server:
        worker = subprocess.run([sys.executable, "-c", KILLED, ledger_url, server.host, str(at)], stdout=subprocess.PIPE, text=True, timeout=120)
        arrived = len(server.log)
    assert worker.returncode in (-signal.SIGKILL, 0)
    answered = len(worker.stdout.split())
    ledger = Ledger(ledger_url)
    intents = [record for record in ledger.records(kind="intent")]
    assert answered <= arrived <= len(intents) <= arrived + 1
    early = [record for record in ledger.records(kind="outcome")]
    assert "unknown" not in {record.body["status"] for record in early} or worker.returncode == 0  # its lease still runs
    for chain in {record.chain for record in intents}:
        ledger.connection.insert("writers", [(chain, 1.0)])  # as if its lease had run out
    ledger.sweep()
    ended = [record.intent_id for record in ledger.records(kind="outcome")]
    assert sorted(ended) == sorted(record.id for record in intents)
    assert ledger.verify().ok
    ledger.close()


BIN = next(iter(sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)), None)


@pytest.fixture
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, list[str]]]:
    """A PostgreSQL of this test's own: its URL, and the pg_ctl command that speaks to it."""
    if BIN is None or os.geteuid() != 0:
        pytest.skip("needs PostgreSQL's own programs and root, to run a server that is killed: apt-get install postgresql, as root")
    who = pwd.getpwnam("postgres")
    place = Path("/tmp") / f"govai-cluster-{os.getpid()}"
    place.mkdir(mode=0o700)
    os.chown(place, who.pw_uid, who.pw_gid)
    as_postgres = {"user": who.pw_uid, "group": who.pw_gid, "extra_groups": [], "cwd": "/"}
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    try:
        subprocess.run([BIN / "initdb", "-D", place / "data", "-A", "trust", "-N"], check=True, stdout=subprocess.DEVNULL, **as_postgres)
        control = [str(BIN / "pg_ctl"), "-D", str(place / "data"), "-w", "-l", str(place / "log"), "-o", f"-p {port} -k {place} -c listen_addresses=127.0.0.1"]

        def tell(*words: str) -> None:
            subprocess.run([*control, *words], check=True, stdout=subprocess.DEVNULL, **as_postgres)

        tell("start")
        yield f"postgresql://postgres@127.0.0.1:{port}/postgres", tell
        subprocess.run([*control, "-m", "immediate", "stop"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False, **as_postgres)
    finally:
        shutil.rmtree(place)


def test_a_server_that_is_killed_in_the_middle_of_64_tasks(cluster, capfd: pytest.CaptureFixture[str]) -> None:
    url, tell = cluster
    ledger = Ledger(url)
    acknowledged, refused = [], []

    async def work(down: asyncio.Event) -> None:
        while not down.is_set():
            mine = intent(secret="zoe@example.org")
            try:
                await ledger.acommit((mine,))
            except LedgerUnavailable as error:
                refused.append((mine.id, error))
                down.set()
            else:
                acknowledged.append(mine.id)

    async def main() -> None:
        down = asyncio.Event()
        tasks = [asyncio.create_task(work(down)) for _ in range(64)]
        while len(acknowledged) < 500:
            await asyncio.sleep(0)
        await asyncio.to_thread(tell, "-m", "immediate", "stop")
        await asyncio.gather(*tasks)
        with pytest.raises(LedgerUnavailable):
            await ledger.acommit((intent(),))
        await asyncio.to_thread(tell, "start")
        await ledger.acommit((intent(),))

    asyncio.run(main())
    assert refused
    assert not any("zoe" in str(error) or error.__cause__ or error.__context__ for _, error in refused)
    kept = {record.id for record in ledger.records(kind="intent")}
    assert set(acknowledged) <= kept
    ended = {record.intent_id: record.body["status"] for record in ledger.records(kind="outcome")}
    assert {ended.get(one) for one, _ in refused if one in kept} <= {"abandoned"}
    assert ledger.verify().ok
    ledger.close()
    assert "psycopg" not in capfd.readouterr().err


@pytest.fixture
def small(tmp_path: Path) -> Iterator[Path]:
    """A file system of 2 MB."""
    place = tmp_path / "small"
    place.mkdir()
    if os.geteuid() != 0 or subprocess.run(["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", place], check=False).returncode:
        pytest.skip("needs root and mount, for a small file system")
    yield place
    subprocess.run(["umount", "-l", place], check=True)


def test_a_full_disk_refuses_and_recovers(small: Path) -> None:
    ledger = Ledger(f"sqlite:///{small}/ledger.db")
    acknowledged, big = [], "x" * 20_000
    with pytest.raises(LedgerUnavailable, match="OperationalError"):
        while True:
            mine = intent(big=big)
            ledger.commit((mine,))
            acknowledged.append(mine.id)
    assert acknowledged
    subprocess.run(["mount", "-o", "remount,size=20m", small], check=True)
    ledger.commit((last := intent(big=big),))
    assert {record.id for record in ledger.records(kind="intent")} == {*acknowledged, last.id}
    assert ledger.verify().ok
    ledger.close()


def test_a_file_system_that_is_read_only_is_said(small: Path) -> None:
    url = f"sqlite:///{small}/ledger.db"
    Ledger(url).close()
    subprocess.run(["mount", "-o", "remount,ro", small], check=True)
    with pytest.raises(govai.GovaiError, match="cannot be (written|opened)"):
        Ledger(url)
    subprocess.run(["mount", "-o", "remount,rw", small], check=True)
    Ledger(url).close()


SHIM = """
#include <errno.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>
static int fails(void) { return access(getenv("FSYNC_FAILS"), F_OK) == 0; }
int fsync(int fd) { if (fails()) { errno = EIO; return -1; } return (int)syscall(SYS_fsync, fd); }
int fdatasync(int fd) { if (fails()) { errno = EIO; return -1; } return (int)syscall(SYS_fdatasync, fd); }
"""


@pytest.mark.skipif(shutil.which("gcc") is None or sys.platform != "linux", reason="needs gcc on Linux, to let fsync fail")
def test_a_failing_fsync_refuses_and_recovers(tmp_path: Path) -> None:
    (tmp_path / "shim.c").write_text(SHIM)
    subprocess.run(["gcc", "-shared", "-fPIC", "-o", tmp_path / "shim.so", tmp_path / "shim.c"], check=True)
    code = """
        import os, sys
        from govai.core.errors import LedgerUnavailable
        from govai.core.records import Draft
        from govai.ledger.store import Ledger
        flag = os.environ["FSYNC_FAILS"]
        note = lambda n: Draft("intent", "call", {"purpose": "p", "n": n})
        ledger, refused = Ledger(sys.argv[1]), 0
        for n in range(30):
            if n % 3 == 1: open(flag, "w").close()
            try:
                ledger.commit((note(n),))
            except LedgerUnavailable:
                refused += 1
            if n % 3 == 1: os.remove(flag)
        assert refused == 10, refused
        assert [record.body["n"] for record in ledger.records(kind="intent")] == [n for n in range(30) if n % 3 != 1]
        ledger.close()
    """
    environment = {**os.environ, "LD_PRELOAD": str(tmp_path / "shim.so"), "FSYNC_FAILS": str(tmp_path / "fails")}
    url = f"sqlite:///{tmp_path}/ledger.db"
    subprocess.run([sys.executable, "-c", textwrap.dedent(code), url], check=True, env=environment, timeout=120)
    assert len({record.id for record in records_at(url) if record.kind == "intent"}) == 20
    assert verify_url(url).ok


@pytest.mark.parametrize("processes", [3])
def test_processes_of_tasks_lose_nothing(ledger_url: str, processes: int) -> None:
    """The short form of `python benchmarks/ledger.py --load 60`."""
    count, _speed = load(ledger_url, processes, 64, 1.0)
    assert count
