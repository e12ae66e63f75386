"""E-mail addresses, as people write them (RFC 5321 mailboxes, internationalised ones included)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from govai.core.data import Finding

if TYPE_CHECKING:
    from collections.abc import Iterator

CATEGORY = "user.contact.email"
_DOMAIN = re.compile(r"(?:[^\W_](?:[\w-]{0,61}[^\W_])?\.)+[^\W\d_]{2,24}(?![^\W_])|\[?(?:\d{1,3}\.){3}\d{1,3}\]?")
_LOCAL = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.!#$%&'*+/=?^_`{|}~-")
_TRIMMED = "'`*_.!?&=/{}|~^#$%"
_LONGEST_LOCAL = 64


class Email:
    """Finds e-mail addresses."""

    def detect(self, text: str) -> Iterator[Finding]:
        """Yield the addresses in the text."""
        at = text.find("@")
        done = 0
        while at >= 0:
            domain = _DOMAIN.match(text, at + 1)
            if domain is not None:
                start = self._local_start(text, at, done)
                if start < at:
                    yield Finding(start, domain.end(), "email", CATEGORY)
                    done = domain.end()
            at = text.find("@", at + 1)

    @staticmethod
    def _local_start(text: str, at: int, floor: int) -> int:
        start = at
        floor = max(floor, at - _LONGEST_LOCAL)
        while start > floor and (text[start - 1] in _LOCAL or (text[start - 1] > "\x7f" and text[start - 1].isalnum())):
            start -= 1
        while start < at and text[start] in _TRIMMED:
            start += 1
        return start
