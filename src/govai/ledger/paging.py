"""Paging: records in pages that stay right while others are appended. A cursor says after which record a page begins."""

from __future__ import annotations

import base64
import binascii
import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from govai.core.errors import ConfigError
from govai.core.lang import say

if TYPE_CHECKING:
    from collections.abc import Iterator

    from govai.core.records import Record

_VERSION = "1"
_DIGITS, _END = 19, 2**63  # of a position: a 64-bit integer's
_SUM = 6  # bytes: a typing error or a cut is found; who means to can make a cursor, and reads what they may read anyway


@dataclass(frozen=True, slots=True)
class Page:
    """Some records, in order.

    Attributes:
        records: at most as many as asked for. next: the cursor of what comes after them; give it back to go on. It is there
            also at the end, oldest first: records that are appended later come after it. None: there is nothing before these.
    """

    records: tuple[Record, ...]
    next: str | None

    def __iter__(self) -> Iterator[Record]:
        return iter(self.records)

    def __len__(self) -> int:
        return len(self.records)


def cursor(position: int, asked: str, *, newest_first: bool) -> str:
    """Return the cursor of a position, for what is asked for (a filter's name)."""
    raw = f"{_VERSION}{'-' if newest_first else '+'}{asked}:{position}".encode()
    return base64.urlsafe_b64encode(hashlib.sha256(raw).digest()[:_SUM] + raw).decode().rstrip("=")


def position_of(given: str, asked: str, *, newest_first: bool) -> int:
    """Return the position of a cursor.

    Raises:
        ConfigError: it is damaged, or belongs to other filters or another order.
    """
    try:
        whole = base64.b64decode(given.encode("ascii") + b"=" * (-len(given) % 4), altchars=b"-_", validate=True)
    except (ValueError, AttributeError, binascii.Error):
        whole = b""
    sum_, raw = whole[:_SUM], whole[_SUM:]
    if not raw or hashlib.sha256(raw).digest()[:_SUM] != sum_:
        raise _not_one(say("this is not a cursor", "ceci n'est pas un curseur"))
    head, _, position = raw.decode("ascii", "replace").rpartition(":")
    if head != f"{_VERSION}{'-' if newest_first else '+'}{asked}" or not _is_position(position):
        raise _not_one(say("this cursor is of another question", "ce curseur est celui d'une autre question"))
    return int(position)


def _is_position(text: str) -> bool:
    return text.isdecimal() and len(text) <= _DIGITS and int(text) < _END


def _not_one(what: str) -> ConfigError:
    todo = say(
        "give Page.next back as it came, with the same filters; or begin anew without a cursor",
        "rendez Page.next tel quel, avec les mêmes filtres ; ou recommencez sans curseur",
    )
    return ConfigError(what, where="cursor=", todo=todo)
