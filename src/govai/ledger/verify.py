"""Verify a ledger: is every record what was written, and is none missing?"""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from govai.core.errors import ConfigError
from govai.core.lang import say
from govai.ledger.chain import Row, faults, record_of
from govai.ledger.schema import STORED, connect_reading, path_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from govai.core.records import Record

_ROWS = f"SELECT chain,seq,id,time,kind,call_id,intent_id,purpose,hash,{STORED} FROM records ORDER BY position"  # noqa: S608 -- our words


@dataclass(frozen=True, slots=True)
class Verification:
    """What verifying found.

    Attributes:
        ok: everything holds. records: how many were checked. anchored_until: time of the last anchor outside, or None.
        first_bad: id of the first record that does not hold, or None. why: what is wrong, or how far the proof reaches.
    """

    ok: bool
    records: int
    anchored_until: str | None
    first_bad: str | None
    why: str


def verify_connection(connection: sqlite3.Connection) -> Verification:
    """Verify an open ledger."""
    counted = _Counted(connection)
    try:
        heads = {chain: (seq, head) for chain, seq, head in connection.execute("SELECT chain, seq, hash FROM heads")}
        fault = next(faults(iter(counted), heads), None)
    except sqlite3.Error as error:
        why = say(
            f"the database is damaged ({type(error).__name__})", f"la base est endommagée ({type(error).__name__})"
        )
        return Verification(ok=False, records=counted.count, anchored_until=None, first_bad=None, why=why)
    if fault is not None:
        return Verification(ok=False, records=counted.count, anchored_until=None, first_bad=fault[0], why=fault[1])
    why = say("internal consistency only: no anchor outside", "cohérence interne seulement : pas d'ancrage externe")
    return Verification(ok=True, records=counted.count, anchored_until=None, first_bad=None, why=why)


def verify_url(url: str) -> Verification:
    """Verify the ledger at a URL, without creating or changing it.

    Raises:
        ConfigError: there is no such file.
    """
    connection = _opened(url)
    try:
        return verify_connection(connection)
    finally:
        connection.close()


def _opened(url: str) -> sqlite3.Connection:
    path = path_of(url)
    if path == ":memory:" or not Path(path).is_file():
        raise ConfigError(
            say("there is no ledger there", "il n'y a pas de registre à cet endroit"),
            where=url,
            todo=say(
                "check the URL: sqlite:///relative.db, sqlite:////absolute.db", "vérifiez l'URL : sqlite:///relatif.db"
            ),
        )
    return connect_reading(path)


class _Counted:
    """The rows of a ledger, counted as they pass."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection, self.count = connection, 0

    def __iter__(self) -> Iterator[Row]:
        for row in self._connection.execute(_ROWS):
            self.count += 1
            yield Row._make(row)


def records_at(url: str, *, purpose: str | None = None, limit: int = 50, about: str | None = None) -> Iterator[Record]:
    """Yield the records of the ledger at a URL, oldest first, without creating or changing it.

    Args:
        purpose: only those. limit: at most so many. about: id of a record (with its outcome), or of a call (all of it).

    Raises:
        ConfigError: there is no such ledger. LedgerUnavailable: a record is damaged.
    """
    connection = _opened(url)
    query = (
        f"SELECT id, {STORED} FROM records WHERE (:purpose IS NULL OR purpose=:purpose) "  # noqa: S608 -- our words
        "AND (:about IS NULL OR :about IN (id, intent_id, call_id)) ORDER BY position LIMIT :limit"
    )
    try:
        for named, raw in connection.execute(query, {"purpose": purpose, "about": about, "limit": limit}):
            yield record_of(raw, named)
    finally:
        connection.close()
