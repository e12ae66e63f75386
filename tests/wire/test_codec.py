"""JSON in and out: what is read is what is written, and a change touches one place."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from govai.wire.codec import encode, parse, parse_without_vectors, put, rename

LEAVES = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text()
JSON = st.recursive(LEAVES, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4), max_leaves=20)


def leaves(value: Any, path: tuple = ()) -> list[tuple[tuple, Any]]:
    if isinstance(value, dict):
        return [pair for key, item in value.items() for pair in leaves(item, (*path, key))]
    if isinstance(value, list):
        return [pair for index, item in enumerate(value) for pair in leaves(item, (*path, index))]
    return [(path, value)]


def ordered(value: Any) -> Any:
    """Spell a document with the order of its keys."""
    return json.dumps(value)


@given(JSON)
def test_what_is_encoded_parses_equal_with_its_keys_in_order(value: Any) -> None:
    assert ordered(parse(encode(value))) == ordered(value)


@given(JSON)
def test_any_spelling_of_json_parses_equal(value: Any) -> None:
    for ascii_only in (True, False):
        raw = json.dumps(value, ensure_ascii=ascii_only, indent=1).encode()
        assert ordered(parse(raw)) == ordered(value)
        assert ordered(parse(encode(parse(raw)))) == ordered(value)


@pytest.mark.parametrize("number", [2**63, 2**64, 10**18, 10**19, 10**40, -(10**30)])
def test_a_long_number_keeps_every_digit(number: int) -> None:
    raw = b'{"id":%d,"nom":"Ren\xc3\xa9e"}' % number
    assert parse(raw) == {"id": number, "nom": "Renée"}
    assert encode(parse(raw)) == raw


def test_a_lone_surrogate_is_written_as_its_escape() -> None:
    assert encode({"é": "a\ud800b"}) == b'{"\xc3\xa9":"a\\ud800b"}'


@pytest.mark.parametrize("raw", [
    b"", b"Zoe Quint", b'{"a":', b'{"a":NaN,"b":1234567890123456789}', b'{"a":1e999,"b":1234567890123456789}', b'{"a":-Infinity}', b"\xff\xfe", b"[" * 5000,
    b"[" * 5000 + b"1234567890123456789", b'"Zoe Quint', b"1234567890123456789 Zoe Quint", b"9" * 5000,
])
def test_what_is_not_json_is_refused_without_repeating_it(raw: bytes) -> None:
    with pytest.raises(ValueError, match="^it is not JSON$") as caught:
        parse(raw)
    assert caught.value.__context__ is None


def nested(depth: int) -> Any:
    value: Any = 1
    for _ in range(depth):
        value = [value]
    return value


def test_depth_is_written_as_far_as_it_can_be_and_refused_beyond() -> None:
    assert parse(encode(nested(300))) == nested(300)
    with pytest.raises(ValueError, match="nested too deep"):
        encode(nested(100_000))


@given(JSON.filter(lambda value: isinstance(value, (dict, list)) and bool(leaves(value))), st.data(), st.text())
def test_put_changes_one_place_and_nothing_else(value: Any, data: st.DataObject, text: str) -> None:
    path, _old = data.draw(st.sampled_from(leaves(value)))
    before = dict(leaves(copy.deepcopy(value)))
    put(value, path, text)
    assert dict(leaves(value)) == {**before, path: text}


@given(st.dictionaries(st.text(), JSON, min_size=1), st.data(), st.text())
def test_rename_changes_one_key_and_keeps_order_and_values(inner: dict[str, Any], data: st.DataObject, new: str) -> None:
    old = data.draw(st.sampled_from(sorted(inner)))
    body = {"a": [0, copy.deepcopy(inner)], "z": 1}
    if new in inner and new != old:
        with pytest.raises(ValueError, match="such a key already"):
            rename(body, ("a", 1, old), new)
        assert ordered(body["a"][1]) == ordered(inner)
        return
    rename(body, ("a", 1, old), new)
    assert list(body["a"][1].items()) == [(new if key == old else key, item) for key, item in inner.items()]
    assert (body["a"][0], body["z"]) == (0, 1)


def without_vectors(value: Any) -> Any:
    """Empty every list of numbers, the slow way."""
    if isinstance(value, dict):
        return {key: without_vectors(one) for key, one in value.items()}
    if not isinstance(value, list):
        return value
    return [] if all(type(one) in (int, float) for one in value) else [without_vectors(one) for one in value]


@given(st.recursive(
    st.none() | st.booleans() | st.text("abé\"\\ {}:,[") | st.integers() | st.floats(allow_nan=False, allow_infinity=False),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text("ab"), inner, max_size=3),
    max_leaves=20,
), st.sampled_from([None, 1]))
def test_lists_of_numbers_can_be_left_out_and_nothing_else(document: Any, indent: int | None) -> None:
    raw = json.dumps(document, indent=indent).encode()
    assert ordered(parse_without_vectors(raw)) == ordered(without_vectors(document))
