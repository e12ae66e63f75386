"""Ledgers to test on, and what stands in one."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from govai.core.records import Record
from govai.ledger.reading import reading_at


@pytest.fixture
def place(ledger_url: str) -> str:
    """The URL of a new ledger, on SQLite and on PostgreSQL."""
    return ledger_url


def records_at(url: str) -> Iterator[Record]:
    """Yield all records of a ledger, without opening it for writing."""
    with reading_at(url) as reading:
        yield from reading.records()
