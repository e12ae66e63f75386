"""Merkle tree hash and audit paths of RFC 9162 §2.1, over SHA-256. Pure: it knows neither records nor chains."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

_sha256 = hashlib.sha256


def leaf_hash(entry: bytes) -> bytes:
    """Return the hash of an entry as a leaf."""
    return _sha256(b"\0" + entry).digest()


def root_of(entries: Sequence[bytes]) -> bytes:
    """Return the tree hash over entries, in order; that of none is SHA-256 of nothing."""
    if not entries:
        return _sha256(b"").digest()
    level = [_sha256(b"\0" + entry).digest() for entry in entries]
    while len(level) > 1:
        level = _above(level)
    return level[0]


def path_of(entries: Sequence[bytes], index: int) -> list[bytes]:
    """Return the audit path of an entry (RFC 9162 §2.1.3.1): the hashes beside the way from its leaf to the root.

    Args:
        entries: all of them. index: from 0.

    Raises:
        IndexError: there is no such entry.
    """
    if not 0 <= index < len(entries):
        raise IndexError(index)
    path: list[bytes] = []
    level = [leaf_hash(entry) for entry in entries]
    while len(level) > 1:
        if index ^ 1 < len(level):
            path.append(level[index ^ 1])
        index //= 2
        level = _above(level)
    return path


def root_by(entry: bytes, index: int, size: int, path: Sequence[bytes]) -> bytes | None:
    """Return the root that an entry and its audit path lead to (RFC 9162 §2.1.3.2), None where the path does not fit.

    Args:
        entry: the entry. index: its place, from 0. size: how many entries the tree has.
    """
    if not 0 <= index < size:
        return None
    at, last, found = index, size - 1, leaf_hash(entry)
    for beside in path:
        if last == 0:
            return None
        if at & 1 or at == last:
            found = _node(beside, found)
            while not at & 1 and at:
                at, last = at >> 1, last >> 1
        else:
            found = _node(found, beside)
        at, last = at >> 1, last >> 1
    return found if last == 0 else None


def _node(left: bytes, right: bytes) -> bytes:
    return _sha256(b"\1" + left + right).digest()


def _above(level: list[bytes]) -> list[bytes]:
    """Return the level above: pairs become one, an odd last one goes up as it is (the same tree as §2.1.1's split)."""
    pairs = iter(level)
    above = [_sha256(b"\1" + left + right).digest() for left, right in zip(pairs, pairs, strict=False)]
    if len(level) & 1:
        above.append(level[-1])
    return above
