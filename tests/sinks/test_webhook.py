"""The webhook: signed as the specification's own library verifies, told later from never, one id for the same records."""

from __future__ import annotations

import json

import pytest
from standardwebhooks import Webhook as Verifier

import govai
from govai.ledger.store import Ledger
from govai.sinks.opening import open_sink
from govai.sinks.webhook import message_id
from tests.sinks.services import Receiver, notes, receiving

SECRET, NEXT = "whsec_" + "QUJD" * 10, "whsec_" + "WFla" * 10


@pytest.fixture
def receiver(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("HOOK", SECRET)
    with receiving() as running:
        yield running


@pytest.fixture
def records():
    ledger = Ledger(":memory:")
    ledger.commit(notes(250))
    found = list(ledger.records())
    ledger.close()
    return found


def spec(receiver: Receiver, more: str = "") -> str:
    return f"webhook:{receiver.url}/in?secret=env:HOOK&token=tk-canary{more}"


def test_it_is_signed_and_in_order(receiver: Receiver, records, monkeypatch) -> None:
    monkeypatch.setenv("HOOK", f"{NEXT} {SECRET}")
    sink = open_sink(spec(receiver))
    sink.emit(records)
    sink.close(1)
    assert [len(json.loads(raw)["data"]["records"]) for _headers, raw in receiver.seen] == [100, 100, 50]
    for headers, raw in receiver.seen:
        for secret in (SECRET, NEXT):
            assert Verifier(secret).verify(raw, headers)["type"] == "govai.records"
    assert receiver.records == [json.loads(json.dumps(record.to_json())) for record in records]
    assert "tk-canary" not in sink.name + repr(sink)


def test_a_single_record_is_known_by_its_own_id(receiver: Receiver, records) -> None:
    sink = open_sink(spec(receiver, "&batch=1"))
    sink.emit(records[:3])
    sink.close(1)
    assert [headers["webhook-id"] for headers, _raw in receiver.seen] == [record.id for record in records[:3]]


def test_what_had_no_answer_is_sent_again_as_it_was(receiver: Receiver, records) -> None:
    receiver.answers = [200, 500, 200]
    sink = open_sink(spec(receiver))
    with pytest.raises(govai.sinks.SinkUnavailable) as caught:
        sink.emit(records[:130])
    assert caught.value.status == 500
    sink.emit(records[100:])  # more came meanwhile
    sink.close(1)
    ids = [headers["webhook-id"] for headers, _raw in receiver.tried]
    assert ids[1] == ids[2] == message_id(records[100:130])
    assert len(ids) == 5 and len(set(ids)) == 4
    assert receiver.records == [json.loads(json.dumps(record.to_json())) for record in records]


@pytest.mark.parametrize(("status", "error"), [(500, "SinkUnavailable"), (503, "SinkUnavailable"), (302, "SinkUnavailable"), (307, "SinkUnavailable"), (401, "SinkUnavailable"), (404, "SinkUnavailable"), (429, "SinkUnavailable"), (0, "SinkUnavailable"), (400, "SinkRefused"), (413, "SinkRefused"), (422, "SinkRefused")])
def test_later_is_told_from_never_and_no_redirect_is_followed(receiver: Receiver, records, status: int, error: str, caplog) -> None:
    receiver.answers = [status]
    sink = open_sink(spec(receiver))
    with pytest.raises(govai.sinks.SinkUnavailable) as caught:
        sink.emit(records[:1])
    sink.close(1)
    assert type(caught.value).__name__ == error
    assert len(receiver.tried) == 1 and "tk-canary" not in str(caught.value) + caplog.text


@pytest.mark.parametrize(("url", "variable", "says"), [("http://example.org/x", SECRET, "https://"), ("ftp://example.org", SECRET, "https://"), ("https://example.org", "", "secret"), ("https://example.org", "whsec_c2hvcnQ=", "secret"), ("https://example.org", "not base64 é", "secret")])
def test_what_cannot_be_signed_or_read_on_its_way_is_refused(monkeypatch, url: str, variable: str, says: str) -> None:
    monkeypatch.setenv("HOOK", variable)
    with pytest.raises(govai.ConfigError, match=says) as caught:
        open_sink(f"webhook:{url}?secret=env:HOOK")
    assert variable not in str(caught.value) or not variable


def test_what_was_taken_before_a_failure_is_not_sent_again(receiver: Receiver, records) -> None:
    receiver.answers = [200, 422, 200]
    sink = open_sink(spec(receiver))
    with pytest.raises(govai.SinkRefused):
        sink.emit(records[:130])
    for record in records[:101]:  # one by one, as what was refused is offered
        sink.emit([record])
    receiver.answers = [500, 200]
    with pytest.raises(govai.SinkUnavailable):
        sink.emit(records[101:])
    sink.emit(records[101:])
    assert [record["body"]["n"] for record in receiver.records] == list(range(250))
    sink.emit(records[:3])  # set back
    sink.close(1)
    assert len(receiver.records) == 253
