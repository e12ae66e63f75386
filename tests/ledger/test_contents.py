"""Kept content: readable while every key of its subjects is there, by nobody once one is gone; proven by its record."""

from __future__ import annotations

import hmac
import threading
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from govai.core.errors import LedgerUnavailable
from govai.core.records import Draft, new_id
from govai.keys.roots import Keyring, RootKey, State
from govai.ledger.contents import Content
from govai.ledger.store import Ledger

OLD, NEW = RootKey(b"o" * 32, "old"), RootKey(b"n" * 32, "new")
CANARY = "zoe.canary@example.org"


@pytest.fixture
def ledger(ledger_url: str) -> Iterator[Ledger]:
    made = Ledger(ledger_url, keys=OLD)
    yield made
    made.close()


def person(name: str) -> tuple[str, ...]:
    return ("s:" + hmac.digest(b"k", name.encode(), "sha256").hex()[:32],)


def intent(*people: str, content: bytes = b"prompt", purpose: str = "p") -> Draft:
    return Draft("intent", new_id(), {"purpose": purpose, "subjects": []}, subjects=tuple(map(person, people)), content=content)


def outcome(of: Draft, content: bytes = b"output") -> Draft:
    return Draft("outcome", of.call_id, {"purpose": of.body["purpose"], "status": "completed"}, intent_id=of.id, content=content, kept_with=of.id)


def refs(ledger: Ledger) -> dict[str, str]:
    return dict(ledger.connection.execute("SELECT lookup, ref FROM subjects"))


def destroy(ledger: Ledger, *people: str) -> None:
    for name in people:
        with ledger.connection.alone():
            ledger.connection.execute("DELETE FROM subject_keys WHERE subject=?", (refs(ledger)[person(name)[0]],))


def test_what_was_kept_is_read_and_reading_it_is_recorded(ledger: Ledger) -> None:
    one = intent("zoe", "bob", content=CANARY.encode())
    ledger.commit([one])
    ledger.commit([end := outcome(one)])
    found = ledger.content(one.id, actor="ana")
    assert found == Content(one.id, one.time, "p", CANARY.encode(), b"output")
    assert CANARY not in repr(found)
    assert ledger.content(end.id).output == b"output"
    assert [record.body["actor"]["id"] for record in ledger.records(kind="access")] == ["ana", ""]
    assert {record.body.get("content") for record in ledger.records() if record.kind in ("intent", "outcome")} == {"kept"}
    assert ledger.verify().ok


def test_nothing_is_kept_where_nothing_is_given(ledger: Ledger) -> None:
    ledger.commit([one := intent("zoe", content=b"")])
    ledger.commit([outcome(one, b"")])
    assert ledger.content(one.id) is None
    for table in ("contents", "subject_keys", "holdings"):
        assert ledger.connection.execute(f"SELECT count(*) FROM {table}") == [(0,)]
    assert not list(ledger.records(kind="access"))
    assert all("content" not in record.body for record in ledger.records())


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.sets(st.sampled_from("abcdef")), min_size=1, max_size=4), st.sets(st.sampled_from("abcdef")))
def test_destroying_any_subjects_key_makes_it_unreadable_and_nothing_else(groups: list[set[str]], gone: set[str]) -> None:
    ledger = Ledger(":memory:", keys=OLD)
    kept = [intent(*sorted(group), content=f"{number}".encode()) for number, group in enumerate(groups)]
    ledger.commit(kept)
    ledger.commit([outcome(one, b"out") for one in kept])
    destroy(ledger, *(gone & set().union(*groups)))
    for number, (draft, group) in enumerate(zip(kept, groups, strict=True)):
        found = ledger.content(draft.id)
        if group & gone:
            assert found is None
        else:
            assert (found.prompt, found.output) == (f"{number}".encode(), b"out")
    ledger.close()


def test_on_both_databases_a_destroyed_key_makes_it_unreadable(ledger: Ledger) -> None:
    ledger.commit([both := intent("zoe", "bob"), alone := intent("bob")])
    destroy(ledger, "zoe")
    assert ledger.content(both.id) is None
    assert ledger.content(alone.id).prompt == b"prompt"
    assert [one.prompt for one in ledger.contents()] == [b"prompt"]


def test_an_answer_that_comes_after_an_erasure_is_not_kept(ledger: Ledger) -> None:
    ledger.commit([one := intent("zoe")])
    with ledger.connection.alone():
        ledger.connection.execute("DELETE FROM subject_keys")
        ledger.connection.execute("DELETE FROM holdings")
    ledger.commit([outcome(one)])
    assert ledger.content(one.id) is None
    assert [record.body["content"] for record in ledger.records(kind="outcome")] == ["not kept"]
    assert ledger.connection.execute("SELECT count(*) FROM contents") == [(1,)]


def test_a_box_that_was_moved_or_changed_is_not_opened(ledger: Ledger) -> None:
    ledger.commit([one := intent(), two := intent(content=b"another")])
    with ledger.connection.alone():
        boxes = dict(ledger.connection.execute("SELECT record, box FROM contents"))
        ledger.connection.execute("UPDATE contents SET box=? WHERE record=?", (boxes[two.id], one.id))
    with pytest.raises(LedgerUnavailable, match="kept content cannot be opened"):
        ledger.content(one.id)


def test_rotated_roots_still_read_and_people_keep_their_key(ledger_url: str) -> None:
    with_old = Ledger(ledger_url, keys=OLD)
    with_old.commit([before := intent("zoe", content=b"before")])
    with_old.close()
    rotated = Ledger(ledger_url, keys=Keyring([(NEW, "", State.CURRENT), (OLD, "", State.EARLIER)], "test"))
    rotated.commit([after := intent("zoe", content=b"after")])
    assert [rotated.content(one.id).prompt for one in (before, after)] == [b"before", b"after"]
    destroy(rotated, "zoe")
    assert [rotated.content(one.id) for one in (before, after)] == [None, None]
    rotated.close()


def test_keys_that_are_not_the_ledgers_lose_no_record(ledger_url: str) -> None:
    first = Ledger(ledger_url, keys=OLD)
    first.commit([intent("zoe")])
    first.close()
    other = Ledger(ledger_url, keys=NEW)
    other.commit([one := intent("zoe")])
    other.commit([outcome(one)])
    assert [record.body["content"] for record in other.records() if record.call_id == one.call_id] == ["not kept", "not kept"]
    assert other.verify().ok
    other.close()


def test_nothing_of_it_stands_in_the_file(tmp_path) -> None:
    ledger = Ledger(f"sqlite:///{tmp_path}/l.db", keys=OLD)
    ledger.commit([one := intent("zoe", content=CANARY.encode())])
    ledger.commit([outcome(one, CANARY.encode())])
    assert not any(CANARY.encode() in file.read_bytes() for file in tmp_path.iterdir())
    ledger.close()
    assert not any(CANARY.encode() in file.read_bytes() for file in tmp_path.iterdir())


def test_many_writers_give_one_person_one_key(ledger_url: str) -> None:
    ledgers = [Ledger(ledger_url, keys=OLD) for _ in range(4)]
    made: list[Draft] = []

    def write(ledger: Ledger, names: list[str]) -> None:
        for _ in range(15):
            one = intent(*names)
            ledger.commit([one])
            ledger.commit([outcome(one)])
            made.append(one)

    names = ["zoe", "bob", "eve", "max"]
    threads = [threading.Thread(target=write, args=(ledger, names[at:] + names[:at])) for at, ledger in enumerate(ledgers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(made) == 60
    assert all(ledgers[0].content(one.id).output == b"output" for one in made)
    for ledger in ledgers:
        ledger.close()
