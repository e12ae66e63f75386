"""Reading: every filter agrees with a plain look at all records; pages leave nothing out while others write; files are whole."""

from __future__ import annotations

import csv
import json
import subprocess
import sys
import textwrap
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

import govai
from govai.cli.app import app
from govai.core.records import Draft, Record
from govai.ledger.paging import cursor, position_of
from govai.ledger.store import Ledger
from govai.ledger.tabular import COLUMNS
from tests.ledger.places import place  # noqa: F401 -- a fixture

BASE = datetime(2026, 11, 25, tzinfo=UTC)
FIELD = {"kind": "email", "category": "user.contact.email", "sensitivity": "confidential", "source": "crm", "field": "email", "seen": "sealed", "where": "messages[0].content", "effect": "pseudonymise", "rule": "r", "count": 1}


def moment(number: int) -> str:
    return (BASE + timedelta(minutes=number)).isoformat(timespec="microseconds").replace("+00:00", "Z")


def drafts(count: int) -> list[Draft]:
    """Intents and outcomes whose members go round, some inside others' texts."""
    found = []
    for number in range(count):
        actor = ("ana", 'a"na', "ana,é", "\u2028x")[number % 4]
        body = {
            "actor": {"id": actor, "identity": "claimed"}, "purpose": ("reporting", "win_back")[number % 2], "provider": ("openai", "mistral", "open")[number % 3],
            "model": f"m{number % 5}", "job": ("", "write", '"status":"failed"')[number % 3], "fields": [FIELD], "decision": {"effect": "pseudonymise", "rules": ["r"], "reviews": [], "observed": []},
        }
        intent = Draft("intent", f"call{number % 7}", body, time=moment(2 * number))
        status = ("completed", "failed")[number % 2]
        ended = {"purpose": body["purpose"], "status": status, "error": "", "model": "answered", "usage": {"input_tokens": number, "output_tokens": None}, "latency_us": number}
        found += [intent, Draft("outcome", intent.call_id, ended, intent_id=intent.id, time=moment(2 * number + 1))]
    return found


@pytest.fixture
def ledger(place: str) -> Any:  # noqa: F811
    made = Ledger(place)
    made.commit(drafts(60))
    yield made
    made.close()


QUESTIONS: list[tuple[dict[str, Any], Any]] = [
    ({"purpose": "reporting"}, lambda one: one.body["purpose"] == "reporting"),
    ({"kind": "outcome", "status": "failed"}, lambda one: one.body.get("status") == "failed"),
    ({"status": "failed"}, lambda one: one.body.get("status") == "failed"),
    ({"provider": "open"}, lambda one: one.body.get("provider") == "open"),
    ({"provider": "openai", "model": "m3"}, lambda one: (one.body.get("provider"), one.body.get("model")) == ("openai", "m3")),
    ({"job": '"status":"failed"'}, lambda one: one.body.get("job") == '"status":"failed"'),
    ({"actor": 'a"na'}, lambda one: one.body.get("actor", {}).get("id") == 'a"na'),
    ({"actor": "ana,é"}, lambda one: one.body.get("actor", {}).get("id") == "ana,é"),
    ({"actor": "\u2028x"}, lambda one: one.body.get("actor", {}).get("id") == "\u2028x"),
    ({"call_id": "call3", "kind": "intent"}, lambda one: (one.call_id, one.kind) == ("call3", "intent")),
    ({"since": moment(100), "until": moment(110)}, lambda one: moment(100) <= one.time < moment(110)),
    ({"since": BASE + timedelta(minutes=100)}, lambda one: one.time >= moment(100)),
    ({"until": "2026-11-25T01:00:00+01:00"}, lambda one: False),
    ({"until": "2026-11-25 02:30+01:00"}, lambda one: one.time < moment(90)),
    ({"subject": "s:" + "0" * 32}, lambda one: False),
    ({}, lambda one: True),
]


@pytest.mark.parametrize(("asked", "counts"), QUESTIONS, ids=lambda one: str(one)[:50] if isinstance(one, dict) else "")
def test_a_filter_finds_what_a_look_at_all_finds(ledger: Ledger, asked: dict[str, Any], counts: Any) -> None:
    everything = list(ledger.records())
    expected = [one.id for one in everything if counts(one)]
    assert len(everything) == 120 and expected or asked.keys() & {"subject", "until"} or not asked
    assert [one.id for one in ledger.records(**asked)] == expected
    assert [one.id for one in ledger.records(**asked, newest_first=True)] == expected[::-1]
    assert [one.id for one in ledger.records(**asked, limit=3)] == expected[:3]
    for newest_first in (False, True):
        paged, at = [], None
        while True:
            page = ledger.page(at, 7, newest_first=newest_first, **asked)
            paged += [one.id for one in page]
            at = page.next
            if len(page) < 7:
                break
        assert paged == (expected[::-1] if newest_first else expected)


def test_people_are_found_by_their_reference(place: str) -> None:  # noqa: F811
    ledger = Ledger(place)
    ledger.commit([Draft("intent", "c", {"purpose": "p", "subjects": []}, subjects=(("a" * 32,), ("b" * 32,))), Draft("intent", "d", {"purpose": "p", "subjects": []}, subjects=(("b" * 32,),))])
    first, second = ledger.records(kind="intent")
    (both,) = second.body["subjects"]
    (only,) = set(first.body["subjects"]) - {both}
    assert [one.id for one in ledger.records(subject=only)] == [first.id] and len(list(ledger.records(subject=both))) == 2
    ledger.close()


def test_pages_go_on_after_the_end(ledger: Ledger) -> None:
    page = ledger.page(None, 10_000)
    assert len(page) == 120 and page.next
    assert len(ledger.page(page.next)) == 0
    ledger.commit(drafts(2))
    assert [one.kind for one in ledger.page(page.next)] == ["intent", "outcome"] * 2


def test_pages_leave_nothing_out_while_others_write(place: str) -> None:  # noqa: F811
    ledgers = [Ledger(place) for _ in range(3)]
    stop = threading.Event()

    def write(one: Ledger) -> None:
        for _ in range(40):
            one.commit(drafts(2))

    threads = [threading.Thread(target=write, args=(one,)) for one in ledgers[1:]]
    for one in threads:
        one.start()
    seen: list[str] = []
    at = None
    while not stop.is_set():
        finished = not any(one.is_alive() for one in threads)
        page = ledgers[0].page(at, 25)
        seen += [one.id for one in page]
        at = page.next
        if finished and len(page) < 25:
            stop.set()
    assert len(seen) == len(set(seen)) == 2 * 40 * 4
    assert set(seen) == {one.id for one in ledgers[0].records()}
    for one in ledgers:
        one.close()


def test_newest_first_is_not_disturbed_by_what_comes_after(ledger: Ledger) -> None:
    before = [one.id for one in ledger.records(newest_first=True)]
    page = ledger.page(None, 50, newest_first=True)
    ledger.commit(drafts(5))
    rest = ledger.page(page.next, 1000, newest_first=True)
    assert [one.id for one in (*page, *rest)] == before and rest.next is None


@pytest.mark.parametrize("bad", ["", "x", "é", "AAAA", "a" * 300, 7])
def test_what_is_no_cursor_is_refused(ledger: Ledger, bad: Any) -> None:
    with pytest.raises(govai.ConfigError, match="cursor"):
        ledger.page(bad)


def test_a_cursor_belongs_to_its_question(ledger: Ledger) -> None:
    at = ledger.page(None, 5, purpose="reporting").next
    assert at and len(ledger.page(at, 5, purpose="reporting")) == 5
    for other in ({"purpose": "win_back"}, {"purpose": "reporting", "newest_first": True}, {}):
        with pytest.raises(govai.ConfigError, match="another question"):
            ledger.page(at, 5, **other)


@given(st.integers(0, 2**62), st.booleans(), st.data())
def test_any_slip_in_a_cursor_is_noticed(position: int, newest_first: bool, data: st.DataObject) -> None:
    made = cursor(position, "abc", newest_first=newest_first)
    assert position_of(made, "abc", newest_first=newest_first) == position
    at = data.draw(st.integers(0, len(made) - 2))  # the last character has bits that say nothing
    other = data.draw(st.sampled_from("ABCxyz019-_").filter(lambda one: one != made[at]))
    with pytest.raises(govai.ConfigError):
        position_of(made[:at] + other + made[at + 1 :], "abc", newest_first=newest_first)


@pytest.mark.parametrize("asked", [{"since": "yesterday"}, {"until": 7}, {"purpose": 3}, {"actor": ["ana"]}])
def test_a_filter_that_cannot_be_one_is_refused(ledger: Ledger, asked: dict[str, Any]) -> None:
    with pytest.raises(govai.ConfigError):
        ledger.records(**asked)


@pytest.mark.parametrize("size", [0, -1, 10_001])
def test_a_page_has_a_size(ledger: Ledger, size: int) -> None:
    with pytest.raises(govai.ConfigError, match="page"):
        ledger.page(None, size)


def test_arrow_holds_what_the_records_say(ledger: Ledger) -> None:
    pytest.importorskip("pyarrow")
    table = ledger.to_arrow(kind="intent")
    records = list(ledger.records(kind="intent"))
    assert table.column_names == list(COLUMNS) and table.num_rows == 60
    assert table.column("id").to_pylist() == [one.id for one in records]
    assert table.column("time").to_pylist() == [datetime.fromisoformat(one.time) for one in records]
    assert [json.loads(one) for one in table.column("body").to_pylist()] == [one.body for one in records]
    assert table.column("actor").to_pylist()[:2] == ["ana", 'a"na'] and table.column("effect").to_pylist()[0] == "pseudonymise"
    assert table.column("fields").to_pylist()[0] == [FIELD] and table.column("status").null_count == 60
    outcomes = ledger.to_arrow(kind="outcome")
    assert outcomes.column("input_tokens").to_pylist() == list(range(60)) and outcomes.column("output_tokens").null_count == 60
    assert [batch.num_rows for batch in ledger.to_arrow_batches(50)] == [50, 50, 20]
    assert ledger.to_arrow(purpose="none").num_rows == 0 and ledger.to_arrow(purpose="none").schema == table.schema


@pytest.mark.parametrize("form", ["jsonl", "csv", "arrow", "parquet"])
def test_export_writes_a_whole_file(ledger: Ledger, place: str, tmp_path: Path, form: str) -> None:  # noqa: F811
    out = tmp_path / f"records.{form}"
    out.write_text("old")
    done = CliRunner().invoke(app, ["ledger", "export", "--out", str(out), "--format", form, "--kind", "outcome", "--ledger", place])
    assert done.exit_code == 0, done.output
    records = list(ledger.records(kind="outcome"))
    if form == "jsonl":
        assert [json.loads(one) for one in out.read_text("utf-8").splitlines()] == [one.to_json() for one in records]
    elif form == "csv":
        rows = list(csv.DictReader(out.read_text("utf-8").splitlines()))
        assert [(one["id"], one["status"], one["output_tokens"]) for one in rows] == [(one.id, one.body["status"], "") for one in records]
    else:
        pa = pytest.importorskip("pyarrow")
        import pyarrow.parquet

        table = pa.parquet.read_table(out) if form == "parquet" else pa.ipc.open_file(out).read_all()
        assert table.column("id").to_pylist() == [one.id for one in records]
        assert table.schema.metadata[b"govai.schema"] == b"govai.record/1"
    assert out.stat().st_mode & 0o777 == 0o600 and {one.name for one in tmp_path.iterdir()} <= {out.name, "ledger.db", "ledger.db-wal", "ledger.db-shm"}


def test_a_file_that_fails_half_way_leaves_the_old_one(ledger: Ledger, tmp_path: Path) -> None:
    from govai.ledger.exporting import export

    def broken() -> Any:
        yield from ledger.records(limit=3)
        raise RuntimeError("lost")

    out = tmp_path / "x" / "r.jsonl"
    out.parent.mkdir()
    out.write_text("old")
    with pytest.raises(RuntimeError, match="lost"):
        export(broken(), out, "jsonl")
    assert out.read_text() == "old" and [one.name for one in out.parent.iterdir()] == ["r.jsonl"]
    for bad, form in ((tmp_path / "none" / "r", "jsonl"), (out, "xml")):
        with pytest.raises(govai.ConfigError):
            export([], bad, form)


def test_no_cell_is_a_formula(tmp_path: Path) -> None:
    from govai.ledger.exporting import export

    record = Record("i", "c", 1, moment(0), "intent", "c", "", {"actor": {"id": "=cmd()"}, "job": "+1", "model": "m"}, "", "h")
    export([record], tmp_path / "r.csv", "csv")
    (row,) = csv.DictReader((tmp_path / "r.csv").read_text("utf-8").splitlines())
    assert (row["actor"], row["job"], row["model"]) == ("'=cmd()", "'+1", "m")


def test_without_pyarrow_the_extra_is_named(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(govai.ConfigError, match="pyarrow"):
        ledger.to_arrow()


def test_nothing_heavy_is_imported_with_govai() -> None:
    code = "import sys, govai; govai.Governor(ledger=':memory:').close(); print([m for m in ('pyarrow', 'psycopg', 'govai.ledger.drawing', 'govai.ledger.walking') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_records_are_read_in_flat_memory(tmp_path: Path) -> None:
    code = textwrap.dedent(
        f"""
        import resource, sys
        from govai.core.records import Draft
        from govai.ledger.store import Ledger
        ledger = Ledger("sqlite:///{tmp_path}/l.db")
        body = {{"purpose": "p", "actor": {{"id": "ana", "identity": "claimed"}}, "text": "x" * 2000}}
        for _ in range(30):
            ledger.commit([Draft("intent", "c", body) for _ in range(1000)])
        sum(1 for _ in ledger.records(limit=2000, actor="ana"))
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        assert sum(1 for _ in ledger.records(actor="ana")) == 30_000
        print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
        """
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert int(done.stdout) < 20_000, "kilobytes; all of them would be 60,000"
