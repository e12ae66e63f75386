"""The matrix of native clients: `kind` is each of them, `bare` one of that kind at the local server."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.doors.kinds import KINDS, Kind, close
from tests.server import Server


@pytest.fixture
def policy(policy: dict, server: Server) -> dict:
    """The test policy, with the local server registered for all four families."""
    entry = {"host": server.host, "region": "EU", "trains_on_inputs": False, "api_key": "env:GOVAI_TEST_KEY"}
    policy["providers"] |= {"north": {"like": "mistral", **entry}, "south": {"like": "google", **entry}}
    return policy


@pytest.fixture(params=list(KINDS))
def kind(request: pytest.FixtureRequest) -> Kind:
    return KINDS[request.param]


@pytest.fixture
async def bare(kind: Kind, server: Server) -> AsyncIterator[Any]:
    client = kind.make(server.url)
    yield client
    await close(client)
