"""SQLite: one file, its write-ahead log, every commit durable. It knows tables, not what they mean."""

from __future__ import annotations

import errno
import os
import sqlite3
import threading
import time
import weakref
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from govai.core.errors import ConfigError
from govai.core.lang import say
from govai.storage.tables import TABLES, VERSION, script

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

MEMORY = ":memory:"
BUSY_S = 5.0
_CHUNK = 1_000
_INSERT = {
    name: f"INTO {name}({','.join(columns)}) VALUES({','.join('?' * len(columns))})" for name, columns in TABLES.items()
}
_connections: weakref.WeakSet[SqliteConnection] = weakref.WeakSet()
_held: list[SqliteConnection] = []  # while forking
_opening = threading.RLock()  # held while forking: or SQLite's own locks could stay taken in the child
_inherited: list[Any] = []  # a forked child must neither use nor close its parent's connections


class SqliteDatabase:
    """A file, or a database in memory that lives as long as this object.

    Args:
        path: of the file, or `:memory:`. url: how people wrote it.
    """

    remote = False
    errors: tuple[type[Exception], ...] = (sqlite3.Error,)

    def __init__(self, path: str, url: str) -> None:
        self.path, self.url = path, url
        self._shared: SqliteConnection | None = None

    def __repr__(self) -> str:
        return f"<SqliteDatabase {self.path}>"

    def connect(self) -> SqliteConnection:
        """Open the file for writing, making and migrating it where needed; raises ConfigError, sqlite3.Error."""
        if self.path == MEMORY:
            if self._shared is None:
                self._shared = SqliteConnection(MEMORY, _opened)
            return self._shared
        create(self.path)
        return SqliteConnection(self.path, _opened)

    def connect_reading(self) -> SqliteConnection:
        """Open the file for reading only.

        Raises:
            ConfigError: there is no such file.
        """
        if self.path == MEMORY and self._shared is not None:
            return self._shared
        if self.path == MEMORY or not Path(self.path).is_file():
            raise ConfigError(
                say("there is no ledger there", "il n'y a pas de registre à cet endroit"),
                where=self.url,
                todo=say(
                    "check the URL: sqlite:///relative.db, sqlite:////absolute.db",
                    "vérifiez l'URL : sqlite:///relatif.db",
                ),
            )
        return SqliteConnection(self.path, _opened_reading)

    def mendable(self, error: BaseException) -> bool:
        """Whether writing again, with what stands there looked at first, can succeed."""
        return isinstance(error, sqlite3.IntegrityError)


class SqliteConnection:
    """One connection to a file; threads wait for each other. A forked child opens its own at first use."""

    def __init__(self, path: str, opener: Callable[[str], sqlite3.Connection]) -> None:
        self._path, self._opener = path, opener
        self._lock = threading.RLock()
        self._depth = 0
        with _opening:
            self._made: sqlite3.Connection | None = opener(path)
            _connections.add(self)

    @property
    def _base(self) -> sqlite3.Connection:
        if self._made is None:
            with _opening:
                self._made = self._opener(self._path)
        return self._made

    def execute(self, query: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """Run one statement and return its rows."""
        with self._lock:
            return self._base.execute(query, values).fetchall()

    def insert(self, table: str, rows: Sequence[Sequence[Any]], *, ignore: bool = False) -> None:
        """Append rows."""
        with self._lock:
            self._base.executemany(("INSERT OR IGNORE " if ignore else "INSERT ") + _INSERT[table], rows)

    def stream(self, query: str, values: Sequence[Any] = ()) -> Iterator[tuple[Any, ...]]:
        """Yield rows; a file's are those of the moment it began."""
        with self._lock:
            cursor = self._base.execute(query, values)
        while True:
            with self._lock:
                rows = cursor.fetchmany(_CHUNK)
            if not rows:
                return
            yield from rows

    def hasten(self) -> None:
        """Let SQLite's own decoder read text; it refuses what is not UTF-8, and quotes it."""
        self._base.text_factory = str

    @contextmanager
    def writing(self) -> Iterator[None]:
        """A transaction; SQLite lets one write at a time."""
        with self._lock:
            if self._depth:  # in memory, desk and ledger share one connection
                yield
                return
            try:  # from the first step on: an interrupt may come between any two
                _begin(self._base)
                self._depth = 1
                yield
                self._base.execute("COMMIT")
            except BaseException:
                if self._base.in_transaction:  # SQLite may have rolled back by itself (disk full)
                    self._base.execute("ROLLBACK")
                raise
            finally:
                self._depth = 0

    @contextmanager
    def alone(self, what: str = "ledger") -> Iterator[None]:  # noqa: ARG002 -- one lock for all
        """The same: whoever writes is alone."""
        with self.writing():
            yield

    def in_flight(self) -> frozenset[str]:
        """Nobody: positions are given while everybody else waits."""
        return frozenset()

    def now(self) -> float:
        """The machine's clock."""
        return time.time()

    def wipe(self) -> None:
        """Empty the write-ahead log, where old pages still stand. Whoever is in the way is not waited for."""
        with self._lock:
            self._base.execute("PRAGMA busy_timeout=0")
            with suppress(sqlite3.OperationalError):  # the log is emptied by a later checkpoint then
                self._base.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
            self._base.execute(f"PRAGMA busy_timeout={BUSY_S * 1000:.0f}")

    def close(self) -> None:
        """Close it. A database in memory stays: it belongs to its Database."""
        if self._path != MEMORY:
            with self._lock, _opening:
                self._base.close()

    def hold(self) -> bool:
        """Let no other thread use it until `let_go`; whether that came to be."""
        return self._lock.acquire(timeout=BUSY_S)

    def let_go(self) -> None:
        """Let other threads use it again."""
        self._lock.release()

    def forked(self) -> None:
        """A forked child's locks are its own, and so is its connection; a database in memory is the child's own copy."""
        self._lock, self._depth = threading.RLock(), 0
        if self._path != MEMORY:
            _inherited.append(self._made)
            self._made = None


def create(path: str) -> None:
    """Make the file (mode 0600) and its folder; a folder of our own ignores itself in git.

    Raises:
        ConfigError: the folder cannot be made or the file cannot be written.
    """
    file = Path(path)
    try:
        if not file.parent.exists():
            file.parent.mkdir(parents=True)
            if file.parent.name == ".govai":
                (file.parent / ".gitignore").write_text("*\n", encoding="utf-8")
        if not file.exists():  # closing a database that is open elsewhere in this process would drop its locks
            os.close(os.open(file, os.O_RDWR | os.O_CREAT, 0o600))
        elif not os.access(file, os.R_OK | os.W_OK):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
    except OSError as error:
        problem = error.strerror or type(error).__name__
    else:
        return
    raise ConfigError(
        say(f"the ledger cannot be written: {problem}", f"le registre ne peut être écrit : {problem}"),
        where=path,
        todo=say("choose another ledger=, or mend the folder's rights", "choisissez un autre ledger="),
    )


def _plain(place: str, *, uri: bool = False) -> sqlite3.Connection:
    base = sqlite3.connect(place, uri=uri, timeout=BUSY_S, isolation_level=None, check_same_thread=False)
    base.text_factory = lambda raw: raw.decode("utf-8", "replace")  # or an error would quote what it cannot read
    return base


def _opened_reading(path: str) -> sqlite3.Connection:
    from urllib.parse import quote

    return _plain(f"file:{quote(str(Path(path).absolute()))}?mode=ro", uri=True)


def _opened(path: str) -> sqlite3.Connection:
    base = _plain(path)
    try:
        _patiently(lambda: base.execute("PRAGMA journal_mode=WAL").fetchall())
        base.execute("PRAGMA synchronous=FULL")
        base.execute("PRAGMA secure_delete=ON")
        _migrate(base, path)
    except BaseException:
        base.close()
        raise
    return base


def _patiently(step: Callable[[], object]) -> None:
    """Run what SQLite does not wait for another process with (switching to the write-ahead log)."""
    deadline = time.monotonic() + BUSY_S
    while True:
        try:
            step()
        except sqlite3.OperationalError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.005)
        else:
            return


def _begin(base: sqlite3.Connection) -> None:
    """Begin to write. SQLite itself would ask ten times a second, and starve beside another process that writes all the time."""
    deadline = time.monotonic() + BUSY_S
    base.execute("PRAGMA busy_timeout=0")
    try:
        while True:
            try:
                base.execute("BEGIN IMMEDIATE")
            except sqlite3.OperationalError as error:
                if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() > deadline:
                    raise
                time.sleep(0.001)
            else:
                return
    finally:
        base.execute(f"PRAGMA busy_timeout={BUSY_S * 1000:.0f}")


def _migrate(base: sqlite3.Connection, path: str) -> None:
    if _version(base, path) == VERSION:
        return
    base.execute("BEGIN IMMEDIATE")
    try:
        for version in range(_version(base, path), VERSION):
            for statement in _statements(script("sqlite", version + 1)):
                base.execute(statement)
        base.execute(f"PRAGMA user_version={VERSION}")
        base.execute("COMMIT")
    except BaseException:
        if base.in_transaction:
            base.execute("ROLLBACK")
        raise


def _version(base: sqlite3.Connection, path: str) -> int:
    version = int(base.execute("PRAGMA user_version").fetchone()[0])
    if version <= VERSION:
        return version
    raise newer(path, version)


def newer(place: str, found: int) -> ConfigError:
    """Return the error of a ledger that a later govai made."""
    return ConfigError(
        say(
            f"this ledger has schema version {found}; this govai knows {VERSION}",
            f"ce registre est en version de schéma {found} ; ce govai connaît la {VERSION}",
        ),
        where=place,
        todo=say(
            "install the govai that wrote it, or a later one", "installez le govai qui l'a écrit, ou un plus récent"
        ),
    )


def _statements(script: str) -> Iterator[str]:
    """Yield the statements of a script; a trigger's own semicolons do not end it."""
    pending = ""
    for piece in script.split(";"):
        pending += piece + ";"
        if sqlite3.complete_statement(pending):
            if pending.strip(" \n;"):
                yield pending
            pending = ""


def _before_fork() -> None:
    """Wait for transactions to end: SQLite would believe in the child that its parent's, cut in the middle, holds the lock for ever."""
    _held.extend(connection for connection in list(_connections) if connection.hold())
    _opening.acquire()
    _held.extend(connection for connection in list(_connections) if connection not in _held and connection.hold())


def _after_fork_in_parent() -> None:
    _opening.release()
    while _held:
        _held.pop().let_go()


def _after_fork() -> None:
    _opening.release()
    _held.clear()
    for connection in list(_connections):
        connection.forked()


if hasattr(os, "register_at_fork"):  # not on Windows, which does not fork
    os.register_at_fork(before=_before_fork, after_in_parent=_after_fork_in_parent, after_in_child=_after_fork)
