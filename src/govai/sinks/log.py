"""Records as lines of the standard library's logging: one a record, with what identifies it and no more."""

from __future__ import annotations

import logging
import re
from typing import TYPE_CHECKING

from govai.sinks.options import split

if TYPE_CHECKING:
    from collections.abc import Sequence

    from govai.core.records import Record

# What a line says of a body: words of the policy and of govai, never of a caller or a person.
_SAFE = ("purpose", "provider", "model", "status", "effect", "error")
_WORD = re.compile(r"[A-Za-z0-9._:/-]{1,100}")


class Log:
    """Writes one line a record to a logger of the standard library, at level INFO.

    Args:
        logger: its name. name: of the cursor.
    """

    def __init__(self, logger: str = "govai.ledger", *, name: str = "") -> None:
        self._logger = logging.getLogger(logger)
        self.name = name or f"log:{logger}"

    def __repr__(self) -> str:
        return f"<Log {self._logger.name}>"

    def emit(self, records: Sequence[Record]) -> None:
        """Write the lines; what a handler does with them is logging's own business."""
        for record in records:
            self._logger.info("%s", line_of(record))

    def close(self, timeout: float) -> None:
        """Nothing is held open."""


def line_of(record: Record) -> str:
    """Return the line: `kind=… id=… call=… chain=… seq=… hash=…` and the words of the body that are plain ones."""
    words = {
        "kind": record.kind,
        "id": record.id,
        "call": record.call_id,
        "intent": record.intent_id,
        "chain": record.chain,
        "seq": str(record.seq),
        "hash": record.hash,
    }
    words |= {name: value for name in _SAFE if isinstance(value := record.body.get(name), str)}
    return " ".join(f"{name}={value}" for name, value in words.items() if _WORD.fullmatch(value))


def from_string(place: str) -> Log:
    """Return the sink of `log:NAME?name=…`."""
    logger, options = split("log", place, ("name",))
    return Log(logger, name=options.get("name", ""))
