"""Shared fixtures: a governor in memory, and a local server that speaks the providers' wire."""

from __future__ import annotations

import os
import re
import secrets
from collections.abc import Iterator
from pathlib import Path

import hypothesis
import pytest

import govai
from tests.server import Server

os.environ.pop("GOVAI_CONFIG", None)
hypothesis.settings.register_profile("unhurried", deadline=None)  # a busy machine is no defect
if not os.environ.get("CI"):  # where Hypothesis has a profile of its own: without a clock too, and the same examples each time
    hypothesis.settings.load_profile("unhurried")


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    with Server() as running:
        yield running


@pytest.fixture(autouse=True)
def _fresh(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GOVAI_TEST_KEY", "sk-test-key-never-shown")
    monkeypatch.delenv("GOVAI_LANG", raising=False)


@pytest.fixture
def policy(server: Server) -> dict:
    """The built-in policy with the local server registered as `near` (OpenAI's chat), `answers` (OpenAI's Responses), `nearby` (Anthropic's
    messages) and `gnear` (Google's)."""
    entry = {"host": server.host, "region": "EU", "trains_on_inputs": False, "api_key": "env:GOVAI_TEST_KEY"}
    return {
        "govai": 1,
        "name": "test",
        "extends": "eu-marketing",
        "providers": {"near": {"like": "openai", **entry}, "nearby": {"like": "anthropic", **entry}, "answers": {"like": "openai", "api": "responses", "base_path": "/r", **entry}, "gnear": {"like": "google", **entry}},
        "people": {"marketing": ["lea", "tom"], "data": ["ines"]},
    }


@pytest.fixture
def gov(policy: dict) -> Iterator[govai.Governor]:
    with govai.Governor(policy, ledger=":memory:", actor="ana") as governor:
        yield governor


SERVER = os.environ.get("GOVAI_TEST_POSTGRESQL", "postgresql://postgres@127.0.0.1:5432/postgres")


@pytest.fixture(scope="session")
def postgres() -> str:
    """A PostgreSQL server that tests may fill; each makes a schema of its own."""
    psycopg = pytest.importorskip("psycopg")
    try:
        psycopg.connect(SERVER, connect_timeout=3).close()
    except psycopg.OperationalError:
        pytest.skip(f"needs PostgreSQL: start one, or name it in $GOVAI_TEST_POSTGRESQL (tried {SERVER})")
    return SERVER


@pytest.fixture
def schema(postgres: str) -> Iterator[str]:
    """The URL of a ledger on PostgreSQL that nobody else uses; dropped afterwards."""
    import psycopg

    name = f"govai_test_{secrets.token_hex(6)}"
    yield f"{postgres}?schema={name}"
    with psycopg.connect(postgres, autocommit=True) as base:
        base.execute(f"DROP SCHEMA IF EXISTS {name} CASCADE")


@pytest.fixture(params=["sqlite", "postgres"])
def ledger_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of an empty ledger: once on SQLite, once on PostgreSQL."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/ledger.db"
    url: str = request.getfixturevalue("schema")
    return url


@pytest.fixture
def shared() -> Path:
    """Recorded traffic and real data that live beside the project, where there are any."""
    place = Path(os.environ.get("GOVAI_SHARED", Path(__file__).parents[2] / "shared"))
    if not (place / "data").is_dir():
        pytest.skip("needs ../shared/data, or $GOVAI_SHARED naming it")
    return place


def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    """Where `$GOVAI_MAY_SKIP` (a regex of reasons, empty for none) says what may be skipped, anything else that was is a failure."""
    allowed = os.environ.get("GOVAI_MAY_SKIP")
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if allowed is None or reporter is None:
        return
    reasons = {report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr) for report in reporter.stats.get("skipped", [])}
    wrongly = sorted(reason for reason in reasons if not (allowed and re.search(allowed, reason)))
    if wrongly:
        reporter.write_line("skipped, and must not be here: " + "; ".join(wrongly), red=True)
        session.exitstatus = exitstatus or pytest.ExitCode.TESTS_FAILED
