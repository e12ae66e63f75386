"""Each framework, over each provider it offers, each way it can be asked: governed, or refused with the way out."""

from __future__ import annotations

from collections.abc import Callable

import pytest

import govai
from tests.frameworks.asking import ROWS, Row
from tests.frameworks.conftest import MAIL, NAME, PHONE, TEXT, Process, answered, arrival, caught_by_caller, needs

CASES = [pytest.param(row, way, id=f"{row}-{way}") for row in ROWS for way in row.asks]
GOVERNED = [case for case in CASES if not case.values[0].way_out]
REFUSED = [case for case in CASES if case.values[0].way_out]


def _made(row: Row, process: Process) -> object:
    made = row.make()
    process.start()
    if row.answer:
        process.provider.always(row.answer)
    return made


def _told(row: Row) -> dict[str, str]:
    return {"framework": row.framework, "package": row.package, "version": needs(row.package), "provider": row.provider, "what": row.what}


@pytest.mark.parametrize(("row", "way"), GOVERNED)
def test_a_text_leaves_protected_and_comes_back_restored(process: Process, tell: Callable[..., None], row: Row, way: str) -> None:
    told = _told(row)
    made = _made(row, process)
    assert answered(row.asks[way](made, TEXT)) == TEXT
    process.provider.assert_never_saw(MAIL, NAME)
    assert len(process.provider.requests) == 1
    assert process.kinds == ["intent", "outcome"]
    tell("way", **told, way=way, outcome="governed")


@pytest.mark.parametrize(("row", "way"), GOVERNED)
def test_a_blocked_call_is_not_sent_and_reaches_the_caller(process: Process, tell: Callable[..., None], row: Row, way: str) -> None:
    told = _told(row)
    made = _made(row, process)
    with caught_by_caller() as errors:
        answered(row.asks[way](made, f"Call {PHONE}"))
    arrives = arrival(errors, govai.Blocked, "phone blocked by no-phones")
    assert not any(PHONE in f"{error} {error!r}" for error in errors)
    assert process.provider.requests == []
    assert process.kinds == ["refusal"]
    tell("error", **told, arrives=arrives)


@pytest.mark.parametrize(("row", "way"), REFUSED)
def test_what_cannot_be_governed_is_refused_and_says_what_to_use(process: Process, tell: Callable[..., None], row: Row, way: str) -> None:
    told = _told(row)
    made = _made(row, process)
    with caught_by_caller() as errors:
        answered(row.asks[way](made, TEXT))
    arrives = arrival(errors, govai.Ungoverned, row.way_out)
    assert process.provider.requests == []
    assert set(process.kinds) == {"refusal"}
    tell("way", **told, way=way, outcome="refused", instead=row.instead)
    tell("error", **told, arrives=arrives)
