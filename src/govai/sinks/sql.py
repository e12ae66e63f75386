"""Records in a table of a database of your own, SQLite or PostgreSQL: a row each, once by id. It is not the ledger's."""

from __future__ import annotations

import re
from contextlib import closing
from typing import TYPE_CHECKING, Any

import orjson

from govai.core.errors import ConfigError, SinkRefused
from govai.core.lang import say
from govai.sinks.linking import Link
from govai.sinks.options import need, shown, taken

if TYPE_CHECKING:
    from collections.abc import Sequence

    from govai.core.records import Record

_NAME = re.compile(r"[a-z_][a-z0-9_]{0,62}(\.[a-z_][a-z0-9_]{0,62})?")
_TIMEOUT_S = 10
_COLUMNS = ("id", "chain", "seq", "time", "kind", "call_id", "intent_id", "purpose", "hash", "record")


class Sql:
    """Inserts each record once into a table, made at first use: its columns, and the whole of it as JSON in `record`.

    Args:
        url: `sqlite:///x.db` or `postgresql://user@host/database`; a password is better in a `.pgpass`.
        table: its name, lower case; with a schema on PostgreSQL if you like. name: of the cursor.

    Raises:
        ConfigError: another URL or table name; PostgreSQL without psycopg.
    """

    def __init__(self, url: str, *, table: str = "govai_records", name: str = "") -> None:
        if not _NAME.fullmatch(table):
            raise ConfigError(
                say("this is not a table's name", "ceci n'est pas un nom de table"),
                where="sinks=",
                todo="table=govai_records",
            )
        self._open: _Sqlite | _Postgresql = _opener(url, table)
        self._link: Link[Any] = Link(self._open.connect, lambda it: it.close(), lasting=lambda: (SinkRefused,))
        self._shown = f"{shown(url)}#{table}"
        self.name = name or self._shown

    def __repr__(self) -> str:
        return f"<Sql {self._shown}>"

    def emit(self, records: Sequence[Record]) -> None:
        """Insert what is not there yet, all in one transaction; raises the database's error."""
        rows = [_row(record) for record in records]
        self._link.use(lambda connection: self._open.insert(connection, rows))

    def close(self, timeout: float) -> None:
        """Close the connection."""
        self._link.close(timeout)


def _row(record: Record) -> tuple[Any, ...]:
    purpose = str(record.body.get("purpose", ""))
    identity = (record.id, record.chain, record.seq, record.time, record.kind, record.call_id, record.intent_id)
    return (*identity, purpose, record.hash, orjson.dumps(record.to_json()).decode())


class _Sqlite:
    def __init__(self, path: str, table: str) -> None:
        self._path, self._table = path, table

    def connect(self) -> Any:
        import sqlite3

        connection = sqlite3.connect(self._path, timeout=_TIMEOUT_S, isolation_level=None, check_same_thread=False)
        connection.execute("PRAGMA synchronous=FULL")
        connection.execute(_table(self._table, "TEXT"))
        return connection

    def insert(self, connection: Any, rows: list[tuple[Any, ...]]) -> None:
        connection.execute("BEGIN IMMEDIATE")
        try:
            connection.executemany(_insert(self._table, "?"), rows)
        except BaseException:
            connection.execute("ROLLBACK")
            raise
        connection.execute("COMMIT")


class _Postgresql:
    def __init__(self, url: str, table: str) -> None:
        self._url, self._table = url, table

    def connect(self) -> Any:
        import psycopg

        connection = psycopg.connect(self._url, connect_timeout=_TIMEOUT_S, application_name="govai-sink")
        with connection.cursor() as cursor:
            found = cursor.execute("SELECT to_regclass(%s)", (self._table,)).fetchone()
            if found == (None,):  # a role that may only INSERT gets a table that someone else made
                cursor.execute(_table(self._table, "JSON").encode())
        connection.commit()
        return connection

    def insert(self, connection: Any, rows: list[tuple[Any, ...]]) -> None:
        import psycopg

        refused = ""
        try:
            with connection.transaction(), closing(connection.cursor()) as cursor:
                cursor.executemany(_insert(self._table, "%s").encode(), rows)
        except (psycopg.DataError, psycopg.IntegrityError) as error:
            refused = type(error).__name__
        if refused:  # raised out here: the database's message quotes the row
            raise SinkRefused(say(f"the table refuses a row ({refused})", f"la table refuse une ligne ({refused})"))


def _table(table: str, json: str) -> str:
    return (
        f"CREATE TABLE IF NOT EXISTS {table}(id TEXT PRIMARY KEY, chain TEXT NOT NULL, seq BIGINT NOT NULL, "
        "time TEXT NOT NULL, kind TEXT NOT NULL, call_id TEXT NOT NULL, intent_id TEXT NOT NULL, "
        f"purpose TEXT NOT NULL, hash TEXT NOT NULL, record {json} NOT NULL, UNIQUE(chain, seq))"
    )


def _insert(table: str, mark: str) -> str:
    marks = ",".join(mark for _ in _COLUMNS)
    return f"INSERT INTO {table}({','.join(_COLUMNS)}) VALUES({marks}) ON CONFLICT(id) DO NOTHING"


def _opener(url: str, table: str) -> _Sqlite | _Postgresql:
    if url.startswith("sqlite:///") and len(url) > len("sqlite:///"):
        return _Sqlite(url.removeprefix("sqlite:///"), table)
    if url.startswith(("postgresql://", "postgres://")):
        need("psycopg", "postgres")
        return _Postgresql(url, table)
    raise ConfigError(
        say("this is not a database's URL", "ceci n'est pas l'URL d'une base"),
        where="sinks=",
        todo="sqlite:///x.db, postgresql://user@host/database",
    )


def from_sqlite(place: str) -> Sql:
    """Return the sink of `sqlite:///x.db?table=…&name=…`."""
    return _from("sqlite:" + place)


def from_postgresql(place: str) -> Sql:
    """Return the sink of `postgresql://…?table=…&name=…`; other options are the database's own."""
    return _from("postgresql:" + place)


def _from(url: str) -> Sql:
    rest, options = taken(url, ("table", "name"))
    return Sql(rest, table=options.get("table", "govai_records"), name=options.get("name", ""))
