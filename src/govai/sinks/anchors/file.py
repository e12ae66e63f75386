"""Checkpoints as JSON lines in a file elsewhere: another disk, a share that only appends, an object store's mount."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import orjson

from govai.core.canonical import canonical
from govai.core.checkpoints import Checkpoint

if TYPE_CHECKING:
    from collections.abc import Iterator


class FileAnchor:
    """Appends to a file (created with mode 0600), durably. One file per ledger.

    Args:
        path: of the file; its folder is made.
    """

    def __init__(self, path: str | Path) -> None:
        self._path = Path(path)
        self.name = f"file:{path}"

    def __repr__(self) -> str:
        return f"<FileAnchor {self._path}>"

    def anchor(self, checkpoint: Checkpoint) -> str:
        """Append the checkpoint and return where it stands; raises OSError, and it is offered again."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        handle = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
        try:
            start = os.lseek(handle, 0, os.SEEK_END)
            torn = start > 0 and os.pread(handle, 1, start - 1) != b"\n"  # a line that a crash cut
            line = (b"\n" if torn else b"") + canonical(checkpoint.to_json()) + b"\n"
            while line:
                line = line[os.write(handle, line) :]
            os.fsync(handle)
        finally:
            os.close(handle)
        return f"byte {start}"

    def anchored(self) -> Iterator[Checkpoint]:
        """Yield the checkpoints that the file holds; a line that a crash cut counts for nothing. Raises OSError."""
        with self._path.open("rb") as file:
            for line in file:
                try:
                    yield Checkpoint.from_json(orjson.loads(line))
                except ValueError:
                    continue
