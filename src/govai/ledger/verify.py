"""Verify a ledger: is every record what was written, and is none missing?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from govai.core.errors import LedgerUnavailable
from govai.core.lang import say
from govai.ledger.chain import Row, faults, record_of
from govai.storage.opening import open_database

if TYPE_CHECKING:
    from collections.abc import Iterator

    from govai.core.database import Connection, Database
    from govai.core.records import Record

_ROWS = "SELECT chain,seq,id,time,kind,call_id,intent_id,purpose,hash,bytes FROM records ORDER BY position"


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


def verify_connection(connection: Connection, errors: tuple[type[Exception], ...]) -> Verification:
    """Verify an open ledger; `errors` are those of its database."""
    counted = _Counted(connection)
    try:
        heads = {chain: (seq, head) for chain, seq, head in connection.execute("SELECT chain, seq, hash FROM heads")}
        fault = next(faults(iter(counted), heads), None)
    except errors as error:
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
    database = open_database(url)
    connection = _opened(database)
    try:
        return verify_connection(connection, database.errors)
    finally:
        connection.close()


def _opened(database: Database) -> Connection:
    try:
        return database.connect_reading()
    except database.errors as error:
        kind = type(error).__name__
    raise LedgerUnavailable(
        say(f"the ledger cannot be read ({kind})", f"le registre ne peut être lu ({kind})"), where=database.url
    )


class _Counted:
    """The rows of a ledger, counted as they pass."""

    def __init__(self, connection: Connection) -> None:
        self._connection, self.count = connection, 0

    def __iter__(self) -> Iterator[Row]:
        for *columns, raw in self._connection.stream(_ROWS):
            self.count += 1
            yield Row._make((*columns, raw if isinstance(raw, bytes) else None))


def records_at(url: str, *, purpose: str | None = None, limit: int = 50, about: str | None = None) -> Iterator[Record]:
    """Yield the records of the ledger at a URL, oldest first, without creating or changing it.

    Args:
        purpose: only those. limit: at most so many. about: id of a record (with its outcome), or of a call (all of it).

    Raises:
        ConfigError: there is no such ledger. LedgerUnavailable: a record is damaged.
    """
    database = open_database(url)
    connection = _opened(database)
    where, values = ["1=1"], []
    if purpose is not None:
        where.append("purpose=?")
        values.append(purpose)
    if about is not None:
        where.append("(id=? OR call_id=? OR intent_id=?)")
        values.extend([about] * 3)
    query = f"SELECT id, bytes FROM records WHERE {' AND '.join(where)} ORDER BY position LIMIT ?"  # noqa: S608 -- our words
    kind = ""
    try:
        for named, raw in connection.stream(query, (*values, limit)):
            yield record_of(raw, named)
    except database.errors as error:
        kind = type(error).__name__
    finally:
        connection.close()
    if kind:
        raise LedgerUnavailable(
            say(f"the ledger cannot be read ({kind})", f"le registre est illisible ({kind})"),
            where=database.url,
            todo=say("govai ledger verify says what is wrong", "govai ledger verify dit ce qui ne va pas"),
        )
