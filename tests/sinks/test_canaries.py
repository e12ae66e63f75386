"""What is planted in a call's data is found in no sink, no line of a log, no name."""

from __future__ import annotations

import json
import logging
import subprocess
import sys

import pytest

import govai
from govai.sinks.opening import open_sink
from tests.sinks.services import receiving
from tests.sinks.test_brokers import broker, nats_, postgresql, rabbitmq, redis_, sqlite  # noqa: F401 -- fixtures

CANARIES = ("Zéphyrine", "Quatremère", "zephyrine.quatremere@canary.example", "06 12 34 56 78", "sk-canary-0123456789abcdef")


def speak(gov: govai.Governor) -> None:
    row = {"prenom": "Zéphyrine", "nom": "Quatremère", "email": CANARIES[2], "telephone": CANARIES[3]}
    gov.generate("offline:echo", "Écris à {prenom} {nom}, {email}, {telephone}.", data=row, purpose="win_back")
    gov.generate("offline:echo", f"Joindre {CANARIES[2]} au {CANARIES[3]}", purpose="support")
    with pytest.raises(govai.GovaiError):
        gov.generate("offline:echo", f"La clé est {CANARIES[4]} pour {CANARIES[2]}", purpose="no_such_purpose_zephyrine.quatremere@canary.example")
    gov.ledger.flush(30)


def clean(text: str) -> bool:
    return not any(one in text or json.dumps(one)[1:-1] in text for one in CANARIES)


def test_no_server_is_told(broker, caplog) -> None:  # noqa: F811
    caplog.set_level(logging.DEBUG)
    with govai.Governor(ledger=":memory:", sinks=[broker.spec]) as gov:
        speak(gov)
    found = broker.read()
    assert {"intent", "outcome"} <= {record["kind"] for record in found}
    assert clean(json.dumps(found, ensure_ascii=False)) and clean(caplog.text)


def test_no_webhook_file_or_log_is_told(monkeypatch, tmp_path, caplog) -> None:
    caplog.set_level(logging.DEBUG)
    secret = "whsec_" + "QUJD" * 10
    monkeypatch.setenv("HOOK", secret)
    memory = govai.sinks.Memory()
    with receiving() as receiver:
        with govai.Governor(ledger=":memory:", sinks=[f"webhook:{receiver.url}?secret=env:HOOK", "log:govai.lineage", f"jsonl:{tmp_path}/out.jsonl", memory]) as gov:
            speak(gov)
        assert len(receiver.records) == len(memory.records) > 3
        sent = "".join(raw.decode() + str(headers) for headers, raw in receiver.seen)
    lines = [one.getMessage() for one in caplog.records if one.name == "govai.lineage"]
    assert len(lines) == len(memory.records) and all("\n" not in line and record.id in line for line, record in zip(lines, memory.records, strict=True))
    assert clean(sent) and clean(caplog.text) and clean((tmp_path / "out.jsonl").read_text()) and secret not in sent + caplog.text


def test_a_log_line_holds_plain_words_only() -> None:
    from govai.core.records import Record
    from govai.sinks.log import line_of

    body = {"purpose": "win_back", "model": "x\nkind=forged", "provider": "a b", "error": {"type": "X"}, "status": "completed", "job": "jeanne@example.org"}
    record = Record("i", "c", 1, "t", "outcome", "call", "", body, "", "h")
    assert line_of(record) == "kind=outcome id=i call=call chain=c seq=1 hash=h purpose=win_back status=completed"


def test_no_client_is_imported_before_it_is_needed() -> None:
    code = "import sys, govai, govai.sinks; govai.sinks.Memory; heavy = {'nats', 'redis', 'pika', 'psycopg', 'standardwebhooks', 'httpx2', 'asyncio', 'sqlite3'} & set(sys.modules); print(sorted(heavy))"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"


@pytest.mark.parametrize(("spec", "package", "extra"), [("nats://h", "nats", "nats"), ("redis://h", "redis", "redis"), ("amqp://h", "pika", "rabbitmq"), ("postgresql://h/d", "psycopg", "postgres"), ("webhook:https://h", "standardwebhooks", "webhook")])
def test_a_missing_client_is_said_with_its_extra(spec: str, package: str, extra: str) -> None:
    code = f"""
import sys
class Hidden:
    def find_spec(self, name, path=None, target=None):
        if name == {package!r}: raise ModuleNotFoundError(name)
sys.meta_path.insert(0, Hidden())
from govai.sinks.opening import open_sink
try: open_sink({spec!r})
except Exception as error: print(type(error).__name__, error)
"""
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout
    assert said.startswith("ConfigError") and package in said and f"'{extra}'" in said


def test_every_name_is_there() -> None:
    assert set(govai.sinks.__all__) <= set(dir(govai.sinks)) and all(getattr(govai.sinks, name) for name in govai.sinks.__all__)
    with pytest.raises(AttributeError):
        govai.sinks.Nothing


def test_a_plug_in_is_opened_by_its_name(monkeypatch, tmp_path) -> None:
    (tmp_path / "own_sink.py").write_text("import govai\ndef make(place): return govai.sinks.Memory(place)\n")
    info = tmp_path / "own_sink-1.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: own-sink\nVersion: 1\n")
    (info / "entry_points.txt").write_text("[govai.sinks]\nown = own_sink:make\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    assert open_sink("own:here").name == "here"
    with pytest.raises(govai.ConfigError, match="own"):
        open_sink("owm:here")
