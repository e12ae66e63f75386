"""Readings: what is JSON, how deep, and what its escapes mean."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from govai.protect.documents import Document, Reading, escaped, unescaped

SCRAP = st.sampled_from(
    ['{"a":"', '"', "{", "}", "[", "]", "\\", "u00e9", "u0", "n", "\n```json\n", "```", "x", " ", ":", "1", '{\\"b\\":\\"']
)


def after(*texts: str) -> tuple[int, str | None, bool]:
    reading = Reading()
    for text in texts:
        reading.read(text)
    return reading.depth, reading.forbids(), reading.recent[-1:].isalnum()


@given(st.lists(SCRAP, max_size=20))
def test_pieces_make_no_difference(pieces: list[str]) -> None:
    assert after(*pieces) == after("".join(pieces)) == after(*"".join(pieces))


@pytest.mark.parametrize(
    ("text", "depth"),
    [
        ("", 0),
        ("{", 0),
        ('{"a": "', 1),
        ('  [\n"', 1),
        ('{"a": "x", "b": "', 1),
        ('{"a": "{\\"b\\": \\"', 2),
        ('{"a": 1} "', 0),
        ('{note} "', 0),
        ('[text] "', 0),
        ('say:\n```json\n{"a": "', 1),
        ('say:\n```\n["', 1),
        ('```json\n{"a": "', 1),
        ('```json\n{"a": "x"}\n```\n"', 0),
        ('say ```json {"a": "', 0),
    ],
)
def test_how_deep_in_json(text: str, depth: int) -> None:
    assert after(text)[0] == depth


@given(st.text(max_size=12), st.integers(0, 3))
def test_escaping_is_what_a_parser_undoes(value: str, depth: int) -> None:
    text = escaped(value, depth)
    assert unescaped(text, depth) == value
    for _ in range(depth):
        text = json.loads(f'"{text}"')
    assert text == value


@given(st.text(st.sampled_from('\\u0eé9n"'), max_size=14), st.integers(0, 3), st.integers(0, 14))
def test_the_beginning_of_a_rest_reads_as_the_beginning_of_what_it_means(text: str, depth: int, cut: int) -> None:
    assert unescaped(text, depth).startswith(unescaped(text[:cut], depth))


@given(st.text(max_size=20))
def test_a_string_of_a_document_is_read_as_it_is_meant(value: str) -> None:
    document = Document()
    document.read('{"a": ' + json.dumps(value + "xyz")[:-1])
    assert document.in_string and document.recent.endswith("xyz")
