"""Kept content through every door, and nothing kept by default; answers that hold what the policy blocks raise incidents."""

from __future__ import annotations

import asyncio
import hmac
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import anthropic
import httpx2
import openai
import pytest

import govai
from govai.keys.roots import RootKey
from tests.flow.test_batches import Provider, over
from tests.flow.test_fetching import Background, client_over

KEYS = RootKey(b"k" * 32, "test")
ROW = {"prenom": "Zoé", "email": "zoe.canary@example.org"}
IBAN = "FR76 3000 6000 0112 3456 7890 189"
NO_IBAN = {"id": "no-iban", "data": {"detected": "iban"}, "effect": "block"}


@pytest.fixture
def opened(policy: dict, ledger_url: str) -> Iterator[Callable[..., govai.Governor]]:
    made: list[govai.Governor] = []

    def make(**more: Any) -> govai.Governor:
        made.append(govai.Governor({**policy, **more}, ledger=ledger_url, keys=KEYS, actor="ana"))
        return made[-1]

    yield make
    for gov in made:
        gov.close()


def saying(text: str) -> Callable[[httpx2.Request], httpx2.Response]:
    def answer(request: httpx2.Request) -> httpx2.Response:
        choice = {"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": "stop"}
        return httpx2.Response(200, json={"id": "c", "object": "chat.completion", "created": 1, "model": "m", "choices": [choice], "usage": {"prompt_tokens": 1, "completion_tokens": 2, "total_tokens": 3}})

    return answer


def ask(gov: govai.Governor, server: Any, says: str, prompt: str = "Bonjour", **how: str) -> str:
    client = gov.wrap(client_over(saying(says), server), purpose=how.get("purpose", "support"))
    found = client.chat.completions.create(model="m", messages=[{"role": "user", "content": prompt}])
    return str(found.choices[0].message.content)


def proven(raw: bytes, commitment: str) -> bool:
    return commitment == "hmac-sha256:" + hmac.digest(KEYS.derive("commitments"), raw, "sha256").hex()


def the(gov: govai.Governor, kind: str) -> Any:
    (found,) = gov.ledger.records(kind=kind)
    return found


def test_nothing_is_kept_by_default(opened: Any, tmp_path: Any) -> None:
    gov = opened()
    reply = gov.generate("offline:echo", "Écris à {prenom} {email}", data=ROW, purpose="newsletter")
    assert gov.ledger.content(reply.record_id) is None
    for table in ("contents", "subject_keys", "holdings"):
        assert gov.ledger.connection.execute(f"SELECT count(*) FROM {table}") == [(0,)]
    assert {record.kind for record in gov.ledger.records()} == {"intent", "outcome"}
    assert not any(word.encode() in file.read_bytes() for word in ROW.values() for file in tmp_path.iterdir() if file.is_file())


def test_prompt_and_output_are_kept_as_sent_and_proven_by_their_record(opened: Any, tmp_path: Any) -> None:
    gov = opened(keep="content")
    reply = gov.generate("offline:echo", "Écris à {prenom} {email}", data=ROW, purpose="newsletter")
    assert "zoe.canary@example.org" in reply.text
    found = gov.ledger.content(reply.record_id, actor="ines")
    assert b"canary" not in found.prompt + found.output
    intent, outcome = the(gov, "intent"), the(gov, "outcome")
    assert (intent.body["content"], outcome.body["content"]) == ("kept", "kept")
    assert proven(found.prompt, intent.body["prompt"])
    assert proven(found.output, outcome.body["output"])
    assert intent.body["subjects"]
    kept = gov.ledger.connection.execute("SELECT DISTINCT subject FROM holdings ORDER BY subject")
    assert [ref for (ref,) in kept] == sorted(intent.body["subjects"])
    assert (the(gov, "access").body["of"], the(gov, "access").body["actor"]["id"]) == (intent.id, "ines")
    with gov.ledger.connection.alone():
        gov.ledger.connection.execute("DELETE FROM subject_keys WHERE subject=?", (intent.body["subjects"][0],))
    assert gov.ledger.content(reply.record_id) is None
    assert gov.ledger.verify().ok
    assert not any(word.encode() in file.read_bytes() for word in (ROW["email"], "Écris") for file in tmp_path.iterdir() if file.is_file())


def test_only_the_purposes_that_say_so_are_kept(opened: Any) -> None:
    purposes = {"a": {"basis": "contract", "keep": "content"}, "b": {"basis": "contract"}}
    gov = opened(purposes=purposes)
    kept = {name: gov.ledger.content(gov.generate("offline:echo", "Bonjour", purpose=name).record_id) for name in purposes}
    assert (kept["a"].output is not None, kept["b"]) == (True, None)


def test_a_stream_is_kept_as_it_came(opened: Any) -> None:
    gov = opened(keep="content")
    with gov.stream("offline:echo", "Écris à {prenom} {email}", data=ROW, purpose="newsletter") as stream:
        text = "".join(stream)
    assert ROW["email"] in text
    found = gov.ledger.content(the(gov, "intent").id)
    assert found.output
    assert b"canary" not in found.output
    assert proven(found.output, the(gov, "outcome").body["output"])


def test_asyncio_keeps_the_same(opened: Any) -> None:
    gov = opened(keep="content")

    async def many() -> list[Any]:
        return await asyncio.gather(*(gov.agenerate("offline:echo", f"{n} {{email}}", data=ROW, purpose="newsletter") for n in range(8)))

    found = [gov.ledger.content(reply.record_id) for reply in asyncio.run(many())]
    assert all(one.prompt and one.output for one in found)
    assert gov.ledger.verify().ok


def test_each_answer_of_a_batch_is_kept_with_its_own_request(opened: Any, policy: dict, server: Any) -> None:
    gov = opened(keep="content")
    client = gov.wrap(anthropic.Anthropic(base_url=server.url, api_key="x", max_retries=0, http_client=over(Provider())), purpose="support")
    texts = ("à ana@exemple.fr", "puis à bob@exemple.fr")
    asked = [{"custom_id": f"row-{at}", "params": {"model": "claude", "max_tokens": 9, "messages": [{"role": "user", "content": text}]}} for at, text in enumerate(texts)]
    batch = client.messages.batches.create(requests=asked)
    assert [one.result.message.content[0].text for one in client.messages.batches.results(batch.id)] == list(texts)
    results = list(gov.ledger.records(kind="result"))
    assert len(results) == 2
    for result in results:
        found = gov.ledger.content(result.id)
        assert b"exemple.fr" not in found.prompt + found.output
        assert proven(found.output, result.body["output"])
        assert gov.ledger.content(result.body["fetches"]) is not None
        (refs,) = [gov.ledger.record(result.body["fetches"]).body["subjects"]]
        held = gov.ledger.connection.execute("SELECT subject FROM holdings WHERE name=?", (result.id,))
        assert sorted(ref for (ref,) in held) == refs
    assert len(gov.ledger.connection.execute("SELECT record FROM contents")) == 4  # the upload itself is not kept beside its requests


def test_an_answer_fetched_later_is_kept_under_the_people_it_is_about(opened: Any, server: Any) -> None:
    gov = opened(keep="content")
    client = gov.wrap(client_over(Background(), server), purpose="support")
    first = client.responses.create(model="gpt", input="à ana@exemple.fr, dès demain, s'il te plaît", background=True)
    client.responses.retrieve(first.id)
    client.responses.retrieve(first.id)
    asked, _early, last = gov.ledger.records(kind="intent")
    assert gov.ledger.content(last.id).output.startswith("à ".encode())
    with gov.ledger.connection.alone():
        gov.ledger.connection.execute("DELETE FROM subject_keys WHERE subject=?", (asked.body["subjects"][0],))
    assert gov.ledger.content(last.id) is None


def test_a_blocked_category_in_an_answer_raises_an_incident(opened: Any, server: Any) -> None:
    gov = opened(rules=[NO_IBAN])
    assert IBAN in ask(gov, server, f"Virement sur {IBAN} et {IBAN}")
    (incident,) = gov.ledger.incidents()
    intent, record = the(gov, "intent"), the(gov, "incident")
    assert (incident.records, incident.source, incident.rules, incident.purpose) == ((intent.id,), "answer", ("no-iban",), "support")
    assert (incident.values, incident.count, incident.status, record.call_id) == (1, 1, "open", intent.call_id)
    assert incident.categories == ("user.financial.bank_account",)
    assert datetime.fromisoformat(incident.due_at) - datetime.fromisoformat(incident.found_at) == timedelta(hours=72)
    assert "disclosure" in the(gov, "outcome").body["incidents"]
    assert IBAN not in str([one.to_json() for one in gov.ledger.records()])
    assert (incident.overdue(), incident.overdue(datetime.now(UTC) + timedelta(hours=73))) == (False, True)


def test_an_answer_that_only_a_silent_policy_would_stop_raises_none(opened: Any, server: Any) -> None:
    gov = opened(unmatched="block", rules=[])
    ask(gov, server, "Écrivez à service@exemple.fr")
    assert gov.ledger.incidents() == []


def test_an_echoed_value_that_is_blocked_raises_one(opened: Any, server: Any) -> None:
    gov = opened(rules=[{"id": "no-notes", "data": {"field": "notes"}, "effect": "block"}])
    with govai.scope(data={"notes": "allergique aux noix de cajou"}):
        ask(gov, server, "le client est allergique aux noix de cajou")
    (incident,) = gov.ledger.incidents()
    assert (incident.rules, incident.source) == (("no-notes",), "answer")
    assert "cajou" not in str([one.to_json() for one in gov.ledger.records()])


def test_an_incident_is_notified_and_closed(opened: Any, server: Any) -> None:
    gov = opened(rules=[NO_IBAN])
    ask(gov, server, IBAN)
    (incident,) = gov.ledger.incidents()
    gov.ledger.update_incident(incident.id, "notified", note="CNIL 2026-17, Zoé Martin")
    assert [one.status for one in gov.ledger.incidents()] == ["notified"]
    gov.ledger.update_incident(incident.id, "closed")
    assert "Zoé" not in str([one.to_json() for one in gov.ledger.records(kind="incident")])
    for wrong in (incident.id, "unknown"):
        with pytest.raises(govai.ConfigError):
            gov.ledger.update_incident(wrong, "closed")
    assert gov.ledger.verify().ok


def test_a_rescan_finds_what_a_later_policy_blocks_once(opened: Any, server: Any) -> None:
    first = opened(keep="content", rules=[{"id": "fine", "data": {"detected": "iban"}, "effect": "allow"}], extends="", unmatched="allow", purposes={"support": {"basis": "contract"}})
    ask(first, server, "Bien reçu", prompt=f"Virement sur {IBAN}")
    ask(first, server, f"Virement sur {IBAN}")
    ask(first, server, "Bonjour")
    assert first.rescan().incidents == ()
    later = opened(rules=[NO_IBAN])
    found = later.rescan()
    assert found.contents == 6
    (incident,) = later.ledger.incidents()
    intents = [one.id for one in later.ledger.records(kind="intent")]
    assert (incident.id, incident.source, set(incident.records), incident.count) == (*found.incidents, "rescan", set(intents[:2]), 2)
    assert later.rescan().incidents == ()
    assert later.rescan(since=datetime.now(UTC) + timedelta(hours=1)).contents == 0
    assert [record.body["what"] for record in later.ledger.records(kind="access")] == ["rescan"] * 4
