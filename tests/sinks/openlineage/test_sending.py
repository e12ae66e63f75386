"""Sending: what is recorded arrives once, whatever the receiver does in between; no call waits for it."""

from __future__ import annotations

import json
import stat
from pathlib import Path
from typing import Any

import pytest

import govai
from govai.core.errors import ConfigError, SinkRefused, SinkUnavailable
from govai.core.records import Record
from govai.sinks.opening import open_sink
from govai.sinks.openlineage import OpenLineage
from tests.sinks.openlineage.checking import check_runs, seq_of, strict
from tests.sinks.openlineage.conftest import CANARIES, governor, live
from tests.sinks.openlineage.receiving import Receiver


def key(event: dict[str, Any]) -> tuple[str, str, str]:
    return event["run"]["runId"], event["eventType"], seq_of(event)


def test_a_whole_run_arrives_over_http_and_in_a_file(policy: dict, server: Any, tmp_path: Path) -> None:
    file = tmp_path / "deep/lineage.jsonl"
    with Receiver() as receiver:
        with governor(policy, ledger="sqlite:///x.db", sinks=[f"openlineage:{receiver.url}", f"openlineage:{file}"]) as gov:
            live(gov, server)
            gov.ledger.flush(60)
            kinds = [record.kind for record in gov.ledger.records()]
        written = [json.loads(line) for line in file.read_text("utf-8").splitlines()]
        assert written == receiver.events
        assert {path for path, _headers in receiver.requests} == {"POST /api/v1/lineage"}
    assert len(written) == sum({"refusal": 2}.get(kind, 1) for kind in kinds)
    assert [what for event in written for what in strict(event)] == []
    check_runs(written)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert [one for one in CANARIES if one in file.read_text("utf-8")] == []


MOODS = [[500] * 3, ["cut"] * 3, [503, "cut", 429, 401, 301], [201, 201, 500, 201, "cut", 201, 502]]


@pytest.mark.parametrize("moods", MOODS, ids=str)
def test_whatever_the_receiver_does_each_event_arrives_once_and_in_order(lived: list[Record], moods: list[Any]) -> None:
    with Receiver() as receiver:
        sink = attached(OpenLineage(receiver.url), lived)
        sink.emit(lived)
        quiet, receiver.events = receiver.events, []
        receiver.moods = list(moods)
        for _mood in range(len(moods) + 1):
            try:
                sink.emit(lived)
            except SinkUnavailable as error:
                assert receiver.url.removeprefix("http://") in str(error)
            else:
                break
        sink.close(1)
    assert receiver.moods == [] and receiver.events == quiet


def test_a_cut_after_the_event_was_taken_gives_it_again_identical(lived: list[Record]) -> None:
    with Receiver([201, "take_and_cut"]) as receiver:
        sink = attached(OpenLineage(receiver.url), lived)
        with pytest.raises(SinkUnavailable):
            sink.emit(lived)
        sink.emit(lived)
        sink.close(1)
    by_key: dict[Any, list[Any]] = {}
    for event in receiver.events:
        by_key.setdefault(key(event), []).append(event)
    assert sorted(len(same) for same in by_key.values())[-2:] == [1, 2]
    assert all(one == same[0] for same in by_key.values() for one in same)


def test_a_sink_of_another_process_sends_the_same(lived: list[Record], tmp_path: Path) -> None:
    """After a crash the cursor stands before the batch: everything comes again, and nothing differs, whatever was remembered."""
    one, two = tmp_path / "one", tmp_path / "two"
    attached(OpenLineage(str(one)), lived).emit(lived)
    fresh = attached(OpenLineage(f"file://{two}"), lived)
    for record in lived:
        fresh.emit([record])
    assert one.read_text("utf-8") == two.read_text("utf-8")


def test_a_slow_receiver_is_given_up_and_delays_no_call(policy: dict, tmp_path: Path) -> None:
    import threading

    go, arrived = threading.Event(), threading.Event()

    def wait() -> None:
        arrived.set()
        go.wait(60)

    with Receiver([wait]) as receiver:
        with govai.Governor(policy, ledger="sqlite:///x.db", sinks=[OpenLineage(receiver.url, timeout=30)], actor="ana") as gov:
            gov.generate("offline:demo", "Trois slogans", purpose="win_back")
            assert arrived.wait(30)
            for _call in range(20):
                gov.generate("offline:demo", "Trois slogans", purpose="win_back")
            assert len(list(gov.ledger.records())) == 42
            assert len(receiver.events) == 0
            go.set()
            gov.ledger.flush(60)
        assert len(receiver.events) == 42
        receiver.events.clear()
        receiver.moods, late = [lambda: go.wait(60)], OpenLineage(receiver.url, timeout=0.05)
        go.clear()
        with pytest.raises(SinkUnavailable):
            late.emit(next_records())
        go.set()


def next_records() -> list[Record]:
    return [Record("01a21028-6c97-720f-8ee3-094832491cf2", "c", 1, "2026-11-25T00:00:00.000001Z", "intent", "01a21028-6c97-720f-8ee3-094832491cf3", "", {}, "", "")]


def test_an_event_that_a_receiver_never_takes_is_refused_for_good() -> None:
    with Receiver([422]) as receiver, pytest.raises(SinkRefused) as caught:
        OpenLineage(receiver.url).emit(next_records())
    assert caught.value.status == 422


def test_a_redirect_loses_nothing(lived: list[Record]) -> None:
    """Followed, the POST would become a GET that succeeds."""
    with Receiver([301]) as receiver:
        sink = OpenLineage(receiver.url)
        with pytest.raises(SinkUnavailable):
            sink.emit(lived[:1])
        sink.emit(lived[:1])
    assert len(receiver.events) == 1 and all(path.startswith("POST") for path, _headers in receiver.requests)


def test_a_path_is_the_whole_endpoint_and_a_key_goes_in_a_header(lived: list[Record], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LINEAGE_KEY", "canary-of-a-key")
    with Receiver([500]) as receiver:
        sink = OpenLineage(f"{receiver.url}/openapi/openlineage/api/v1/lineage", api_key="env:LINEAGE_KEY")
        with pytest.raises(SinkUnavailable) as caught:
            sink.emit(lived[:1])
        sink.emit(lived[:1])
    (path, headers) = receiver.requests[-1]
    assert path == "POST /openapi/openlineage/api/v1/lineage"
    assert headers["Authorization"] == "Bearer canary-of-a-key"
    assert "canary" not in repr(sink) + sink.name + str(caught.value) + json.dumps(receiver.events)


@pytest.mark.parametrize("place", ["http://", "http://ana:pw@host", "ftp://host/x", "s3://bucket/x", "http://host:port"])
def test_a_place_that_cannot_be_used_is_refused_without_repeating_it(place: str) -> None:
    with pytest.raises(ConfigError) as caught:
        open_sink(f"openlineage:{place}")
    assert "pw" not in str(caught.value)


@pytest.mark.parametrize("key", ["hunter2", "env:NOBODY_SET_THIS", "env:"])
def test_a_key_is_named_never_given(key: str) -> None:
    with pytest.raises(ConfigError) as caught:
        OpenLineage("http://localhost", api_key=key)
    assert "hunter2" not in str(caught.value)


def test_the_clients_own_configuration_holds(lived: list[Record], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    for name in ("OPENLINEAGE_URL", "OPENLINEAGE_CONFIG", "OPENLINEAGE_DISABLED"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(ConfigError):
        OpenLineage()
    monkeypatch.setenv("OPENLINEAGE_NAMESPACE", "govai://from-the-environment")
    with Receiver() as receiver:
        monkeypatch.setenv("OPENLINEAGE_URL", receiver.url)
        sink = open_sink("openlineage:")
        attached(sink, lived).emit(lived)
        sink.close(1)
    assert receiver.events and {event["job"]["namespace"] for event in receiver.events} == {"govai://from-the-environment"}
    assert [what for event in receiver.events for what in strict(event)] == []
    monkeypatch.delenv("OPENLINEAGE_URL")
    file = tmp_path / "by-config.jsonl"
    Path("openlineage.yml").write_text(f"transport:\n  type: file\n  log_file_path: {file}\n  append: true\nfilters:\n  - {{type: regex, regex: 'relance.*'}}\n", "utf-8")
    attached(OpenLineage(), lived).emit(lived)
    names = {json.loads(line)["job"]["name"] for line in file.read_text("utf-8").splitlines()}
    assert names and not any(name.startswith("relance") for name in names)
    Path("openlineage.yml").write_text("transport:\n  type: async_http\n  url: http://127.0.0.1:9\n", "utf-8")
    with pytest.raises(ConfigError):
        OpenLineage()
    Path("openlineage.yml").write_text("transport:\n  type: http\n", "utf-8")
    with pytest.raises(ConfigError):
        OpenLineage()


def test_a_file_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    with pytest.raises(SinkUnavailable):
        OpenLineage(str(tmp_path)).emit(next_records())


def test_a_job_that_has_its_own_sink(policy: dict, tmp_path: Path) -> None:
    """The decorator passes on the look-up: its outcomes tell all that their intents said."""
    with govai.Governor(policy, ledger="sqlite:///x.db", actor="ana") as gov:

        @govai.lineage(job="relance", sinks=[f"openlineage:{tmp_path}/job.jsonl"])
        def campaign() -> None:
            gov.generate("offline:demo", "Écris à {prenom}", data={"prenom": "Zoé"}, purpose="win_back")

        campaign()
        gov.generate("offline:demo", "Trois slogans", purpose="win_back")
    events = [json.loads(line) for line in (tmp_path / "job.jsonl").read_text("utf-8").splitlines()]
    assert [(event["eventType"], event["job"]["name"]) for event in events] == [("START", "relance.win_back.attempt"), ("COMPLETE", "relance.win_back.attempt")]


def attached(sink: Any, records: list[Record]) -> Any:
    sink.attached({record.id: record for record in records}.get)
    return sink
