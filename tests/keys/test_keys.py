"""Roots: what they derive, how they are written, and that rotating in any order reads everything that was written."""

from __future__ import annotations

import base64
import copy
import hmac
import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from govai.core.errors import ConfigError, PolicyError
from govai.core.keys import all_keys
from govai.keys import Keyring, RootKey, public_keys, spelling
from govai.keys.roots import State, key_id
from govai.review.sealing import Box

ROOTS = st.binary(min_size=32, max_size=32)
USES = st.text(min_size=1, max_size=20)


@given(a=ROOTS, b=ROOTS, use=USES, other=USES)
def test_keys_differ_by_root_and_by_use(a: bytes, b: bytes, use: str, other: str) -> None:
    key = RootKey(a, "").derive(use)
    assert len(key) == 32 and key == RootKey(a, "elsewhere").derive(use) != a
    assert (key == RootKey(b, "").derive(use)) == (a == b)
    assert (key == RootKey(a, "").derive(other)) == (use == other)


def test_what_was_written_before_there_was_rotation_still_opens() -> None:
    assert RootKey(b"r" * 32, "").derive("envelopes") == hmac.digest(b"r" * 32, b"govai/envelopes", "sha256")


@given(roots=st.lists(ROOTS, min_size=1, max_size=5, unique=True), separator=st.sampled_from(["\n", ",", " , ", "\n\n# note\n"]), coded=st.booleans())
def test_the_first_root_writes_and_all_read(roots: list[bytes], separator: str, coded: bool) -> None:
    text = separator.join(base64.b64encode(root).decode() if coded else root.hex() for root in roots)
    ring = spelling.keyring(spelling.read(text), "here")
    assert all_keys(ring, "x") == tuple(RootKey(root, "").derive("x") for root in roots)
    assert [root.state for root in ring.roots] == [State.CURRENT] + [State.EARLIER] * (len(roots) - 1)


@given(steps=st.lists(st.sampled_from(["write", "prepare", "rotate"]), max_size=12))
def test_any_rotations_read_all_that_was_written(steps: list[str]) -> None:
    lines, written = (spelling.new(),), []
    for step in steps:
        if step == "write":
            written.append(Box(spelling.keyring(lines, "")).lock(str(len(written)).encode(), "it"))
        else:
            lines = spelling.read(spelling.write({"prepare": spelling.prepared, "rotate": spelling.rotated}[step](lines)))
    box = Box(spelling.keyring(lines, ""))
    assert [box.unlock(one, "it", "") for one in written] == [str(at).encode() for at in range(len(written))]


@given(steps=st.lists(st.sampled_from(["prepare", "rotate", "retire"]), max_size=10), pick=st.randoms())
def test_writing_and_reading_lines_loses_nothing_and_no_public_key_is_ever_lost(steps: list[str], pick) -> None:
    lines, seen = (spelling.new(),), {}
    for step in steps:
        if step == "retire":
            lines = spelling.without(lines, pick.choice(spelling.keyring(lines, "").roots).id)
        else:
            lines = {"prepare": spelling.prepared, "rotate": spelling.rotated}[step](lines)
        assert spelling.read(spelling.write(lines)) == spelling.read(spelling.write(spelling.read(spelling.write(lines))))
        ring = spelling.keyring(spelling.read(spelling.write(lines)), "")
        seen |= public_keys(ring)
        assert public_keys(ring) == seen and next(iter(public_keys(ring))) == ring.roots[0].id
        assert {root.id for root in ring.roots} == set(seen)


def test_a_prepared_root_is_read_with_and_then_written_with() -> None:
    before = (spelling.new(),)
    ready = spelling.prepared(before)
    after = spelling.rotated(ready)
    assert spelling.prepared(ready) == ready and len(after) == 2
    old, readying, new = (spelling.keyring(lines, "") for lines in (before, ready, after))
    assert old.derive("x") == readying.derive("x") != new.derive("x")
    assert Box(readying).unlock(Box(new).lock(b"new", "it"), "it", "") == b"new"
    with pytest.raises(PolicyError, match="retired"):
        Box(old).unlock(Box(new).lock(b"new", "it"), "it", "")


def test_a_retired_root_opens_nothing_and_its_signatures_still_verify() -> None:
    lines = (spelling.new(),)
    old = spelling.keyring(lines, "")
    sealed = Box(old).lock(b"x", "it")
    lines = spelling.rotated(lines)
    gone = spelling.without(lines, old.roots[0].id)
    ring = spelling.keyring(spelling.read(spelling.write(gone)), "")
    assert public_keys(ring) == public_keys(spelling.keyring(lines, ""))
    assert lines[1].kept.hex() not in spelling.write(gone)
    assert spelling.without(gone, ring.roots[0].id) == gone  # the one to write with stays
    with pytest.raises(PolicyError, match="its key is another or retired"):
        Box(ring).unlock(sealed, "it", "ticket 1")


@pytest.mark.parametrize("text", ["", "#", "zz", "00" * 31, "00" * 32 + " yesterday", "00" * 32 + " 2026-01-01", "00" * 32 + " next", "00" * 32 + " retired"])
def test_what_is_no_key_is_refused_without_being_shown(text: str) -> None:
    with pytest.raises((ValueError, ConfigError)) as caught:
        spelling.keyring(spelling.read(text), "here")
    assert "00000000" not in str(caught.value)


def test_an_id_tells_nothing_of_the_root_and_can_be_had_from_the_public_key() -> None:
    root = RootKey(b"r" * 32, "")
    assert root.id == key_id(root.public) and len(root.id) == 16
    assert root.public not in (root.derive("checkpoints"), b"r" * 32)


def test_keys_are_not_shown_and_do_not_leave_the_process() -> None:
    line = spelling.new()
    ring = spelling.keyring((line,), "file:x")
    for thing in (line, ring, RootKey(line.kept, "file:x"), ring.roots):
        assert line.kept.hex() not in repr(thing) and repr(line.kept) not in repr(thing)
    for thing in (ring, RootKey(line.kept, "")):
        with pytest.raises(TypeError, match="process"):
            pickle.dumps(thing)
        with pytest.raises(TypeError, match="process"):
            copy.deepcopy(thing)
    with pytest.raises(ConfigError, match="rotate"):
        Keyring([], "x")


class Own:
    """A store of a user's own, of one method."""

    def derive(self, use: str) -> bytes:
        return use.encode().ljust(32, b".")[:32]


class Rotated(Own):
    def earlier(self, use: str) -> list[bytes]:
        return [b"o" * 32]


class Short(Own):
    def earlier(self, use: str) -> list[bytes]:
        return [b"secret-short"]


def test_a_store_of_one_method_is_one_and_of_two_is_read_with_both() -> None:
    assert all_keys(Own(), "x") == (Own().derive("x"),)
    assert all_keys(Rotated(), "x") == (Own().derive("x"), b"o" * 32)
    assert len(public_keys(Rotated())) == 2
    with pytest.raises(ConfigError, match="32 bytes") as caught:
        all_keys(Short(), "x")
    assert "secret" not in str(caught.value)
