"""Ids that providers make (`call_0767312546e3…`, UUIDs): their digits are drawn at random, and are nobody's number.

Only what is long, mixed and of one of the shapes that providers use counts: `user_0612345678` is a phone number.
"""

from __future__ import annotations

import re

_HEX = r"[0-9a-f]{24,64}"
_UUID = r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
_ID = re.compile(
    rf"(?:[a-z]{{2,16}}[_-]){{1,3}}(?P<mixed>[0-9A-Za-z]{{20,64}})|(?:[a-z]{{2,16}}[_-]){{0,3}}(?P<hex>{_HEX}|{_UUID})"
)
_TOKEN = re.compile(r"[0-9A-Za-z_-]+")
_LETTERS, _CHANGES = 3, 3  # of what is left of the id: letters, and changes between letters and digits, at least
_CHANGE = re.compile(r"(?<=[0-9])(?=[A-Za-z])|(?<=[A-Za-z])(?=[0-9])")


def within_id(text: str, start: int, end: int) -> bool:
    """Whether characters `start` to `end` of a text are only a part of an id, which goes on after them."""
    for token in _TOKEN.finditer(text):
        if token.start() <= start and end <= token.end():
            found = _ID.fullmatch(token.group())
            if found is None:
                return False
            first = token.start() + found.start(found.lastgroup or 0)
            rest = text[end : token.end()]
            others = text[first:start] + " " + rest
            letters = sum(char.isalpha() for char in others)
            changes = len(_CHANGE.findall(others))
            return start >= first and bool(rest) and letters >= _LETTERS and changes >= _CHANGES
    return False
