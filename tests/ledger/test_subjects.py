"""References to people: random, the same for the same person, across processes and rotations of the key."""

from __future__ import annotations

from contextlib import closing

import pytest

from govai.core.errors import Blocked, LedgerUnavailable
from govai.core.records import Draft
from govai.ledger.store import Ledger

ANA, ANA_LATER, LEA = ("a" * 32,), ("b" * 32, "a" * 32), ("c" * 32,)


def about(*people: tuple[str, ...], kind: str = "intent") -> Draft:
    return Draft(kind, "call", {"purpose": "p", "subjects": []}, subjects=people)


def refs(ledger: Ledger, *people: tuple[str, ...]) -> list[str]:
    draft = about(*people)
    ledger.commit((draft,))
    kept = ledger.record(draft.id)
    assert kept is not None
    return list(kept.body["subjects"])


def test_a_person_keeps_a_reference_in_every_process_and_others_have_their_own(ledger_url: str) -> None:
    with closing(Ledger(ledger_url)) as one, closing(Ledger(ledger_url)) as other:
        (ana,) = refs(one, ANA)
        assert refs(one, ANA) == refs(other, ANA) == [ana]
        assert refs(other, LEA) != [ana]
        assert ana in refs(one, LEA, ANA)
        assert not ana.endswith(ANA[0])  # it tells nothing of what it was looked up by


def test_who_was_known_before_a_rotation_stays_the_same_person_after_it(ledger_url: str) -> None:
    with closing(Ledger(ledger_url)) as ledger:
        (before,) = refs(ledger, ANA)
        assert refs(ledger, ANA_LATER) == [before]
        assert refs(ledger, ANA_LATER[:1]) == [before]  # the older key may be retired now


@pytest.mark.parametrize("person", [ANA, ANA_LATER])
def test_a_restriction_holds_at_once_everywhere_and_for_later_keys(ledger_url: str, person: tuple[str, ...]) -> None:
    with closing(Ledger(ledger_url)) as one, closing(Ledger(ledger_url)) as other:
        refs(one, ANA)
        with other.connection.alone():
            other.connection.execute("INSERT INTO restrictions VALUES(?,?)", (ANA[0], "2026-01-01T00:00:00Z"))
            other.connection.execute("UPDATE epochs SET value=value+1 WHERE name='subjects'")
        with pytest.raises(Blocked, match="restricted"):
            one.commit((about(LEA, person),))
        one.commit((about(LEA),))
        one.commit((about(person, kind="refusal"),))  # that it was refused is recorded all the same
        assert [record.kind for record in one.records()] == ["intent", "intent", "refusal"]


def test_nothing_is_written_where_nobody_can_say_who_was_erased_or_restricted(ledger_url: str) -> None:
    with closing(Ledger(ledger_url)) as ledger:
        refs(ledger, ANA)
        with ledger.connection.writing():
            ledger.connection.execute("DELETE FROM epochs")
        with pytest.raises(LedgerUnavailable, match="epochs"):
            ledger.commit((about(ANA),))
        with ledger.connection.writing():
            ledger.connection.execute("INSERT INTO epochs VALUES('subjects', 1)")
        refs(ledger, ANA)
