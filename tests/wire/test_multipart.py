"""Forms: what is read is written again, byte for byte; what readers may understand differently is refused."""

from __future__ import annotations

from typing import Any

import httpx2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from govai.core.exchange import SlotKind
from govai.wire.codec import encode, put
from govai.wire.multipart import Form, content_type_of, parse_form, read_form, split_lines
from govai.wire.walker import Walk

B = "b0undary"
TYPE = f"multipart/form-data; boundary={B}"
NAMES = st.text(st.characters(blacklist_categories=("Cs", "Cc"), blacklist_characters='"\\'), max_size=12)
KINDS = st.none() | st.sampled_from(["audio/wav", "application/json", 'text/plain; charset="utf-8"'])
TEXTS = st.text(st.characters(blacklist_categories=("Cs",)))
PIECES = st.lists(st.sampled_from([b"\r\n", b"--", b"\r", b"\n", B.encode(), B.encode()[:-1], b"\x00\xff", b"Content-Type: x"]), max_size=9).map(b"".join)


def with_kind(part: dict[str, Any], kind: str | None) -> dict[str, Any]:
    return part if kind is None else {**part, "type": kind}


FIELDS = st.builds(lambda name, value, kind: with_kind({"name": name, "value": value}, kind), NAMES, TEXTS, KINDS)
FILES = st.builds(lambda name, filename, content, kind: with_kind({"name": name, "filename": filename, "bytes": content}, kind), NAMES, NAMES, st.binary() | PIECES, KINDS)
PARTS = st.lists(FIELDS | FILES, min_size=1, max_size=5)


def form(*parts: str | bytes, end: bytes = b"--b0undary--\r\n") -> bytes:
    return b"".join(b"--b0undary\r\n" + (part.encode() if isinstance(part, str) else part) + b"\r\n" for part in parts) + end


def field(name: str, value: str = "x", more: str = "") -> str:
    return f'Content-Disposition: form-data; name="{name}"\r\n{more}\r\n{value}'


@given(PARTS)
def test_what_is_written_is_read_as_it_was(parts: list[dict[str, Any]]) -> None:
    raw = Form(parts).written()
    read = parse_form(raw, content_type_of(raw))
    assert list(read) == parts
    assert read.written() == raw == encode(read)


@given(PARTS, PARTS)
def test_the_same_parts_are_the_same_bytes_and_others_are_not(parts: list[dict[str, Any]], others: list[dict[str, Any]]) -> None:
    assert (Form(parts).written() == Form(others).written()) is (parts == others)


@given(st.binary() | PIECES)
def test_what_is_no_form_is_refused_and_never_crashes(raw: bytes) -> None:
    try:
        read = parse_form(raw, TYPE)
    except ValueError:
        return
    again = read.written()
    assert list(parse_form(again, content_type_of(again))) == list(read)


@given(PARTS, st.data())
def test_a_form_cut_anywhere_is_refused(parts: list[dict[str, Any]], data: st.DataObject) -> None:
    raw = Form(parts).written()
    cut = raw[: data.draw(st.integers(0, len(raw) - 3))]
    with pytest.raises(ValueError, match="^(it is not a complete form|a part has unusual headers)$"):
        parse_form(cut, content_type_of(raw))


def test_what_an_http_client_sends_is_read() -> None:
    sent = httpx2.Request("POST", "http://x", data={"prompt": "Chère Zoé", "keywords": ["a", "b"]}, files={"file": ("zoé.wav", b"\x00\r\n--", "audio/wav")})
    read = parse_form(sent.read(), sent.headers["content-type"])
    assert list(read) == [
        {"name": "prompt", "value": "Chère Zoé"}, {"name": "keywords", "value": "a"}, {"name": "keywords", "value": "b"},
        {"name": "file", "filename": "zoé.wav", "type": "audio/wav", "bytes": b"\x00\r\n--"},
    ]
    raw = read.written()
    assert raw == sent.content.replace(sent.headers["content-type"].partition("boundary=")[2].encode(), content_type_of(raw).partition("boundary=")[2].encode())


@pytest.mark.parametrize("kind", [
    "multipart/form-data", "multipart/form-data; boundary=", "multipart/form-data; boundary=é", 'multipart/form-data; boundary="a', "multipart/form-data; boundary=a b", "multipart/form-data; boundary=a; charset=utf-8",
    "multipart/form-data; boundary=a; boundary=b", "multipart/form-data; charset=utf-8; boundary=a", "multipart/form-data; boundary=" + "a" * 71, "multipart/mixed; boundary=a", "multipart/form-data; boundary=a\r\nx: y",
])
def test_a_boundary_that_is_missing_or_hostile_is_refused(kind: str) -> None:
    with pytest.raises(ValueError, match="^its boundary is missing or unusual$"):
        parse_form(b'--a\r\nContent-Disposition: form-data; name="p"\r\n\r\nZo\r\n--a--\r\n', kind)


@pytest.mark.parametrize("kind", ["multipart/form-data; boundary=b0undary", 'Multipart/Form-Data;boundary="b0undary"'])
def test_a_usual_boundary_is_taken(kind: str) -> None:
    assert parse_form(form(field("p")), kind) == [{"name": "p", "value": "x"}]


@pytest.mark.parametrize("raw", [
    b"", form(), form(field("p"), end=b""), form(field("p"), end=b"--b0undary"), form(field("p"), end=b"--other--\r\n"), form(field("p")).replace(b"\r\n", b"\n"), form(field("p"), b"Zo\xc3\xa9"),
    form('Content-Disposition: attachment; name="p"\r\n\r\nx'), form("Content-Disposition: form-data\r\n\r\nx"), form("\r\nx"), form('Content-Disposition: form-data; name="p"\r\nContent-Length: 9\r\n\r\nx'), b"Zo" + form(field("p")),
])
def test_what_is_not_complete_is_refused(raw: bytes) -> None:
    with pytest.raises(ValueError, match="^(it is not a complete form|a part has unusual headers)$"):
        parse_form(raw, TYPE)


@pytest.mark.parametrize("part", [
    field("p", more="X-Nom: Zoé\r\n"), field("p", more="Content-Transfer-Encoding: base64\r\n"), field("p", more="Content-Type: a/b\r\nContent-Type: c/d\r\n"), field("p", more="Content-Type: é\r\n"), field("p", more="Content-Length: 1\r\n"),
    'Content-Disposition: form-data; name="p"; name="q"\r\n\r\nx', 'Content-Disposition: form-data; name=p\r\n\r\nx', 'Content-Disposition: form-data; name="a\\"; filename=\\"b"\r\n\r\nx',
    "Content-Disposition: form-data; name=\"p\"; filename=\"a\"; filename*=UTF-8''zo%C3%A9\r\n\r\nx", 'Content-Disposition: form-data; filename="a"; name="p"\r\n\r\nx',
])
def test_headers_that_readers_understand_differently_are_refused(part: str) -> None:
    with pytest.raises(ValueError, match="^(a part has unusual headers|it is not a complete form)$"):
        parse_form(form(part), TYPE)


def test_a_field_that_is_not_text_is_refused_without_repeating_it() -> None:
    with pytest.raises(ValueError, match="^a field is not text$") as caught:
        parse_form(form(b'Content-Disposition: form-data; name="p"\r\n\r\nZo\xff'), TYPE)
    assert caught.value.__context__ is None


def test_what_stands_before_and_after_the_parts_never_leaves() -> None:
    raw = b"Zo\xc3\xa9\r\n" + form(field("p")) + b"Ana"
    read = parse_form(raw, TYPE)
    assert read == [{"name": "p", "value": "x"}]
    assert not any(word in read.written() for word in (b"Zo", b"Ana", B.encode()))


def test_more_parts_than_anyone_sends_are_refused() -> None:
    with pytest.raises(ValueError, match="^it is not a complete form$"):
        parse_form(form(*[field(f"p{n}") for n in range(1001)]), TYPE)


@pytest.mark.parametrize("part", [
    {"name": 'p"; filename="a', "value": "x"}, {"name": "p\r\nX: y", "value": "x"}, {"name": "p", "filename": "a", "bytes": b"", "type": "a/b\r\nX: y"}, {"name": "p", "filename": 'a"', "bytes": b""},
])
def test_what_would_be_read_differently_is_not_written(part: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="^a name cannot be written into a form$"):
        Form([part]).written()


def read(parts: list[dict[str, Any]]) -> tuple[Walk, dict[str, str]]:
    walk = Walk()
    body = Form(parts)
    read_form(walk, body, {"prompt": Walk.prose, "n": Walk.number, "include": Walk.words}, {"file": "audio"}, frozenset({"keywords"}))
    for slot in walk.slots:  # each says what stands there, and may be put back
        assert body[slot.path[0]][slot.path[1]] == slot.text
        put(body, slot.path, slot.text + "a")
    assert len({slot.path for slot in walk.slots}) == len(walk.slots)
    return walk, {f"{slot.path[0]}.{slot.path[1]}": f"{slot.kind.value} {slot.text}" for slot in walk.slots}


def test_every_field_name_and_file_name_is_a_slot() -> None:
    walk, slots = read([
        {"name": "prompt", "value": "Zoé", "type": "text/plain"}, {"name": "n", "value": "3"}, {"name": "include[]", "value": "a"}, {"name": "include[]", "value": "b"}, {"name": "include[Zoé]", "value": "c"},
        {"name": "Zoé", "value": "d"}, {"name": "file", "filename": "zoé.wav", "type": "audio/wav", "bytes": b"\x00"}, {"name": "ana", "filename": "ana.txt", "bytes": b"Ana"}, {"name": "prompt[x]", "filename": "p", "bytes": b""},
    ])
    assert slots == {
        "0.value": "text Zoé", "0.type": "control text/plain", "1.value": "control 3", "2.value": "control a", "3.value": "control b", "4.name": "text include[Zoé]", "4.value": "text c", "5.name": "text Zoé", "5.value": "text d",
        "6.filename": "text zoé.wav", "6.type": "control audio/wav", "7.name": "text ana", "7.filename": "text ana.txt", "8.filename": "text p",
    }
    assert walk.opaque == [("audio", "file"), ("file", "[7]"), ("file", "[8]")]
    assert {slot.kind for slot in walk.slots} == {SlotKind.TEXT, SlotKind.CONTROL}


def test_sound_in_a_field_without_a_file_name_is_sound_too() -> None:
    walk, slots = read([{"name": "file", "value": "UklGRg=="}])
    assert (walk.opaque, slots) == ([("audio", "file")], {"0.value": "text UklGRg=="})


def test_a_field_given_twice_is_refused_unless_it_may_be() -> None:
    twice = [{"name": "keywords", "value": "a"}, {"name": "keywords", "value": "b"}]
    assert len(read(twice)[1]) == 4
    with pytest.raises(ValueError, match="^a field is given twice$"):
        read([{"name": "prompt", "value": "a"}, {"name": "prompt", "value": "b"}])


def test_a_broken_line_is_named_and_not_quoted() -> None:
    form = Form([{"name": "file", "filename": "b.jsonl", "bytes": b'{"a": 1}\n\n{"email": "ana@exemple.fr\n'}])
    with pytest.raises(ValueError, match="^line 3 is not JSON$"):
        split_lines(form)
