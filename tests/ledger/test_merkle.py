"""The tree of RFC 9162: root and audit paths, against the recursive definition in its text."""

from __future__ import annotations

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from govai.ledger.merkle import path_of, root_by, root_of

ENTRIES = st.lists(st.binary(max_size=40), max_size=70)


def hashed(data: bytes) -> bytes:
    return hashlib.sha256(data).digest()


def split(size: int) -> int:
    return 1 << (size - 1).bit_length() - 1


def by_definition(entries: list[bytes]) -> bytes:
    """RFC 9162 §2.1.1."""
    if not entries:
        return hashed(b"")
    if len(entries) == 1:
        return hashed(b"\0" + entries[0])
    k = split(len(entries))
    return hashed(b"\1" + by_definition(entries[:k]) + by_definition(entries[k:]))


def path_by_definition(index: int, entries: list[bytes]) -> list[bytes]:
    """RFC 9162 §2.1.3.1."""
    if len(entries) == 1:
        return []
    k = split(len(entries))
    if index < k:
        return [*path_by_definition(index, entries[:k]), by_definition(entries[k:])]
    return [*path_by_definition(index - k, entries[k:]), by_definition(entries[:k])]


@given(ENTRIES)
def test_the_root_is_that_of_the_definition(entries: list[bytes]) -> None:
    assert root_of(entries) == by_definition(entries)


@given(ENTRIES.filter(bool), st.data())
def test_a_path_leads_to_the_root(entries: list[bytes], data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(entries) - 1))
    path = path_of(entries, at)
    assert path == path_by_definition(at, entries)
    assert root_by(entries[at], at, len(entries), path) == root_of(entries)


@given(ENTRIES.filter(lambda entries: len(set(entries)) > 1), st.data())
def test_nothing_else_leads_there(entries: list[bytes], data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(entries) - 1))
    path, root, size = path_of(entries, at), root_of(entries), len(entries)
    wrong = data.draw(st.integers(0, len(entries) - 1).filter(lambda other: entries[other] != entries[at]))
    assert root_by(entries[wrong], at, size, path) != root
    assert root_by(entries[at], at, size, path[:-1]) != root
    assert root_by(entries[at], at, size, [*path, b"x" * 32]) != root
    assert root_by(entries[at], size, size, path) is None
    assert root_by(entries[at], -1, size, path) is None


@pytest.mark.parametrize("index", [-1, 3])
def test_there_is_no_path_of_what_is_not_there(index: int) -> None:
    with pytest.raises(IndexError):
        path_of([b"a", b"b", b"c"], index)
