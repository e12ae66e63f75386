"""A varied run of a real governor: what a ledger holds after a day."""

from __future__ import annotations

import asyncio
import io
import json
from typing import Any

import httpx2
import openai
import pytest

import govai
from govai.core.records import Draft, Record, new_id
from tests.server import Server

CANARIES = ("Zéphyrine", "zephyrine.canari@exemple.fr", "06 12 34 56 78", "2 85 12 75 108 123 45", "sk-test-key-never-shown", "FR76 3000 6000 0112 3456 7890 189")
ROW = {"prenom": "Zéphyrine", "email": "zephyrine.canari@exemple.fr", "telephone": "06 12 34 56 78", "motif": "prix"}


def governor(policy: dict, **more: Any) -> govai.Governor:
    rules = [
        {"id": "mails-masked", "data": {"category": ["user.contact.email"]}, "purpose": ["reporting"], "effect": "mask"},
        {"id": "phones-out", "data": {"category": ["user.contact.phone_number"]}, "purpose": ["reporting"], "effect": "remove"},
        {"id": "watch-motif", "data": {"source": "crm.contacts", "field": "motif"}, "effect": "remove", "mode": "observe"},
    ]
    reviews = [{"id": "published", "purpose": "newsletter", "on": "output", "role": "marketing"}, {"id": "looked-at", "purpose": "exploration", "on": "prompt", "role": "data"}]
    return govai.Governor({**policy, "rules": rules, "reviews": reviews}, actor="ana", **more)


def live(gov: govai.Governor, server: Server) -> None:
    """Calls of every kind and every end."""
    sourced = govai.source("crm.contacts")(lambda: dict(ROW))()
    gov.generate("offline:demo", "Écris à {prenom} <{email}>, {telephone}, parti pour : {motif}", data=sourced, purpose="win_back")
    gov.generate("near:echo", "Trois slogans", purpose="win_back", temperature=0.7, max_tokens=200)
    gov.generate("near:echo", "Résume : {email} {telephone} {motif}", data=sourced, purpose="reporting")
    gov.generate("near:echo", f"Rappeler {ROW['prenom']} au 06 12 34 56 78, {ROW['email']}", purpose="support")
    with pytest.raises(govai.Blocked):
        gov.generate("offline:demo", "Qui est {nir} ?", data={"nir": "2 85 12 75 108 123 45"}, purpose="win_back")
    with pytest.raises(govai.GovaiError):
        gov.generate("offline:demo", "Écris à {email}", data=ROW)
    for model in ("near:status-500", "near:status-400"):
        with pytest.raises(govai.ProviderError):
            gov.generate(model, "Écris à {prenom}", data=ROW, purpose="win_back")
    with gov.stream("offline:demo", "Écris à {prenom}, bonne journée", data=ROW, purpose="win_back") as stream:
        for _piece in stream:
            break
    with gov.stream("near:echo-3", "Écris à {prenom}", data=ROW, purpose="win_back") as stream:
        assert "".join(stream)
    gov.embed("offline:demo", ["Écrire à " + ROW["email"]], purpose="support")
    asyncio.run(gov.agenerate("offline:demo", "Écris à {prenom}", data=ROW, purpose="win_back"))

    @govai.lineage(job="relance")
    def campaign() -> None:
        gov.generate("offline:demo", "Écris à {prenom}", data=sourced, purpose="win_back")

    campaign()
    reviewed(gov)
    batch(gov, server)


def reviewed(gov: govai.Governor) -> None:
    """Reviews of answers and prompts: approved, edited, rejected, by a person and by a hook."""

    def waiting(purpose: str, prompt: str) -> str:
        with pytest.raises(govai.ReviewPending) as caught:
            gov.generate("near:echo", prompt, data=ROW, purpose=purpose)
        return caught.value.ticket_id

    for purpose, who in (("newsletter", "lea"), ("exploration", "ines")):
        desk = gov.bind(actor=who).reviews
        one, two, three = (waiting(purpose, f"{word} à {{prenom}}") for word in ("Écris", "Parle", "Chante"))
        desk.approve(one, note="bien")
        desk.approve(two, text="Un autre texte")
        desk.reject(three, note="non")
        for ticket in (one, two):
            assert gov.resume(ticket).text
        with pytest.raises(govai.ReviewRejected):
            gov.resume(three)
        for verdict in (govai.Verdict.approve(), govai.Verdict.approve("Relu"), govai.Verdict.reject("non")):
            try:
                gov.generate("near:echo", "Danse avec {prenom}", data=ROW, purpose=purpose, review=lambda _details, verdict=verdict: verdict)
            except govai.ReviewRejected:
                assert not verdict.approved


def batch(gov: govai.Governor, server: Server) -> None:
    """Two requests in a file, and their answers."""
    kept: list[dict[str, Any]] = []

    def provider(request: httpx2.Request) -> httpx2.Response:
        raw, path = request.read(), request.url.path
        if path.endswith("/files"):
            kept[:] = [json.loads(line) for part in raw.split(b"\r\n\r\n") for line in part.splitlines() if line.startswith(b'{"')]
            return httpx2.Response(200, json={"id": "file-in", "object": "file", "bytes": 1, "created_at": 1, "filename": "b", "purpose": "batch", "status": "processed"})
        if path.endswith("/content"):
            choice = {"index": 0, "message": {"role": "assistant", "content": "fait"}, "finish_reason": "stop"}
            body = {"id": "c", "object": "chat.completion", "created": 1, "model": "m", "choices": [choice], "usage": {"prompt_tokens": 1, "completion_tokens": 2, "total_tokens": 3}}
            lines = [{"id": "r", "custom_id": one["custom_id"], "response": {"status_code": 200, "request_id": "r", "body": body}, "error": None} for one in kept]
            return httpx2.Response(200, content=b"".join(json.dumps(one).encode() + b"\n" for one in lines))
        return httpx2.Response(200, json={"id": "batch_1", "object": "batch", "endpoint": "/v1/chat/completions", "input_file_id": "file-in", "completion_window": "24h", "status": "completed", "created_at": 1, "output_file_id": "file-out"})

    over = httpx2.Client(transport=httpx2.MockTransport(provider))
    client = gov.wrap(openai.OpenAI(base_url=server.url + "/v1", api_key="x", max_retries=0, http_client=over), purpose="support")
    asked = [{"custom_id": f"row-{n}", "method": "POST", "url": "/v1/chat/completions", "body": {"model": "m", "messages": [{"role": "user", "content": f"Répondre à {ROW['email']} ({n})"}]}} for n in range(2)]
    file = client.files.create(file=("rows.jsonl", io.BytesIO(b"".join(json.dumps(one).encode() + b"\n" for one in asked))), purpose="batch")
    made = client.batches.create(input_file_id=file.id, endpoint="/v1/chat/completions", completion_window="24h")
    client.files.content(client.batches.retrieve(made.id).output_file_id).read()


@pytest.fixture(scope="session")
def lived(server: Server, tmp_path_factory: pytest.TempPathFactory) -> list[Record]:
    """The records of a varied run, with an intent whose writer died, and what other parts of a ledger record."""
    entry = {"host": server.host, "region": "EU", "trains_on_inputs": False, "api_key": "env:GOVAI_TEST_KEY"}
    policy = {"govai": 1, "name": "test", "extends": "eu-marketing", "providers": {"near": {"like": "openai", **entry}}, "people": {"marketing": ["lea"], "data": ["ines"]}}
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GOVAI_TEST_KEY", CANARIES[4])
        patch.chdir(tmp_path_factory.mktemp("lived"))
        with governor(policy, ledger="sqlite:///x.db") as gov:
            live(gov, server)
            found = list(gov.ledger.records())
        with govai.Governor(policy, ledger="sqlite:///observed.db", actor="ana", mode="observe") as gov:
            gov.generate("near:echo", "Écris à {prenom} <{email}>", data=ROW)
            found += gov.ledger.records()
    intent = next(one for one in found if one.kind == "intent")
    for number, (kind, more) in enumerate([("intent", intent.body), ("outcome", {"status": "unknown", "error": "writer_gone", "purpose": "win_back"}), ("incident", {"record": intent.id}), ("erasure", {"subject": "s:1"}), ("checkpoint", {}), ("anchor", {})], 1):
        draft = Draft(kind, intent.call_id, dict(more), intent_id=found[-1].id if kind == "outcome" else "")
        found.append(Record(draft.id, new_id(), number, draft.time, kind, draft.call_id, draft.intent_id, draft.body, "", "0" * 64))
    return found


@pytest.fixture
def find(lived: list[Record]):
    by_id = {record.id: record for record in lived}
    return by_id.get
