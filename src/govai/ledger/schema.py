"""The database: its tables, and how it is opened."""

from __future__ import annotations

import errno
import os
import sqlite3
import time
from pathlib import Path

from govai.core.errors import ConfigError
from govai.core.lang import say

BUSY_MS = 5_000

TABLES = """
CREATE TABLE IF NOT EXISTS records(
    position INTEGER PRIMARY KEY, chain TEXT NOT NULL, seq INTEGER NOT NULL, id TEXT NOT NULL UNIQUE, time TEXT NOT NULL,
    kind TEXT NOT NULL, call_id TEXT NOT NULL, intent_id TEXT NOT NULL, purpose TEXT NOT NULL, hash TEXT NOT NULL,
    bytes BLOB NOT NULL, UNIQUE(chain, seq));
CREATE TABLE IF NOT EXISTS heads(chain TEXT PRIMARY KEY, seq INTEGER NOT NULL, hash TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS outcomes(intent_id TEXT PRIMARY KEY) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS open_intents(
    intent_id TEXT PRIMARY KEY, chain TEXT NOT NULL, call_id TEXT NOT NULL, purpose TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS writers(chain TEXT PRIMARY KEY, alive_until REAL NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS cursors(sink TEXT PRIMARY KEY, position INTEGER NOT NULL) WITHOUT ROWID;
"""
# What stands in a record's place of bytes, NULL when it is no blob: SQLite lets any kind of value stand in any column.
STORED = "CASE typeof(bytes) WHEN 'blob' THEN bytes END"


def path_of(url: str) -> str:
    """Return the database's path: `:memory:`, or the file of a `sqlite:///` URL.

    Raises:
        ConfigError: another kind of URL.
    """
    if url == ":memory:":
        return url
    if isinstance(url, str) and url.startswith("sqlite:///") and len(url) > len("sqlite:///"):
        return url.removeprefix("sqlite:///")
    raise ConfigError(
        say("this is not a ledger's URL", "ceci n'est pas l'URL d'un registre"),
        where=f"ledger={url!r}" if isinstance(url, str) and "@" not in url else "ledger=",
        todo="sqlite:///x.db, sqlite:////var/lib/x.db, :memory:",
    )


def create(path: str) -> None:
    """Make the file (mode 0600) and its folder; a folder of our own ignores itself in git.

    Raises:
        ConfigError: the folder cannot be made or the file cannot be written.
    """
    if path == ":memory:":
        return
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


def connect(path: str) -> sqlite3.Connection:
    """Open the database for writing, durable at each commit; raises sqlite3.Error."""
    connection = sqlite3.connect(path, timeout=BUSY_MS / 1000, isolation_level=None, check_same_thread=False)
    connection.text_factory = lambda raw: raw.decode("utf-8", "replace")
    _write_ahead(connection)
    connection.execute("PRAGMA synchronous=FULL")
    connection.execute("PRAGMA secure_delete=ON")
    connection.executescript(TABLES)
    return connection


def _write_ahead(connection: sqlite3.Connection) -> None:
    """Switch the file to its write-ahead log. SQLite does not wait here for another process that does the same."""
    deadline = time.monotonic() + BUSY_MS / 1000
    while True:
        try:
            connection.execute("PRAGMA journal_mode=WAL").fetchall()
        except sqlite3.OperationalError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.005)
        else:
            return


def connect_reading(path: str) -> sqlite3.Connection:
    """Open the database for reading only; raises sqlite3.Error."""
    uri = f"file:{_quoted(path)}?mode=ro"
    connection = sqlite3.connect(uri, uri=True, timeout=BUSY_MS / 1000, isolation_level=None, check_same_thread=False)
    connection.text_factory = lambda raw: raw.decode("utf-8", "replace")
    return connection


def _quoted(path: str) -> str:
    from urllib.parse import quote

    return quote(str(Path(path).absolute()))
