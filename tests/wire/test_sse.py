"""Server-sent events: any chunking gives the same events, and no byte is lost."""

from __future__ import annotations

from hypothesis import example, given
from hypothesis import strategies as st
import pytest

from govai.wire.sse import EventSplitter, RawEvent, with_data

PIECES = st.sampled_from([
    b"data: un", b"data:deux", b"data", b"data:", b"data:  x", b"event: ping", b"event:pong", b": commentaire", b"id: 7", b"retry: 3", b"dat: a", b"database: x", b"\xef\xbb\xbfdata: bom", b"\xff\xfe", b"\xef\xbb\xbf", b"",
])
BREAKS = st.sampled_from([b"\n", b"\r\n", b"\r", b"\n\n", b"\r\n\r\n", b"\r\r"])
STREAMS = st.lists(st.tuples(PIECES, BREAKS), max_size=12).map(lambda pairs: b"".join(a + b for a, b in pairs)) | st.text(alphabet="\r\ndat: :x", max_size=40).map(str.encode)


def split(chunks: list[bytes]) -> tuple[list[RawEvent], bytes]:
    splitter = EventSplitter()
    events = [event for chunk in chunks for event in splitter.feed(chunk)]
    return events, splitter.finish()


def by_the_standard(stream: bytes) -> list[tuple[str, str]]:
    """The algorithm of the WHATWG standard, line by line: (name, data) of what a browser would dispatch."""
    text = stream.removeprefix(b"\xef\xbb\xbf").decode("utf-8", "replace").replace("\r\n", "\n").replace("\r", "\n")
    found, name, data = [], "", None
    for line in text.split("\n")[:-1]:
        if not line:
            if data is not None:
                found.append((name, data))
            name, data = "", None
            continue
        field, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if field == "data":
            data = value if data is None else data + "\n" + value
        elif field == "event":
            name = value
    return found


@given(STREAMS, st.data())
@example(b"data: a\r\n\r\ndata: b\r\n\r\n", None)
@example(b"event: x\r\rdata: b\n\r\n\r", None)
def test_any_chunking_gives_the_same_events_and_keeps_every_byte(stream: bytes, data: st.DataObject | None) -> None:
    whole = split([stream])
    assert b"".join(event.raw for event in whole[0]) + whole[1] == stream
    assert split([bytes([byte]) for byte in stream]) == whole
    if data is not None:
        cuts = sorted(data.draw(st.sets(st.integers(0, len(stream)), max_size=6)))
        assert split([stream[a:b] for a, b in zip([0, *cuts], [*cuts, len(stream)], strict=True)]) == whole


@given(STREAMS)
def test_events_are_those_of_the_standard(stream: bytes) -> None:
    stream += b"\n\n\n"  # ends whatever is open, and no carriage return waits
    events, left = split([stream])
    assert [(e.name, e.data.decode("utf-8", "replace")) for e in events if e.data is not None] == by_the_standard(stream)
    assert not left.strip(b"\n")


@given(STREAMS)
def test_other_data_replaces_the_data_and_nothing_else(stream: bytes) -> None:
    for number, event in enumerate(split([stream + b"\n\n"])[0]):
        changed = with_data(event, b'{"x":1}')
        if event.data is None:
            assert changed == event.raw
            continue
        again = split([b": avant\n\n" if number else b"", changed, b": fin\n\n"])[0]
        assert [(e.data, e.name) for e in again if e.data is not None] == [(b'{"x":1}', event.name)]
        kept = [line for line in event.raw.replace(b"\r", b"\n").split(b"\n") if line.startswith((b"event", b"id", b":", b"retry"))]
        assert all(line in changed for line in kept)


def test_named_events_of_both_line_ends() -> None:
    for end in (b"\n", b"\r\n", b"\r"):
        raw = end.join([b"event: content_block_delta", b'data: {"a":1}', b"", b""])
        events, _ = split([raw, b": fin"])
        assert events == [RawEvent(raw, b'{"a":1}', "content_block_delta")]
        assert with_data(events[0], b"{}") == end.join([b"event: content_block_delta", b"data: {}", b"", b""])


def test_a_byte_order_mark_stays_and_only_the_first_counts() -> None:
    events, _ = split([b"\xef\xbb\xbfdata: a\r\n\r\n\xef\xbb\xbfdata: b\n\n"])
    assert [event.data for event in events] == [b"a", None]
    assert with_data(events[0], b"c") == b"\xef\xbb\xbfdata: c\r\n\r\n"


def test_several_data_lines_become_one_where_the_first_stood() -> None:
    events, left = split([b"id: 1\ndata: a\n: x\ndata: b\n\ndata: c"])
    assert (events[0].data, left) == (b"a\nb", b"data: c")
    assert with_data(events[0], b"d") == b"id: 1\ndata: d\n: x\n\n"


@pytest.mark.parametrize("data", [b"a\nb", b"a\rb"])
def test_data_with_a_line_break_is_refused(data: bytes) -> None:
    with pytest.raises(ValueError, match="one line"):
        with_data(RawEvent(b"data: x\n\n", b"x", ""), data)


def test_a_long_line_in_small_pieces_is_joined_once() -> None:
    splitter = EventSplitter()
    for _ in range(50_000):
        assert splitter.feed(b"0123456789") == [] or splitter.feed(b"") == []
    assert splitter.feed(b"") == []
    splitter = EventSplitter()
    splitter.feed(b"data: ")
    for _ in range(20_000):
        splitter.feed(b"0123456789")
    (event,) = splitter.feed(b"\n\n")
    assert event.data == b"0123456789" * 20_000
    assert splitter.finish() == b""
