"""Recorded traffic: every exchange reads, nothing in a recorded request is invisible, streams survive any chunking."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from govai.core.exchange import Channel, Operation, Part, ReplyView, SlotKind, WireFormat
from govai.wire.codec import encode, parse
from govai.wire.formats import endpoint_of
from govai.wire.sse import EventSplitter, with_data

CANARY = "Zébulon Quintessimal"
NUMBER = 612345678
COVERED = {("openai", "chat"), ("openai", "responses"), ("anthropic", "messages"), ("mistral", "chat"), ("google", "generateContent")}
PROTOCOL_NUMBERS = {"temperature", "max_tokens", "max_output_tokens", "n", "budget_tokens", "maxOutputTokens", "thinkingBudget"}  # those that stand in recorded requests


@pytest.fixture
def cases(shared: Path) -> list[tuple[str, dict[str, Any], WireFormat, Operation]]:
    found = []
    for path in sorted((shared / "data/wire").glob("*/*.json")):
        case = json.loads(path.read_text("utf-8"))
        if (case["provider"], case["api"]) not in COVERED:
            continue
        place = endpoint_of(case["provider"], "POST", case["request"]["path"].partition("?")[0])
        assert place is not None, path.name
        found.append((path.name, case, place[0], place[1].operation))
    assert len(found) >= 40
    return found


def leaves(value: Any, path: tuple = ()) -> Iterator[tuple[tuple, Any]]:
    if isinstance(value, dict):
        for key, item in value.items():
            yield (*path, key), KeyError
            yield from leaves(item, (*path, key))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from leaves(item, (*path, index))
    elif isinstance(value, (str, int, float)) and not isinstance(value, bool):
        yield path, value


def planted(body: Any, path: tuple, what: Any) -> tuple[Any, str]:
    body = copy.deepcopy(body)
    parent = body
    for step in path[:-1]:
        parent = parent[step]
    if what is KeyError:
        parent[CANARY] = parent.pop(path[-1])
        return body, CANARY
    parent[path[-1]] = f"{what} {CANARY}" if isinstance(what, str) else NUMBER
    return body, CANARY if isinstance(what, str) else str(NUMBER)


def test_every_recorded_request_reads_and_survives_being_written(cases: list) -> None:
    for name, case, wire, _ in cases:
        raw = json.dumps(case["request"]["json"]).encode()
        body = parse(raw)
        assert parse(encode(body)) == body == case["request"]["json"]
        view = wire.read_request(body)
        assert body == case["request"]["json"], name
        assert view.model == body.get("model")  # Google has it in the path
        assert view.stream is body.get("stream", False)
        assert view.first_user, name
        tools = [str(tool.get("type")) for tool in body.get("tools", ())]
        assert (view.references, [what for what, _ in view.recipients]) == ([], ["web_search"] * tools.count("web_search_preview")), name
        assert sorted({what for what, _ in view.opaque}) == (["image"] if case["kind"] == "vision" or name == "openai.chat.error_400.02.json" else []), name
        assert [slot.text for slot in view.slots if slot.kind is SlotKind.KEY and slot.path[0] != "tools" and not {"schema", "responseJsonSchema"} & set(slot.path) and "input" not in slot.path[1:]] == [], name
        asked = ("response_format" in body, "format" in body.get("output_config", {}), "format" in body.get("text", {}), "responseMimeType" in body.get("generationConfig", {}))
        assert view.json_answer is any(asked), name


def test_a_canary_in_any_place_of_any_recorded_request_is_seen(cases: list) -> None:
    planted_at = hidden = 0
    for name, case, wire, _ in cases:
        for path, what in leaves(case["request"]["json"]):
            body, canary = planted(case["request"]["json"], path, what)
            planted_at += 1
            try:
                view = wire.read_request(body)
            except ValueError:
                assert path in (("messages",), ("contents",))  # without its messages it is no request
                continue
            if any(canary in slot.text for slot in view.slots):
                continue
            hidden += 1
            in_opaque = view.opaque and path[-1] in ("data", "url", "image_url", "file_uri")
            assert in_opaque or path[-1] in PROTOCOL_NUMBERS, (name, path)
    assert planted_at > 700
    assert hidden < 40


def test_every_recorded_answer_reads(cases: list) -> None:
    answers = 0
    for name, case, wire, operation in cases:
        if "event-stream" in case["response"]["headers"].get("content-type", "") or operation is not Operation.GENERATE:
            continue
        body = parse(case["response"]["body_text"].encode())
        assert parse(encode(body)) == body
        view = wire.read_reply(body)
        if case["response"]["status"] != 200:
            assert (view.slots, bool(view.error)) == ([], True), name
            continue
        answers += 1
        assert view.id and view.model and view.finish_reason, name
        assert view.usage is not None and (view.usage.output_tokens is not None or case["kind"] == "safety_blocked"), name
        assert view.slots or case["kind"] in ("length", "redacted_thinking", "safety_blocked"), name
        assert len({slot.channel for slot in view.slots if slot.channel.part is not Part.TOOL}) == sum(slot.channel.part is not Part.TOOL for slot in view.slots), name
        for slot in view.slots:
            at = body
            for step in slot.path:
                at = at[step]
            assert at == slot.text and slot.whole
    assert answers > 12


def read_stream(wire: WireFormat, chunks: list[bytes]) -> tuple[list[ReplyView], bytes]:
    splitter, views, out = EventSplitter(), [], b""
    for chunk in chunks:
        for event in splitter.feed(chunk):
            if event.data is None:
                out += event.raw
                continue
            body = "[DONE]" if event.data == b"[DONE]" else parse(event.data)
            views.append(wire.read_event(body))
            out += event.raw if body == "[DONE]" else with_data(event, event.data)
    assert splitter.finish() == b""
    return views, out


def said(views: list[ReplyView], part: Part) -> str:
    return "".join(slot.text for view in views for slot in view.slots if slot.channel.part is part and slot.channel.choice == 0)


def test_every_recorded_stream_reads_in_any_chunking(cases: list) -> None:
    streams = 0
    for name, case, wire, _ in cases:
        if "event-stream" not in case["response"]["headers"].get("content-type", ""):
            continue
        streams += 1
        raw = case["response"]["body_text"].encode()
        views, out = read_stream(wire, [raw])
        assert out == raw, name
        if any(view.error for view in views):
            assert case["kind"] == "stream_error"
            continue
        assert [view.terminal for view in views].count(True) == 1 and views[-1].terminal, name
        assert any(view.model for view in views), name
        assert any(view.finish_reason for view in views) or "gateway" in name, name  # one never says why it ended
        tools = [tool for view in views for tool in view.tools]
        for tool in tools:
            text = "".join(s.text for v in views for s in v.slots if s.channel == tool.channel and s.escaped and not s.again)
            assert isinstance(json.loads(text or "{}"), dict), name
        assert said(views, Part.TEXT) or said(views, Part.SIGNED) or tools or case["kind"] == "stream_refusal", name
        for size in (1, 3, 17, 1000):
            assert read_stream(wire, [raw[at : at + size] for at in range(0, len(raw), size)]) == (views, raw), name
    assert streams >= 12


def test_what_a_recorded_stream_says_again_is_what_it_said(cases: list) -> None:
    repeats = 0
    for name, case, wire, _ in cases:
        if "event-stream" not in case["response"]["headers"].get("content-type", ""):
            continue
        pieces: dict[Channel, str] = {}
        for slot in (slot for view in read_stream(wire, [case["response"]["body_text"].encode()])[0] for slot in view.slots):
            if slot.again:
                repeats += 1
                assert pieces[slot.channel] == slot.text, name
            else:
                pieces[slot.channel] = pieces.get(slot.channel, "") + slot.text
    assert repeats >= 10
