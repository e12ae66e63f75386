"""Batches: each request is governed as a call of its own, each answer restored with its own placeholders, whenever it comes."""

from __future__ import annotations

import io
import json
from typing import Any

import anthropic
import httpx2
import openai
import pytest
from google import genai
from mistralai.client import Mistral

import govai

SAID = ("à ana@exemple.fr", "puis à bob@exemple.fr")
NOTHING = {"processing": 0, "succeeded": 2, "errored": 0, "canceled": 0, "expired": 0}


class Provider:
    """The batch interfaces of the four providers over one transport: each answer says what its request said."""

    def __init__(self) -> None:
        self.received: list[str] = []
        self.lines: list[dict[str, Any]] = []

    def __call__(self, request: httpx2.Request) -> httpx2.Response:
        raw, path = request.read(), request.url.path
        self.received.append(raw.decode())
        if request.method == "POST" and path.endswith("/files"):
            body = raw.split(b"\r\n\r\n")
            self.lines = [json.loads(line) for part in body for line in part.splitlines() if line.startswith(b'{"')]
            return httpx2.Response(200, json={"id": "file-in", "object": "file", "bytes": 1, "created_at": 1, "filename": "b.jsonl", "purpose": "batch", "status": "processed", "sample_type": "batch_request", "source": "upload", "size_bytes": 1})
        if request.method == "POST" and path.endswith("/messages/batches"):
            self.lines = [{"custom_id": one["custom_id"], "body": one["params"]} for one in json.loads(raw)["requests"]]
        if request.method == "POST" and path.endswith("/batch/jobs") and "requests" in json.loads(raw):
            self.lines = json.loads(raw)["requests"]
        if path.endswith(":batchGenerateContent"):
            self.lines = [{"body": one["request"]} for one in json.loads(raw)["batch"]["inputConfig"]["requests"]["requests"]]
        if path.endswith(("/results", "/content")):
            return httpx2.Response(200, content=b"".join(json.dumps(self._answer(line, path)).encode() + b"\n" for line in self.lines))
        return httpx2.Response(200, json=self._state(request))

    def _answer(self, line: dict[str, Any], path: str) -> dict[str, Any]:
        text = line["body"]["messages"][-1]["content"]
        if path.endswith("/results"):
            message = {"id": "m", "type": "message", "role": "assistant", "model": "claude", "content": [{"type": "text", "text": text}], "stop_reason": "end_turn", "stop_sequence": None, "usage": {"input_tokens": 1, "output_tokens": 2}}
            return {"custom_id": line["custom_id"], "result": {"type": "succeeded", "message": message}}
        choice = {"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": "stop"}
        body = {"id": "c", "object": "chat.completion", "created": 1, "model": "m", "choices": [choice], "usage": {"prompt_tokens": 1, "completion_tokens": 2, "total_tokens": 3}}
        return {"id": "batch_req_1", "custom_id": line["custom_id"], "response": {"status_code": 200, "request_id": "r", "body": body}, "error": None}

    def _state(self, request: httpx2.Request) -> dict[str, Any]:
        path, host = request.url.path, request.url.netloc.decode()
        if "/messages/" in path:
            moments = dict.fromkeys(("ended_at", "archived_at", "cancel_initiated_at"))
            url = f"http://{host}/v1/messages/batches/msgbatch_1/results"
            return {"id": "msgbatch_1", "type": "message_batch", "processing_status": "ended", "request_counts": NOTHING, "created_at": "2026-11-24T00:00:00Z", "expires_at": "2026-11-25T00:00:00Z", "results_url": url, **moments}
        if "/batch/jobs" in path:
            outputs = {"outputs": [self._answer(line, path) for line in self.lines]} if "inline" in str(request.url.query) else {}
            return {"id": "job-1", "object": "batch", "input_files": ["file-in"], "endpoint": "/v1/chat/completions", "errors": [], "status": "SUCCESS", "created_at": 1, "total_requests": 2, "completed_requests": 2, "succeeded_requests": 2, "failed_requests": 0, "output_file": "file-out", **outputs}
        if "gemini" in path or "/batches/b-1" in path:
            made = [{"response": {"candidates": [{"content": {"role": "model", "parts": line["body"]["contents"][-1]["parts"]}, "finishReason": "STOP"}]}} for line in self.lines]
            output = {"inlinedResponses": {"inlinedResponses": made}} if request.method == "GET" else {}
            return {"name": "batches/b-1", "metadata": {"state": "BATCH_STATE_SUCCEEDED", "name": "batches/b-1", "output": output}, "response": output, "done": bool(output)}
        return {"id": "batch_1", "object": "batch", "endpoint": "/v1/chat/completions", "input_file_id": "file-in", "completion_window": "24h", "status": "completed", "created_at": 1, "output_file_id": "file-out", "error_file_id": None}


@pytest.fixture
def provider() -> Provider:
    return Provider()


def over(provider: Provider) -> httpx2.Client:
    return httpx2.Client(transport=httpx2.MockTransport(provider))


@pytest.fixture
def gov4(policy: dict, server: Any):
    entry = next(iter(policy["providers"].values()))
    every = {like: {**entry, "like": like} for like in ("openai", "anthropic", "mistral", "google")}
    with govai.Governor({**policy, "providers": every}, ledger=":memory:", actor="ana") as governor:
        yield governor


def line(number: int, text: str) -> dict[str, Any]:
    body = {"model": "m", "messages": [{"role": "user", "content": text}]}
    return {"custom_id": f"row-{number}", "method": "POST", "url": "/v1/chat/completions", "body": body}


def jsonl(*texts: str) -> io.BytesIO:
    file = io.BytesIO(b"".join(json.dumps(line(at, text)).encode() + b"\n" for at, text in enumerate(texts)))
    file.name = "rows.jsonl"
    return file


def through_openai(gov: govai.Governor, provider: Provider, server: Any) -> list[str]:
    client = gov.wrap(openai.OpenAI(base_url=server.url + "/v1", api_key="x", max_retries=0, http_client=over(provider)), purpose="support")
    file = client.files.create(file=jsonl(*SAID), purpose="batch")
    batch = client.batches.create(input_file_id=file.id, endpoint="/v1/chat/completions", completion_window="24h")
    batch = client.batches.retrieve(batch.id)
    got = [json.loads(one) for one in client.files.content(batch.output_file_id).text.splitlines()]
    assert [one["custom_id"] for one in got] == ["row-0", "row-1"]
    return [one["response"]["body"]["choices"][0]["message"]["content"] for one in got]


def through_anthropic(gov: govai.Governor, provider: Provider, server: Any) -> list[str]:
    client = gov.wrap(anthropic.Anthropic(base_url=server.url, api_key="x", max_retries=0, http_client=over(provider)), purpose="support")
    asked = [{"custom_id": f"row-{at}", "params": {"model": "claude", "max_tokens": 9, "messages": [{"role": "user", "content": text}]}} for at, text in enumerate(SAID)]
    batch = client.messages.batches.create(requests=asked)
    return [one.result.message.content[0].text for one in client.messages.batches.results(batch.id)]


def through_mistral(gov: govai.Governor, provider: Provider, server: Any) -> list[str]:
    client = gov.wrap(Mistral(api_key="x", server_url=server.url, client=over(provider)), purpose="support")
    asked = [{"custom_id": f"row-{at}", "body": line(at, text)["body"]} for at, text in enumerate(SAID)]
    job = client.batch.jobs.create(endpoint="/v1/chat/completions", model="m", requests=asked)
    raw = b"".join(client.files.download(file_id=client.batch.jobs.get(job_id=job.id).output_file).iter_bytes())
    inline = [one["response"]["body"]["choices"][0]["message"]["content"] for one in client.batch.jobs.get(job_id=job.id, inline=True).outputs]
    assert inline == [json.loads(one)["response"]["body"]["choices"][0]["message"]["content"] for one in raw.splitlines()]
    return inline


def through_mistral_files(gov: govai.Governor, provider: Provider, server: Any) -> list[str]:
    client = gov.wrap(Mistral(api_key="x", server_url=server.url, client=over(provider)), purpose="support")
    file = client.files.upload(file={"file_name": "rows.jsonl", "content": jsonl(*SAID)}, purpose="batch")
    job = client.batch.jobs.create(endpoint="/v1/chat/completions", model="m", input_files=[file.id])
    raw = b"".join(client.files.download(file_id=client.batch.jobs.get(job_id=job.id).output_file).iter_bytes())
    return [json.loads(one)["response"]["body"]["choices"][0]["message"]["content"] for one in raw.splitlines()]


def through_google(gov: govai.Governor, provider: Provider, server: Any) -> list[str]:
    options = genai.types.HttpOptions(base_url=server.url, api_version="v1beta", httpx_client=over(provider))
    client = gov.wrap(genai.Client(api_key="x", http_options=options), purpose="support")
    asked = [{"contents": [{"role": "user", "parts": [{"text": text}]}]} for text in SAID]
    job = client.batches.get(name=client.batches.create(model="gemini-x", src=asked).name)
    return [one.response.candidates[0].content.parts[0].text for one in job.dest.inlined_responses]


WAYS = [through_openai, through_anthropic, through_mistral, through_mistral_files, through_google]


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.__name__)
def test_each_request_is_protected_and_each_answer_restored(gov4: govai.Governor, provider: Provider, server: Any, way) -> None:
    assert way(gov4, provider, server) == list(SAID)
    assert "exemple.fr" not in "".join(provider.received)
    records = list(gov4.ledger.records())
    submit = next(r for r in records if r.body.get("operation") == "submit")
    lines = [r for r in records if r.kind == "intent" and r.body.get("batch")]
    assert [r.body["batch"] for r in lines] == [submit.id] * 2
    assert len({r.call_id for r in (submit, *lines)}) == 3
    assert [r.body["fields"][0]["effect"] for r in lines] == ["pseudonymise"] * 2
    results = [r for r in records if r.kind == "result"]
    assert {r.body["fetches"] for r in results} == {r.id for r in lines}
    assert {(r.body["fetches"], r.call_id) for r in results} == {(r.id, r.call_id) for r in lines}
    assert all(r.body["usage"]["output_tokens"] == 2 or "google" in way.__name__ for r in results)
    ended = {r.intent_id for r in records if r.kind == "outcome"}
    assert ended == {r.id for r in records if r.kind == "intent"}
    assert gov4.ledger.verify().ok


def test_another_process_collects_what_one_submitted(policy: dict, provider: Provider, server: Any, tmp_path: Any) -> None:
    ledger = f"sqlite:///{tmp_path}/l.db"
    with govai.Governor(policy, ledger=ledger) as one:
        client = one.wrap(openai.OpenAI(base_url=server.url + "/v1", api_key="x", http_client=over(provider)), purpose="support")
        batch = client.batches.create(input_file_id=client.files.create(file=jsonl(*SAID), purpose="batch").id, endpoint="/v1/chat/completions", completion_window="24h")
    with govai.Governor(policy, ledger=ledger) as other:
        client = other.wrap(openai.OpenAI(base_url=server.url + "/v1", api_key="x", http_client=over(provider)))
        text = client.files.content(client.batches.retrieve(batch.id).output_file_id).text
        assert all(said in text for said in SAID)


@pytest.mark.parametrize(("bad", "why"), [
    ({**line(1, "x"), "url": "/v1/audio/speech"}, "endpoint is not governed"), ({**line(1, "x"), "url": "/v1/../v1/chat/completions"}, "endpoint is not governed"),
    ({**line(1, "x"), "method": "DELETE"}, "endpoint is not governed"), ({**line(1, "x"), "body": "à ana@exemple.fr"}, "cannot be looked into"),
    ({**line(1, "x"), "body": {"model": "m", "messages": [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}}]}]}}, "'image' cannot be looked into"),
])
def test_one_line_that_may_not_leave_stops_them_all_and_is_named(gov4: govai.Governor, provider: Provider, server: Any, bad: dict, why: str) -> None:
    client = gov4.wrap(openai.OpenAI(base_url=server.url + "/v1", api_key="x", http_client=over(provider)), purpose="support")
    file = io.BytesIO((json.dumps(line(0, "bonjour")) + "\n" + json.dumps(bad)).encode())
    file.name = "rows.jsonl"
    with pytest.raises(govai.Ungoverned, match=why) as refused:
        client.files.create(file=file, purpose="batch")
    assert "line 2" in str(refused.value)
    assert "ana@exemple.fr" not in str(refused.value)
    assert provider.received == []
    assert [r.kind for r in gov4.ledger.records()] == ["refusal"]


def test_a_file_that_is_not_json_lines_and_one_of_another_purpose_are_refused(gov4: govai.Governor, provider: Provider, server: Any) -> None:
    client = gov4.wrap(openai.OpenAI(base_url=server.url + "/v1", api_key="x", http_client=over(provider)), purpose="support")
    for content, purpose in ((b"ana;ana@exemple.fr\n", "batch"), (jsonl(*SAID).read(), "user_data")):
        with pytest.raises(govai.Ungoverned):
            client.files.create(file=("rows.jsonl", content), purpose=purpose)
    assert provider.received == []


def test_names_of_rows_that_say_who_they_are_about_are_protected_and_given_back(gov4: govai.Governor, provider: Provider, server: Any) -> None:
    client = gov4.wrap(openai.OpenAI(base_url=server.url + "/v1", api_key="x", http_client=over(provider)), purpose="support")
    file = io.BytesIO(json.dumps({**line(0, "bonjour"), "custom_id": "ana@exemple.fr"}).encode())
    made = client.files.create(file=("rows.jsonl", file), purpose="batch")
    assert "ana@exemple.fr" not in provider.received[0]
    assert json.loads(client.files.content(made.id).text)["custom_id"] == "ana@exemple.fr"


def test_batches_that_govai_did_not_make_are_refused(gov4: govai.Governor, provider: Provider, server: Any) -> None:
    client = gov4.wrap(openai.OpenAI(base_url=server.url + "/v1", api_key="x", http_client=over(provider)), purpose="support")
    for ask in (lambda: client.files.content("file-x"), lambda: client.batches.retrieve("batch-x"), lambda: client.batches.create(input_file_id="file-x", endpoint="/v1/chat/completions", completion_window="24h")):
        with pytest.raises(govai.Ungoverned, match="not made through govai"):
            ask()
    assert provider.received == []


def test_what_has_to_be_read_one_by_one_is_no_batch(policy: dict, provider: Provider, server: Any, tmp_path: Any) -> None:
    ledger = f"sqlite:///{tmp_path}/l.db"
    plain = {**policy, "purposes": {"letters": {"basis": "legitimate_interest"}}}
    reviewed = {**plain, "reviews": [{"id": "read", "purpose": "letters", "role": "marketing"}]}
    with govai.Governor(reviewed, ledger=":memory:") as gov:
        client = gov.wrap(openai.OpenAI(base_url=server.url + "/v1", api_key="x", http_client=over(provider)), purpose="letters")
        with pytest.raises(govai.PolicyError, match="one by one"):
            client.files.create(file=jsonl(*SAID), purpose="batch")
    with govai.Governor(plain, ledger=ledger) as gov:
        client = gov.wrap(openai.OpenAI(base_url=server.url + "/v1", api_key="x", http_client=over(provider)), purpose="letters")
        client.files.create(file=jsonl(*SAID), purpose="batch")
    with govai.Governor(reviewed, ledger=ledger) as gov:  # submitted before the policy asked for readers
        client = gov.wrap(openai.OpenAI(base_url=server.url + "/v1", api_key="x", http_client=over(provider)), purpose="letters")
        with pytest.raises(govai.PolicyError, match="one by one"):
            client.files.content("file-in")


def test_a_batch_whose_placeholders_cannot_be_kept_is_an_error_and_leaves_nothing_open(gov4: govai.Governor, provider: Provider, server: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    client = gov4.wrap(openai.OpenAI(base_url=server.url + "/v1", api_key="x", max_retries=0, http_client=over(provider)), purpose="support")

    def full(*_args: object, **_more: object) -> None:
        raise govai.LedgerUnavailable("the disk is full")

    monkeypatch.setattr(type(gov4._engine.desk), "keep_reply", full)
    with pytest.raises(govai.LedgerUnavailable):
        client.files.create(file=jsonl(*SAID), purpose="batch")
    gov4.ledger.flush()
    records = list(gov4.ledger.records())
    assert {r.intent_id for r in records if r.kind == "outcome"} == {r.id for r in records if r.kind == "intent"}
    assert {r.body["status"] for r in records if r.kind == "outcome"} == {"failed"}
