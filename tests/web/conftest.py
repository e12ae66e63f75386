"""What the web tests share: a governor in the fixture `gov`, and what was recorded."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable

import pytest

import govai


@pytest.fixture
def recorded(gov: govai.Governor) -> Callable[[], list[tuple[str, str, str]]]:
    """(purpose, actor, job) of every intent, in order."""

    def read() -> list[tuple[str, str, str]]:
        gov.ledger.flush()
        return [(r.body["purpose"], r.body["actor"]["id"], r.body["job"]) for r in gov.ledger.records(kind="intent")]

    return read


@pytest.fixture(autouse=True)
async def _closed(request: pytest.FixtureRequest) -> AsyncIterator[None]:
    """The clients that a governor made for a test's event loop are closed while it runs."""
    governor = request.getfixturevalue("gov") if "gov" in request.fixturenames else None
    yield
    if governor is not None:
        await governor.aclose()
