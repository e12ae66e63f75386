"""Lineage: from any record of a campaign to the fields it was made from and to all that was made of it."""

from __future__ import annotations

import json
import re
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
from typer.testing import CliRunner

import govai
from govai.cli.app import app
from govai.ledger.drawing import page, svg
from govai.ledger.lineage import KINDS, Edge, Lineage, Node
from govai.testing import Provider
from tests.ledger.places import place  # noqa: F401 -- a fixture

SAID = "Nous avons relu votre dossier et proposons un créneau fixe le samedi"
MODEL = "openai:m"
POLICY = {
    "govai": 1,
    "name": "t",
    "extends": "eu-marketing",
    "rules": [{"id": "no-iban", "data": {"category": "user.financial.bank_account"}, "effect": "remove"}, {"id": "no-segment", "data": {"source": "crm.contacts", "field": "segment"}, "effect": "block"}],
    "reviews": [{"id": "publish", "purpose": ["newsletter"], "on": "output", "role": "marketing"}, {"id": "look", "purpose": ["support"], "on": "prompt", "role": "marketing"}],
    "people": {"marketing": ["lea"]},
}
ROW = {"prenom": "Renée", "email": "renee@exemple.fr", "iban": "FR7630006000011234567890189", "motif": "livraison trop lente"}


@govai.source("crm.contacts")
def contacts() -> list[dict[str, str]]:
    return [dict(ROW)]


@pytest.fixture
def provider() -> Provider:
    return Provider()


@pytest.fixture
def gov(provider: Provider, place: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[govai.Governor]:  # noqa: F811
    monkeypatch.setenv("OPENAI_API_KEY", "sk-test-key-never-shown")
    monkeypatch.setenv("LINEAGE_KEY", bytes(range(32)).hex())
    with provider.installed(), govai.Governor(POLICY, ledger=place, keys="env:LINEAGE_KEY", actor="ana") as made:
        yield made


def written(gov: govai.Governor, provider: Provider) -> tuple[govai.Reply, govai.Reply, govai.Reply]:
    """A letter from a row, a summary of it, a headline of that, in a campaign."""
    provider.answer(lambda request: f"{SAID}. Merci de votre patience, à très bientôt chez nous", "Dossier relu, créneau proposé le samedi matin", "Un créneau fixe pour tous nos abonnés fidèles")

    @govai.lineage(job="write")
    def write(row: dict[str, str]) -> tuple[govai.Reply, govai.Reply]:
        letter = gov.generate(MODEL, "Écris à {prenom} ({email}, {iban}) : {motif}", data=row, purpose="win_back")
        return letter, gov.generate(MODEL, f"Résume : {letter}", purpose="win_back")

    with govai.scope(job="campaign"):
        letter, summary = write(contacts()[0])
        return letter, summary, gov.generate(MODEL, f"Un titre pour :\n{letter}\n{summary}", purpose="reporting")


def kinds(lineage: Lineage) -> dict[str, int]:
    return {kind: found for kind in KINDS if (found := sum(one.kind == kind for one in lineage.nodes))}


def effects(lineage: Lineage) -> dict[str, tuple[str, bool]]:
    return {lineage.node(one.source).label: (one.effect, one.sent) for one in lineage.edges if one.kind == "used"}


def test_down_from_a_letter_to_all_that_was_made_of_it(gov: govai.Governor, provider: Provider) -> None:
    letter, summary, title = written(gov, provider)
    below = gov.lineage(letter.record_id).down()
    assert {one.id for one in below.nodes if one.kind == "attempt"} == {letter.record_id, summary.record_id, title.record_id}
    assert kinds(below)["answer"] == 3 and "field" not in kinds(below)
    derived = {(one.source, one.target) for one in below.edges if one.kind == "derived"}
    assert derived == {(f"answer:{letter.record_id}", summary.record_id), (f"answer:{letter.record_id}", title.record_id), (f"answer:{summary.record_id}", title.record_id)}


def test_up_from_a_title_to_the_fields_and_the_campaign(gov: govai.Governor, provider: Provider) -> None:
    letter, _summary, title = written(gov, provider)
    above = gov.lineage(title.record_id).up()
    assert {one.label for one in above.nodes if one.kind == "source"} == {"crm.contacts"}
    assert {one.label for one in above.nodes if one.kind == "run"} == {"campaign", "write"}
    assert letter.record_id in {one.id for one in above.nodes}
    assert effects(above)["crm.contacts.email"] == ("pseudonymise", True) and effects(above)["crm.contacts.iban"] == ("remove", False)
    assert title.record_id in {one.id for one in above.nodes} and f"answer:{title.record_id}" not in {one.id for one in above.nodes}


def test_an_outcome_stands_for_its_answer_and_a_call_for_itself(gov: govai.Governor, provider: Provider) -> None:
    letter, _summary, _title = written(gov, provider)
    outcome = next(one for one in gov.ledger.records(kind="outcome") if one.intent_id == letter.record_id)
    assert gov.lineage(outcome.id).start == f"answer:{letter.record_id}"
    assert gov.lineage(outcome.call_id).start == outcome.call_id
    assert kinds(gov.lineage(outcome.id).up())["field"] >= 4


def test_a_blocked_field_never_left(gov: govai.Governor, provider: Provider) -> None:
    row = govai.source("crm.contacts")(lambda: [{"prenom": "Renée", "segment": "VIP du sud-ouest"}])()[0]
    with pytest.raises(govai.Blocked):
        gov.generate(MODEL, "Écris à {prenom}, {segment}", data=row, purpose="win_back")
    (refusal,) = gov.ledger.records(kind="refusal")
    lineage = gov.lineage(refusal.id)
    assert kinds(lineage)["refusal"] == 1 and "attempt" not in kinds(lineage)
    assert effects(lineage)["crm.contacts.segment"] == ("block", False) and not any(sent for _effect, sent in effects(lineage).values())


def test_reviews_stand_between_what_they_let_go(gov: govai.Governor, provider: Provider) -> None:
    provider.answer(SAID, SAID)
    for purpose, kind in (("newsletter", "output"), ("support", "prompt")):
        with pytest.raises(govai.ReviewPending) as caught:
            gov.generate(MODEL, "Écris une annonce", purpose=purpose)
        gov.bind(actor="lea").reviews.approve(caught.value.ticket_id)
        reply = gov.resume(caught.value.ticket_id)
        lineage = gov.lineage(reply.record_id)
        review = next(one for one in lineage.nodes if one.kind == "review")
        edges = {(lineage.node(one.source).kind, lineage.node(one.target).kind) for one in lineage.edges}
        assert gov.lineage(review.id).start == review.id and dict(review.facts)["by"] == "lea"
        expected = {("answer", "review"), ("review", "release")} if kind == "output" else {("review", "release"), ("release", "attempt")}
        assert expected <= edges, kind


def test_more_calls_than_are_walked_through_are_said(gov: govai.Governor, provider: Provider, monkeypatch: pytest.MonkeyPatch) -> None:
    provider.always(SAID)
    letter = gov.generate(MODEL, "Écris", purpose="reporting")
    for number in range(3):
        gov.generate(MODEL, f"Version {number} : {letter}", purpose="reporting")
    monkeypatch.setattr("govai.ledger.walking.CALLS", 2)
    lineage = gov.lineage(letter.record_id)
    assert not lineage.complete and kinds(lineage)["call"] == 2 and "more" in str(lineage)


def test_nothing_in_it_says_whose_data_it_was(gov: govai.Governor, provider: Provider) -> None:
    letter, _summary, _title = written(gov, provider)
    lineage = gov.lineage(letter.record_id)
    shown = "\n".join((repr(lineage), str(lineage), json.dumps(lineage.to_json()), svg(lineage), page(lineage), lineage._repr_html_()))
    for value in (*ROW.values(), SAID[:20]):
        assert value not in shown
    references = {one for record in gov.ledger.records(kind="intent") for one in record.body["subjects"]}
    assert references and not any(one in shown for one in references)


def test_an_unknown_id_is_an_error(gov: govai.Governor) -> None:
    with pytest.raises(govai.ConfigError, match="no record and no call"):
        gov.lineage("01a20000-0000-7000-8000-000000000000")


def test_the_drawing_is_a_file_of_its_own_that_can_be_read_aloud(gov: govai.Governor, provider: Provider) -> None:
    letter, _summary, _title = written(gov, provider)
    lineage = gov.lineage(letter.record_id)
    drawn = ET.fromstring(svg(lineage))
    space = {"s": "http://www.w3.org/2000/svg"}
    boxes = drawn.findall("s:g[@tabindex='0']", space)
    assert len(boxes) == len(lineage.nodes) and all(one.get("aria-label") and one.find("s:title", space) is not None for one in boxes)
    assert drawn.find("s:title", space) is not None and drawn.find("s:desc", space) is not None
    whole = page(lineage)
    assert not re.search(r"(?:src|href|@import|url\()\s*=?\s*['\"]?(?:https?:|//)", whole) and "<script" not in whole
    assert whole.count("<tr>") == 2 + len(lineage.edges) + len(lineage.nodes)


def test_labels_are_never_markup() -> None:
    bad = '<script>alert("x")</script>&\u202e'
    lineage = Lineage("a", (Node("a", "call", bad, ((bad, bad),)), Node("b", "attempt", bad)), (Edge("a", "b", "sent"),))
    for text in (svg(lineage), page(lineage), lineage._repr_html_()):
        assert "<script>" not in text and "\u202e" not in text
    ET.fromstring(svg(lineage))


def test_show_draws_it(gov: govai.Governor, provider: Provider, place: str, tmp_path: Path) -> None:  # noqa: F811
    letter, _summary, _title = written(gov, provider)
    gov.ledger.flush()

    def run(*args: str) -> Any:
        return CliRunner().invoke(app, ["ledger", "show", *args, "--ledger", place])

    told = run(letter.record_id, "--graph")
    assert told.exit_code == 0 and "crm.contacts.iban" in told.output and "never sent" in told.output
    for name in ("l.svg", "l.html"):
        assert run(letter.record_id, "--graph", "--out", str(tmp_path / name)).exit_code == 0
        assert "crm.contacts.email" in (tmp_path / name).read_text("utf-8")
    assert isinstance(run(letter.record_id, "--graph", "--out", str(tmp_path / "l.png")).exception, govai.ConfigError)
    assert isinstance(run("nothing", "--graph").exception, govai.ConfigError)


def test_in_french(gov: govai.Governor, provider: Provider, monkeypatch: pytest.MonkeyPatch) -> None:
    letter, _summary, _title = written(gov, provider)
    monkeypatch.setenv("GOVAI_LANG", "fr")
    told = str(gov.lineage(letter.record_id))
    assert "fait à partir de" in told and "jamais envoyé" in told and 'lang="fr"' in page(gov.lineage(letter.record_id))


def test_a_batch_leads_to_its_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    import openai

    from tests.flow.test_batches import Provider as Batches

    answering = Batches()
    with govai.Governor(POLICY, ledger=":memory:", actor="ana") as gov:
        client = gov.wrap(openai.OpenAI(api_key="k", http_client=httpx2.Client(transport=httpx2.MockTransport(answering))), purpose="reporting")
        lines = [{"custom_id": name, "method": "POST", "url": "/v1/chat/completions", "body": {"model": "m", "messages": [{"role": "user", "content": f"{SAID}, dossier {name}"}]}} for name in "ab"]
        file = client.files.create(file=("b.jsonl", "\n".join(map(json.dumps, lines)).encode()), purpose="batch")
        client.batches.create(input_file_id=file.id, endpoint="/v1/chat/completions", completion_window="24h")
        upload = next(one for one in gov.ledger.records(kind="intent") if one.body["operation"] == "submit")
        client.files.content("file-out").read()
        results = list(gov.ledger.records(kind="result"))
        below = gov.lineage(upload.id).down()
    assert len(results) == 2 and {f"answer:{one.body['fetches']}" for one in results} <= {one.id for one in below.nodes}
