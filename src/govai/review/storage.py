"""The desk's own connection to the ledger's file: tables, transactions, the sweep of what expired. It knows no verdicts."""

from __future__ import annotations

import os
import sqlite3
import threading
import time
import weakref
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from govai.core.errors import LedgerUnavailable
from govai.core.lang import say
from govai.review.tickets import Status

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

CLAIM_S = 120.0  # a release that was begun and not finished may be taken over after so long
_BUSY_S = 5.0

_TABLES = """
CREATE TABLE IF NOT EXISTS tickets(
    id TEXT PRIMARY KEY, fingerprint TEXT NOT NULL, status TEXT NOT NULL, created REAL NOT NULL, expires REAL NOT NULL,
    claimed REAL NOT NULL DEFAULT 0, kept BLOB NOT NULL, envelope BLOB) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS tickets_by_call ON tickets(fingerprint, created);
CREATE INDEX IF NOT EXISTS tickets_by_status ON tickets(status, expires);
CREATE TABLE IF NOT EXISTS kept_replies(fingerprint TEXT PRIMARY KEY, expires REAL NOT NULL, payload BLOB) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS replies_by_expiry ON kept_replies(expires) WHERE payload IS NOT NULL;
"""
_WAITING = (Status.PENDING.value, Status.APPROVED.value)
# A release that was begun in time may be finished: `claimed` keeps a ticket open a little longer.
_DUE = """
SELECT EXISTS(SELECT 1 FROM tickets WHERE status IN (?,?) AND expires<=? AND claimed<=?)
    OR EXISTS(SELECT 1 FROM kept_replies WHERE payload IS NOT NULL AND expires<=?)"""
_EXPIRE_TICKETS = "UPDATE tickets SET status=?, envelope=NULL WHERE status IN (?,?) AND expires<=? AND claimed<=?"
_EXPIRE_REPLIES = "UPDATE kept_replies SET payload=NULL WHERE payload IS NOT NULL AND expires<=?"

_storages: weakref.WeakSet[Storage] = weakref.WeakSet()
_inherited: list[Any] = []  # a forked child must neither use nor close its parent's connections


class Storage:
    """One connection, opened at first use, one thread at a time. Other processes wait up to 5 s for each other.

    Args:
        path: the ledger's file, or `:memory:`. clock: seconds since the epoch.
    """

    def __init__(self, path: str, clock: Callable[[], float]) -> None:
        self.clock, self._path = clock, path
        self._lock = threading.RLock()
        self._connection: sqlite3.Connection | None = None
        self._wipe = False
        _storages.add(self)

    @contextmanager
    def reading(self) -> Iterator[Any]:
        """Yield a function that runs one statement; no write lock is taken unless something expired."""
        with self._guarded() as connection:
            yield connection.execute

    @contextmanager
    def writing(self) -> Iterator[Any]:
        """Yield a function that runs statements in one transaction: all of them are durable, or none."""
        with self._guarded() as connection:
            with _transaction(connection):
                yield connection.execute
            self._wipe_destroyed(connection)

    def destroying(self) -> None:
        """Say that the current transaction destroys something: its traces leave the write-ahead log as well."""
        self._wipe = True

    def close(self) -> None:
        """Close the connection; a later use opens another."""
        with self._lock:
            if self._connection is not None:
                self._connection.close()
                self._connection = None

    def forked(self) -> None:
        """Start anew in a forked child; a database in memory is the child's own copy."""
        self._lock = threading.RLock()
        if self._path != ":memory:":
            _inherited.append(self._connection)
            self._connection = None

    @contextmanager
    def _guarded(self) -> Iterator[sqlite3.Connection]:
        with self._lock:
            try:
                if self._connection is None:
                    self._connection = _connect(self._path)
                self._sweep(self._connection)
                yield self._connection
            except sqlite3.Error as error:
                problem = type(error).__name__
            else:
                return
        raise LedgerUnavailable(
            say(f"the review desk cannot be used ({problem})", f"le bureau de revue est indisponible ({problem})"),
            todo=say("mend the disk, the rights or the lock, and call again", "réparez disque, droits ou verrou"),
        )

    def _sweep(self, connection: sqlite3.Connection) -> None:
        """Close what expired and destroy what it kept. Looking costs two index look-ups, and no lock."""
        now = self.clock()
        run, open_before = connection.execute, (*_WAITING, now, now - CLAIM_S)
        if not run(_DUE, (*open_before, now)).fetchone()[0]:
            return
        with _transaction(connection):
            run(_EXPIRE_TICKETS, (Status.EXPIRED.value, *open_before))
            run(_EXPIRE_REPLIES, (now,))
        self._wipe = True
        self._wipe_destroyed(connection)

    def _wipe_destroyed(self, connection: sqlite3.Connection) -> None:
        """Empty the write-ahead log, where the old pages still stand. Whoever is in the way is not waited for."""
        if not self._wipe:
            return
        connection.execute("PRAGMA busy_timeout=0")
        with suppress(sqlite3.OperationalError):  # the log is emptied by a later checkpoint then
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        connection.execute(f"PRAGMA busy_timeout={_BUSY_S * 1000:.0f}")
        self._wipe = False


@contextmanager
def _transaction(connection: sqlite3.Connection) -> Iterator[None]:
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:  # SQLite may have rolled back by itself (disk full)
            connection.execute("ROLLBACK")
        raise


def _connect(path: str) -> sqlite3.Connection:
    if (
        path != ":memory:" and not Path(path).exists()
    ):  # never opened and closed by hand: that would drop SQLite's locks
        with suppress(OSError):  # SQLite says what is wrong with the place
            os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
    connection = sqlite3.connect(path, timeout=_BUSY_S, isolation_level=None, check_same_thread=False)
    connection.text_factory = lambda raw: raw.decode("utf-8", "replace")  # or an error would quote what it cannot read
    _write_ahead(connection)
    connection.execute("PRAGMA synchronous=FULL")
    connection.execute("PRAGMA secure_delete=ON")
    connection.executescript(_TABLES)
    return connection


def _write_ahead(connection: sqlite3.Connection) -> None:
    """Switch the file to its write-ahead log. SQLite does not wait here for another process that does the same."""
    deadline = time.monotonic() + _BUSY_S
    while True:
        try:
            connection.execute("PRAGMA journal_mode=WAL").fetchall()
        except sqlite3.OperationalError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.005)
        else:
            return


def _after_fork() -> None:
    for storage in list(_storages):
        storage.forked()


if hasattr(os, "register_at_fork"):  # not on Windows
    os.register_at_fork(after_in_child=_after_fork)
