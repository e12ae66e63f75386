"""The desk against real files: two processes, restarts, forks, clocks, files that somebody changed."""

from __future__ import annotations

import multiprocessing
import os
import random
import signal
import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from govai.core.decisions import ReviewNeed
from govai.core.errors import ConfigError, LedgerUnavailable, PolicyError, ReviewExpired
from govai.core.protocols import Verdict
from govai.storage.sqlite import SqliteDatabase
from govai.review.desk import GROUPS, Desk
from govai.review.tickets import Filing, Status

YES, NO = Verdict.approve(), Verdict.reject("non")
HOUR = 3600


class Keys:
    """A key store of our own: any object that derives."""

    def __init__(self, seed: bytes = b"k", size: int = 32) -> None:
        self.seed, self.size = seed, size

    def derive(self, use: str) -> bytes:
        return (self.seed + use.encode()).ljust(self.size, b".")[: self.size]


class Clock:
    def __init__(self) -> None:
        self.now = 1_800_000_000.25

    def __call__(self) -> float:
        return self.now


def filing(fingerprint: str = "f", **more: Any) -> Filing:
    words: dict[str, Any] = {"on": "output", "text": "Chère Zoé", "needs": (ReviewNeed("r", "marketing", expires_s=HOUR),), "reasons": ("published",), "sources": ("crm.notes",)}
    words |= {"requester": "ana", "purpose": "newsletter", "job": "j", "template": "t", "digests": {"text": "sha256:x", "policy": "sha256:y"}, "envelope": b"envelope of Zoe"}
    return Filing(fingerprint=fingerprint, **(words | more))


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def path(tmp_path: Path) -> str:
    return str(tmp_path / "ledger.db")


@pytest.fixture
def desk(path: str, clock: Clock) -> Iterator[Desk]:
    with closing(Desk(SqliteDatabase(path, path), Keys(), clock)) as opened:
        yield opened


def raw(path: str) -> bytes:
    return b"".join(one.read_bytes() for one in Path(path).parent.iterdir() if one.name.startswith("ledger.db"))


def by_hand(path: str, statement: str, *values: Any) -> list[Any]:
    with closing(sqlite3.connect(path)) as base, base:
        return base.execute(statement, values).fetchall()


def test_a_desk_that_is_not_used_opens_nothing(path: str) -> None:
    class Never:
        def derive(self, use: str) -> bytes:
            raise AssertionError("asked for a key")

    with closing(Desk(SqliteDatabase(path, path), Never())):
        assert not Path(path).exists()


def test_a_restart_finds_all_of_it(path: str, clock: Clock) -> None:
    with closing(Desk(SqliteDatabase(path, path), Keys(), clock)) as before:
        first = before.file(filing(text="Chère Zoé \ud83d"))
        before.file(filing("g"))
        before.decide(first.id, "lea", ["marketing"], Verdict.approve("Chère Léa \udc00", note="mieux"))
        before.keep_reply("f", b"\x00reply")
    with closing(Desk(SqliteDatabase(path, path), Keys(), clock)) as after:
        found = after.find("f")
        assert found == after.get(first.id)
        assert (found.status, found.text, found.edited, found.note, found.decided_by) == (Status.APPROVED, "Chère Léa \udc00", True, "mieux", ("lea",))
        assert (found.role, found.reasons, found.sources, found.requester, found.purpose) == ("marketing", ("published",), ("crm.notes",), "ana", "newsletter")
        assert (found.created_at, found.expires_at) == ("2027-01-15T08:00:00Z", "2027-01-15T09:00:00Z")
        assert after.envelope(first.id) == b"envelope of Zoe"
        assert after.kept_reply("f") == b"\x00reply"
        assert [one.id for one in after.pending()] == [after.find("g").id]
        assert after.find("h") is None


def test_the_same_call_is_filed_once_while_it_is_open_or_refused(desk: Desk) -> None:
    first = desk.file(filing())
    assert desk.file(filing()) == first
    desk.decide(first.id, "lea", ["marketing"], YES)
    assert desk.file(filing()).status is Status.APPROVED
    assert desk.claim(first.id)
    desk.released(first.id)
    second = desk.file(filing())
    assert (second.id != first.id, second.status) == (True, Status.PENDING)
    desk.decide(second.id, "lea", ["marketing"], NO)
    assert desk.file(filing()) == desk.get(second.id), "a rejection is not shopped around"


def test_what_is_kept_cannot_be_read_in_the_files(desk: Desk, path: str) -> None:
    words = [word.encode() for word in ("Zoé", "Zoe", "Nadège", "0612345678")]
    ticket = desk.file(filing())
    desk.file(filing("g", text="Pour Nadège"))
    desk.keep_reply("f", b"reply for Zoe")
    desk.decide(ticket.id, "lea", ["marketing"], Verdict.approve("Nadège, 0612345678", note="appeler Nadège 0612345678"))
    assert Path(path + "-wal").exists()
    assert [word for word in words if word in raw(path)] == []
    assert "Nadège" not in repr(desk.get(ticket.id)), "neither text nor note"
    assert Path(path).stat().st_mode & 0o077 == 0


def _reject(desk: Desk, ticket: str, _clock: Clock) -> None:
    desk.decide(ticket, "lea", ["marketing"], NO)


def _release(desk: Desk, ticket: str, _clock: Clock) -> None:
    desk.decide(ticket, "lea", ["marketing"], YES)
    assert desk.claim(ticket)
    desk.released(ticket)


def _expire(desk: Desk, _ticket: str, clock: Clock) -> None:
    clock.now += HOUR
    desk.pending()


@pytest.mark.parametrize("end", [_reject, _release, _expire])
def test_the_end_of_a_ticket_destroys_its_envelope_even_in_the_log(desk: Desk, path: str, clock: Clock, end: Callable[[Desk, str, Clock], None]) -> None:
    ticket = desk.file(filing(envelope=b"e" * 50_000))
    ((box,),) = by_hand(path, "SELECT envelope FROM tickets")
    middle = box[20_000:20_064]
    assert middle in raw(path)
    end(desk, ticket.id, clock)
    assert middle not in raw(path)
    with pytest.raises(ReviewExpired):
        desk.envelope(ticket.id)


def test_a_reply_is_destroyed_when_its_time_is_over_and_its_call_is_not_forgotten(desk: Desk, path: str, clock: Clock) -> None:
    desk.keep_reply("f", b"r" * 50_000, ttl_s=10)
    ((box,),) = by_hand(path, "SELECT payload FROM kept_replies")
    clock.now += 9.9
    assert desk.kept_reply("f") == b"r" * 50_000
    clock.now += 0.1
    for _again in range(2):
        with pytest.raises(ReviewExpired, match="no longer kept"):
            desk.kept_reply("f")
    assert box[20_000:20_064] not in raw(path)
    assert desk.kept_reply("another") is None


@pytest.mark.parametrize("approved", [False, True])
def test_a_ticket_expires_closed_at_its_second(desk: Desk, clock: Clock, approved: bool) -> None:
    ticket = desk.file(filing())
    if approved:
        desk.decide(ticket.id, "lea", ["marketing"], YES)
    clock.now += HOUR - 0.01
    assert desk.get(ticket.id).status is (Status.APPROVED if approved else Status.PENDING)
    clock.now += 0.01
    assert (desk.get(ticket.id).status, desk.find("f").status, desk.pending()) == (Status.EXPIRED, Status.EXPIRED, [])
    assert not desk.claim(ticket.id)
    for late in (lambda: desk.decide(ticket.id, "lea", ["marketing"], YES), lambda: desk.released(ticket.id)):
        with pytest.raises(ReviewExpired):
            late()
    assert desk.file(filing()).id != ticket.id


def test_a_release_begun_in_time_may_be_finished_and_an_abandoned_one_expires(desk: Desk, clock: Clock) -> None:
    kept, lost = (desk.decide(desk.file(filing(name)).id, "lea", ["marketing"], YES).id for name in "fg")
    never = desk.file(filing("h")).id
    clock.now += HOUR - 1
    assert desk.claim(kept) and desk.claim(lost)
    clock.now += 60
    assert desk.get(never).status is Status.EXPIRED, "the sweep takes this one and leaves the other two"
    assert desk.envelope(kept) == b"envelope of Zoe"
    desk.released(kept)
    clock.now += 60
    assert not desk.claim(lost)
    with pytest.raises(ReviewExpired):
        desk.released(lost)
    assert desk.get(lost).status is Status.EXPIRED


def test_of_two_that_release_only_the_first_to_finish_goes_on(path: str, clock: Clock) -> None:
    with closing(Desk(SqliteDatabase(path, path), Keys(), clock)) as slow, closing(Desk(SqliteDatabase(path, path), Keys(), clock)) as quick:
        ticket = slow.file(filing(needs=(ReviewNeed("r", "marketing", expires_s=10 * HOUR),))).id
        for early in (slow.claim, quick.claim):
            assert not early(ticket), "not approved yet"
        quick.decide(ticket, "lea", ["marketing"], YES)
        with pytest.raises(PolicyError, match="cannot be released"):
            slow.released(ticket)
        assert (slow.claim(ticket), quick.claim(ticket)) == (True, False)
        clock.now += 119
        assert not quick.claim(ticket)
        clock.now += 1
        assert quick.claim(ticket), "the slow one is taken for dead"
        quick.released(ticket)
        with pytest.raises(PolicyError, match="cannot be released"):
            slow.released(ticket)
        assert slow.get(ticket).status is Status.RELEASED
        assert not slow.claim(ticket)


def test_decided_once(desk: Desk) -> None:
    for verdict, word in ((YES, "approved"), (NO, "rejected")):
        ticket = desk.file(filing(word))
        desk.decide(ticket.id, "lea", ["marketing"], verdict)
        for again in (YES, NO):
            with pytest.raises(PolicyError, match=f"already {word}"):
                desk.decide(ticket.id, "tom", ["marketing"], again)
        assert desk.get(ticket.id).decided_by == ("lea",)


def test_what_does_not_exist_is_said(desk: Desk) -> None:
    calls = [desk.get, desk.envelope, desk.claim, desk.released, lambda one: desk.decide(one, "lea", ["marketing"], YES)]
    for call in calls:
        with pytest.raises(ConfigError, match="no such ticket"):
            call("nope")
    with pytest.raises(ConfigError, match="'requester'"):
        desk.pending(group_by="requesters")


TAMPERED = {
    "approved by hand": "UPDATE tickets SET status='approved'",
    "rejected by hand": "UPDATE tickets SET status='rejected'",
    "prolonged": "UPDATE tickets SET expires=expires+1000000",
    "made older": "UPDATE tickets SET created=created-1",
    "given to another call": "UPDATE tickets SET fingerprint='g'",
    "status unheard of": "UPDATE tickets SET status='fine'",
    "a bit of its text": "UPDATE tickets SET kept=substr(kept,1,40)||x'00'||substr(kept,42)",
    "cut": "UPDATE tickets SET kept=substr(kept,1,5)",
    "made text": "UPDATE tickets SET kept='{}'",
}


@pytest.mark.parametrize("statement", TAMPERED.values(), ids=TAMPERED)
def test_a_ticket_changed_by_hand_is_refused_and_named(desk: Desk, path: str, statement: str) -> None:
    ticket = desk.file(filing())
    by_hand(path, statement)
    for call in (lambda: desk.get(ticket.id), lambda: desk.claim(ticket.id), lambda: desk.envelope(ticket.id), lambda: desk.decide(ticket.id, "lea", ["marketing"], YES)):
        with pytest.raises(PolicyError, match=f"cannot be opened.*{ticket.id}") as caught:
            call()
        assert "Zo" not in str(caught.value) + repr(caught.value)


def test_approvals_of_one_ticket_do_not_serve_another(desk: Desk, path: str) -> None:
    good, other = desk.file(filing("f")), desk.file(filing("g"))
    desk.decide(good.id, "lea", ["marketing"], YES)
    by_hand(path, "UPDATE tickets SET (status,kept)=(SELECT status,kept FROM tickets WHERE id=?) WHERE id=?", good.id, other.id)
    with pytest.raises(PolicyError, match="cannot be opened"):
        desk.claim(other.id)


def test_an_approval_does_not_serve_the_next_ticket_of_the_same_call(desk: Desk, path: str, clock: Clock) -> None:
    first = desk.file(filing())
    desk.decide(first.id, "lea", ["marketing"], YES)
    assert desk.claim(first.id)
    desk.released(first.id)
    second = desk.file(filing())
    by_hand(path, "UPDATE tickets SET (created,expires,kept)=(SELECT created,expires,kept FROM tickets WHERE id=?), status='approved' WHERE id=?", first.id, second.id)
    with pytest.raises(PolicyError, match="cannot be opened"):
        desk.claim(second.id)


@pytest.mark.parametrize("change", ["envelope=(SELECT envelope FROM tickets WHERE fingerprint='g')", "envelope=substr(envelope,1,length(envelope)-1)||x'00'", "envelope=x''"])
def test_a_changed_envelope_is_refused(desk: Desk, path: str, change: str) -> None:
    ticket = desk.file(filing("f"))
    desk.file(filing("g"))
    by_hand(path, f"UPDATE tickets SET {change} WHERE fingerprint='f'")
    with pytest.raises(PolicyError, match=f"cannot be opened.*{ticket.id}"):
        desk.envelope(ticket.id)


def test_a_reply_serves_the_call_it_was_kept_for(desk: Desk, path: str) -> None:
    desk.keep_reply("f", b"reply")
    by_hand(path, "INSERT INTO kept_replies SELECT 'g', expires, payload FROM kept_replies")
    assert desk.kept_reply("f") == b"reply"
    with pytest.raises(PolicyError, match="cannot be opened"):
        desk.kept_reply("g")


def test_another_key_is_said_and_the_right_one_still_opens(desk: Desk, path: str, clock: Clock) -> None:
    ticket = desk.file(filing())
    with closing(Desk(SqliteDatabase(path, path), Keys(b"other"), clock)) as other:
        for call in (lambda: other.get(ticket.id), other.pending, lambda: other.find("f")):
            with pytest.raises(PolicyError, match="keys="):
                call()
    for size in (16, 24, 31, 0):  # AES would take the first two
        with closing(Desk(SqliteDatabase(path, path), Keys(size=size), clock)) as short, pytest.raises(ConfigError, match="32 bytes"):
            short.get(ticket.id)
    assert desk.envelope(ticket.id) == b"envelope of Zoe"


def test_a_place_that_cannot_be_used_is_said_and_the_desk_recovers(tmp_path: Path, clock: Clock) -> None:
    place = tmp_path / "later" / "ledger.db"
    with closing(Desk(SqliteDatabase(str(place), "sqlite:///x"), Keys(), clock)) as desk:
        place.parent.write_text("a file where a folder should be")
        with pytest.raises(ConfigError, match="cannot be written"):
            desk.file(filing())
        place.parent.unlink()
        ticket = desk.file(filing())
        by_hand(str(place), "CREATE TRIGGER full BEFORE UPDATE ON tickets BEGIN SELECT RAISE(ROLLBACK, 'disk full'); END")
        with pytest.raises(LedgerUnavailable, match="IntegrityError"):
            desk.decide(ticket.id, "lea", ["marketing"], YES)
        by_hand(str(place), "DROP TRIGGER full")
        assert desk.get(ticket.id).status is Status.PENDING
        assert desk.decide(ticket.id, "lea", ["marketing"], YES).status is Status.APPROVED


def test_reading_waits_for_no_writer(desk: Desk, path: str) -> None:
    ticket = desk.file(filing())
    with closing(sqlite3.connect(path, isolation_level=None)) as writer:
        writer.execute("BEGIN IMMEDIATE")
        assert desk.find("f").id == ticket.id
        assert desk.pending() and desk.kept_reply("f") is None
        writer.execute("ROLLBACK")


@settings(max_examples=30, deadline=None)
@given(st.lists(st.tuples(st.sampled_from("ab"), st.sampled_from("ab"), st.sampled_from("ab"), st.sampled_from("ab"), st.sampled_from("ab")), max_size=7), st.sampled_from(["", *GROUPS]))
def test_grouped_tickets_are_adjacent_and_otherwise_in_order(words: list[tuple[str, ...]], group_by: str) -> None:
    clock = Clock()
    with closing(Desk(SqliteDatabase(":memory:", ":memory:"), Keys(), clock)) as desk:
        filed = []
        for number, (template, purpose, requester, role, job) in enumerate(words):
            clock.now += 1
            filed.append(desk.file(filing(str(number), template=template, purpose=purpose, requester=requester, needs=(ReviewNeed("r", role, expires_s=HOUR),), job=job)))
        shown = desk.pending(group_by=group_by)
        order = [getattr(ticket, group_by) for ticket in shown] if group_by else []
        assert len([1 for one, two in zip(order, order[1:], strict=False) if one != two]) == max(0, len(set(order)) - 1)
        for group in set(order) or {None}:
            of = [ticket for ticket in filed if group is None or getattr(ticket, group_by) == group]
            assert [ticket for ticket in shown if ticket in of] == of
        assert desk.pending(role="a", job="b") == [ticket for ticket in filed if ticket.role == "a" and ticket.job == "b"]


# --- several at once


def _worker(path: str, work: str, arguments: tuple[Any, ...], start: Any, answers: Any) -> None:
    with closing(Desk(SqliteDatabase(path, path), Keys(), Clock())) as desk:
        start.wait(30)
        try:
            done = getattr(desk, work)(*arguments)
            answers.put(getattr(done, "id", done) if work == "file" else getattr(done, "status", done))
        except PolicyError:
            answers.put("too late")
        except LedgerUnavailable as error:
            answers.put(str(error))


def at_once(path: str, *works: tuple[str, tuple[Any, ...]]) -> list[Any]:
    context = multiprocessing.get_context("spawn")
    start, answers = context.Barrier(len(works)), context.Queue()
    workers = [context.Process(target=_worker, args=(path, *work, start, answers)) for work in works]
    for worker in workers:
        worker.start()
    got = [answers.get(timeout=60) for _ in workers]
    for worker in workers:
        worker.join(30)
        assert worker.exitcode == 0
    return got


def test_processes_that_file_the_same_call_at_once_get_one_ticket(path: str) -> None:
    got = at_once(path, *[("file", (filing(),))] * 3)
    assert len(set(got)) == 1
    assert by_hand(path, "SELECT count(*) FROM tickets") == [(1,)]


def test_of_two_processes_that_decide_or_claim_one_wins(path: str, desk: Desk) -> None:
    ticket = desk.file(filing())
    got = at_once(path, ("decide", (ticket.id, "lea", ["marketing"], YES)), ("decide", (ticket.id, "tom", ["marketing"], NO)))
    winner = desk.get(ticket.id)
    assert sorted(got) == sorted([winner.status, "too late"])
    assert winner.decided_by == (("lea",) if winner.status is Status.APPROVED else ("tom",))
    approved = desk.file(filing("g"))
    desk.decide(approved.id, "lea", ["marketing"], YES)
    assert sorted(at_once(path, *[("claim", (approved.id,))] * 2)) == [False, True]


def test_many_threads_of_one_desk_claim_each_ticket_once(path: str, clock: Clock) -> None:
    with closing(Desk(SqliteDatabase(path, path), Keys(), clock)) as desk:
        ids = [desk.decide(desk.file(filing(str(number))).id, "lea", ["marketing"], YES).id for number in range(5)]
        won: list[str] = []

        def claim(seed: int) -> None:
            for ticket in random.Random(seed).sample(ids, len(ids)):
                if desk.claim(ticket):
                    desk.released(ticket)
                    won.append(ticket)

        threads = [threading.Thread(target=claim, args=(seed,)) for seed in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(won) == sorted(ids)


@pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork:DeprecationWarning")
def test_a_forked_child_has_a_connection_of_its_own(desk: Desk) -> None:
    if not hasattr(os, "fork"):
        pytest.skip("no fork here")
    ticket = desk.file(filing())
    reached, wrote = os.pipe()
    entered, leave = threading.Event(), threading.Event()

    def busy() -> None:  # a thread that the child does not have holds the desk's lock at the fork
        with desk._storage.reading():
            entered.set()
            leave.wait(30)

    holder = threading.Thread(target=busy)
    holder.start()
    assert entered.wait(30)
    before = desk._storage._connection._base
    child = os.fork()
    if child == 0:
        signal.alarm(30)  # a child that waits for a lock nobody holds is a failure, not a hang
        try:
            done = desk.decide(ticket.id, "lea", ["marketing"], YES)
            assert desk._storage._connection._base is not before
            os.write(wrote, done.status.encode())
        finally:
            os._exit(0)
    os.close(wrote)
    with open(reached, "rb") as said:
        assert said.read() == b"approved"
    os.waitpid(child, 0)
    leave.set()
    holder.join()
    assert desk.get(ticket.id).status is Status.APPROVED
    desk.file(filing("g"))
