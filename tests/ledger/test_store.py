"""The ledger: durable, chained, one outcome per intent, and a change of any byte is named."""

from __future__ import annotations

import asyncio
import json
import os
import sqlite3
import stat
import subprocess
import sys
import textwrap
import threading
from collections.abc import Sequence
from pathlib import Path

import pytest
import rfc8785
from hypothesis import given, settings
from hypothesis import strategies as st

import govai
from govai.core.canonical import canonical
from govai.core.records import Draft, Record
from govai.keys import open_keys
from govai.ledger.store import Ledger
from govai.ledger.verify import verify_url
from tests.ledger.places import records_at

JSON = st.recursive(st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | st.text(), lambda c: st.lists(c, max_size=3) | st.dictionaries(st.text(), c, max_size=3), max_leaves=8)


def intent(**body: object) -> Draft:
    return Draft("intent", "call", {"purpose": "p", **body})


def outcome(of: Draft, status: str = "completed") -> Draft:
    return Draft("outcome", "call", {"purpose": "p", "status": status}, intent_id=of.id)


def attacking(path: str | Path) -> sqlite3.Connection:
    """Someone who owns the file takes the triggers away first."""
    base = sqlite3.connect(path)
    for (name,) in base.execute("SELECT name FROM sqlite_master WHERE type='trigger'").fetchall():
        base.execute(f"DROP TRIGGER {name}")
    return base


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path}/ledger.db"


@given(JSON)
def test_canonical_bytes_are_those_of_rfc_8785(value: object) -> None:
    try:
        theirs = rfc8785.dumps(value)
    except (rfc8785.CanonicalizationError, UnicodeEncodeError):
        return
    keys = json.dumps(value)
    if "\\ud" not in keys:  # keys beyond the BMP sort by UTF-16 there
        assert canonical(value) == theirs


@pytest.mark.parametrize("value", [1.5, {"a": [1.0]}, 2**60, object()])
def test_a_record_holds_no_floats_and_no_objects(value: object) -> None:
    with pytest.raises(TypeError):
        canonical(value)


def test_what_commit_returned_survives_a_kill(url: str) -> None:
    code = """
        import os, sys, signal
        from govai.core.records import Draft
        from govai.ledger.store import Ledger
        ledger = Ledger(sys.argv[1])
        for n in range(50):
            ledger.commit((Draft("intent", "call", {"purpose": "p", "n": n}),))
        os.kill(os.getpid(), signal.SIGKILL)
    """
    subprocess.run([sys.executable, "-c", textwrap.dedent(code), url], check=False)
    with_ledger = Ledger(url)
    assert [r.body["n"] for r in with_ledger.records(kind="intent")] == list(range(50))
    assert with_ledger.verify().ok
    with_ledger.close()


def test_an_intent_whose_writer_is_gone_becomes_unknown_once(url: str) -> None:
    ledger = Ledger(url)
    first = intent()
    ledger.commit((first,))
    ledger.close()
    for _ in range(2):
        again = Ledger(url)
        ends = [r for r in again.records(kind="outcome")]
        assert [(r.intent_id, r.body["status"]) for r in ends] == [(first.id, "unknown")]
        again.close()
    assert verify_url(url).ok


def test_an_open_intent_of_a_living_writer_stays_open(url: str) -> None:
    one, other = Ledger(url), Ledger(url)
    first = intent()
    one.commit((first,))
    assert other.sweep() == 0
    one.enqueue(outcome(first))
    one.flush()
    assert [r.body["status"] for r in other.records(kind="outcome")] == ["completed"]
    one.close(), other.close()
    assert verify_url(url).ok


def test_exactly_one_outcome_is_kept(url: str) -> None:
    ledger = Ledger(url)
    first = intent()
    ledger.commit((first,))
    ledger.enqueue(outcome(first))
    ledger.enqueue(outcome(first, "failed"))
    ledger.flush()
    assert [r.body["status"] for r in ledger.records(kind="outcome")] == ["completed"]
    ledger.close()


@settings(max_examples=25, deadline=None)
@given(st.data())
def test_any_changed_byte_of_a_record_is_named(tmp_path_factory: pytest.TempPathFactory, data: st.DataObject) -> None:
    path = tmp_path_factory.mktemp("l") / "x.db"
    ledger = Ledger(f"sqlite:///{path}")
    bodies = data.draw(st.lists(st.dictionaries(st.text(max_size=5), st.text(max_size=9), max_size=3), min_size=1, max_size=6))
    drafts = [Draft("note", "call", dict(body)) for body in bodies]
    ledger.commit(drafts)
    ledger.close()
    assert verify_url(ledger.url).ok
    at = data.draw(st.integers(0, len(drafts) - 1))
    base = attacking(path)
    (raw,) = base.execute("SELECT bytes FROM records WHERE position=?", (at + 1,)).fetchone()
    place = data.draw(st.integers(0, len(raw) - 1))
    flipped = bytearray(raw)
    flipped[place] ^= data.draw(st.integers(1, 255))
    base.execute("UPDATE records SET bytes=? WHERE position=?", (bytes(flipped), at + 1))
    base.commit()
    base.close()
    found = verify_url(ledger.url)
    assert (found.ok, found.first_bad) == (False, drafts[at].id)


@pytest.mark.parametrize(
    "change",
    ["DELETE FROM records WHERE position=2", "DELETE FROM records WHERE position=3", "UPDATE records SET purpose='other' WHERE position=2", "UPDATE records SET time='2020' WHERE position=2",
     "UPDATE records SET kind='note' WHERE position=1", "UPDATE heads SET seq=2", "UPDATE heads SET hash='x'", "DELETE FROM heads",
     "INSERT INTO records SELECT 9,chain,4,'x',time,kind,call_id,intent_id,purpose,hash,bytes FROM records WHERE position=3"],
)
def test_cut_inserted_or_altered_rows_show(url: str, change: str) -> None:
    ledger = Ledger(url)
    ledger.commit([intent(), intent(), intent()])
    ledger.close()
    base = attacking(ledger.path)
    base.execute(change)
    base.commit()
    base.close()
    found = verify_url(url)
    assert not found.ok and found.why


@pytest.mark.parametrize("change", ["replace(bytes, 'intent', 'intend')", "x'00ff'", "CAST(x'00ff' AS TEXT)", "7", "CAST('{}' AS BLOB)"])
def test_whatever_stands_for_a_record_is_a_fault_that_names_it(url: str, change: str) -> None:
    ledger = Ledger(url)
    drafts = [intent(), intent(), intent()]
    ledger.commit(drafts)
    with attacking(ledger.path) as base:
        base.execute(f"UPDATE records SET bytes={change} WHERE position=2")
    base.close()
    for found in (ledger.verify(), verify_url(url)):
        assert (found.ok, found.first_bad) == (False, drafts[1].id)
    for records in (ledger.records(), records_at(url)):
        assert next(records).id == drafts[0].id
        with pytest.raises(govai.LedgerUnavailable, match=f"{drafts[1].id} is damaged.*govai ledger verify"):
            next(records)
    ledger.close()


def test_bytes_that_spell_no_record_show_though_their_hash_holds(url: str) -> None:
    import hashlib

    ledger = Ledger(url)
    drafts = [intent()]
    ledger.commit(drafts)
    ledger.close()
    with attacking(ledger.path) as base:
        (raw,) = base.execute("SELECT bytes FROM records").fetchone()
        forged = b"]" + raw
        base.execute("UPDATE records SET bytes=?, hash=?", (forged, hashlib.sha256(forged).hexdigest()))
        base.execute("UPDATE heads SET hash=?", (hashlib.sha256(forged).hexdigest(),))
    base.close()
    assert verify_url(url).first_bad == drafts[0].id


def test_rewriting_a_record_with_its_hash_shows_at_that_record(url: str) -> None:
    import hashlib

    ledger = Ledger(url)
    drafts = [intent(), intent(), intent()]
    ledger.commit(drafts)
    ledger.close()
    base = attacking(ledger.path)
    (raw,) = base.execute("SELECT bytes FROM records WHERE position=2").fetchone()
    forged = raw.replace(b'"purpose":"p"', b'"purpose":"q"')
    base.execute("UPDATE records SET bytes=?, hash=?, purpose='q' WHERE position=2", (forged, hashlib.sha256(forged).hexdigest()))
    base.commit()
    base.close()
    assert verify_url(url).first_bad == drafts[1].id


def test_threads_and_tasks_share_commits_and_lose_nothing(url: str) -> None:
    ledger = Ledger(url)

    def work() -> None:
        for _ in range(20):
            one = intent()
            ledger.commit((one,))
            ledger.enqueue(outcome(one))

    async def tasks() -> None:
        async def one() -> None:
            for _ in range(20):
                mine = intent()
                await ledger.acommit((mine,))
                ledger.enqueue(outcome(mine))

        await asyncio.gather(*(one() for _ in range(16)))

    threads = [threading.Thread(target=work) for _ in range(16)]
    [t.start() for t in threads]
    asyncio.run(tasks())
    [t.join() for t in threads]
    kinds = [r.kind for r in ledger.records()]
    assert (kinds.count("intent"), kinds.count("outcome")) == (640, 640)
    assert ledger.verify().ok
    ledger.close()


def test_a_cancelled_task_harms_nobody(url: str) -> None:
    ledger = Ledger(url)

    async def main() -> None:
        doomed = asyncio.create_task(ledger.acommit((intent(n=1),)))
        fine = asyncio.create_task(ledger.acommit((intent(n=2),)))
        await asyncio.sleep(0)
        doomed.cancel()
        await fine
        with pytest.raises(asyncio.CancelledError):
            await doomed

    asyncio.run(main())
    assert {r.body["n"] for r in ledger.records()} == {2}


def test_a_task_cancelled_once_its_record_is_durable_is_told_so_and_cancelled_where_it_waits_next(url: str) -> None:
    ledger = Ledger(url)
    told = []

    async def call() -> None:
        await ledger.acommit((intent(n=1),))
        told.append("durable")
        await asyncio.sleep(3600)

    async def main() -> None:
        loop = asyncio.get_running_loop()
        task = asyncio.create_task(call())
        await asyncio.sleep(0)  # it waits; the writer is next, and then whoever cancels it, before it goes on
        loop.call_soon(task.cancel, "why")
        with pytest.raises(asyncio.CancelledError, match="why"):
            await task
        assert task.cancelling() == 1

    asyncio.run(main())
    assert told == ["durable"]
    assert [r.body["n"] for r in ledger.records()] == [1]
    ledger.close()


def test_a_ledger_that_cannot_write_refuses_and_keeps_the_outcome(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("govai.storage.sqlite.BUSY_S", 0.01)
    ledger = Ledger(url)
    first = intent()
    ledger.commit((first,))
    blocker = sqlite3.connect(ledger.path, isolation_level=None)
    blocker.execute("BEGIN IMMEDIATE")
    ledger.enqueue(outcome(first))
    with pytest.raises(govai.LedgerUnavailable):
        ledger.commit((intent(),))
    blocker.execute("ROLLBACK")
    blocker.close()
    ledger.commit((intent(),))
    assert [r.kind for r in ledger.records()].count("outcome") == 1
    assert ledger.verify().ok
    ledger.close()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_forked_child_opens_a_chain_of_its_own(url: str) -> None:
    code = """
        import os, sys
        from govai.core.records import Draft
        from govai.ledger.store import Ledger
        ledger = Ledger(sys.argv[1])
        ledger.commit((Draft("note", "c", {"who": "parent"}),))
        child = os.fork()
        ledger.commit((Draft("note", "c", {"who": "child" if not child else "parent"}),))
        if child:
            os.waitpid(child, 0)
            ledger.close()
        else:
            ledger.close()
            os._exit(0)
    """
    subprocess.run([sys.executable, "-W", "ignore", "-c", textwrap.dedent(code), url], check=True)
    records = list(records_at(url))
    assert sorted(r.body["who"] for r in records) == ["child", "parent", "parent"]
    assert len({r.chain for r in records}) == 2
    assert verify_url(url).ok


def test_records_are_filtered(url: str) -> None:
    ledger = Ledger(url)
    ledger.commit([intent(), Draft("note", "other", {"purpose": "q"}), intent()])
    middle = list(ledger.records())[1]
    assert [r.body["purpose"] for r in ledger.records(purpose="q")] == ["q"]
    assert len(list(ledger.records(limit=2))) == 2
    assert len(list(ledger.records(since=middle.time, kind="note"))) == 1
    assert len(list(ledger.records(call_id="other"))) == 1
    assert middle.to_json()["schema"] == "govai.record/1"
    ledger.close()


class Flaky:
    name = "flaky"

    def __init__(self, failures: int) -> None:
        self.left, self.seen, self.done = failures, [], threading.Event()

    def emit(self, records: Sequence[Record]) -> None:
        if self.left:
            self.left -= 1
            raise OSError("down")
        self.seen += [r.body["n"] for r in records]
        if len(self.seen) == 5:
            self.done.set()

    def close(self, timeout: float) -> None:
        pass


def test_a_sink_gets_everything_in_order_after_failing(url: str) -> None:
    sink = Flaky(2)
    ledger = Ledger(url, sinks=[sink])
    ledger.commit([Draft("note", "c", {"n": n}) for n in range(5)])
    assert sink.done.wait(30)
    assert sink.seen == [0, 1, 2, 3, 4]
    ledger.close()
    again = Flaky(0)
    more = Ledger(url, sinks=[again])
    more.commit([Draft("note", "c", {"n": 5})])
    more.flush()
    assert again.seen == [5]
    more.close()


def test_a_sink_that_is_down_delays_nobody_and_loses_nothing(url: str) -> None:
    ledger = Ledger(url, sinks=[Flaky(10**9)])
    ledger.commit([Draft("note", "c", {"n": 0})])
    ledger.close(timeout=0.5)
    fine = Flaky(0)
    more = Ledger(url, sinks=[fine])
    more.flush()
    assert fine.seen == [0]
    more.close()


def test_jsonl_and_memory(url: str, tmp_path: Path) -> None:
    memory = govai.sinks.Memory()
    with govai.Governor(ledger=url, sinks=[f"jsonl:{tmp_path}/out/lineage.jsonl", memory]) as gov:
        gov.generate("offline:echo", "bonjour")
    lines = [json.loads(line) for line in (tmp_path / "out/lineage.jsonl").read_text().splitlines()]
    assert [line["kind"] for line in lines] == [r.kind for r in memory.records] == ["intent", "outcome"]
    assert stat.S_IMODE((tmp_path / "out/lineage.jsonl").stat().st_mode) == 0o600


@pytest.mark.parametrize(
    ("make", "says"),
    [(lambda p: Ledger("mysql://x"), "sqlite:///"), (lambda p: Ledger(f"sqlite:///{p}/text.db"), "cannot be opened"), (lambda p: verify_url(f"sqlite:///{p}/none.db"), "no ledger"),
     (lambda p: Ledger("sqlite:////proc/none/x.db"), "cannot be written"), (lambda p: open_keys("env:NONE_SUCH", ":memory:"), "32 bytes"), (lambda p: open_keys("vault:x", ":memory:"), "env:NAME"),
     (lambda p: open_keys(f"file:{p}/text.db", ":memory:"), "key file"), (lambda p: govai.Governor(ledger=":memory:", sinks=["jsnl:x"]), "jsonl"), (lambda p: govai.Governor(ledger=":memory:", sinks=[3]), "not a sink")],
)
def test_mistakes_get_a_clear_error(tmp_path: Path, make, says: str) -> None:
    (tmp_path / "text.db").write_text("this is not a database, it is a text that is long enough to be read as one" * 20)
    with pytest.raises(govai.GovaiError) as caught:
        make(tmp_path)
    assert says in str(caught.value)


def test_files_are_private_and_keys_stable(tmp_path: Path, url: str) -> None:
    path = url.removeprefix("sqlite:///")
    keys = open_keys(None, path)
    Ledger(url).close()
    assert keys.derive("a") == open_keys(None, path).derive("a") != keys.derive("b")
    for file in (path, path + ".key"):
        assert stat.S_IMODE(Path(file).stat().st_mode) == 0o600
    assert (Path(path + ".key").read_text().strip()) not in repr(keys)
    Path(path + ".key").chmod(0o644)
    with pytest.raises(govai.ConfigError, match="others may read"):
        open_keys(None, path)


def test_many_processes_open_one_new_file_at_once(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/new.db"
    code = "import sys; from govai.core.records import Draft; from govai.ledger.store import Ledger; sys.stdin.readline(); l = Ledger(sys.argv[1]); l.commit((Draft('note', 'c', {}),)); l.close()"
    children = [subprocess.Popen([sys.executable, "-c", code, url], stdin=subprocess.PIPE) for _ in range(8)]
    for child in children:
        child.stdin.write(b"\n")
        child.stdin.flush()
    for child in children:
        child.communicate()
    assert [child.returncode for child in children] == [0] * 8
    found = verify_url(url)
    assert (found.ok, found.records) == (True, 8)
