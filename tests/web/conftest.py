"""What the web tests share: a governor in the fixture `gov`, and what was recorded."""

from __future__ import annotations

from collections.abc import Callable

import pytest

import govai


@pytest.fixture
def recorded(gov: govai.Governor) -> Callable[[], list[tuple[str, str, str]]]:
    """(purpose, actor, job) of every intent, in order."""

    def read() -> list[tuple[str, str, str]]:
        gov.ledger.flush()
        return [(r.body["purpose"], r.body["actor"]["id"], r.body["job"]) for r in gov.ledger.records(kind="intent")]

    return read
