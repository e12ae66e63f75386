"""Retention, legal holds, purges: what is due goes, its place and digest stay, what a hold names stays."""

from __future__ import annotations

import hmac
import os
import signal
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import govai
from govai.core.errors import ConfigError, LedgerUnavailable
from govai.core.records import Draft, new_id
from govai.core.retention import Period, Retention, Term, spelled
from govai.keys.roots import Keyring, RootKey, State
from govai.ledger.signing import public_key
from govai.ledger.holds import held
from govai.ledger.store import Ledger
from govai.ledger.verify import Trust, verify_url
from tests.ledger.places import records_at
from govai.ledger.verify_bundle import verify_bundle

KEYS = RootKey(b"k" * 32, "test")
NOW = datetime.now(UTC)
YEAR = Retention((Term(Period.parse("1y")),))


@pytest.fixture
def ledger(ledger_url: str) -> Iterator[Ledger]:
    made = Ledger(ledger_url, keys=KEYS)
    made.retention = YEAR
    yield made
    made.close()


def person(name: str) -> tuple[str, ...]:
    return ("s:" + hmac.digest(b"k", name.encode(), "sha256").hex()[:32],)


def call(ledger: Ledger, *people: str, days: int, purpose: str = "p", content: bytes = b"", ended: bool = True) -> Draft:
    time = spelled(NOW - timedelta(days=days))
    one = Draft("intent", new_id(), {"purpose": purpose, "subjects": []}, time=time, subjects=tuple(map(person, people)), content=content)
    ledger.commit([one])
    if ended:
        ledger.commit([Draft("outcome", one.call_id, {"purpose": purpose, "status": "completed"}, intent_id=one.id, time=time, content=content, kept_with=one.id)])
    return one


def left(ledger: Ledger, kind: str = "intent") -> set[str]:
    return {record.id for record in ledger.records(kind=kind)}


def cursor(ledger: Ledger, position: int) -> None:
    with ledger.connection.writing():
        ledger.connection.insert("cursors", [("slow", position, "", 0.0, 0, "", "")])


def ref(ledger: Ledger, name: str) -> str:
    return str(ledger.connection.execute("SELECT ref FROM subjects WHERE lookup=?", person(name))[0][0])


def test_what_is_due_is_emptied_and_everything_still_verifies(ledger: Ledger) -> None:
    old, young = call(ledger, "zoe", days=400, content=b"x"), call(ledger, "bob", days=10, content=b"y")
    ledger.checkpoint()
    would = ledger.purge(dry_run=True, now=NOW)
    assert (would.dry_run, would.purged, left(ledger)) == (True, {("p", "intent"): 1, ("p", "outcome"): 1, ("p", "content"): 2}, {old.id, young.id})
    did = ledger.purge(now=NOW)
    assert (did.dry_run, did.purged, did.count) == (False, would.purged, 2)
    assert left(ledger) == {young.id}
    assert ledger.record(old.id) is None
    assert {record.id for record in records_at(ledger.url) if record.kind == "intent"} == {young.id}
    assert (ledger.content(old.id), ledger.content(young.id).prompt) == (None, b"y")
    assert ledger.connection.execute("SELECT chain, seq, hash, length(bytes) FROM records WHERE id=?", (old.id,))[0][3] == 0
    assert ledger.verify().ok, ledger.verify()
    assert ledger.purge(now=NOW).records == ()
    assert {row[0] for row in ledger.connection.execute("SELECT lookup FROM subjects")} == set(person("bob"))
    again = call(ledger, "zoe", days=0)
    assert ref(ledger, "zoe") in ledger.record(again.id).body["subjects"]
    ledger.checkpoint()
    assert ledger.verify().ok


def test_an_emptied_record_can_be_no_other_and_nothing_else_may_be_emptied(ledger: Ledger) -> None:
    call(ledger, days=400)
    young = call(ledger, days=1)
    ledger.purge(now=NOW)
    with pytest.raises(Exception, match="append-only"), ledger.connection.writing():
        ledger.connection.execute("UPDATE records SET bytes=? WHERE id=?", (b"", young.id))
    assert ledger.verify().ok


def test_a_ledger_without_keys_counts_and_empties_nothing(ledger_url: str) -> None:
    ledger = Ledger(ledger_url)
    ledger.retention = YEAR
    one = call(ledger, days=400)
    assert ledger.purge(dry_run=True, now=NOW).count == 2
    with pytest.raises(ConfigError, match="without keys"):
        ledger.purge(now=NOW)
    assert left(ledger) == {one.id}
    ledger.close()


@pytest.mark.parametrize("retired", [False, True])
def test_a_purge_signed_before_a_rotation_holds_after_it(ledger_url: str, retired: bool) -> None:
    before = Ledger(ledger_url, keys=KEYS)
    before.retention = YEAR
    call(before, days=400)
    before.purge(now=NOW)
    before.close()
    today, made = RootKey(b"n" * 32, "test"), "2026-01-01T00:00:00Z"
    if retired:
        public = bytes.fromhex(public_key(KEYS.derive("checkpoints")))
        keys = Keyring([(today, made, State.CURRENT)], "test", [(public, made)])
    else:
        keys = Keyring([(today, made, State.CURRENT), (KEYS, made, State.EARLIER)], "test")
    after = Ledger(ledger_url, keys=keys)
    after.retention = YEAR
    call(after, days=400)
    assert after.purge(now=NOW).count == 2
    assert after.verify().ok, after.verify()
    after.close()
    assert [fault.code for fault in verify_url(ledger_url, Trust((public_key(today.derive("checkpoints")),))).faults].count("forged_purge") == 1
    known = verify_url(ledger_url)
    assert known.ok
    assert any("--public-key" in note for note in known.notes)


def test_who_has_the_database_and_no_key_empties_nothing_unseen(ledger: Ledger) -> None:
    """Even with govai's own statements, and a record that says so: it is signed with another key."""
    young = call(ledger, "zoe", days=1)
    ledger.checkpoint()
    stranger = Ledger(ledger.url, keys=RootKey(b"x" * 32, "test"))
    stranger.purge(before=NOW + timedelta(days=1))
    stranger.close()
    assert ledger.record(young.id) is None
    found = ledger.verify()
    assert {fault.code for fault in found.faults} == {"forged_purge", "purged_silently"}
    assert young.id in {fault.record for fault in found.faults}


def test_what_accounts_for_the_rest_and_what_is_open_stays(ledger: Ledger) -> None:
    open_one = call(ledger, days=900, ended=False)
    call(ledger, days=900)
    ledger.checkpoint()
    ledger.hold("LIT-1", purpose="other")
    ledger.purge(before=datetime.now(UTC) + timedelta(days=9))
    kinds = [record.kind for record in ledger.records()]
    assert left(ledger) == {open_one.id}
    assert set(kinds) == {"intent", "checkpoint", "hold", "purge"}
    assert ledger.verify().ok


def test_the_shortest_term_counts_by_purpose_and_kind(ledger: Ledger) -> None:
    terms = (Term(Period.parse("3y")), Term(Period.parse("2m"), frozenset(["a"])), Term(Period.parse("1d"), kinds=frozenset(["content"])))
    ledger.retention = Retention(terms)
    a, b = call(ledger, days=70, purpose="a"), call(ledger, days=70, purpose="b", content=b"x")
    ledger.purge(now=NOW)
    assert left(ledger) == {b.id}
    assert ledger.content(b.id) is None
    assert ledger.record(b.id).body["content"] == "kept"
    assert ledger.record(a.id) is None
    assert ledger.verify().ok


def test_nothing_is_purged_where_nothing_is_said(ledger: Ledger) -> None:
    ledger.retention = Retention()
    one = call(ledger, days=9000)
    assert ledger.purge(now=NOW).purged == {}
    assert left(ledger) == {one.id}


def test_what_a_sink_has_not_taken_waits(ledger_url: str) -> None:
    ledger = Ledger(ledger_url, keys=KEYS)
    ledger.retention = YEAR
    one = call(ledger, days=400)
    cursor(ledger, 1)  # the outcome is not taken yet
    report = ledger.purge(now=NOW)
    assert (report.purged, report.waiting, report.sinks, left(ledger)) == ({}, 1, ("slow",), {one.id})
    cursor(ledger, 2)
    assert ledger.purge(now=NOW).count == 2
    ledger.attach(memory := govai.sinks.Memory())  # one that begins after a purge gets what is left
    ledger.flush()
    assert [record.kind for record in memory.records] == ["purge"]
    ledger.close()


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(st.tuples(st.sets(st.sampled_from("abc"), max_size=2), st.sampled_from(["p", "q"]), st.sampled_from([1, 400])), min_size=1, max_size=5),
    st.lists(st.tuples(st.sampled_from(["", "p", "q"]), st.sampled_from(["", "a", "b", "c"])).filter(any), max_size=2),
)
def test_a_purge_never_removes_what_a_hold_names(calls: list[tuple[set[str], str, int]], named: list[tuple[str, str]]) -> None:
    ledger = Ledger(":memory:", keys=KEYS)
    ledger.retention = YEAR
    made = [(call(ledger, *sorted(people), days=days, purpose=purpose, content=b"x"), people, purpose, days) for people, purpose, days in sorted(calls, key=lambda one: -one[2])]
    known = set().union(*(people for people, _, _ in calls))
    holding = [(purpose, name) for purpose, name in named if not name or name in known]
    for purpose, name in holding:
        ledger.hold("LIT-1", purpose=purpose, subject=ref(ledger, name) if name else ())
    report = ledger.purge(now=NOW)
    stays = {one.id for one, people, purpose, days in made if days == 1 or any(p in ("", purpose) and n in ("", *people) for p, n in holding)}
    assert left(ledger) == stays
    assert {one.id for one, *_ in made if ledger.content(one.id)} == stays
    assert report.purged.get(("p", "intent"), 0) + report.purged.get(("q", "intent"), 0) == len(made) - len(stays)
    assert ledger.verify().ok
    ledger.close()


def test_holds_are_placed_recorded_reported_and_released(ledger: Ledger) -> None:
    one, two = call(ledger, "zoe", days=400), call(ledger, "bob", days=400)
    hold = ledger.hold("LIT-2026/04", subject=ref(ledger, "zoe"))
    assert ledger.holds() == [hold]
    assert held(ledger.connection, [ref(ledger, "zoe")]) == [hold.id]
    assert held(ledger.connection, [ref(ledger, "bob")]) == held(ledger.connection, []) == []
    report = ledger.purge(now=NOW)
    assert (report.held, left(ledger)) == ({hold.id: 1}, {one.id})
    assert ledger.record(two.id) is None
    by_call = ledger.hold("LIT-2", call_id=one.call_id)
    by_purpose = ledger.hold("LIT-3", purpose="p")
    assert held(ledger.connection, [ref(ledger, "zoe")]) == [hold.id, by_call.id, by_purpose.id]
    for placed in (hold, by_call, by_purpose):
        ledger.release_hold(placed.id)
    assert ledger.purge(now=NOW).count == 2
    assert [record.body["status"] for record in ledger.records(kind="hold")] == ["placed"] * 3 + ["released"] * 3
    assert ledger.verify().ok


@pytest.mark.parametrize("scope", [b"", b"{}", b"[]", b"7", b'{"id":7}', b"zoe@example.org"])
def test_nothing_goes_while_a_hold_is_damaged(ledger: Ledger, scope: bytes) -> None:
    one = call(ledger, "zoe", days=400)
    hold = ledger.hold("LIT-1", call_id=one.call_id)
    with ledger.connection.writing():
        ledger.connection.execute("UPDATE legal_holds SET scope=?", (scope,))
    for step in (ledger.holds, lambda: ledger.purge(now=NOW), lambda: ledger.release_hold(hold.id)):
        with pytest.raises(LedgerUnavailable, match=f"legal hold {hold.id} is damaged") as caught:
            step()
        assert "zoe" not in str(caught.value)
    assert left(ledger) == {one.id}


def test_holds_that_name_nothing_or_nobody_are_refused(ledger: Ledger) -> None:
    call(ledger, "zoe", days=1)
    for reason, names in (("LIT-1", {}), ("Zoé Martin", {"purpose": "p"}), ("LIT-1", {"subject": "s:nobody"})):
        with pytest.raises(ConfigError):
            ledger.hold(reason, **names)
    with pytest.raises(ConfigError, match="no hold has this id"):
        ledger.release_hold("x")
    with pytest.raises(ConfigError, match="time without a zone"):
        ledger.purge(before=datetime(2020, 1, 1))  # noqa: DTZ001
    assert ledger.holds() == []
    assert left(ledger, "hold") == set()


KILLED = """
import os, signal, sys
from datetime import UTC, datetime, timedelta
import govai.ledger.purging as purging
from govai.core.retention import Period, Retention, Term
from govai.keys.roots import RootKey
from govai.ledger.store import Ledger
purging._STEP = 3
ledger = Ledger(sys.argv[1], keys=RootKey(b"k" * 32, "test"))
ledger.retention = Retention((Term(Period.parse("1y")),))
steps, real = 0, purging.forget
def forget(connection, records):
    global steps
    steps += 1
    real(connection, records)
    if steps == int(sys.argv[2]):
        os.kill(os.getpid(), signal.SIGKILL)  # in the middle of a step's transaction
purging.forget = forget
ledger.purge()
"""


@pytest.mark.parametrize("step", [1, 3])
def test_a_purge_that_was_killed_is_a_shorter_one(ledger_url: str, step: int) -> None:
    with_calls = Ledger(ledger_url, keys=KEYS)
    for _ in range(10):
        call(with_calls, "zoe", days=400, content=b"x")
    with_calls.close()
    killed = subprocess.run([sys.executable, "-c", textwrap.dedent(KILLED), ledger_url, str(step)], env={**os.environ}, check=False)
    assert killed.returncode == -signal.SIGKILL
    assert verify_url(ledger_url).ok
    ledger = Ledger(ledger_url, keys=KEYS)
    ledger.retention = YEAR
    assert ledger.connection.execute("SELECT count(*) FROM purging") == [(0,)]
    ledger.purge(now=NOW)
    assert left(ledger) == set()
    assert ledger.connection.execute("SELECT count(*) FROM contents") == [(0,)]
    assert ledger.verify().ok
    ledger.close()


@given(st.datetimes(min_value=datetime(1, 1, 1), timezones=st.just(UTC)), st.integers(1, 99_999), st.sampled_from("dmy"))
def test_periods_reach_back_by_the_calendar(moment: datetime, count: int, unit: str) -> None:
    start = Period.parse(f"{count}{unit}").before(moment)
    assert start <= moment
    if unit != "d" and start.year > 1:
        months = count * (12 if unit == "y" else 1)
        assert (moment.year - start.year) * 12 + moment.month - start.month == months
        assert start.day <= moment.day


@pytest.mark.parametrize("text", ["", "0d", "3", "d", "-1d", "1.5y", "3 y", "1w", "100000d"])
def test_other_spellings_are_no_period(text: str) -> None:
    with pytest.raises(ValueError):
        Period.parse(text)


def test_a_bundle_and_the_lineage_of_what_was_purged(ledger: Ledger, tmp_path: Path) -> None:
    old, young = call(ledger, "zoe", days=400), call(ledger, "bob", days=1)
    ledger.purge(now=NOW)
    bundle = ledger.export_bundle(tmp_path / "b.zip")
    assert bundle is not None
    assert verify_bundle(tmp_path / "b.zip", Trust(ledger.public_keys)).ok
    assert [record.id for record in ledger.page().records if record.kind == "intent"] == [young.id]
    with pytest.raises(ConfigError):
        ledger.proof(old.id)
