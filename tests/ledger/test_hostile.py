"""What strangers hand over: rows of odd types, bundles that say too little, addresses with passwords in the wrong place."""

from __future__ import annotations

import base64
import csv
import hashlib
import json
import sqlite3
import stat
import subprocess
import sys
import zipfile
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from xml.dom import minidom

import pytest

import govai
from govai.core.canonical import canonical
from govai.core.records import Draft
from govai.keys.roots import RootKey
from govai.ledger import drawing
from govai.ledger.signing import Signer, pem_of
from govai.ledger.store import Ledger
from govai.ledger.verify import Trust, verify_url
from govai.ledger.verify_bundle import verify_bundle
from govai.sinks.anchors.opening import open_anchor
from govai.sinks.opening import open_sink
from govai.storage.opening import open_database
from tests.ledger.attacker import Attacker

KEYS = RootKey(b"k" * 32, "test")
SECRET = "canary-of-a-password"


@pytest.fixture
def url(tmp_path: Path) -> str:
    url = f"sqlite:///{tmp_path}/ledger.db"
    ledger = Ledger(url, keys=KEYS)
    for number in range(5):
        one = Draft("intent", f"call-{number}", {"purpose": "p"})
        ledger.commit([one])
        ledger.commit([Draft("outcome", one.call_id, {"purpose": "p", "status": "completed"}, intent_id=one.id)])
    ledger.checkpoint()
    ledger.close()
    return url


@pytest.mark.parametrize("column", ["seq", "time", "kind", "chain", "hash", "purpose", "bytes"])
@pytest.mark.parametrize("value", ["x'00'", "'abc'", "77"])
def test_a_value_of_another_type_is_named(url: str, column: str, value: str) -> None:
    with closing(sqlite3.connect(url.removeprefix("sqlite:///"), isolation_level=None)) as hand:
        hand.execute("DROP TRIGGER records_stay")
        hand.execute(f"UPDATE records SET {column}={value} WHERE position=3")
        ((record,),) = hand.execute("SELECT id FROM records WHERE position=3")
    found = verify_url(url)
    assert not found.ok and record in [fault.record for fault in found.faults]


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("purge", {"purged": [{"chain": "x", "from": "1", "to": "9" * 30}], "digest": "0"}),
        ("purge", {"purged": [{"chain": "x", "from": 1, "to": -1}], "digest": "0"}),
        ("anchor", {"anchor": ["x"], "checkpoint": [1], "receipt": 5}),
        ("checkpoint", {"number": 1, "chains": [{"chain": []}]}),
    ],
)
def test_a_record_that_says_nonsense_stops_no_verification(url: str, kind: str, body: dict) -> None:
    ledger = Ledger(url, keys=KEYS)
    ledger.commit([Draft(kind, "", body)])
    ledger.close()
    assert verify_url(url).ok == (kind == "anchor")


def test_a_purge_of_a_row_whose_digest_is_none_is_named(url: str) -> None:
    a = Attacker(url)
    a.rows[2]["hash"] = "zz"
    a.write()
    ledger = Ledger(url, keys=KEYS)
    ledger.commit([Draft("purge", "", Signer(KEYS).signed({"purged": [{"chain": a.chains[0], "from": 1, "to": 4}], "digest": "0"}))])
    ledger.close()
    assert "purge_mismatch" in [fault.code for fault in verify_url(url).faults]


@pytest.fixture
def bundle(url: str, tmp_path: Path) -> Path:
    ledger = Ledger(url, keys=KEYS)
    ledger.export_bundle(tmp_path / "whole.zip")
    (tmp_path / "k.pem").write_bytes(pem_of(ledger.public_keys))
    ledger.close()
    return tmp_path / "whole.zip"


def altered(bundle: Path, alter: Callable[[list[bytes]], list[bytes]]) -> Path:
    made = bundle.with_name("altered.zip")
    with zipfile.ZipFile(bundle) as whole, zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as other:
        for name in whole.namelist():
            content = whole.read(name)
            if name == "records.jsonl":
                content = b"".join(line + b"\n" for line in alter(content.splitlines()))
            other.writestr(name, content)
    return made


def offline(bundle: Path) -> subprocess.CompletedProcess[str]:
    with zipfile.ZipFile(bundle) as archive:
        archive.extract("verify.py", bundle.parent)
    return subprocess.run([sys.executable, "verify.py", str(bundle), "k.pem"], cwd=bundle.parent, capture_output=True, text=True)


def emptied(lines: list[bytes]) -> list[bytes]:
    said = json.loads(lines[1])
    empty = {"chain": said["chain"], "hash": hashlib.sha256(lines[1]).hexdigest(), "id": said["id"], "purged": True, "seq": said["seq"]}
    return [lines[0], canonical(empty), *lines[2:]]


def unsigned(lines: list[bytes]) -> list[bytes]:
    return [line for line in lines if b'"kind":"checkpoint"' not in line][:4]


@pytest.mark.parametrize("alter", [emptied, unsigned, lambda lines: []])
def test_a_bundle_that_says_too_little_does_not_hold(bundle: Path, alter: Callable[[list[bytes]], list[bytes]]) -> None:
    assert offline(bundle).returncode == 0
    made, trust = altered(bundle, alter), Trust(Ledger(":memory:", keys=KEYS).public_keys)
    assert not verify_bundle(made, trust).ok
    told = offline(made)
    assert told.returncode == 1 and "NOT OK" in told.stdout


@pytest.mark.parametrize("signed", [True, False])
def test_a_bundle_after_a_purge_holds_if_it_was_signed(url: str, tmp_path: Path, signed: bool) -> None:
    from govai.ledger.claims import digest_of

    with closing(sqlite3.connect(url.removeprefix("sqlite:///"), isolation_level=None)) as hand:
        hand.execute("INSERT INTO purging VALUES('test')")
        gone = hand.execute("UPDATE records SET bytes=x'' WHERE seq IN (3, 4) RETURNING chain, hash").fetchall()
        hand.execute("DELETE FROM purging")
    ledger = Ledger(url, keys=KEYS)
    purged = [{"chain": gone[0][0], "from": 3, "to": 4}]
    body = {"purged": purged, "digest": digest_of(digest for _, digest in gone)}
    ledger.commit([Draft("purge", "", Signer(KEYS).signed(body) if signed else body)])
    ledger.export_bundle(tmp_path / "b.zip")
    (tmp_path / "k.pem").write_bytes(pem_of(ledger.public_keys))
    for found in (ledger.verify(), verify_bundle(tmp_path / "b.zip", Trust(ledger.public_keys))):
        assert found.ok == signed == any("2 records were emptied" in note for note in found.notes)
        assert {fault.code for fault in found.faults} == (set() if signed else {"forged_purge", "purged_silently"})
    told = offline(tmp_path / "b.zip")
    assert (told.returncode, "a purge that is not signed" in told.stdout) == ((0, False) if signed else (1, True))
    ledger.close()


def test_a_bundle_is_its_owners_and_is_there_whole_or_not_at_all(url: str, bundle: Path, tmp_path: Path) -> None:
    assert stat.S_IMODE(bundle.stat().st_mode) == 0o600
    before = bundle.read_bytes()
    ledger = Ledger(url, keys=KEYS)
    with pytest.raises(govai.ConfigError):
        ledger.export_bundle(tmp_path / "nowhere" / "b.zip")
    ledger.close()
    assert bundle.read_bytes() == before and not list(tmp_path.glob(".*.zip*"))


@pytest.mark.parametrize("harm", ["encrypted", "method", "lzma"])
def test_an_archive_that_cannot_be_read_is_damaged(bundle: Path, harm: str) -> None:
    made = bundle.with_name("harmed.zip")
    with zipfile.ZipFile(made, "w", zipfile.ZIP_LZMA if harm == "lzma" else zipfile.ZIP_STORED) as archive:
        archive.writestr("records.jsonl", b"{}\n" * 1000)
    raw = bytearray(made.read_bytes())
    entry = raw.find(b"PK\x01\x02")
    if harm == "encrypted":
        raw[6] |= 1
        raw[entry + 8] |= 1
    elif harm == "method":
        raw[8] = raw[entry + 10] = 99
    else:
        raw[60:80] = b"\xff" * 20
    made.write_bytes(raw)
    assert [fault.code for fault in verify_bundle(made, Trust()).faults] == ["damaged"]


@pytest.mark.parametrize(
    "address",
    [
        f"postgresql://u:pa#{SECRET}@h/db",
        f"postgresql://u:{SECRET}?x@h/db",
        f"postgresql://u:{SECRET}/x@h/db",
        f"postgresql://u:pa?{SECRET}@h/db",
        f"postgresql://u:{SECRET}@h/db?sslpassword={SECRET}",
        f"postgresql://h/db?pass%77ord={SECRET}",
        f"postgresql://h/db?PASSWORD={SECRET}",
        f"postgresql://u:{SECRET}@[::1/db",
        f"postgresql:{SECRET}",
        f"mysql://h/db?password={SECRET}",
    ],
)
def test_a_password_is_not_shown_wherever_it_stands(address: str) -> None:
    try:
        database = open_database(address)
    except govai.ConfigError as error:
        assert SECRET not in str(error)
    else:
        assert SECRET not in database.url + repr(database)
    sinks = ["postgresql", "amqp", "redis", "nats"] if "@" in address and "[" not in address and "ssl" not in address else []
    for kind in sinks:
        try:
            sink = open_sink(kind + address.removeprefix("postgresql"))
        except govai.ConfigError as error:
            assert SECRET not in str(error)
        else:
            assert SECRET not in sink.name + repr(sink)


@pytest.mark.parametrize("address", ["https://[::1", "https://h:abc/x", "https://h:99999/x", f"https://u:{SECRET}@h:abc/x", "http://example.org/"])
def test_an_address_that_is_none_is_refused(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GOVAI_WEBHOOK_SECRET", "whsec_" + "QUJD" * 10)
    for make in (lambda: open_sink(f"webhook:{address}"), lambda: open_anchor(f"webhook:{address}"), lambda: open_anchor(f"rfc3161:{address}")):
        with pytest.raises(govai.ConfigError) as told:
            make()
        assert SECRET not in str(told.value)
    if "example" not in address:
        with pytest.raises(govai.ConfigError):
            open_sink(f"otel:{address}")


@pytest.mark.parametrize("position", [str(2**63), "9" * 5000])
def test_a_cursor_beyond_all_numbers_is_none(url: str, position: str) -> None:
    ledger = Ledger(url)
    given = ledger.page(size=1).next
    assert given is not None
    head = base64.urlsafe_b64decode(given + "=" * (-len(given) % 4))[6:].decode().rpartition(":")[0]
    raw = f"{head}:{position}".encode()
    with pytest.raises(govai.ConfigError):
        ledger.page(base64.urlsafe_b64encode(hashlib.sha256(raw).digest()[:6] + raw).decode().rstrip("="))
    ledger.close()


NASTY = "</title><script>alert(1)</script>\"'&\x0b\x1b[2J\u202e\ufffe\ufdd0]]>"


def test_names_from_anywhere_are_drawn_as_text(url: str, tmp_path: Path) -> None:
    ledger = Ledger(url, keys=KEYS)
    field = dict.fromkeys(("source", "field", "category", "kind", "seen", "effect"), NASTY)
    said = dict.fromkeys(("purpose", "door", "job", "run_id", "parent_job", "parent_run", "provider", "model", "region", "host"), NASTY)
    one = Draft("intent", "nasty", {**said, "actor": {"id": NASTY}, "fields": [field], "subjects": [NASTY]})
    ledger.commit([one])
    ledger.commit([Draft("outcome", "nasty", {"status": "completed", "model": NASTY, "error": NASTY}, intent_id=one.id)])
    ledger.commit([Draft("refusal", "nasty", {"error": {"type": NASTY, "code": NASTY}, "fields": [field]}), Draft(NASTY, "nasty", {})])
    lineage = ledger.lineage(one.id)
    ledger.close()
    minidom.parseString(drawing.svg(lineage))
    assert not set("\x0b\x1b\u202e") & set(str(lineage))
    for told in (drawing.svg(lineage), drawing.page(lineage), drawing.inline(lineage)):
        assert "<script" not in told and not set("\x0b\x1b\u202e\ufffe\ufdd0") & set(told)


def test_a_cell_is_no_formula(url: str, tmp_path: Path) -> None:
    ledger = Ledger(url)
    for mark in ("=", "+", "-", "@", "\t=", "\r=", "\n=", "＝", "＋", "－", "＠"):
        ledger.commit([Draft("note", "formula", {"purpose": f"{mark}1+1"})])
    ledger.write_to(tmp_path / "out.csv", "csv", call_id="formula")
    ledger.close()
    with (tmp_path / "out.csv").open(newline="", encoding="utf-8") as file:
        assert all(row["purpose"].startswith("'") for row in csv.DictReader(file))
