"""Whatever is altered, at whatever place, is found and named; what is not, is not."""

from __future__ import annotations

import random
import shutil
import sqlite3
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from govai.core.records import Draft, new_id
from govai.ledger.claims import Claims
from govai.ledger.fault import CODES
from govai.keys.roots import RootKey
from govai.ledger.line import Line
from govai.ledger.parts import scan_in_parts
from govai.ledger.scanning import Scan
from govai.ledger.signing import Signer
from govai.ledger.store import Ledger
from govai.ledger.verify import Trust, Verification, verify_url
from govai.sinks.anchors import FileAnchor
from govai.storage.opening import open_database
from tests.ledger import alterations
from tests.ledger.alterations import CORPUS
from tests.ledger.attacker import Attacker

SERVER = "postgresql://postgres@127.0.0.1/postgres"
KEYS = RootKey(b"k" * 32, "test")
PLACES = 2  # random places an alteration is tried at


@dataclass(frozen=True)
class Signers:
    signer: Signer
    stranger: Signer


SIGNERS = Signers(Signer(KEYS), Signer(RootKey(b"x" * 32, "test")))


def write_some(ledger: Ledger, count: int) -> None:
    for number in range(count):
        one = Draft("intent", new_id(), {"purpose": "p", "actor": "ana", "n": number})
        ledger.commit((one,))
        ledger.enqueue(Draft("outcome", one.call_id, {"purpose": "p", "status": "completed"}, intent_id=one.id))
        if number % 3 == 0:
            ledger.commit((Draft("note", one.call_id, {"n": number}),))


def write_all(url: str, copies: Path) -> None:
    """A ledger of two writers, one of which dies, three checkpoints, and a tail that none covers."""
    one, other = Ledger(url, keys=KEYS), Ledger(url, keys=KEYS)
    one.anchor(FileAnchor(copies))
    for ledger in (one, other, one):
        write_some(ledger, 6)
        one.checkpoint()
        one.flush(30)
    other.commit((Draft("intent", new_id(), {"purpose": "p", "actor": "ana"}),))
    other.close()  # what it left open, the next reader ends
    list(one.records())
    write_some(one, 6)
    one._writer.flush()
    one._anchors.clear()  # closing would sign the tail
    one.close()


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("written")
    write_all(f"sqlite:///{folder}/ledger.db", folder / "anchor.jsonl")
    return folder


def trust(folder: Path) -> Trust:
    return Trust((SIGNERS.signer.key,), (FileAnchor(folder / "anchor.jsonl"),))


def altered(url: str, name: str, place: int, folder: Path) -> Verification:
    attacker = Attacker(url)
    CORPUS[name][1](attacker, random.Random(f"{name} {place}"), SIGNERS)
    attacker.write()
    return verify_url(url, trust(folder))


def test_what_nobody_altered_holds(written: Path) -> None:
    found = verify_url(f"sqlite:///{written}/ledger.db", trust(written))
    assert (found.ok, found.faults) == (True, ())
    assert found.anchored_until is not None
    assert len(CORPUS) >= 30


@pytest.mark.parametrize("place", range(PLACES))
@pytest.mark.parametrize("name", CORPUS)
def test_an_alteration_is_named(written: Path, tmp_path: Path, name: str, place: int) -> None:
    shutil.copy(written / "ledger.db", tmp_path / "ledger.db")
    found = altered(f"sqlite:///{tmp_path}/ledger.db", name, place, written)
    assert not found.ok
    assert CORPUS[name][0] in {fault.code for fault in found.faults}, found
    assert all(fault.code in CODES and fault.words for fault in found.faults)


@pytest.mark.parametrize("name", CORPUS)
def test_several_processes_name_the_same(written: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    shutil.copy(written / "ledger.db", tmp_path / "ledger.db")
    alone = altered(f"sqlite:///{tmp_path}/ledger.db", name, 0, written)
    in_parts(monkeypatch, 2)
    assert verify_url(f"sqlite:///{tmp_path}/ledger.db", trust(written)) == alone


def in_parts(monkeypatch: pytest.MonkeyPatch, processes: int) -> None:
    """Have even a small ledger verified by so many processes."""
    monkeypatch.setattr("govai.ledger.parts.LEAST", 1)
    monkeypatch.setattr("govai.ledger.parts.PROCESSES", processes)


@pytest.mark.parametrize("processes", [2, 3, 7])
def test_processes_fit_together_wherever_they_begin(written: Path, monkeypatch: pytest.MonkeyPatch, processes: int) -> None:
    url = f"sqlite:///{written}/ledger.db"
    alone = verify_url(url, trust(written))
    in_parts(monkeypatch, processes)
    assert fits(url) == alone.records
    assert verify_url(url, trust(written)) == alone


@pytest.mark.parametrize("program", ["false", "echo", "missing"])
def test_processes_that_cannot_be_had_are_done_without(written: Path, monkeypatch: pytest.MonkeyPatch, program: str) -> None:
    alone = verify_url(f"sqlite:///{written}/ledger.db", trust(written))
    in_parts(monkeypatch, 2)
    monkeypatch.setattr(sys, "executable", shutil.which(program) or program)
    assert verify_url(f"sqlite:///{written}/ledger.db", trust(written)) == alone


def fits(url: str) -> int:
    """How many records the parts of a ledger hold together; nothing is odd in any of them."""
    database = open_database(url)
    connection = database.connect_reading()
    try:
        scan = Scan(Claims(Line.read(connection).checkpoints.values()))
        assert scan_in_parts(scan, connection, database)
        return scan.count
    finally:
        connection.close()


def test_text_that_is_none_is_quoted_nowhere(written: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shutil.copy(written / "ledger.db", tmp_path / "ledger.db")
    base = sqlite3.connect(tmp_path / "ledger.db")
    base.execute("DROP TRIGGER records_stay")
    base.execute("UPDATE records SET purpose=CAST(x'63616e617279ff' AS TEXT) WHERE position=9")
    base.commit()
    base.close()
    for processes in (1, 3):
        in_parts(monkeypatch, processes)
        found = verify_url(f"sqlite:///{tmp_path}/ledger.db", trust(written))
        assert {fault.code for fault in found.faults} == {"columns"} and "canary" not in repr(found)


def test_every_code_is_proven(written: Path) -> None:
    assert {code for code, _ in CORPUS.values()} == CODES - {"damaged"}


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Path]]:
    """A ledger on PostgreSQL: its schema, and where its anchor's copies are."""
    psycopg = pytest.importorskip("psycopg")
    try:
        base = psycopg.connect(SERVER, autocommit=True, connect_timeout=3)
    except psycopg.OperationalError:
        pytest.skip("needs PostgreSQL on 127.0.0.1:5432 (user postgres, trust)")
    folder, schema = tmp_path_factory.mktemp("served"), f"tamper_{new_id().replace('-', '')}"
    write_all(f"{SERVER}?schema={schema}", folder / "anchor.jsonl")
    yield schema, folder
    base.execute(f"DROP SCHEMA {schema} CASCADE")
    base.close()


@pytest.mark.parametrize("name", CORPUS)
def test_an_alteration_on_a_server_is_named(served: tuple[str, Path], name: str) -> None:
    import psycopg

    schema, folder = served
    with psycopg.connect(SERVER, autocommit=True) as base:
        mine = f"{schema}_a"
        base.execute(f"DROP SCHEMA IF EXISTS {mine} CASCADE")
        base.execute(f"CREATE SCHEMA {mine}")
        for table in ("records", "heads", "versions"):
            base.execute(f"CREATE TABLE {mine}.{table} AS SELECT * FROM {schema}.{table}")
        try:
            found = altered(f"{SERVER}?schema={mine}", name, 0, folder)
        finally:
            base.execute(f"DROP SCHEMA {mine} CASCADE")
    assert CORPUS[name][0] in {fault.code for fault in found.faults}, found


def test_processes_fit_together_on_a_server(served: tuple[str, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    schema, folder = served
    url = f"{SERVER}?schema={schema}"
    alone = verify_url(url, trust(folder))
    in_parts(monkeypatch, 3)
    assert fits(url) == alone.records
    assert verify_url(url, trust(folder)) == alone


@pytest.mark.parametrize("processes", [1, 3])
def test_forks_sweeps_crashes_and_purges_raise_no_alarm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, processes: int) -> None:
    """What happens to a ledger in an honest life: killed writers, forked children, sweeps, checkpoints, purges."""
    in_parts(monkeypatch, processes)
    url = f"sqlite:///{tmp_path}/ledger.db"
    for _ in range(2):
        subprocess.run([sys.executable, "-W", "ignore", "-c", textwrap.dedent(_LIFE), url], check=False)
        ledger = Ledger(url, keys=KEYS)
        ledger.anchor(FileAnchor(tmp_path / "anchor.jsonl"))
        list(ledger.records())  # sweeps
        ledger.checkpoint()
        ledger.flush(30)
        found = ledger.verify()
        assert (found.ok, found.faults) == (True, ())
        assert found.records > 200 and found.anchored_until is not None
        ledger.close()
    attacker = Attacker(url)
    rows = [row for row in attacker.rows if row["kind"] == "note"][::3]
    body = SIGNERS.signer.signed(alterations.purge(rows))
    for row in rows:
        row["bytes"] = b""
    attacker.append(alterations.busy(attacker), "purge", body)
    attacker.write()
    found = verify_url(url, trust(tmp_path))
    assert (found.ok, found.faults) == (True, ())


_LIFE = """
    import os, signal, sys
    from govai.core.records import Draft, new_id
    from govai.keys.roots import RootKey
    from govai.ledger.store import Ledger
    ledger = Ledger(sys.argv[1], keys=RootKey(b"k" * 32, "test"))
    child = os.fork()
    for n in range(60):
        one = Draft("intent", new_id(), {"purpose": "p", "n": n})
        ledger.commit((one, Draft("note", "c", {"n": n})))
        if n % 7:
            ledger.enqueue(Draft("outcome", one.call_id, {"purpose": "p", "status": "completed"}, intent_id=one.id))
        if n % 20 == 19:
            ledger.checkpoint()
    if child:
        os.waitpid(child, 0)
    os.kill(os.getpid(), signal.SIGKILL)
"""
