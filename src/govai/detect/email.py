"""E-mail addresses as people write them: RFC 5321 mailboxes, internationalised ones (RFC 6531) included."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from govai.core.data import Finding

if TYPE_CHECKING:
    from collections.abc import Iterator

CATEGORY = "user.contact.email"
_LABEL = r"[^\W_](?:[\w\-]{0,61}[^\W_])?"  # nothing optional in it may be empty: texts like a.a.a.… must not stall
_DOMAIN = re.compile(
    rf"(?:{_LABEL}\.)+(?:xn--[A-Za-z0-9\-]{{1,58}}[A-Za-z0-9]|[^\W\d_]{{2,24}})"
    r"|\[(?:\d{1,3}(?:\.\d{1,3}){3}|(?i:IPv6):[0-9A-Fa-f:.]{2,45})\]"
)
_ATEXT = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.!#$%&'*+=^_~-"
_EDGES = "'*_.!&=~^#$%"  # legal at the start of a mailbox, and never there in practice: quotes, emphasis, separators
_KEY = re.compile(r"\w+=+(?=.)")  # `user=ana@…`: a key and its value, not a mailbox called `user=ana`
_QUOTED = re.compile(r'(?<![\w"])"[^"\s:,{}][^":,{}\r\n]{0,62}"\Z')
_LONGEST_LOCAL = 64  # octets, RFC 5321 4.5.3.1.1


class Email:
    """Finds e-mail addresses."""

    def detect(self, text: str) -> Iterator[Finding]:
        """Yield the addresses in the text."""
        for start, end in self.spans(text):
            yield Finding(start, end, "email", CATEGORY)

    def spans(self, text: str) -> list[tuple[int, int]]:
        """Return where addresses begin and end."""
        found = []
        at = text.find("@")
        done = 0
        while at >= 0:
            domain = _DOMAIN.match(text, at + 1) if at > done else None
            if domain is not None:
                start = _local_start(text, at, max(done, at - _LONGEST_LOCAL))
                if start < at:
                    done = domain.end()
                    found.append((start, done))
            at = text.find("@", at + 1)
        return found


def _local_start(text: str, at: int, floor: int) -> int:
    """Return where the mailbox that ends before `at` begins, `at` when there is none."""
    before = text[floor:at]
    if before.endswith('"') and (quoted := _QUOTED.search(before)) is not None:
        return floor + quoted.start()
    rest = before.rstrip(_ATEXT)
    while rest and rest[-1] > "\x7f" and (rest[-1].isalnum() or "\u0300" <= rest[-1] <= "\u036f"):
        rest = rest[:-1].rstrip(_ATEXT)
    local = before[len(rest) :].lstrip(_EDGES)
    while (key := _KEY.match(local)) is not None:
        local = local[key.end() :]
    if "&" in local and (key := _KEY.match(local, local.rfind("&") + 1)) is not None:
        local = local[key.end() :]
    return at - len(local.lstrip(_EDGES))
