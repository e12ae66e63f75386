"""Records as JSON lines in a file, one a line, durable before the cursor moves."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import orjson

if TYPE_CHECKING:
    from collections.abc import Sequence

    from govai.core.records import Record


class Jsonl:
    """Appends to a file (created with mode 0600).

    Args:
        path: of the file; its folder is made.
    """

    def __init__(self, path: str | Path) -> None:
        self._path = Path(path)
        self.name = f"jsonl:{path}"

    def __repr__(self) -> str:
        return f"<Jsonl {self._path}>"

    def emit(self, records: Sequence[Record]) -> None:
        """Append the records; raises OSError, and the ledger offers them again."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        lines = b"".join(orjson.dumps(record.to_json()) + b"\n" for record in records)
        handle = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        try:
            while lines:
                lines = lines[os.write(handle, lines) :]
            os.fsync(handle)
        finally:
            os.close(handle)

    def close(self, timeout: float) -> None:
        """Nothing is held open."""
