"""Set a full file aside: renamed with the time, compressed, the oldest removed. It knows files, not records."""

from __future__ import annotations

import gzip
import os
import re
import shutil
from contextlib import suppress
from datetime import UTC, datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


def of_an_earlier_day(modified: float) -> bool:
    """Return whether a time (seconds since the epoch) lies before today, UTC."""
    return datetime.fromtimestamp(modified, UTC).date() < datetime.now(UTC).date()


def set_aside(path: Path, *, keep: int, compress: bool) -> None:
    """Rename a file whose lock is held: `lineage.jsonl` to `lineage-20261124T093012345678Z.jsonl`.

    Args:
        keep: how many of those stay, the youngest; 0: all. compress: also those that a crash left uncompressed.
    """
    stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%S%fZ")
    path.rename(path.with_name(f"{path.stem}-{stamp}{path.suffix}"))
    aside = _aside(path)
    gone = aside[:-keep] if keep else []
    for old in gone:
        old.unlink(missing_ok=True)
    if compress:
        for file in aside[len(gone) :]:
            if file.suffix != ".gz":
                _squeeze(file)
    sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Make names in a folder durable, where the system can."""
    with suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def _aside(path: Path) -> list[Path]:
    """Return the files that were set aside, oldest first: only those whose whole name we gave."""
    ours = re.compile(rf"{re.escape(path.stem)}-\d{{8}}T\d{{12}}Z{re.escape(path.suffix)}(\.gz)?")
    return sorted(one for one in path.parent.iterdir() if ours.fullmatch(one.name))


def _squeeze(file: Path) -> None:
    part = file.with_name(file.name + ".part")
    handle = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "wb") as raw, file.open("rb") as source:
        with gzip.GzipFile(fileobj=raw, mode="wb", filename="") as packed:
            shutil.copyfileobj(source, packed)
        raw.flush()
        os.fsync(raw.fileno())
    part.rename(file.with_name(file.name + ".gz"))
    file.unlink()
