"""Ledgers to test on: a file, and a schema of one's own on a PostgreSQL server, dropped afterwards."""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

SERVER = os.environ.get("GOVAI_TEST_POSTGRESQL", "postgresql://postgres@127.0.0.1:5432/postgres")


@pytest.fixture(params=["sqlite", "postgres"])
def place(request: Any, tmp_path: Path) -> Iterator[str]:
    """The URL of a new ledger, on SQLite and on PostgreSQL."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path}/ledger.db"
        return
    psycopg = pytest.importorskip("psycopg")
    name = f"test_{uuid.uuid4().hex[:12]}"
    try:
        psycopg.connect(SERVER, connect_timeout=3).close()
    except psycopg.Error:
        pytest.skip("needs PostgreSQL on port 5432, or $GOVAI_TEST_POSTGRESQL naming one")
    try:
        yield f"{SERVER}?schema={name}"
    finally:
        with psycopg.connect(SERVER, autocommit=True) as base:
            base.execute(f"DROP SCHEMA IF EXISTS {name} CASCADE")
