"""Every kind of record is as the published schema says; records of earlier versions read as today's."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from importlib.resources import files
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import httpx2
import jsonschema
import openai
import pytest
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.trace import NonRecordingSpan, SpanContext, TraceFlags, use_span

import govai
from govai.core.checkpoints import Checkpoint
from govai.core.records import SCHEMA, new_id
from govai.ledger.upgrading import upgraded
from govai.testing import Answer, Provider, governor

ROOT = Path(__file__).parents[2]
PUBLISHED = json.loads(files("govai.ledger").joinpath("schemas/record-1.json").read_text("utf-8"))
VALIDATOR = jsonschema.Draft202012Validator(PUBLISHED, format_checker=jsonschema.FormatChecker())
POLICY = {
    "govai": 1,
    "name": "t",
    "extends": "eu-marketing",
    "reviews": [{"id": "publish", "purpose": ["newsletter"], "on": "output", "role": "marketing"}, {"id": "look", "purpose": ["support"], "on": "prompt", "role": "marketing"}],
    "people": {"marketing": ["lea"]},
}


class Notary:
    """An anchor that keeps nothing."""

    name = "notary"

    def anchor(self, checkpoint: Checkpoint) -> str:
        return f"entry {checkpoint.number}"


def every_kind_of_call() -> list[govai.Record]:
    """Calls that end in every way: answered, refused, failed, abandoned, reviewed by a person and by a hook, in a batch, fetched from another."""
    from tests.flow.test_batches import Provider as Batches

    provider = Provider()
    provider.always("Bonjour, une réponse assez longue pour être reconnue plus tard")
    row = {"prenom": "Renée", "email": "renee@exemple.fr"}
    with governor(POLICY, provider=provider, actor="ana") as gov:
        with govai.scope(job="campaign"), govai.scope(job="sub"), govai.scope(job="write"):
            first = gov.generate("openai:m", "Écris à {prenom} ({email})", data=row, purpose="reporting")
            with use_span(NonRecordingSpan(SpanContext(1, 2, is_remote=False, trace_flags=TraceFlags(1)))):
                gov.generate("anthropic:m", f"Traduis : {first}", purpose="reporting", temperature=0.7, max_tokens=9)
        with gov.stream("openai:m", "Écris", purpose="reporting") as stream:
            next(iter(stream))
        with pytest.raises(govai.PurposeRequired):
            gov.generate("openai:m", "Écris à {prenom}", data=row)
        with pytest.raises(govai.ProviderError):
            provider.always(Answer(status=400, error="no"))
            gov.generate("openai:m", "Écris", purpose="reporting", timeout=5)
        provider.always("Bonjour, une autre réponse assez longue pour être reconnue")
        for purpose in ("newsletter", "support"):
            for verdict in ("approve", "reject", "edit"):
                with pytest.raises(govai.ReviewPending) as caught:
                    gov.generate("openai:m", f"Écris {verdict}", purpose=purpose)
                desk = gov.bind(actor="lea").reviews
                if verdict == "reject":
                    desk.reject(caught.value.ticket_id, note="non")
                else:
                    desk.approve(caught.value.ticket_id, text="Autre texte" if verdict == "edit" else None)
                    gov.resume(caught.value.ticket_id)
        comes_too_late(gov)
        gov.generate("openai:m", "Écris hook", purpose="newsletter", review=lambda _details: govai.Verdict.approve())
        records = list(gov.ledger.records())
    with govai.Governor({**POLICY, "keep": "content"}, ledger=":memory:", actor="ana", anchors=[Notary()]) as gov:
        client = gov.wrap(openai.OpenAI(api_key="k", max_retries=0, http_client=httpx2.Client(transport=httpx2.MockTransport(Batches()))), purpose="reporting")
        line = {"custom_id": "a", "method": "POST", "url": "/v1/chat/completions", "body": {"model": "m", "messages": [{"role": "user", "content": "Bonjour"}]}}
        file = client.files.create(file=("b.jsonl", json.dumps(line).encode()), purpose="batch")
        batch = client.batches.create(input_file_id=file.id, endpoint="/v1/chat/completions", completion_window="24h")
        client.files.content(client.batches.retrieve(batch.id).output_file_id).read()
        gov.ledger.checkpoint()
        gov.ledger.flush()
        return records + list(gov.ledger.records()) + what_is_done_to_a_ledger()


def what_is_done_to_a_ledger() -> list[govai.Record]:
    """Kept content is read and judged again, an incident is settled, a hold placed and released, a person's rights are answered, and all of it purged."""
    keeping = {**POLICY, "keep": "content"}
    stricter = {**keeping, "rules": [{"id": "no-files", "data": {"category": "user.content.private"}, "effect": "block"}]}
    file_number = govai.Pattern("user.content.private", r"dossier \d+")
    with TemporaryDirectory() as folder:
        url = f"sqlite:///{folder}/ledger.db"
        with govai.Governor(keeping, ledger=url, actor="ana") as gov:
            reply = gov.generate("offline:echo", "à {email}, dossier 7", data={"email": "renee@exemple.fr"}, purpose="reporting")
            gov.ledger.content(reply.record_id, actor="ines")
            gov.ledger.restrict(email="renee@exemple.fr")
            gov.ledger.unrestrict(email="renee@exemple.fr")
            gov.ledger.rectify(email="renee@exemple.fr", field="email", note="DSR-2026-17")
            (intent,) = gov.ledger.records(kind="intent")
            for about in ({"call_id": intent.call_id}, {"purpose": "reporting"}, {"subject": intent.body["subjects"]}):
                gov.ledger.release_hold(gov.ledger.hold("LIT-2026-04", **about).id)
        with govai.Governor(stricter, ledger=url, detectors=[file_number], actor="ana") as gov:
            gov.rescan()
            for incident in gov.ledger.incidents():
                gov.ledger.update_incident(incident.id, "notified", note="CNIL 2026-17")
                gov.ledger.update_incident(incident.id, "closed")
            assert gov.ledger.erase(email="renee@exemple.fr").recipients
            found = list(gov.ledger.records())
            gov.ledger.purge(before=datetime.now(UTC) + timedelta(days=1))
            return found + list(gov.ledger.records(kind="purge"))


def comes_too_late(gov: govai.Governor) -> None:
    """Lea approves while somebody else rejects: her record is made, and another one that voids it."""
    from tests.review.test_deciding import Filing, Office, ReviewNeed, Verdict

    office = Office()
    need = ReviewNeed("publish", "marketing", expires_s=100)
    ticket = office.desk.file(Filing("output", "texte", (need,), (), (), "ana", "newsletter", "j", "t", "a", {}, b"e", record_id=new_id())).id

    def faster() -> None:
        office.before_record = lambda: None
        office.desk.decide(ticket, "tom", ["marketing"], Verdict.reject("non"))

    office.before_record = faster
    with pytest.raises(govai.PolicyError), closing(office.desk):
        office.of("lea").approve(ticket)
    gov.ledger.commit(office.records)


def undocumented(value: Any, schema: dict[str, Any], path: str) -> Iterator[str]:
    """The members at any depth that the schema does not name."""
    if "$ref" in schema:
        schema = PUBLISHED["$defs"][schema["$ref"].rpartition("/")[2]]
    for choice in schema.get("anyOf", ()):
        if jsonschema.Draft202012Validator({**choice, "$defs": PUBLISHED["$defs"]}).is_valid(value):
            schema = {**schema, **choice}
    if isinstance(value, list):
        for one in value:
            yield from undocumented(one, schema.get("items", {}), f"{path}[]")
    elif isinstance(value, dict) and "$ref" in schema:
        yield from undocumented(value, {"$ref": schema["$ref"]}, path)
    elif isinstance(value, dict):
        known = schema.get("properties", dict.fromkeys(schema.get("propertyNames", {}).get("enum", ()), {}))
        yield from (f"{path}.{name}" for name in value.keys() - known.keys())
        for name in value.keys() & known.keys():
            yield from undocumented(value[name], known[name], f"{path}.{name}")


def test_every_record_is_as_the_schema_says() -> None:
    records = every_kind_of_call()
    assert {one.kind for one in records} == set(PUBLISHED["properties"]["kind"]["enum"])
    assert {one.body["status"] for one in records if one.kind == "outcome"} >= {"completed", "failed", "abandoned"}
    for record in records:
        errors = [f"{record.kind}: {error.json_path}: {error.message}" for error in VALIDATOR.iter_errors(record.to_json())]
        assert errors == []
        assert list(undocumented(record.body, {"$ref": f"#/$defs/{record.kind}"}, record.kind)) == []
    nested = next(one for one in records if one.body.get("root_run"))
    assert nested.body["parent_job"] == "sub" and any(one.body.get("derived_from") for one in records)
    traced = next(one for one in records if one.body.get("trace"))
    assert traced.body["parameters"] == {"temperature": "0.7", "max_tokens": "9"}
    assert {one.body["verdict"] for one in records if one.kind == "review"} == {"approved", "edited", "rejected", "void"}


def test_the_schema_is_one_and_strict() -> None:
    jsonschema.Draft202012Validator.check_schema(PUBLISHED)
    assert PUBLISHED["properties"]["schema"]["const"] == SCHEMA
    (record, *_rest) = every_kind_of_call()
    good = record.to_json()
    for change in ({"seq": 0}, {"kind": "other"}, {"hash": "x"}, {"time": "yesterday"}, {"body": {**good["body"], "fields": [{}]}}, {"intent_id": good["id"]}, {"more": 1}):
        assert not VALIDATOR.is_valid({**good, **change}), change


def test_the_reference_names_every_kind_and_member() -> None:
    text = (ROOT / "docs/reference/record.md").read_text("utf-8")
    kinds = [kind for kind in PUBLISHED["properties"]["kind"]["enum"]]
    members = {name for kind in PUBLISHED["$defs"] if "properties" in PUBLISHED["$defs"][kind] for name in PUBLISHED["$defs"][kind]["properties"]}
    assert [name for name in (*kinds, *sorted(members), *PUBLISHED["properties"]) if f"`{name}`" not in text] == []


def test_an_earlier_record_reads_as_todays() -> None:
    steps = {"v/1": ("v/2", lambda found: {**found, "b": found["a"] + 1}), "v/2": ("v/3", lambda found: {name: value for name, value in found.items() if name != "a"})}
    old = {"schema": "v/1", "a": 1}
    assert upgraded(old, "v/3", steps) == {"schema": "v/3", "b": 2} and old == {"schema": "v/1", "a": 1}
    assert upgraded({"schema": "v/3"}, "v/3", steps) == {"schema": "v/3"}
    for unknown in ({"schema": "v/9"}, {}, {"schema": 3}, {"schema": ["v/1"]}):
        assert upgraded(unknown, "v/3", steps) is None
    assert upgraded({"schema": "v/1"}, "v/9", {"v/1": ("v/1", dict)}) is None


def test_a_ledger_reads_what_an_earlier_version_wrote(monkeypatch: pytest.MonkeyPatch) -> None:
    """As it will be when there is a version 2: the bytes of version 1 stay, and read with the new member."""
    from govai.ledger import chain, upgrading

    with governor() as gov:
        first = gov.generate("openai:m", "Bonjour", purpose="reporting")
        monkeypatch.setattr(upgrading, "UPGRADERS", {SCHEMA: ("govai.record/2", lambda found: {**found, "body": {**found["body"], "new": True}})})
        monkeypatch.setattr(chain, "SCHEMA", "govai.record/2")
        record = gov.ledger.record(first.record_id)
    assert record is not None and record.body["new"] is True and len(record.hash) == 64


@given(st.dictionaries(st.text(max_size=3), st.integers(), max_size=4))
def test_what_is_of_today_is_not_touched(members: dict[str, Any]) -> None:
    today = {**members, "schema": SCHEMA}
    assert upgraded(today) == today
