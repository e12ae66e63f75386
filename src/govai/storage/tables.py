"""The tables, column by column in the order they were made: what an insert names. And the scripts that make them."""

from __future__ import annotations

VERSION = 3  # of the schema

# Columns that the database fills itself (a record's position) are left out.
TABLES: dict[str, dict[str, str]] = {
    "records": {
        "chain": "text",
        "seq": "bigint",
        "id": "text",
        "time": "text",
        "kind": "text",
        "call_id": "text",
        "intent_id": "text",
        "purpose": "text",
        "hash": "text",
        "bytes": "bytea",
    },
    "writers": {"chain": "text", "alive_until": "double precision"},
    "cursors": {
        "sink": "text",
        "position": "bigint",
        "holder": "text",
        "alive_until": "double precision",
        "tries": "bigint",
        "error": "text",
        "since": "text",
    },
    "dead_letters": {
        "sink": "text",
        "position": "bigint",
        "record": "text",
        "error": "text",
        "tries": "bigint",
        "time": "text",
    },
    "subjects": {"ref": "text", "lookup": "text"},
    "uses": {"subject": "text", "record": "text"},
    "subject_keys": {"subject": "text", "key": "bytea"},
    "contents": {"record": "text", "time": "text", "purpose": "text", "box": "bytea"},
    "holdings": {"subject": "text", "what": "text", "name": "text"},
    "legal_holds": {"id": "text", "time": "text", "scope": "bytea"},
    "purging": {"reason": "text"},
    "restrictions": {"lookup": "text", "time": "text"},
    "links": {"parent": "text", "child": "text", "kind": "text"},
}


def script(dialect: str, version: int) -> str:
    """Return the SQL that leads a schema from one version to the next: `schema/<dialect>/<version>.sql`."""
    from importlib.resources import files

    return files("govai.storage").joinpath("schema", dialect, f"{version:03}.sql").read_text(encoding="utf-8")
