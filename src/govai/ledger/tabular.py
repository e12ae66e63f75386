"""Tabular: records as rows of a flat table, and as Arrow batches. One list of columns serves Arrow, Parquet and CSV."""

from __future__ import annotations

from datetime import datetime
from itertools import islice
from typing import TYPE_CHECKING, Any

from govai.core.canonical import canonical
from govai.core.errors import ConfigError
from govai.core.lang import say
from govai.core.records import SCHEMA

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    import pyarrow as pa

    from govai.core.records import Record

BATCH = 8192  # records
COLUMNS: dict[str, str] = {  # name → type, in order; a member that a record does not have is null
    **dict.fromkeys(("id", "chain"), "text"),
    "seq": "int",
    "time": "time",
    **dict.fromkeys(("kind", "call_id", "intent_id", "purpose", "basis", "actor", "door", "mode"), "text"),
    **dict.fromkeys(("job", "run_id", "parent_run", "provider", "host", "region", "model", "operation"), "text"),
    **dict.fromkeys(("effect", "status", "error", "finish_reason", "request_id"), "text"),
    **dict.fromkeys(("input_tokens", "output_tokens", "latency_us"), "int"),
    **dict.fromkeys(("rules", "subjects", "derived_from"), "texts"),
    "fields": "fields",
    **dict.fromkeys(("ticket", "on", "verdict", "body", "prev", "hash"), "text"),
}
FIELD = ("kind", "category", "sensitivity", "source", "field", "seen", "where", "effect", "rule")  # and `count`


def row(record: Record) -> dict[str, Any]:
    """Return a record as a row: the members of its body that have a column, and all of the body as JSON."""
    body = record.body
    usage, decision, error = body.get("usage"), body.get("decision"), body.get("error")
    said = {name: body.get(name) for name in COLUMNS}
    said |= {
        name: getattr(record, name) for name in ("id", "chain", "seq", "kind", "call_id", "intent_id", "prev", "hash")
    }
    said |= usage if isinstance(usage, dict) else {}
    if isinstance(decision, dict):
        said |= {"effect": decision.get("effect"), "rules": decision.get("rules")}
    said["actor"] = _inner(body.get("actor", body.get("reviewer")), "id")
    said["error"] = _inner(error, "code")
    said["time"] = datetime.fromisoformat(record.time)
    said["body"] = canonical(body).decode()
    return {name: _typed(kind, said[name]) for name, kind in COLUMNS.items()}


def arrow_schema() -> pa.Schema:
    """Return the table's schema; its metadata names the version of the records.

    Raises:
        ConfigError: pyarrow is not there.
    """
    pa = _pyarrow()
    field = pa.struct([*((name, pa.string()) for name in FIELD), ("count", pa.int64())])
    types = {
        "text": pa.string(),
        "int": pa.int64(),
        "time": pa.timestamp("us", tz="UTC"),
        "texts": pa.list_(pa.string()),
        "fields": pa.list_(field),
    }
    return pa.schema([(name, types[kind]) for name, kind in COLUMNS.items()], metadata={"govai.schema": SCHEMA})


def arrow_batches(records: Iterable[Record], size: int = BATCH) -> Iterator[pa.RecordBatch]:
    """Yield the records in batches of `size`, as they are read: in flat memory."""
    pa, schema, rest = _pyarrow(), arrow_schema(), iter(records)
    while some := [row(one) for one in islice(rest, size)]:
        yield pa.RecordBatch.from_pylist(some, schema=schema)


def arrow_table(records: Iterable[Record]) -> pa.Table:
    """Return the records as one table, in memory."""
    return _pyarrow().Table.from_batches(list(arrow_batches(records)), schema=arrow_schema())


def _inner(value: Any, name: str) -> Any:
    return value.get(name) if isinstance(value, dict) else value


def _typed(kind: str, value: Any) -> Any:
    """Return a value if it is of its column's type, None otherwise: a table has no place for a damaged one."""
    if kind == "text":
        return value if isinstance(value, str) else None
    if kind == "int":
        return value if isinstance(value, int) and not isinstance(value, bool) else None
    if kind == "texts":
        return [str(one) for one in value] if isinstance(value, list) else None
    if kind == "fields":
        return [_field(one) for one in value] if isinstance(value, list) else None
    return value


def _field(one: Any) -> dict[str, Any]:
    said = one if isinstance(one, dict) else {}
    return {name: _typed("text", said.get(name)) for name in FIELD} | {"count": _typed("int", said.get("count"))}


def _pyarrow() -> Any:
    try:
        import pyarrow as pa
    except ImportError:
        pa = None
    if pa is None:
        raise ConfigError(
            say("Arrow and Parquet need pyarrow", "Arrow et Parquet demandent pyarrow"),
            todo=say("install govai's extra: arrow", "installez l'extra arrow de govai"),
        )
    return pa
