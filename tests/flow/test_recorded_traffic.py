"""Recorded exchanges with the providers, served again to the official SDKs."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import anthropic
import openai
import pytest
from google import genai
from mistralai.client import Mistral

import govai
from govai.core.data import Datum, Seen, Tracked
from govai.core.scope import Scope, entered
from govai.core.taxonomy import Sensitivity
from govai.core.exchange import Channel, Part, WireFormat
from govai.flow.asked import Asked
from govai.flow.outgoing import Outgoing
from govai.flow.settling import Settlement
from govai.protect.tokens import Tokens
from govai.wire.codec import encode, parse, put
from govai.wire.formats import endpoint_of
from govai.wire.sse import EventSplitter, RawEvent, with_data
from tests.doors.kinds import HTTP
from tests.server import Server

CANARY = "Zébulon Quintessimal"
COVERED = {("openai", "chat"), ("openai", "responses"), ("anthropic", "messages"), ("mistral", "chat"), ("openai", "embeddings"), ("mistral", "embeddings"), ("google", "generateContent"), ("google", "embeddings")}
CHANGED = ("content-length", "content-encoding", "transfer-encoding")


def cases(shared: Path) -> list[dict[str, Any]]:
    every = [json.loads(path.read_text("utf-8")) for path in sorted((shared / "data/wire/dev").glob("*.json"))]
    return [c for c in every if (c["provider"], c["api"]) in COVERED]


def policy_for(server: Server) -> dict[str, Any]:
    entry = {"host": server.host, "base_path": "/c/*", "region": "EU", "trains_on_inputs": False}
    return {
        "govai": 1, "name": "all", "unmatched": "allow", "providers": {like: {"like": like, **entry} for like in ("openai", "anthropic", "mistral", "google")},
        "purposes": {"reporting": {"basis": "legitimate_interest"}}, "rules": [{"id": "all", "data": {"category": "user"}, "effect": "allow"}],
        "allow": {"opaque": "*", "references": "*", "recipients": "*"},
    }


@pytest.fixture
def replay(server: Server, shared: Path) -> Iterator[list[dict[str, Any]]]:
    found = cases(shared)
    for case in found:
        kept = {k: v for k, v in case["response"]["headers"].items() if k.lower() not in CHANGED}
        server.replies[case["case"]] = (case["response"]["status"], kept, case["response"]["body_text"].encode())
    yield found
    server.replies.clear()


@contextmanager
def client_for(case: dict[str, Any], server: Server) -> Iterator[Any]:
    base = f"{server.url}/c/{case['case']}"
    with HTTP.Client() as http:
        if case["provider"] == "openai":
            yield openai.OpenAI(base_url=base + "/v1", api_key="x", max_retries=0, http_client=http)
        elif case["provider"] == "anthropic":
            yield anthropic.Anthropic(base_url=base, api_key="x", max_retries=0, http_client=http)
        elif case["provider"] == "mistral":
            yield Mistral(api_key="x", server_url=base, client=http)
        else:
            yield genai.Client(api_key="x", http_options=genai.types.HttpOptions(base_url=base, httpx_client=http))


def http_of(client: Any) -> Any:
    """The HTTP client through which a native client sends."""
    if isinstance(client, Mistral):
        return client.sdk_configuration.client
    return client._api_client._httpx_client if isinstance(client, genai.Client) else client._client


def raw_post(client: Any, case: dict[str, Any], server: Server) -> Any:
    """Post a case's recorded body through a native client's HTTP client; return what a caller gets: status, headers, bytes."""
    response = http_of(client).post(f"{server.url}/c/{case['case']}{case['request']['path']}", json=case["request"]["json"])
    return response.status_code, [p for p in response.headers.multi_items() if p[0] not in CHANGED and p[0] != "date"], response.content


def test_answers_come_back_byte_for_byte_when_all_is_allowed(server: Server, replay: list[dict[str, Any]]) -> None:
    assert len(replay) >= 40
    for case in replay:
        with govai.Governor(policy_for(server), ledger=":memory:") as gov, client_for(case, server) as bare:
            server.log.clear()
            plain, governed = raw_post(bare, case, server), raw_post(gov.wrap(bare, purpose="reporting"), case, server)
            assert governed == plain, case["case"]
            assert parse(server.bodies[0]) == parse(server.bodies[1])
            assert [r.kind for r in gov.ledger.records()] == ["intent", "outcome"]
            assert gov.ledger.verify().ok


def places(value: Any, path: tuple = ()) -> Iterator[tuple]:
    if isinstance(value, dict):
        for key, item in value.items():
            yield (*path, key), "key"
            yield from places(item, (*path, key))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from places(item, (*path, index))
    elif isinstance(value, str):
        yield path, "string"


def planted(body: Any, path: tuple, kind: str) -> Any:
    body = copy.deepcopy(body)
    parent = body
    for step in path[:-1]:
        parent = parent[step]
    if kind == "key":
        parent[f"{CANARY}"] = parent.pop(path[-1])
    else:
        parent[path[-1]] = parent[path[-1]] + " " + CANARY
    return body


def test_a_canary_in_any_slot_is_replaced_or_refused(server: Server, replay: list[dict[str, Any]]) -> None:
    strict = {**policy_for(server), "unmatched": "block", "rules": [{"id": "names", "data": {"category": "user.name"}, "effect": "pseudonymise"}]}
    tracked = Tracked(CANARY, Datum("name", "user.name", Sensitivity.CONFIDENTIAL, field="name", seen=Seen.TRACKED))
    hidden = refused = 0
    with govai.Governor(strict, ledger=":memory:") as gov:
        for case in replay:
            with client_for(case, server) as bare:
                wrapped = gov.wrap(bare, purpose="reporting")
                for path, kind in places(case["request"]["json"]):
                    server.log.clear()
                    changed = {**case, "request": {**case["request"], "json": planted(case["request"]["json"], path, kind)}}
                    try:
                        with entered(Scope(tracked=(tracked,))):
                            raw_post(wrapped, changed, server)
                    except govai.GovaiError:
                        refused += 1
                        assert server.log == []
                        continue
                    hidden += 1
                    sent = server.bodies[-1].decode()
                    opaque = "base64" in json.dumps(changed["request"]["json"]) and path[-1] in ("data", "url")
                    assert CANARY not in sent or opaque, (case["case"], path, kind)
    assert hidden > 150
    assert refused > 50


def test_reading_and_writing_a_request_changes_nothing_else(shared: Path) -> None:
    for case in cases(shared):
        raw = json.dumps(case["request"]["json"]).encode()
        assert parse(encode(parse(raw))) == case["request"]["json"]
        wire, _, _ = endpoint_of(case["provider"], "POST", case["request"]["path"].split("?")[0])
        view = wire.read_request(parse(raw))
        for slot in view.slots:
            at: Any = case["request"]["json"]
            for step in slot.path[:-1]:
                at = at[step]
            if slot.kind.value == "key":
                assert slot.path[-1] in at
            elif slot.kind.value != "number":
                assert at[slot.path[-1]] == slot.text


def events_of(raw: bytes) -> list[tuple[RawEvent, Any]]:
    found = EventSplitter().feed(raw)
    return [(event, "[DONE]" if event.data == b"[DONE]" else parse(event.data)) for event in found if event.data is not None]


def spoken(wire: WireFormat, raw: bytes) -> tuple[dict[Channel, str], list[tuple[Channel, str]]]:
    """What a stream says in each channel, and what it says again."""
    said: dict[Channel, str] = {}
    again = []
    for slot in (slot for _, body in events_of(raw) for slot in wire.read_event(body).slots):
        if slot.again:
            again.append((slot.channel, slot.text))
        else:
            said[slot.channel] = said.get(slot.channel, "") + slot.text
    return said, again


def with_token(wire: WireFormat, raw: bytes, part: Part, token: str, cut: int) -> tuple[Channel, bytes] | None:
    """A recorded stream with a placeholder in its first run of words of this kind, cut between two pieces; None without such a run."""
    events = events_of(raw)
    pieces = [(at, slot) for at, (_, body) in enumerate(events) for slot in wire.read_event(body).slots if slot.channel.part is part and slot.channel.choice == 0 and not slot.again]
    start = next((n for n, (_, slot) in enumerate(pieces) if part is Part.TEXT or slot.text.strip().isalpha()), None)
    if start is None:
        return None
    at, first = pieces[start]
    rest = next(((after, slot) for after, slot in pieces[start + 1 :] if slot.channel == first.channel), None)
    put(events[at][1], first.path, f"{first.text} {token if rest is None else token[:cut]}")
    if rest is not None:
        put(events[rest[0]][1], rest[1].path, f"{token[cut:]} {rest[1].text}")
    whole = "".join(slot.text for _, body in events for slot in wire.read_event(body).slots if slot.channel == first.channel and not slot.again)
    for _, body in events:
        for slot in wire.read_event(body).slots:
            if slot.channel == first.channel and slot.again:
                put(body, slot.path, whole)
    return first.channel, b"".join(event.raw if body == "[DONE]" else with_data(event, encode(body)) for event, body in events)


def tool_names(body: dict[str, Any]) -> list[str]:
    tools = [one for tool in body.get("tools", ()) for one in tool.get("functionDeclarations", [tool])]
    return [tool.get("name") or tool["function"]["name"] for tool in tools]


def test_a_placeholder_in_any_stream_is_restored_wherever_it_is_cut(shared: Path) -> None:
    datum = Datum("name", "user.name", Sensitivity.CONFIDENTIAL, field="name", seen=Seen.TRACKED)
    streams = 0
    for case in cases(shared):
        if "event-stream" not in case["response"]["headers"].get("content-type", ""):
            continue
        wire, place, _ = endpoint_of(case["provider"], "POST", case["request"]["path"].split("?")[0])
        view = wire.read_request(case["request"]["json"])
        outgoing = Outgoing(None, "", wire, place.operation, case["request"]["json"], view, [], stream=True)
        receives = dict.fromkeys(tool_names(case["request"]["json"]), ("user.name",))
        tokens = Tokens(b"k" * 32)
        token = tokens.issue(datum, CANARY)
        for part in (Part.TEXT, Part.TOOL):
            for cut in range(len(token)):
                planted_in = with_token(wire, case["response"]["body_text"].encode(), part, token, cut)
                if planted_in is None:
                    break
                streams += cut == 1
                channel, raw = planted_in
                for size in (1, 61, len(raw)) if cut % 6 == 0 else (len(raw),):
                    asked = Asked(Scope(), receives=receives)
                    ended: list[tuple[str, str]] = []
                    settlement = Settlement(outgoing, tokens, asked, lambda *how, ended=ended: ended.append(how), pytest.fail)
                    out = b"".join(settlement.feed(raw[at : at + size]) for at in range(0, len(raw), size)) + settlement.finish()
                    said, again = spoken(wire, out)
                    before, _ = spoken(wire, raw)
                    assert token not in out.decode() and settlement.incidents == [], (case["case"], part, cut)
                    assert said == {**before, channel: before[channel].replace(token, CANARY)}
                    assert all(text == said[where] for where, text in again)
                    assert "".join(asked.trace.text) == "".join(text for where, text in said.items() if where.part is Part.TEXT and where.choice == 0)
                    assert len(events_of(out)) == len(events_of(raw))
                    assert [status for status, _ in ended] == ["completed"]
    assert streams >= 7
