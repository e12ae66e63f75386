"""Recorded exchanges with the providers, served again to the official SDKs."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import anthropic
import httpx2
import openai
import pytest

import govai
from govai.core.data import Datum, Seen, Tracked
from govai.core.scope import Scope, entered
from govai.core.taxonomy import Sensitivity
from govai.flow.transports import GovernedTransport, Governing
from govai.wire.codec import encode, parse
from govai.wire.formats import endpoint_of
from tests.server import Server

CANARY = "Zébulon Quintessimal"
CHANGED = ("content-length", "content-encoding", "transfer-encoding")


def cases(shared: Path) -> list[dict[str, Any]]:
    every = [json.loads(path.read_text("utf-8")) for path in sorted((shared / "data/wire/dev").glob("*.json"))]
    return [c for c in every if (c["provider"], c["api"]) in (("openai", "chat"), ("anthropic", "messages"), ("mistral", "chat"), ("openai", "embeddings"), ("mistral", "embeddings"), ("google", "generateContent"), ("google", "embeddings"))]


def policy_for(server: Server) -> dict[str, Any]:
    entry = {"host": server.host, "base_path": "/c/*", "region": "EU", "trains_on_inputs": False}
    return {
        "govai": 1, "name": "all", "unmatched": "allow", "providers": {like: {"like": like, **entry} for like in ("openai", "anthropic", "mistral", "google")},
        "purposes": {"reporting": {"basis": "legitimate_interest"}}, "rules": [{"id": "all", "data": {"category": "user"}, "effect": "allow"}],
        "allow": {"opaque": "*", "references": "*", "recipients": "*"},
    }


def raw_post(client: Any, case: dict[str, Any]) -> Any:
    """Post a case's recorded body through a native client and return what a caller gets: status, headers, bytes."""
    path = case["request"]["path"].split("?")[0].removeprefix("/v1") if case["provider"] == "openai" else case["request"]["path"].split("?")[0]
    http = client if isinstance(client, httpx2.Client) else client._client
    response = http.post(str(client.base_url).rstrip("/") + path, json=case["request"]["json"])
    return response.status_code, [p for p in response.headers.multi_items() if p[0] not in CHANGED and p[0] != "date"], response.content


@pytest.fixture
def replay(server: Server, shared: Path) -> Iterator[list[dict[str, Any]]]:
    found = cases(shared)
    for case in found:
        kept = {k: v for k, v in case["response"]["headers"].items() if k.lower() not in CHANGED}
        server.replies[case["case"]] = (case["response"]["status"], kept, case["response"]["body_text"].encode())
    yield found
    server.replies.clear()


def client_for(case: dict[str, Any], server: Server) -> Any:
    base = f"{server.url}/c/{case['case']}"
    if case["provider"] == "openai":
        return openai.OpenAI(base_url=base + "/v1", api_key="x", max_retries=0)
    if case["provider"] in ("mistral", "google"):
        return httpx2.Client(base_url=base, headers={"x-like": case["provider"]})
    return anthropic.Anthropic(base_url=base, api_key="x", max_retries=0)


def govern(gov: govai.Governor, client: Any) -> Any:
    if not isinstance(client, httpx2.Client):
        return gov.wrap(client, purpose="reporting")
    how = Governing(gov._engine, Scope(purpose="reporting"), client.headers["x-like"])
    return httpx2.Client(base_url=client.base_url, transport=GovernedTransport(client._transport, how), headers=client.headers)


def test_answers_come_back_byte_for_byte_when_all_is_allowed(server: Server, replay: list[dict[str, Any]]) -> None:
    assert len(replay) >= 25
    for case in replay:
        with govai.Governor(policy_for(server), ledger=":memory:") as gov, client_for(case, server) as bare:
            server.log.clear()
            plain, governed = raw_post(bare, case), raw_post(govern(gov, bare), case)
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
                wrapped = govern(gov, bare)
                for path, kind in places(case["request"]["json"]):
                    server.log.clear()
                    changed = {**case, "request": {**case["request"], "json": planted(case["request"]["json"], path, kind)}}
                    try:
                        with entered(Scope(tracked=(tracked,))):
                            raw_post(wrapped, changed)
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
