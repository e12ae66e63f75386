"""Attacks: data put where nobody looks, requests that go elsewhere than they say, answers that lie. Refused or governed, never passed.

Each row is an attack that must stay defeated: a plain client of httpx2 over a governed transport, to a provider of ours.
"""

from __future__ import annotations

import base64
import gzip
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest

import govai
from govai.core.scope import Scope
from govai.flow.transports import GovernedTransport, Governing

MAIL, PHONE = "renee.aubrac@exemple.fr", "06 12 34 56 78"
NAME = "Aubrac"  # declared by a tag: found by no pattern
CHAT: dict[str, Any] = {"model": "m", "messages": [{"role": "user", "content": "Bonjour à tous"}]}
B64 = base64.b64encode(MAIL.encode()).decode()
JSON, SSE = {"content-type": "application/json"}, {"content-type": "text/event-stream"}


class Provider:
    """Keeps what arrives, whole; answers with `answer`, else with what it was sent."""

    def __init__(self) -> None:
        self.received: list[bytes] = []
        self.answer: Callable[[httpx2.Request], httpx2.Response] | None = None

    def __call__(self, request: httpx2.Request) -> httpx2.Response:
        raw = request.read()
        named = b"\n".join(name + b": " + value for name, value in request.headers.raw)
        self.received.append(b" ".join((request.method.encode(), request.url.raw_path, repr(request.extensions).encode(), named, raw)))
        return self.answer(request) if self.answer else httpx2.Response(200, json={"choices": []})


class Attacker:
    def __init__(self, gov: govai.Governor, provider: Provider) -> None:
        self.gov, self.provider = gov, provider

    def send(self, method: str, path: str, like: str = "openai", purpose: str = "support", **sent: Any) -> httpx2.Response:
        governing = Governing(self.gov._engine, Scope(purpose=purpose, actor="ana"), like)
        with httpx2.Client(base_url="https://ai.example", transport=GovernedTransport(httpx2.MockTransport(self.provider), governing)) as client:
            return client.request(method, path, **sent)

    def refused(self, *args: Any, **sent: Any) -> govai.GovaiError:
        before = len(self.provider.received)
        with pytest.raises(govai.GovaiError) as caught:
            self.send(*args, **sent)
        assert len(self.provider.received) == before
        assert next(reversed(list(self.gov.ledger.records()))).kind == "refusal"
        told(caught.value)
        return caught.value

    @property
    def outcome(self) -> dict[str, Any]:
        return list(self.gov.ledger.records(kind="outcome"))[-1].body


def told(error: BaseException) -> None:
    """No part of an error says what it refuses."""
    for one in filter(None, (error, error.__cause__, error.__context__)):
        for word in ("ubrac", "12 34", "345678"):
            assert word not in f"{one} {one!r} {one.args}"


@pytest.fixture
def rules(policy: dict) -> dict:
    entry = {"host": "ai.example", "region": "EU", "trains_on_inputs": False, "api_key": "env:GOVAI_TEST_KEY"}
    named = {like: {"like": like, **entry} for like in ("openai", "anthropic", "mistral", "google")}
    return {**policy, "providers": {**named, "tenants": {"like": "openai", "base_path": "/c/*", **entry}}, "purposes": {"letters": {"basis": "legitimate_interest"}}}


@pytest.fixture
def attacker(rules: dict, tmp_path: Path) -> Iterator[Attacker]:
    with govai.Governor(rules, ledger=f"sqlite:///{tmp_path}/ledger.db", actor="ana") as gov:
        made = Attacker(gov, Provider())
        with govai.scope(data={"nom": NAME}):
            yield made
    kept = b"".join(path.read_bytes() for path in tmp_path.glob("ledger.db*"))
    assert kept and not any(word in kept for word in (b"ubrac", b"06 12", b"0612345678"))


HEADERS = ["accept", "accept-language", "anthropic-beta", "x-stainless-helper", "x-stainless-os", "x-stainless-raw-response", "user-agent", "cookie", "x-note", "connection", "x-server-timeout"]


@pytest.mark.parametrize("name", HEADERS)
@pytest.mark.parametrize("value", [MAIL, PHONE, NAME, "06.12.34.56.78", B64])
def test_a_header_says_nothing_unseen(attacker: Attacker, name: str, value: str) -> None:
    attacker.refused("POST", "/v1/chat/completions", json=CHAT, headers={name: value})


@pytest.mark.parametrize("headers", [{"x-api-key": MAIL}, {"authorization": f"Bearer {NAME}"}, {"api-key": PHONE}, {f"x-{MAIL.replace('@', '--')}-0612345678": "1"}, {NAME: "x"}])
def test_neither_a_key_nor_a_header_s_name(attacker: Attacker, headers: dict[str, str]) -> None:
    attacker.refused("POST", "/v1/chat/completions", json=CHAT, headers=headers)


@pytest.mark.parametrize("sent", [
    {"headers": {"host": "evil.example"}}, {"headers": {"host": f"{NAME}.example"}}, {"headers": {"x-http-method-override": "DELETE"}}, {"headers": {"x-original-url": "/v1/files"}},
    {"headers": {"x-forwarded-host": "evil.example"}}, {"extensions": {"target": b"/v1/files?" + MAIL.encode()}}, {"extensions": {"sni_hostname": "evil.example"}}, {"headers": {"upgrade": "websocket"}},
])
def test_nothing_takes_a_request_elsewhere_than_its_url_says(attacker: Attacker, sent: dict[str, Any]) -> None:
    assert isinstance(attacker.refused("POST", "/v1/chat/completions", json=CHAT, **sent), govai.Ungoverned)


def test_what_says_again_where_the_request_goes_is_no_harm(attacker: Attacker) -> None:
    attacker.send("POST", "/v1/chat/completions", json=CHAT, headers={"host": "ai.example"}, extensions={"sni_hostname": "ai.example"})
    assert len(attacker.provider.received) == 1


@pytest.mark.parametrize("path", [
    "/openai/deployments/06-12-34-56-78/chat/completions", f"/openai/deployments/{NAME}/chat/completions", "/c/06.12.34.56.78/v1/chat/completions", f"/c/{NAME}/v1/chat/completions",
    f"/v1/chat/completions?note={MAIL}", f"/v1/chat/completions?{MAIL}=1", "/v1/chat/completions?a=1;b=renee.aubrac%40exemple.fr", "/v1/chat/completions?a=renee.aubrac%2540exemple.fr", f"/v1/chat/completions?{NAME}", f"/v1/chat/completions?a={B64}",
    f"/v1/responses/{NAME}/cancel", "/v1/responses/06-12-34-56-78/cancel",
])
def test_nor_does_the_path_or_the_query(attacker: Attacker, path: str) -> None:
    attacker.refused("POST", path, json=None if "cancel" in path else CHAT)


UNKNOWN = [
    "/v1/chat/completions/", "/v1/chat/completions;x=1", "/v1/%63hat/completions", "/v1/chat%2Fcompletions", "/v1/chat/./../../files", "/v1/responses/..%2ffiles", f"/v1/customers/{NAME}", "/v1/06-12-34-56-78",
    *(f"/v1/{name}" for name in "conversations threads assistants vector_stores uploads containers evals fine_tuning/jobs realtime/sessions skills ocr libraries agents organization/users".split()),
]


@pytest.mark.parametrize("path", UNKNOWN)
@pytest.mark.parametrize("like", ["openai", "anthropic", "mistral", "google"])
def test_an_endpoint_that_nobody_knows_is_refused(attacker: Attacker, path: str, like: str) -> None:
    attacker.refused("POST", path, like, json={"note": MAIL})


@pytest.mark.parametrize("path", ["/upload/v1beta/files", "/v1beta/files", "/v1beta/cachedContents", "/v1beta/tunedModels", "/v1beta/interactions", "/v1beta/models/gemini%3AgenerateContent", "/v1beta/models/g:generateContent:x", "/v1beta/models/../g:generateContent/x"])
def test_nor_is_google_s(attacker: Attacker, path: str) -> None:
    attacker.refused("POST", path, "google", json={"contents": MAIL})


@pytest.mark.parametrize("method", ["RENEE", "Aubrac", "TRACE", "PUT", "post"])
def test_nor_is_another_method(attacker: Attacker, method: str) -> None:
    if method == "post":  # httpx writes it as it is meant
        attacker.send(method, "/v1/chat/completions", json=CHAT)
    else:
        attacker.refused(method, "/v1/chat/completions", json=CHAT)


DOUBLED = b'{"model":"m","messages":[{"role":"user","content":"renee.aubrac@exemple.fr"}],"messages":[{"role":"user","content":"x"}]}'
RAW = json.dumps({**CHAT, "messages": [{"role": "user", "content": MAIL}]}).encode()


@pytest.mark.parametrize(("raw", "headers"), [
    (RAW.decode().encode("utf-16"), {"content-type": "application/json; charset=utf-16"}), (RAW.replace(b"@", b"+AEA-"), {"content-type": "application/json; charset=utf-7"}), (RAW, {"content-type": "application/vnd.api+json"}),
    (RAW, {"content-type": "text/plain"}), (RAW, {"content-type": f"application/{NAME}"}), (b"\xef\xbb\xbf" + RAW, JSON), (RAW + b"\x00", JSON), (RAW[:-1], JSON), (b"\xff\xfe", JSON), (RAW + RAW, JSON), (b"NaN", JSON),
    (gzip.compress(gzip.compress(RAW)), {**JSON, "content-encoding": "gzip, gzip"}), (gzip.compress(RAW) + gzip.compress(RAW), {**JSON, "content-encoding": "gzip"}), (RAW, {**JSON, "content-encoding": "br"}), (RAW, {**JSON, "content-encoding": NAME}),
    (gzip.compress(b"[" + b"0," * 40_000_000), {**JSON, "content-encoding": "gzip"}), (b'{"model":"m","messages":[{"role":"user","content":"\\ud83d"}]}', JSON), (b'{"x":1e999}', JSON), (b"[" * 100_000, JSON), (b"9" * 5000, JSON),
])
def test_a_body_that_cannot_be_read_is_refused(attacker: Attacker, raw: bytes, headers: dict[str, str]) -> None:
    attacker.refused("POST", "/v1/chat/completions", content=raw, headers=headers)


@pytest.mark.parametrize("sent", [
    {"content": DOUBLED, "headers": JSON}, {"content": gzip.compress(RAW), "headers": {**JSON, "content-encoding": "gzip"}}, {"content": (RAW[at : at + 7] for at in range(0, len(RAW), 7)), "headers": JSON},
    {"content": RAW.replace(b"@", b"\\u0040"), "headers": JSON}, {"content": RAW, "headers": {"content-type": 'APPLICATION/JSON; charset="UTF-8"'}}, {"content": RAW},
])
def test_one_that_is_read_leaves_as_it_was_read(attacker: Attacker, sent: dict[str, Any]) -> None:
    attacker.send("POST", "/v1/chat/completions", **sent)
    assert b"aubrac" not in attacker.provider.received[0] and attacker.provider.received[0].count(b'"messages"') == 1


def google_lines(said: str) -> dict[str, Any]:
    return {"requests": {"requests": [{"request": {"contents": [{"role": "user", "parts": [{"text": said}]}]}}]}}


def test_requests_in_both_spellings_are_both_looked_at(attacker: Attacker) -> None:
    attacker.send("POST", "/v1beta/models/gemini:batchGenerateContent", "google", json={"batch": {"inputConfig": google_lines("x"), "input_config": google_lines(MAIL)}})
    assert b"aubrac" not in attacker.provider.received[0]


@pytest.mark.parametrize(("like", "path", "body"), [
    ("mistral", "/v1/batch/jobs", {"input_files": "file-1"}), ("mistral", "/v1/batch/jobs", {"input_files": {"0": "file-1"}}), ("mistral", "/v1/batch/jobs", {"input_files": [{"id": "file-1"}]}), ("mistral", "/v1/batch/jobs", {"requests": {"0": {}}}),
    ("mistral", "/v1/batch/jobs", {"input_files": ["file-1"], "requests": [{"custom_id": "1", "body": CHAT}]}), ("mistral", "/v1/batch/jobs", {}), ("openai", "/v1/batches", {"input_file_id": ["file-1"]}), ("openai", "/v1/batches", {"input_file_id": "file-1"}),
    ("openai", "/v1/batches", {"endpoint": "/v1/chat/completions"}), ("anthropic", "/v1/messages/batches", {"requests": {"0": {"params": CHAT}}}), ("anthropic", "/v1/messages/batches", {"requests": []}), ("google", "/v1beta/models/g:batchGenerateContent", {"batch": {"input_config": {"file_name": "files/1"}}}),
])
def test_a_batch_of_which_nothing_can_be_seen_is_refused(attacker: Attacker, like: str, path: str, body: dict[str, Any]) -> None:
    attacker.refused("POST", path, like, json={"endpoint": "/v1/chat/completions", **body} if like == "mistral" else body)


@pytest.mark.parametrize(("method", "path", "like"), [
    ("GET", "/v1/responses/resp_1", "openai"), ("GET", "/v1/responses/resp_1?stream=true", "openai"), ("POST", "/v1/responses/resp_1/cancel", "openai"), ("GET", "/v1/files/file-1/content", "openai"), ("GET", "/v1/files/f1/content", "mistral"),
    ("GET", "/v1/messages/batches/b1/results", "anthropic"), ("GET", "/v1/batches/b1", "openai"), ("GET", "/v1beta/batches/b1", "google"), ("GET", "/v1/batch/jobs/j1", "mistral"),
])
def test_what_nobody_asked_for_through_govai_is_not_fetched(attacker: Attacker, method: str, path: str, like: str) -> None:
    attacker.refused(method, path, like)


@pytest.mark.parametrize("reference", [{"previous_response_id": "resp_1"}, {"conversation": "conv_1"}, {"prompt": {"id": "pmpt_1"}}, {"input": [{"role": "user", "content": [{"type": "input_file", "file_id": "file-1"}]}]}, {"store": True}, {"tools": [{"type": "file_search", "vector_store_ids": ["vs_1"]}]}])
def test_what_the_provider_holds_is_not_named_unseen(attacker: Attacker, reference: dict[str, Any]) -> None:
    attacker.refused("POST", "/v1/responses", json={"model": "m", "input": "x", **reference})


CHARSETS = ["text/plain; charset=utf-7", "text/plain; charset=utf-16", 'text/plain; charset="x"']


@pytest.mark.parametrize("kind", CHARSETS)
def test_a_part_in_another_charset_is_refused(attacker: Attacker, kind: str) -> None:
    attacker.refused("POST", "/v1/files", files={"purpose": (None, "batch", kind), "file": ("b.jsonl", b"{}")})


def _json(body: Any, **headers: str) -> Callable[[httpx2.Request], httpx2.Response]:
    return lambda _request: httpx2.Response(200, headers={**JSON, **headers}, content=body if isinstance(body, bytes) else json.dumps(body).encode())


REPLY = {"choices": [{"index": 0, "message": {"role": "assistant", "content": "secret de fabrique"}, "finish_reason": "stop"}]}
LIES = [
    (json.dumps(REPLY).encode(), SSE), (json.dumps(REPLY, indent=1).encode() + b"\n", SSE), (b"data: " + json.dumps(REPLY).encode() + b"\n\n", JSON), (b'data: {"x": secret de fabrique}\n\n', SSE), (b"secret de fabrique", JSON),
    (b"<p>secret de fabrique</p>", {"content-type": "text/html"}), (b"", JSON), (b"data: [DONE]\n\nsecret de fabrique", SSE), (json.dumps(REPLY).encode("utf-16"), JSON),
    (b'data: {"x": secret}\n\ndata: {"error": {"code": "late"}}\n\n', SSE),
]


@pytest.mark.parametrize(("raw", "headers"), LIES)
def test_what_cannot_be_read_is_released_to_nobody(rules: dict, raw: bytes, headers: dict[str, str]) -> None:
    reviewed = {**rules, "reviews": [{"id": "read", "purpose": "letters", "role": "marketing"}]}
    with govai.Governor(reviewed, ledger=":memory:", actor="ana") as gov:
        attacker = Attacker(gov, Provider())
        attacker.provider.answer = lambda _request: httpx2.Response(200, headers=headers, content=raw)
        with pytest.raises(govai.Ungoverned, match="cannot be read"):
            attacker.send("POST", "/v1/chat/completions", purpose="letters", json=CHAT)
        assert attacker.outcome["status"] in ("completed", "failed")


@pytest.mark.parametrize(("raw", "headers"), LIES)
def test_unreviewed_it_comes_as_the_provider_wrote_it(attacker: Attacker, raw: bytes, headers: dict[str, str]) -> None:
    attacker.provider.answer = lambda _request: httpx2.Response(200, headers=headers, content=raw)
    assert attacker.send("POST", "/v1/chat/completions", json=CHAT).content == raw
    assert len(list(attacker.gov.ledger.records(kind="outcome"))) == 1


@pytest.mark.parametrize(("raw", "headers"), [
    (b'{"output": [{"content": "secret de fabrique"}]}', JSON), (b'data: {"text": "secret de fabrique"}\n\ndata: [DONE]\n\n', SSE), (json.dumps({**REPLY, "choices": [{"message": {"content": "x", "note": "secret de fabrique"}}]}).encode(), JSON),
])
def test_a_reviewer_is_shown_what_stands_in_no_known_place(rules: dict, raw: bytes, headers: dict[str, str]) -> None:
    reviewed = {**rules, "reviews": [{"id": "read", "purpose": "letters", "role": "marketing"}]}
    with govai.Governor(reviewed, ledger=":memory:", actor="ana") as gov:
        attacker = Attacker(gov, Provider())
        attacker.provider.answer = lambda _request: httpx2.Response(200, headers=headers, content=raw)
        with pytest.raises(govai.ReviewPending) as waits:
            attacker.send("POST", "/v1/chat/completions", purpose="letters", json=CHAT)
        assert "secret de fabrique" in gov._engine.desk.get(waits.value.ticket_id).text


@pytest.mark.parametrize("sent", [
    {"json": {**CHAT, "metadata": {"note": "à lire avant"}}}, {"json": {**CHAT, "à lire avant": 1}}, {"json": {**CHAT, "x": ["à lire avant"]}}, {"json": {**CHAT, "tools": [{"type": "function", "function": {"name": "f", "description": "à lire avant"}}]}},
    {"json": CHAT, "headers": {"x-note": "a lire avant"}}, {"json": CHAT, "params": {"note": "à lire avant"}},
])
def test_a_reviewer_of_prompts_is_shown_what_stands_beside_the_messages(rules: dict, sent: dict[str, Any]) -> None:
    reviewed = {**rules, "reviews": [{"id": "read", "purpose": "letters", "on": "prompt", "role": "marketing"}]}
    with govai.Governor(reviewed, ledger=":memory:", actor="ana") as gov:
        attacker = Attacker(gov, Provider())
        with pytest.raises(govai.ReviewPending) as waits:
            attacker.send("POST", "/v1/chat/completions", purpose="letters", **sent)
        assert "lire avant" in gov._engine.desk.get(waits.value.ticket_id).text
        gov.bind(actor="lea").reviews.approve(waits.value.ticket_id, gov._engine.desk.get(waits.value.ticket_id).text.replace("Bonjour", "Salut"))
        attacker.send("POST", "/v1/chat/completions", purpose="letters", **sent)
        assert b"lire avant" not in attacker.provider.received[0].partition(b"Salut")[2].partition(b'"}')[0]


def test_a_provider_s_own_words_are_recorded_only_if_nothing_is_in_them(attacker: Attacker) -> None:
    attacker.provider.answer = _json({"id": MAIL, "model": f"modele-{NAME}", "choices": [{"index": 0, "finish_reason": PHONE, "message": {"content": "x"}}]})
    attacker.send("POST", "/v1/chat/completions", json=CHAT)
    assert [attacker.outcome[name] for name in ("model", "finish_reason", "request_id")] == ["?", "?", "?"]
    attacker.provider.answer = _json({"error": {"code": "Aubrac", "message": MAIL}})
    attacker.send("POST", "/v1/chat/completions", json=CHAT)
    assert (attacker.outcome["status"], attacker.outcome["error"]) == ("failed", "?")


@pytest.mark.parametrize("depth", [200, 900, 1020])
def test_an_answer_nested_too_deep_stays_protected_and_has_one_outcome(attacker: Attacker, depth: int) -> None:
    def deep(request: httpx2.Request) -> httpx2.Response:
        said = json.loads(request.read())["messages"][0]["content"]
        whole = json.dumps({"choices": [{"message": {"content": said}}]})[:-1] + ',"x":' + "[" * depth + "]" * depth + "}"
        return httpx2.Response(200, headers=JSON, content=whole.encode())

    attacker.provider.answer = deep
    attacker.send("POST", "/v1/chat/completions", json={**CHAT, "messages": [{"role": "user", "content": MAIL}]})
    assert [record.kind for record in attacker.gov.ledger.records()] == ["intent", "outcome"]
    assert b"aubrac" not in attacker.provider.received[0]


@pytest.mark.parametrize(("status", "location"), [(301, "https://evil.example/"), (302, "//evil.example/v1"), (303, "http://ai.example/v1/models"), (307, "https://ai.example:444/"), (308, "https://ai.example@evil.example/"), (307, "https://\u0430i.example/"), (307, "\\\\evil.example/x")])
def test_a_redirect_leads_nowhere_else(attacker: Attacker, status: int, location: str) -> None:
    attacker.provider.answer = lambda _request: httpx2.Response(status, headers=[(b"location", location.encode())])
    with pytest.raises((govai.Ungoverned, httpx2.RemoteProtocolError)):
        attacker.send("POST", "/v1/chat/completions", json=CHAT, follow_redirects=True)
    assert len(attacker.provider.received) == 1 or all(b" /v1/" in one or b" //" in one for one in attacker.provider.received)


@pytest.mark.parametrize("ended", [True, False])
@pytest.mark.parametrize("piece", [b"x" * 65_536, (b"data: " + b"x" * 1017 + b"\n") * 64])
def test_a_line_of_a_hundred_megabytes_is_gone_through_once(attacker: Attacker, piece: bytes, ended: bool) -> None:
    """Were each piece joined to what waits and gone through again, this would take minutes."""

    def events(_request: httpx2.Request) -> httpx2.Response:
        pieces = (piece for _ in range(1600))
        return httpx2.Response(200, headers=SSE, content=(one for one in (b"data: ", *pieces, *([b"\n\ndata: [DONE]\n\n"] if ended else []))))

    attacker.provider.answer = events
    size = 0
    governing = Governing(attacker.gov._engine, Scope(purpose="support", actor="ana"), "openai")
    with httpx2.Client(transport=GovernedTransport(httpx2.MockTransport(attacker.provider), governing)) as client, client.stream("POST", "https://ai.example/v1/chat/completions", json=CHAT) as response:
        for chunk in response.iter_raw():
            size += len(chunk)
    assert size >= 1600 * 65_536
    assert attacker.outcome["error"] == ("unreadable" if ended else "cut")


class Chopped(httpx2.BaseTransport):
    """Hands out what another transport receives, a few bytes at a time."""

    def __init__(self, size: int) -> None:
        self.inner, self.size = httpx2.HTTPTransport(), size

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        response = self.inner.handle_request(request)
        raw = response.read()
        response.close()
        return httpx2.Response(response.status_code, headers=response.headers, content=(raw[at : at + self.size] for at in range(0, len(raw), self.size)))


CANARIES = f"{MAIL}, puis {MAIL} et {PHONE}; puis {PHONE}{MAIL}"
SPOKEN: dict[str, tuple[str, Callable[[str], dict[str, Any]], Callable[[dict[str, Any]], str]]] = {
    "openai": ("/v1/chat/completions", lambda m: {"model": m, "stream": True, "messages": [{"role": "user", "content": CANARIES}]}, lambda e: "".join(c["delta"].get("content") or "" for c in e["choices"])),
    "mistral": ("/v1/chat/completions", lambda m: {"model": m, "stream": True, "messages": [{"role": "user", "content": [{"type": "text", "text": CANARIES}]}]}, lambda e: "".join(c["delta"].get("content") or "" for c in e["choices"])),
    "responses": ("/v1/responses", lambda m: {"model": m, "stream": True, "input": CANARIES}, lambda e: e["delta"] if e["type"] == "response.output_text.delta" else ""),
    "anthropic": ("/v1/messages", lambda m: {"model": m, "stream": True, "max_tokens": 9, "messages": [{"role": "user", "content": CANARIES}]}, lambda e: e.get("delta", {}).get("text", "")),
    "google": ("/v1beta/models/{}:streamGenerateContent?alt=sse", lambda _m: {"contents": [{"role": "user", "parts": [{"text": CANARIES}]}]}, lambda e: "".join(p.get("text", "") for c in e["candidates"] for p in c["content"]["parts"])),
}


@pytest.mark.parametrize("spoken", SPOKEN)
@pytest.mark.parametrize(("bytes_each", "characters_each"), [(1, 1), (1, 7), (5, 3), (4096, 1), (3, 1000)])
def test_canaries_come_back_whole_wherever_a_stream_is_cut(gov: govai.Governor, server: Any, spoken: str, bytes_each: int, characters_each: int) -> None:
    path, body, pieces = SPOKEN[spoken]
    model = f"echo-{characters_each}"
    chopped = Chopped(bytes_each)
    headers = {"anthropic-version": "2023-06-01"} if spoken == "anthropic" else {}
    governing = Governing(gov._engine, Scope(purpose="support", actor="ana"), "openai" if spoken == "responses" else spoken)
    with chopped.inner, httpx2.Client(base_url=server.url, transport=GovernedTransport(chopped, governing)) as client:
        said = client.post(path.format(model), json=body(model), headers=headers).text
    events = [json.loads(line[6:]) for line in said.splitlines() if line.startswith("data: {")]
    assert "".join(pieces(event) for event in events) == CANARIES
    assert len(events) > len(CANARIES) / characters_each / 2
    assert not any(word in server.bodies[-1] for word in (b"aubrac", b"12 34"))
