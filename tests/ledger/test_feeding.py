"""The outbox: what is down is waited for, what is refused is laid aside, one feeder at a time, nothing lost when it is killed."""

from __future__ import annotations

import gc
import json
import os
import signal
import subprocess
import sys
import threading
import uuid
import weakref
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from typer.testing import CliRunner

import govai
from govai.cli.app import app
from govai.core.records import Record
from govai.ledger.store import Ledger
from tests.sinks.services import POSTGRESQL, Receiver, needs, notes, receiving, until

ROOT = Path(__file__).parents[2]
SECRET = "whsec_" + "QUJD" * 10


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path}/ledger.db"
        return
    needs(POSTGRESQL, "postgresql", "psycopg")
    import psycopg

    schema = f"govai_test_{uuid.uuid4().hex[:12]}"
    try:
        yield f"{POSTGRESQL}?schema={schema}"
    finally:
        with closing(psycopg.connect(POSTGRESQL, autocommit=True)) as connection:
            connection.execute(f"DROP SCHEMA IF EXISTS {schema} CASCADE")


class Picky:
    """Refuses the records whose `n` is in `never`, and is down while `up` is not set."""

    def __init__(self, never: set[int] = frozenset(), name: str = "picky") -> None:
        self.name, self.never = name, set(never)
        self.up = threading.Event()
        self.up.set()
        self.seen: list[int] = []
        self.batches: list[int] = []
        self.lookup = None

    def attached(self, record) -> None:
        self.lookup = record

    def emit(self, records: list[Record]) -> None:
        if not self.up.is_set():
            raise ConnectionError("canary-of-an-error jeanne@example.org")
        self.batches.append(len(records))
        if any(record.body["n"] in self.never for record in records):
            raise govai.SinkRefused("canary-of-an-error jeanne@example.org", status=422)
        self.seen += [record.body["n"] for record in records]

    def close(self, timeout: float) -> None:
        pass


def state(ledger: Ledger, name: str = "picky"):
    return next(one for one in ledger.sinks() if one.name == name)


def test_what_is_refused_is_laid_aside_and_the_rest_comes_once_in_order(url: str) -> None:
    sink = Picky({3, 17})
    ledger = Ledger(url, sinks=[sink])
    ledger.commit(notes(30))
    until(lambda: state(ledger).behind == 0)
    assert sink.seen == [n for n in range(30) if n not in (3, 17)]
    found = state(ledger)
    assert (found.dead_letters, found.error, found.behind_s) == (2, "", 0.0)
    sink.never = {17}
    assert ledger.replay_dead("picky") == 2
    until(lambda: state(ledger).dead_letters == 1)
    ledger.flush()
    assert Counter(sink.seen) == Counter(n for n in range(30) if n != 17) and sink.seen[-1] == 3
    ledger.close()


def test_tries_are_counted_across_restarts(url: str) -> None:
    for _ in range(20):
        sink = Picky({0})
        ledger = Ledger(url, sinks=[sink])
        if not list(ledger.records()):
            ledger.commit(notes(2))
        until(lambda: sink.batches)
        found = state(ledger)
        ledger.close(0.2)
        if found.dead_letters:
            break
    else:
        pytest.fail("never laid aside")
    more = Ledger(url, sinks=[Picky()])
    more.flush()
    assert state(more).behind == 0
    more.close()


def test_what_is_down_is_waited_for_and_said_by_its_type_only(url: str, caplog: pytest.LogCaptureFixture) -> None:
    sink = Picky()
    sink.up.clear()
    ledger = Ledger(url, sinks=[sink])
    ledger.commit(notes(7))
    until(lambda: state(ledger).error)
    found = state(ledger)
    assert (found.behind, found.error, found.dead_letters, found.fed) == (7, "ConnectionError", 0, True)
    assert found.failing_since and found.behind_s >= 0
    told = CliRunner().invoke(app, ["ledger", "sinks", "--ledger", url])
    assert told.exit_code == 0 and "7 records behind" in told.output and "ConnectionError" in told.output
    assert "canary" not in told.output + caplog.text + repr(found) and "jeanne" not in told.output
    sink.up.set()
    until(lambda: state(ledger).behind == 0)
    assert sink.seen == list(range(7)) and state(ledger).error == ""
    ledger.close()


def test_a_sink_is_set_back_to_a_record_a_time_or_the_start(url: str) -> None:
    sink = Picky()
    ledger = Ledger(url, sinks=[sink])
    ledger.commit(notes(5))
    ledger.flush()
    records = list(ledger.records())
    for start, count in (("start", 5), (records[3].id, 2), (records[0].time, 5)):
        sink.seen.clear()
        ledger.replay("picky", start)
        until(lambda: len(sink.seen) >= count and state(ledger).behind == 0)
        assert sink.seen == list(range(5))[-count:]
    sink.seen.clear()  # from another process, while this one feeds
    told = CliRunner().invoke(app, ["ledger", "sinks", "--ledger", url, "--replay", "picky", "--from", "start"])
    assert told.exit_code == 0, told.output
    until(lambda: sink.seen == list(range(5)))
    for name, start in (("piky", "start"), ("picky", "yesterday")):
        with pytest.raises(govai.ConfigError):
            ledger.replay(name, start)
    ledger.close()


def test_a_record_is_looked_up_by_its_id(url: str) -> None:
    sink = Picky()
    ledger = Ledger(url, sinks=[sink])
    ledger.commit(notes(1))
    (record,) = ledger.records()
    assert sink.lookup(record.id) == record and sink.lookup("none") is None
    ledger.close()


def test_a_sink_that_keeps_the_look_up_keeps_no_ledger_alive(tmp_path: Path) -> None:
    sink = Picky()
    ledger = Ledger(f"sqlite:///{tmp_path}/ledger.db", sinks=[sink])
    ledger.commit(notes(1))
    (record,) = ledger.records()
    assert sink.lookup(record.id) == record
    gone = weakref.ref(ledger)
    del ledger
    until(lambda: gc.collect() >= 0 and gone() is None)
    assert sink.lookup(record.id) is None


def test_two_that_feed_one_sink_share_its_cursor(url: str) -> None:
    sinks = [Picky(), Picky()]
    ledgers = [Ledger(url, sinks=[sink]) for sink in sinks]
    for n in range(40):
        ledgers[n % 2].commit(notes(1, n))
    for ledger in ledgers:
        ledger.flush(30)
    assert sorted(sinks[0].seen + sinks[1].seen) == list(range(40))
    ledgers[0].close()
    ledgers[1].commit(notes(1, 40))  # whoever is left goes on at once
    ledgers[1].flush(30)
    assert 40 in sinks[0].seen + sinks[1].seen
    ledgers[1].close()


FEEDER = """
import sys, threading
from govai.ledger.store import Ledger
from govai.sinks.opening import open_sink
ledger = Ledger(sys.argv[1], sinks=[open_sink(sys.argv[2])])
print("feeding", flush=True)
sys.stdin.readline()
ledger.close(60)
"""


def feeder(url: str, spec: str) -> subprocess.Popen:
    child = subprocess.Popen([sys.executable, "-c", FEEDER, url, spec], stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=ROOT, text=True)
    assert child.stdout.readline() == "feeding\n"
    return child


def end(child: subprocess.Popen) -> None:
    child.communicate("\n")
    assert child.returncode == 0


def test_ten_thousand_wait_for_a_receiver_that_fails_in_every_way_and_feeders_that_are_killed(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """No call waits; once it is back it has every record, known by its id, in order."""
    monkeypatch.setenv("HOOK", SECRET)
    with receiving() as receiver:
        receiver.answers = [500]
        spec = f"webhook:{receiver.url}/in?secret=env:HOOK"
        first = feeder(url, spec)
        ledger = Ledger(url)
        for start in range(0, 10_000, 500):
            ledger.commit(notes(500, start))
        until(lambda: receiver.tried)
        assert state(ledger, f"webhook:{receiver.url}/in").behind == 10_000
        receiver.answers = [*([200, 200, 0, 200, 500, 503, 200, 200] * 2), 200]
        until(lambda: len(receiver.seen) >= 20)
        os.kill(first.pid, signal.SIGKILL)
        first.communicate()
        second = feeder(url, spec)
        until(lambda: state(ledger, f"webhook:{receiver.url}/in").behind == 0, 120)
        end(second)
        numbers = [record["body"]["n"] for record in receiver.records]
        first_seen = list(dict.fromkeys(record["id"] for record in receiver.records))
        assert first_seen == [record.id for record in ledger.records()]
        assert list(dict.fromkeys(numbers)) == list(range(10_000))
        assert len(numbers) <= 10_000 + 500  # at most the batch that the killed one had sent is there twice
        ledger.close()


def test_a_file_is_whole_after_its_feeder_was_killed(url: str, tmp_path: Path) -> None:
    ledger = Ledger(url)
    for start in range(0, 10_000, 500):
        ledger.commit(notes(500, start))
    spec = f"jsonl:{tmp_path}/out.jsonl?max_bytes=1MB"
    name = f"jsonl:{tmp_path}/out.jsonl"
    child = feeder(url, spec)
    until(lambda: (tmp_path / "out.jsonl").exists())
    os.kill(child.pid, signal.SIGKILL)
    child.communicate()
    child = feeder(url, spec)
    until(lambda: state(ledger, name).behind == 0, 120)
    end(child)
    lines = [json.loads(line) for file in [*sorted(tmp_path.glob("out-*.jsonl")), tmp_path / "out.jsonl"] for line in file.read_text().splitlines()]
    assert list(dict.fromkeys(line["body"]["n"] for line in lines)) == list(range(10_000))
    ledger.close()


def test_a_role_that_may_only_insert_and_select_feeds_too() -> None:
    needs(POSTGRESQL, "postgresql", "psycopg")
    import psycopg

    name = f"govai_test_{uuid.uuid4().hex[:12]}"
    place = POSTGRESQL.partition("@")[2]
    with closing(psycopg.connect(POSTGRESQL, autocommit=True)) as owner:
        try:
            Ledger(f"{POSTGRESQL}?schema={name}").close()
            owner.execute(f"CREATE ROLE {name} LOGIN PASSWORD 'p'")
            owner.execute(f"GRANT USAGE ON SCHEMA {name} TO {name}")
            owner.execute(f"GRANT SELECT, INSERT ON ALL TABLES IN SCHEMA {name} TO {name}")
            sink = Picky({1})
            ledger = Ledger(f"postgresql://{name}:p@{place}?schema={name}", sinks=[sink])
            ledger.commit(notes(3))
            until(lambda: state(ledger).behind == 0)
            sink.never = set()
            ledger.replay_dead("picky")
            until(lambda: state(ledger).dead_letters == 0)
            assert sink.seen == [0, 2, 1]
            ledger.close()
        finally:
            owner.execute(f"DROP SCHEMA IF EXISTS {name} CASCADE")
            owner.execute(f"DROP OWNED BY {name}")
            owner.execute(f"DROP ROLE {name}")


def test_a_ledger_that_nobody_feeds_from_says_so(url: str) -> None:
    Ledger(url).close()
    told = CliRunner().invoke(app, ["ledger", "sinks", "--ledger", url])
    assert told.exit_code == 0 and "no sink was ever fed" in told.output


def test_a_purged_record_is_passed_over_and_a_damaged_one_laid_aside(tmp_path: Path) -> None:
    import sqlite3

    ledger = Ledger(f"sqlite:///{tmp_path}/ledger.db")
    ledger.commit(notes(4))
    with closing(sqlite3.connect(tmp_path / "ledger.db", isolation_level=None)) as hand:
        hand.execute("DROP TRIGGER records_stay")
        hand.execute("UPDATE records SET bytes=x'' WHERE seq=2")
        hand.execute("UPDATE records SET bytes=x'7b7d' WHERE seq=3")
    sink = Picky()
    ledger.attach(sink)
    until(lambda: state(ledger).behind == 0)
    assert sink.seen == [0, 3] and state(ledger).dead_letters == 1
    ledger.close()


def test_the_command_names_what_is_wrong(url: str) -> None:
    sink = Picky()
    ledger = Ledger(url, sinks=[sink])
    ledger.commit(notes(1))
    ledger.close()
    for more in (["--replay", "picky"], ["--dead"], ["--replay", "picky", "--dead", "--from", "start"], ["--replay", "x", "--dead"]):
        with pytest.raises(govai.ConfigError):
            CliRunner().invoke(app, ["ledger", "sinks", "--ledger", url, *more], catch_exceptions=False)


class Slow(Picky):
    """Takes its time: until it is let go."""

    def __init__(self) -> None:
        super().__init__()
        self.entered, self.go = threading.Semaphore(0), threading.Semaphore(0)

    def emit(self, records: list[Record]) -> None:
        self.entered.release()
        self.go.acquire()
        super().emit(records)


def expire(url: str, until_when: str) -> None:
    """Set until when the feeders' leases last."""
    if url.startswith("sqlite"):
        import sqlite3

        with closing(sqlite3.connect(url.removeprefix("sqlite:///"), isolation_level=None, timeout=30)) as hand:
            hand.execute(f"UPDATE cursors SET alive_until={until_when}")
        return
    import psycopg

    place, _, schema = url.partition("?schema=")
    with closing(psycopg.connect(place, autocommit=True)) as hand:
        hand.execute(f"UPDATE {schema}.cursors SET alive_until={until_when}")


def test_two_feeders_that_both_take_longer_than_their_lease_get_on(url: str) -> None:
    sinks = [Slow(), Slow()]
    first = Ledger(url, sinks=[sinks[0]])
    first.commit(notes(5))
    sinks[0].entered.acquire()
    expire(url, "1")
    second = Ledger(url, sinks=[sinks[1]])
    sinks[1].entered.acquire()
    expire(url, "1")
    sinks[0].go.release()  # what it took counts, though another has the lease by now
    until(lambda: state(first).behind == 0)
    for sink in sinks:
        sink.go.release(100)
    for ledger in (first, second):
        ledger.close()
    assert sinks[0].seen == list(range(5))


def test_a_lease_from_a_clock_that_was_set_back_holds_nobody_up(url: str) -> None:
    gone = Slow()
    ledger = Ledger(url, sinks=[gone])
    ledger.commit(notes(3))
    gone.entered.acquire()
    expire(url, "4e9")
    sink = Picky()
    other = Ledger(url, sinks=[sink])
    until(lambda: state(other).behind == 0)
    assert sink.seen == [0, 1, 2]
    gone.go.release(100)
    other.close()
    ledger.close()


class Stuck(Picky):
    def __init__(self, problem: bool) -> None:
        super().__init__()
        self.problem, self.go = problem, threading.Event()

    def close(self, timeout: float) -> None:
        if self.problem:
            raise RuntimeError("canary-of-an-error")
        self.go.wait()


@pytest.mark.parametrize("problem", [False, True])
def test_a_sink_that_hangs_or_fails_while_it_closes_does_not_keep_the_ledger_open(tmp_path: Path, problem: bool) -> None:
    sink = Stuck(problem)
    ledger = Ledger(f"sqlite:///{tmp_path}/ledger.db", sinks=[sink])
    ledger.commit(notes(1))
    ledger.close(0.1)
    with pytest.raises(govai.LedgerUnavailable):
        ledger.commit(notes(1))
    sink.go.set()


def test_a_ledger_that_is_dropped_goes_though_it_has_anchors(tmp_path: Path) -> None:
    import gc
    import weakref

    from govai.sinks.anchors import FileAnchor

    ledger = Ledger(f"sqlite:///{tmp_path}/ledger.db")
    ledger.anchor(FileAnchor(tmp_path / "copies"))
    ledger.commit(notes(1))
    ledger.flush()
    there = weakref.ref(ledger)
    del ledger

    def gone() -> bool:
        gc.collect()
        return there() is None

    until(gone)


def test_a_forged_checkpoint_does_not_keep_the_next_from_its_anchor(tmp_path: Path) -> None:
    from govai.core.records import Draft
    from govai.keys.roots import RootKey
    from govai.sinks.anchors import FileAnchor

    anchor = FileAnchor(tmp_path / "copies")
    ledger = Ledger(f"sqlite:///{tmp_path}/ledger.db", keys=RootKey(b"k" * 32, "test"))
    ledger.anchor(anchor)
    ledger.commit([Draft("checkpoint", "", {"number": "one"}), *notes(1)])
    made = ledger.checkpoint()
    ledger.flush(30)
    assert list(anchor.anchored()) == [made]
    ledger.close()
