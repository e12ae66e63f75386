"""PostgreSQL by psycopg 3: many processes, one ledger. A role that may only INSERT and SELECT is enough to write it.

Transactions are pipelined: beginning costs no round trip, and what needs no answer travels with the commit.
"""

from __future__ import annotations

import os
import threading
import weakref
import zlib
from contextlib import contextmanager
from functools import lru_cache
from typing import TYPE_CHECKING, Any, LiteralString, cast
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

import psycopg
from psycopg import sql

from govai.core.errors import ConfigError
from govai.core.lang import say
from govai.storage.opening import shown
from govai.storage.sqlite import newer
from govai.storage.tables import TABLES, VERSION, script

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

SCHEMA = "govai"
_LONGEST = 60  # bytes; PostgreSQL cuts names after 63
_CHUNK = 1_000
_NAMESPACE = 0x676F7661  # "gova": our advisory locks
_SETTINGS = {"connect_timeout": 5, "tcp_user_timeout": 10_000, "application_name": "govai"}
_SESSION = (
    "SET search_path TO {schema}; SET lock_timeout TO '5s'; SET idle_in_transaction_session_timeout TO '10s';"
    "SET client_min_messages TO warning;"
    "SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') = 'off'"
)
_NOT_ALLOWED = (psycopg.errors.InsufficientPrivilege, psycopg.errors.InvalidSchemaName)
_connections: weakref.WeakSet[PostgresConnection] = weakref.WeakSet()
_inherited: list[Any] = []  # a forked child must neither use nor close its parent's connections


class PostgresDatabase:
    """A schema of a PostgreSQL database.

    Args:
        url: `postgresql://user@host:port/database`, with `?schema=name` for another schema than `govai`; libpq's other
            parameters (sslmode, …) and its environment variables count as well.

    Raises:
        ConfigError: the schema's name is none.
    """

    remote = True
    path = ""
    errors: tuple[type[Exception], ...] = (psycopg.Error,)

    def __init__(self, url: str) -> None:
        self._place, self.schema = _taken_apart(url)
        self.url = shown(url)

    def __repr__(self) -> str:
        return f"<PostgresDatabase {self.url}>"

    def connect(self) -> PostgresConnection:
        """Open a connection, making and migrating the schema where it may; raises ConfigError, psycopg.Error."""
        connection = PostgresConnection(self, reading=False)
        connection.prepare(self._ready)
        return connection

    def connect_reading(self) -> PostgresConnection:
        """Open a connection that only reads."""
        connection = PostgresConnection(self, reading=True)
        connection.prepare(self._check)
        return connection

    def mendable(self, error: BaseException) -> bool:
        """Whether writing again, with what stands there looked at first, can succeed: another was faster, or the server
        went away and came back."""
        return isinstance(error, (psycopg.IntegrityError, psycopg.OperationalError, psycopg.InterfaceError))

    def open(self, *, reading: bool) -> psycopg.Connection[tuple[Any, ...]]:
        """Return a connection of psycopg's own, with our session settings."""
        base = psycopg.connect(self._place, autocommit=True, **_SETTINGS)  # type: ignore[arg-type]
        base.execute(sql.SQL(_SESSION).format(schema=sql.Identifier(self.schema)))
        if reading:
            base.execute("SET default_transaction_read_only TO on")
        return base

    def key(self, what: str) -> str:
        """Return the two numbers of an advisory lock, as SQL."""
        number = zlib.crc32(f"{self.schema}/{what}".encode())
        return f"{_NAMESPACE}, {number - 2**31}"

    def _ready(self, base: psycopg.Connection[tuple[Any, ...]]) -> None:
        if self._version(base) == VERSION:
            return
        try:
            with base.transaction():
                base.execute(_ours(f"SELECT pg_advisory_xact_lock({self.key('migrations')})"))
                self._migrate(base)
        except _NOT_ALLOWED:
            pass
        else:
            return
        raise ConfigError(
            say(
                "the ledger's tables are missing or old, and this role may not make them",
                "les tables du registre manquent ou sont anciennes, et ce rôle ne peut les créer",
            ),
            where=self.url,
            todo=say(
                "once, as the schema's owner: govai ledger migrate --ledger URL",
                "une fois, en propriétaire du schéma : govai ledger migrate --ledger URL",
            ),
        )

    def _check(self, base: psycopg.Connection[tuple[Any, ...]]) -> None:
        if self._version(base) == 0:
            raise ConfigError(
                say("there is no ledger there", "il n'y a pas de registre à cet endroit"),
                where=self.url,
                todo=say("check the URL and its ?schema=", "vérifiez l'URL et son ?schema="),
            )

    def _version(self, base: psycopg.Connection[tuple[Any, ...]]) -> int:
        there = base.execute("SELECT to_regclass('versions')").fetchone()
        if there is None or there[0] is None:
            return 0
        found = base.execute("SELECT coalesce(max(version), 0) FROM versions").fetchone()
        version = int(found[0]) if found else 0
        if version > VERSION:
            raise newer(self.url, version)
        return version

    def _migrate(self, base: psycopg.Connection[tuple[Any, ...]]) -> None:
        name = sql.Identifier(self.schema)
        there = base.execute("SELECT 1 FROM pg_namespace WHERE nspname=%s", (self.schema,)).fetchone()
        if there is None:  # IF NOT EXISTS would ask for the right to make schemas, even where it does not
            base.execute(sql.SQL("CREATE SCHEMA {}").format(name))
        base.execute("CREATE TABLE IF NOT EXISTS versions(version bigint PRIMARY KEY, time timestamptz DEFAULT now())")
        for version in range(self._version(base), VERSION):
            base.execute(_ours(script("postgres", version + 1).replace("{schema}", name.as_string(base))))
            base.execute("INSERT INTO versions VALUES(%s)", (version + 1,))


class PostgresConnection:
    """One connection, opened anew by the next use after it broke. Threads wait for each other."""

    def __init__(self, database: PostgresDatabase, *, reading: bool) -> None:
        self._database, self._reading = database, reading
        self._lock = threading.RLock()
        self._depth = 0
        self._base: psycopg.Connection[tuple[Any, ...]] | None = None
        _connections.add(self)

    def prepare(self, step: Any) -> None:
        """Open it and let `step` look at it; closed when that raises."""
        try:
            step(self._live())
        except BaseException:
            self.close()
            raise

    def execute(self, query: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """Run one statement and return its rows."""
        with self._used() as base:
            asked, has_rows = _spelled(query)
            cursor = base.execute(asked, values)
            return cursor.fetchall() if has_rows else []  # in a pipeline, only what is fetched is waited for

    def insert(self, table: str, rows: Sequence[Sequence[Any]], *, ignore: bool = False) -> None:
        """Append rows, all in one statement."""
        if rows:
            with self._used() as base:
                columns = [list(column) for column in zip(*rows, strict=True)]
                base.execute(_insert(table, ignore=ignore), columns)

    def stream(self, query: str, values: Sequence[Any] = ()) -> Iterator[tuple[Any, ...]]:
        """Yield rows from a cursor on the server, as of the moment it began."""
        with self._lock:
            base = self._live()
            with base.transaction(), base.cursor(name="govai_stream", binary=True) as cursor:
                cursor.itersize = _CHUNK
                base.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
                cursor.execute(_spelled(query)[0], values)
                yield from cursor

    def hasten(self) -> None:
        """Nothing to do: the server holds no text that is not UTF-8."""

    @contextmanager
    def writing(self) -> Iterator[None]:
        """A transaction that shares the ledger with other writers."""
        with self._transaction("pg_advisory_xact_lock_shared", "ledger"):
            yield

    @contextmanager
    def alone(self, what: str = "ledger") -> Iterator[None]:
        """A transaction that nobody else has at the same time."""
        with self._transaction("pg_advisory_xact_lock", what):
            yield

    def in_flight(self) -> frozenset[str]:
        """Return the transactions of other writers that have not ended."""
        first, second = self._database.key("ledger").split(", ")
        found = self.execute(
            "SELECT virtualtransaction FROM pg_locks WHERE locktype='advisory' AND classid=? AND objid=? AND objsubid=2 "
            "AND database=(SELECT oid FROM pg_database WHERE datname=current_database()) AND pid<>pg_backend_pid()",
            (int(first), int(second) % 2**32),
        )
        return frozenset(str(one) for (one,) in found)

    def now(self) -> float:
        """The server's clock."""
        return float(self.execute("SELECT extract(epoch FROM clock_timestamp())")[0][0])

    def wipe(self) -> None:
        """Nothing of this server's files is ours to rewrite: old row versions go with its own VACUUM."""

    def close(self) -> None:
        """Close it."""
        with self._lock:
            if self._base is not None:
                self._base.close()
                self._base = None

    def forked(self) -> None:
        """Leave the parent's connection alone, and open another."""
        _inherited.append(self._base)
        self._lock, self._base, self._depth = threading.RLock(), None, 0

    @contextmanager
    def _transaction(self, lock: str, what: str) -> Iterator[None]:
        with self._lock:
            base = self._live()
            failed: list[BaseException] = []
            try:
                with base.pipeline():
                    try:
                        self._depth = 1
                        base.execute("BEGIN")
                        base.execute(_ours(f"SELECT {lock}({self._database.key(what)})"))
                        yield
                        base.execute("COMMIT")
                    except BaseException as error:  # noqa: BLE001 -- through its pipeline, psycopg would log what else fails
                        failed.append(error)
            except BaseException as error:  # noqa: BLE001 -- raised below
                failed.append(error)
            finally:
                self._depth = 0
            if failed:
                self._abandon(base, failed[0])
                raise failed[0]

    @contextmanager
    def _used(self) -> Iterator[psycopg.Connection[tuple[Any, ...]]]:
        """The connection, for one statement."""
        with self._lock:
            base = self._live()
            try:
                yield base
            except Exception:
                raise
            except BaseException:  # interrupted: psycopg no longer knows what the server has prepared
                base.close()
                raise

    def _abandon(self, base: psycopg.Connection[tuple[Any, ...]], error: BaseException) -> None:
        """End what failed. A connection that cannot even do that, or was interrupted, is given up."""
        try:
            if isinstance(error, Exception):
                base.execute("ROLLBACK")
                return
        except psycopg.Error:
            pass
        base.close()

    def _live(self) -> psycopg.Connection[tuple[Any, ...]]:
        if self._base is not None and not self._depth and not _answers(self._base):
            self._base.close()
        if self._base is None or self._base.closed:
            self._base = self._database.open(reading=self._reading)
        return self._base


def _answers(base: psycopg.Connection[tuple[Any, ...]]) -> bool:
    """Whether the server has not hung up: a look at the socket, no round trip."""
    try:
        base.pgconn.consume_input()
    except psycopg.Error:
        return False
    return not base.closed


def _taken_apart(url: str) -> tuple[str, str]:
    """Return what libpq understands of a URL, and the schema."""
    try:
        parts = urlsplit(url)
    except ValueError:
        raise _no_url() from None
    given = parse_qsl(parts.query, keep_blank_values=True)
    schema = next((value for name, value in given if name == "schema"), SCHEMA)
    if not schema.replace("_", "a").isalnum() or not schema.isascii() or len(schema) > _LONGEST or schema[0].isdigit():
        raise ConfigError(
            say("this is not a schema's name", "ceci n'est pas un nom de schéma"),
            where="ledger=postgresql://…?schema=",
            todo=say("letters, digits and _", "lettres, chiffres et _"),
        )
    rest = [(name, value) for name, value in given if name != "schema"]
    return urlunsplit(parts._replace(query=urlencode(rest))), schema


def _no_url() -> ConfigError:
    return ConfigError(
        say("this is not a PostgreSQL URL", "ceci n'est pas une URL PostgreSQL"),
        where="ledger=postgresql://…",
        todo="postgresql://user@host:port/database?schema=name",
    )


@lru_cache(maxsize=512)
def _spelled(query: str) -> tuple[Any, bool]:
    """Return a query with psycopg's marks, and whether it has rows to fetch."""
    return query.replace("%", "%%").replace("?", "%s"), query.startswith(("SELECT", "WITH")) or "RETURNING" in query


@lru_cache(maxsize=64)
def _insert(table: str, *, ignore: bool) -> LiteralString:
    columns = TABLES[table]
    arrays = ",".join(f"%s::{kind}[]" for kind in columns.values())
    ending = " ON CONFLICT DO NOTHING" if ignore else ""
    return _ours(f"INSERT INTO {table}({','.join(columns)}) SELECT * FROM unnest({arrays}){ending}")  # noqa: S608 -- our words


def _ours(query: object) -> LiteralString:
    """Say that nothing of a caller's stands in a query: psycopg's types ask for that."""
    return cast("LiteralString", query)


def _after_fork() -> None:
    for connection in list(_connections):
        connection.forked()


if hasattr(os, "register_at_fork"):  # not on Windows, which does not fork
    os.register_at_fork(after_in_child=_after_fork)
