"""From a ledger's URL to its database."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from govai.core.errors import ConfigError
from govai.core.lang import say
from govai.storage.sqlite import MEMORY, SqliteDatabase

if TYPE_CHECKING:
    from govai.core.database import Database

_FILE = "sqlite:///"
_SERVER = ("postgresql://", "postgres://")


def open_database(url: str) -> Database:
    """Return the database that a URL names; nothing is opened yet.

    Args:
        url: `sqlite:///relative.db`, `sqlite:////absolute.db`, `:memory:`, `postgresql://user@host/database`.

    Raises:
        ConfigError: another kind of URL, or psycopg is missing.
    """
    if url == MEMORY:
        return SqliteDatabase(MEMORY, MEMORY)
    if isinstance(url, str) and url.startswith(_FILE) and len(url) > len(_FILE):
        return SqliteDatabase(url.removeprefix(_FILE), url)
    if isinstance(url, str) and url.startswith(_SERVER):
        return _server(url)
    raise ConfigError(
        say("this is not a ledger's URL", "ceci n'est pas l'URL d'un registre"),
        where=f"ledger={_kind(url)!r}" if isinstance(url, str) else "ledger=",
        todo="sqlite:///x.db, sqlite:////var/lib/x.db, :memory:, postgresql://user@host/database",
    )


def shown(url: str) -> str:
    """Return a URL without its password; only its kind where a password has signs in it that a URL reads otherwise."""
    try:
        parts = urlsplit(url)
        secret = parts.password is not None
    except ValueError:
        return _kind(url)
    if "@" in f"{parts.path}{parts.query}{parts.fragment}":  # libpq takes all before the @ for user and password
        return _kind(url)
    given = parse_qsl(parts.query, keep_blank_values=True)
    kept = [(name, value) for name, value in given if "password" not in name.lower()]
    if not secret and kept == given:
        return url
    user, _, place = parts.netloc.rpartition("@")
    return urlunsplit(
        parts._replace(netloc=f"{user.partition(':')[0]}@{place}" if user else place, query=urlencode(kept))
    )


def _kind(url: str) -> str:
    """Return what stands before a URL's first colon: what follows may be a password."""
    kind, colon, _ = url.partition(":")
    return f"{kind}:…" if colon else kind


def _server(url: str) -> Database:
    try:
        from govai.storage.postgres import PostgresDatabase
    except ImportError:
        pass
    else:
        return PostgresDatabase(url)
    raise ConfigError(
        say("a ledger on PostgreSQL needs psycopg 3", "un registre PostgreSQL demande psycopg 3"),
        where="ledger=postgresql://…",
        todo=say("install govai with its extra `postgres`", "installez govai avec son extra `postgres`"),
    )
