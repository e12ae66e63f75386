"""Exporting: records into a file, as JSON lines, CSV, Arrow or Parquet. The file is there whole or not at all."""

from __future__ import annotations

import csv
import io
import os
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

import orjson

from govai.core.errors import ConfigError
from govai.core.lang import say
from govai.core.names import did_you_mean
from govai.ledger.tabular import COLUMNS, arrow_batches, arrow_schema, row

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from govai.core.records import Record

_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")  # what a spreadsheet would run


def export(records: Iterable[Record], out: str | Path, form: str) -> int:
    """Write records to a file and return how many.

    Args:
        records: read as they are written, in flat memory. out: the file; one that is there is replaced at the end.
        form: `jsonl`, `csv`, `arrow` (an IPC file) or `parquet`.

    Raises:
        ConfigError: another format, a file that cannot be written, or pyarrow is missing.
    """
    if form not in FORMATS:
        raise ConfigError(
            say(f"unknown format '{form}'", f"format inconnu « {form} »"), todo=did_you_mean(form, tuple(FORMATS))
        )
    counted = _Counted(records)
    with replacing(Path(out)) as file:
        FORMATS[form](counted, file)
    return counted.count


@contextmanager
def replacing(out: Path) -> Iterator[BinaryIO]:
    """Give a new file (mode 0600) that takes the place of `out` when the block ends, and leaves nothing when it raises.

    Raises:
        ConfigError: it cannot be written.
    """
    handle, name, problem = _draft(out)
    if problem:
        raise _unwritable(out, problem)
    try:
        with os.fdopen(handle, "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        Path(name).replace(out)
    except OSError as error:
        problem = error.strerror or type(error).__name__
    finally:
        Path(name).unlink(missing_ok=True)
    if problem:
        raise _unwritable(out, problem)


def _draft(out: Path) -> tuple[int, str, str]:
    """Return a new file beside another: its handle, its name, and why there is none."""
    try:
        return *tempfile.mkstemp(prefix=f".{out.name}.", dir=out.parent), ""
    except OSError as error:
        return -1, "", error.strerror or type(error).__name__


def _unwritable(out: Path, problem: str) -> ConfigError:
    return ConfigError(
        say(f"the file cannot be written: {problem}", f"le fichier ne peut être écrit : {problem}"),
        where=str(out),
        todo=say("choose another --out", "choisissez un autre --out"),
    )


class _Counted:
    def __init__(self, records: Iterable[Record]) -> None:
        self._records, self.count = records, 0

    def __iter__(self) -> Iterator[Record]:
        for record in self._records:
            self.count += 1
            yield record


def _jsonl(records: Iterable[Record], file: BinaryIO) -> None:
    file.writelines(orjson.dumps(record.to_json(), option=orjson.OPT_APPEND_NEWLINE) for record in records)


def _csv(records: Iterable[Record], file: BinaryIO) -> None:
    text = io.TextIOWrapper(file, encoding="utf-8", newline="")
    writer = csv.writer(text)
    writer.writerow(COLUMNS)
    for record in records:
        writer.writerow([_cell(value) for value in row(record).values()])
    text.detach()  # flushes; the file is not ours to close


def _cell(value: Any) -> str:
    """Return a value as a cell: lists as JSON, times as RFC 3339, and no text that a spreadsheet takes for a formula."""
    if value is None:
        return ""
    if isinstance(value, str):
        return f"'{value}" if value.startswith(_FORMULA) else value
    return orjson.dumps(value, option=orjson.OPT_UTC_Z).decode().strip('"')


def _arrow(records: Iterable[Record], file: BinaryIO) -> None:
    schema = arrow_schema()
    import pyarrow as pa

    with pa.ipc.new_file(file, schema) as writer:
        for batch in arrow_batches(records):
            writer.write_batch(batch)


def _parquet(records: Iterable[Record], file: BinaryIO) -> None:
    schema = arrow_schema()
    from pyarrow import parquet

    with parquet.ParquetWriter(file, schema, compression="zstd") as writer:
        for batch in arrow_batches(records):
            writer.write_batch(batch)


FORMATS: dict[str, Callable[[Iterable[Record], BinaryIO], None]] = {
    "jsonl": _jsonl,
    "csv": _csv,
    "arrow": _arrow,
    "parquet": _parquet,
}
