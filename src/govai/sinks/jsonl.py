"""Records as JSON lines in a file, one a line, durable before the cursor moves. It rotates; how is in `rotation`."""

from __future__ import annotations

import os
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import orjson

from govai.core.errors import ConfigError
from govai.core.lang import say
from govai.sinks import rotation
from govai.sinks.options import split, whole, yes

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from govai.core.records import Record

_TAIL = 64 * 1024  # bytes read at once while looking for the last whole line


class Jsonl:
    """Appends to a file (created with mode 0600), which several processes may do at once.

    Args:
        path: of the file; its folder is made. max_bytes: a larger file is set aside before more is written; 0: never.
        daily: the file of an earlier day (UTC) is set aside. keep: how many set-aside files stay; 0: all.
        compress: they are compressed with gzip. name: of the cursor.

    Raises:
        ConfigError: a number below 0.
    """

    def __init__(
        self,
        path: str | Path,
        *,
        max_bytes: int = 0,
        daily: bool = False,
        keep: int = 0,
        compress: bool = False,
        name: str = "",
    ) -> None:
        if max_bytes < 0 or keep < 0:
            raise ConfigError(
                say("max_bytes and keep are numbers from 0", "max_bytes et keep sont des nombres à partir de 0"),
                where="sinks=",
            )
        self._path = Path(path)
        self._max_bytes, self._daily, self._keep, self._compress = max_bytes, daily, keep, compress
        self.name = name or f"jsonl:{path}"

    def __repr__(self) -> str:
        return f"<Jsonl {self._path}>"

    def emit(self, records: Sequence[Record]) -> None:
        """Append the records; raises OSError, and the ledger offers them again."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        lines = b"".join(orjson.dumps(record.to_json()) + b"\n" for record in records)
        with _alone(self._path) as handle:
            mend(handle)
            if not self._due(handle, len(lines)):
                _append(handle, lines)
                return
            rotation.set_aside(self._path, keep=self._keep, compress=self._compress)
        with _alone(self._path) as handle:  # another process may have begun the new file
            mend(handle)
            _append(handle, lines)

    def close(self, timeout: float) -> None:
        """Nothing is held open."""

    def _due(self, handle: int, more: int) -> bool:
        now = os.fstat(handle)
        full = bool(self._max_bytes) and now.st_size + more > self._max_bytes
        return now.st_size > 0 and (full or (self._daily and rotation.of_an_earlier_day(now.st_mtime)))


def mend(handle: int) -> None:
    """Repair the last line of a file whose writer was cut off: a whole record gets its end of line, half a one goes.

    What goes was never acknowledged: its record is still to be offered again.
    """
    size = os.fstat(handle).st_size
    if size == 0 or os.pread(handle, 1, size - 1) == b"\n":
        return
    start = _start_of_last_line(handle, size)
    try:
        orjson.loads(os.pread(handle, size - start, start))
    except orjson.JSONDecodeError:
        os.ftruncate(handle, start)
    else:
        os.write(handle, b"\n")


def _start_of_last_line(handle: int, size: int) -> int:
    end = size
    while end > 0:
        begin = max(0, end - _TAIL)
        found = os.pread(handle, end - begin, begin).rfind(b"\n")
        if found >= 0:
            return begin + found + 1
        end = begin
    return 0


def _append(handle: int, lines: bytes) -> None:
    before = os.fstat(handle).st_size
    try:
        while lines:
            lines = lines[os.write(handle, lines) :]
        os.fsync(handle)
    except OSError:
        os.ftruncate(handle, before)
        raise


@contextmanager
def _alone(path: Path) -> Iterator[int]:
    """Open the file for appending while no other process writes to it."""
    while True:
        existed = path.exists()
        handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
        try:
            _lock(handle)
            if not _is_still(handle, path):  # it was set aside while we waited
                continue
            if not existed:
                rotation.sync_folder(path.parent)
            yield handle
            return
        finally:
            os.close(handle)  # and with it the lock


def _is_still(handle: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(handle), path.stat())
    except FileNotFoundError:
        return False


def _lock(handle: int) -> None:
    try:
        import fcntl
    except ImportError:  # Windows: one process a file
        return
    fcntl.flock(handle, fcntl.LOCK_EX)


def from_string(place: str) -> Jsonl:
    """Return the sink of `jsonl:PATH?max_bytes=10MB&daily=yes&keep=7&gzip=yes&name=…`."""
    path, options = split("jsonl", place, ("max_bytes", "daily", "keep", "gzip", "name"))
    return Jsonl(
        path,
        max_bytes=whole(options, "max_bytes", 0),
        daily=yes(options, "daily"),
        keep=whole(options, "keep", 0),
        compress=yes(options, "gzip"),
        name=options.get("name", ""),
    )
