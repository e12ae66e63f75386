"""The desk's own connection to the ledger's database: transactions, the sweep of what expired. It knows no verdicts."""

from __future__ import annotations

import os
import threading
import weakref
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from govai.core.errors import LedgerUnavailable
from govai.core.lang import say
from govai.review.tickets import Status

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from govai.core.database import Connection, Database

CLAIM_S = 120.0  # a release that was begun and not finished may be taken over after so long

_WAITING = (Status.PENDING.value, Status.APPROVED.value)
# A release that was begun in time may be finished: `claimed` keeps a ticket open a little longer.
_DUE = """SELECT EXISTS(SELECT 1 FROM tickets WHERE status IN (?,?) AND expires<=? AND claimed<=?)
    OR EXISTS(SELECT 1 FROM kept_replies WHERE payload IS NOT NULL AND expires<=?)"""
_EXPIRE_TICKETS = "UPDATE tickets SET status=?, envelope=NULL WHERE status IN (?,?) AND expires<=? AND claimed<=?"
_EXPIRE_REPLIES = "UPDATE kept_replies SET payload=NULL WHERE payload IS NOT NULL AND expires<=?"

_storages: weakref.WeakSet[Storage] = weakref.WeakSet()


class Storage:
    """One connection, opened at first use, one thread at a time. Other processes wait up to 5 s for each other.

    Args:
        database: the ledger's. clock: seconds since the epoch.
    """

    def __init__(self, database: Database, clock: Callable[[], float]) -> None:
        self.clock, self._database = clock, database
        self._lock = threading.RLock()
        self._connection: Connection | None = None
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
            with connection.alone("desk"):
                yield connection.execute
            self._wipe_destroyed(connection)

    def destroying(self) -> None:
        """Say that the current transaction destroys something: its traces leave the database's files as well."""
        self._wipe = True

    def close(self) -> None:
        """Close the connection; a later use opens another."""
        with self._lock:
            if self._connection is not None:
                self._connection.close()
                self._connection = None

    def forked(self) -> None:
        """Start anew in a forked child."""
        self._lock = threading.RLock()

    @contextmanager
    def _guarded(self) -> Iterator[Connection]:
        with self._lock:
            try:
                if self._connection is None:
                    self._connection = self._database.connect()
                self._sweep(self._connection)
                yield self._connection
            except self._database.errors as error:
                problem = type(error).__name__
            else:
                return
        raise LedgerUnavailable(
            say(f"the review desk cannot be used ({problem})", f"le bureau de revue est indisponible ({problem})"),
            todo=say(
                "mend the disk, the server, the rights or the lock, and call again",
                "réparez disque, serveur, droits ou verrou",
            ),
        )

    def _sweep(self, connection: Connection) -> None:
        """Close what expired and destroy what it kept. Looking costs two index look-ups, and no lock."""
        now = self.clock()
        run, open_before = connection.execute, (*_WAITING, now, now - CLAIM_S)
        if not run(_DUE, (*open_before, now))[0][0]:
            return
        with connection.alone("desk"):
            run(_EXPIRE_TICKETS, (Status.EXPIRED.value, *open_before))
            run(_EXPIRE_REPLIES, (now,))
        self._wipe = True
        self._wipe_destroyed(connection)

    def _wipe_destroyed(self, connection: Connection) -> None:
        if self._wipe:
            connection.wipe()
            self._wipe = False


def _after_fork() -> None:
    for storage in list(_storages):
        storage.forked()


if hasattr(os, "register_at_fork"):  # not on Windows
    os.register_at_fork(after_in_child=_after_fork)
