"""Checkpoints, their anchors, proofs of a record, and bundles: through what people call."""

from __future__ import annotations

import http.server
import json
import os
import shutil
import subprocess
import sys
import textwrap
import threading
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import orjson
import pytest
from typer.testing import CliRunner

import govai
from govai.cli.app import app
from govai.core.checkpoints import Checkpoint
from govai.core.errors import LedgerUnavailable
from govai.core.records import Draft, new_id
from govai.keys.roots import RootKey
from govai.ledger.line import Line
from govai.ledger.proof import Proof
from govai.ledger.signing import Signer, is_signed, keys_at, pem_of
from govai.ledger.store import Ledger
from govai.ledger.verify import Trust, verify_url
from govai.ledger.verify_bundle import verify_bundle
from govai.sinks.anchors import FileAnchor
from govai.sinks.anchors.opening import open_anchor
from tests.ledger.attacker import Attacker

KEYS = RootKey(b"k" * 32, "test")
SECRET = "nobody-but-the-ledger"


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path}/ledger.db"


def note(**body: object) -> Draft:
    return Draft("note", new_id(), dict(body))


def signed_ledger(url: str, count: int = 5) -> Ledger:
    ledger = Ledger(url, keys=KEYS)
    ledger.commit([note(n=n) for n in range(count)])
    ledger.checkpoint()
    return ledger


def test_a_checkpoint_covers_what_moved_and_the_next_goes_on_from_it(url: str) -> None:
    ledger = Ledger(url, keys=KEYS)
    assert ledger.checkpoint() is None  # nothing happened
    ledger.commit([note(n=n) for n in range(3)])
    first = ledger.checkpoint()
    assert first is not None and is_signed(first)
    assert (first.number, first.previous, [(s.first, s.last) for s in first.spans]) == (1, "", [(1, 3)])
    assert ledger.checkpoint() is None  # a checkpoint alone is no news
    ledger.commit([note()])
    second = ledger.checkpoint()
    assert second is not None
    assert (second.number, second.previous, [(s.first, s.last) for s in second.spans]) == (2, first.digest, [(4, 5)])
    assert [Checkpoint.from_json(r.body) for r in ledger.records(kind="checkpoint")] == [first, second]
    assert ledger.verify().ok
    ledger.close()


def test_what_is_not_a_checkpoint_is_refused() -> None:
    good = {"number": 1, "time": "t", "previous": "", "chains": [], "count": 0, "key": "a" * 64, "signature": "b" * 128}
    assert Checkpoint.from_json(good).number == 1
    for name, value in [("number", "1"), ("number", 0), ("number", True), ("previous", "x"), ("key", "z" * 64), ("signature", ""), ("count", 1), ("chains", [{}]), ("chains", None), ("more", 1)]:
        with pytest.raises(ValueError, match="no checkpoint"):
            Checkpoint.from_json({**good, name: value})


def test_processes_do_not_fork_the_line(url: str) -> None:
    code = """
        import sys
        from govai.core.records import Draft
        from govai.keys.roots import RootKey
        from govai.ledger.store import Ledger
        ledger = Ledger(sys.argv[1], keys=RootKey(b"k" * 32, "test"))
        sys.stdin.readline()
        for n in range(20):
            ledger.commit((Draft("note", "c", {"n": n}),))
            ledger.checkpoint()
        ledger.close()
    """
    children = [subprocess.Popen([sys.executable, "-c", textwrap.dedent(code), url], stdin=subprocess.PIPE) for _ in range(3)]
    for child in children:
        child.stdin.write(b"\n")
        child.stdin.flush()
    for child in children:
        child.communicate()
    assert [child.returncode for child in children] == [0, 0, 0]
    found = verify_url(url, Trust((Ledger(url, keys=KEYS).public_keys)))
    assert (found.ok, found.faults) == (True, ())


def test_checkpoints_come_by_themselves_after_so_many_commits(url: str) -> None:
    from govai.ledger.checkpointing import Pacer

    made = threading.Event()

    class Maker:
        def make(self) -> None:
            made.set()

    maker = Maker()
    pacer = Pacer(maker, commits=3, seconds=3600)
    for _ in range(2):
        pacer.committed()
    assert not made.is_set()
    pacer.committed()
    assert made.wait(30)
    pacer.close()


def test_a_checkpoint_in_the_background_that_fails_is_logged(url: str, caplog: pytest.LogCaptureFixture) -> None:
    from govai.ledger.checkpointing import Maker, Pacer

    ledger = Ledger(url)  # without keys
    ledger.commit([note(n=1)])
    maker = Maker(ledger)
    pacer = Pacer(maker, commits=1, seconds=3600)
    for _ in range(2):
        pacer.committed()  # it goes on trying
    pacer.close()
    said = [line.getMessage() for line in caplog.records if line.name == "govai.ledger"]
    assert len(said) == 2 and "opened without keys" in said[0]
    ledger.close()


def test_closing_anchors_what_was_written(url: str, tmp_path: Path) -> None:
    with govai.Governor(ledger=url, anchors=[f"file:{tmp_path}/far/anchor.jsonl"], actor="ana") as gov:
        gov.generate("offline:echo", "bonjour")
        key = gov.ledger.public_keys
    anchor = FileAnchor(tmp_path / "far/anchor.jsonl")
    assert [one.number for one in anchor.anchored()] == [1]
    found = verify_url(url, Trust(key, (anchor,)))
    assert found.ok and found.anchored_until == next(anchor.anchored()).time
    kinds = [r.kind for r in Ledger(url, keys=KEYS).records()]
    assert kinds == ["intent", "outcome", "checkpoint", "anchor"]


def test_a_ledger_without_an_anchor_says_how_far_its_proof_reaches(url: str) -> None:
    ledger = signed_ledger(url)
    found = ledger.verify()
    assert found.ok and found.anchored_until is None and "internal consistency only" in found.why
    assert any("signed until" in note for note in found.notes)
    ledger.close()


def test_a_file_with_a_torn_line_goes_on(tmp_path: Path, url: str) -> None:
    ledger = signed_ledger(url)
    ledger.anchor(FileAnchor(tmp_path / "a.jsonl"))
    ledger.flush()
    with (tmp_path / "a.jsonl").open("ab") as file:
        file.write(b'{"number": 2, "torn')
    ledger.commit([note()])
    ledger.checkpoint()
    ledger.flush()
    assert [one.number for one in FileAnchor(tmp_path / "a.jsonl").anchored()] == [1, 2]
    ledger.close()


def test_an_anchor_that_cannot_be_read_is_a_note_and_no_proof(tmp_path: Path, url: str) -> None:
    signed_ledger(url).close()
    found = verify_url(url, Trust((), (FileAnchor(tmp_path / "none.jsonl"),)))
    assert found.ok and found.anchored_until is None
    assert any("could not be read" in note for note in found.notes)


def test_copies_that_a_stranger_signed_count_for_nothing(tmp_path: Path, url: str) -> None:
    stranger = Ledger(f"sqlite:///{tmp_path}/other.db", keys=RootKey(b"s" * 32, "test"))
    stranger.commit([note()])
    forged = stranger.checkpoint()
    stranger.close()
    ledger = signed_ledger(url)
    FileAnchor(tmp_path / "a.jsonl").anchor(forged)
    found = verify_url(url, Trust(ledger.public_keys, (FileAnchor(tmp_path / "a.jsonl"),)))
    assert found.ok and any("not signed by a trusted key" in note for note in found.notes)
    ledger.close()


@pytest.mark.skipif(shutil.which("git") is None, reason="needs git")
def test_git_keeps_checkpoints_on_a_branch_of_its_own(tmp_path: Path, url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("r.git", "hooked.git"):
        subprocess.run(["git", "init", "-q", "--bare", str(tmp_path / name)], check=True)
    monkeypatch.setenv("GIT_DIR", str(tmp_path / "hooked.git"))  # as where a hook of another repository runs
    anchor = open_anchor(f"git:{tmp_path}/r.git")
    assert list(anchor.anchored()) == []
    ledger = signed_ledger(url)
    ledger.anchor(anchor)
    ledger.commit([note()])
    ledger.checkpoint()
    ledger.flush(30)
    assert [one.number for one in anchor.anchored()] == [1, 2]
    assert ledger.verify().anchored_until is not None
    ledger.close()
    with pytest.raises(govai.ConfigError, match="git"):
        open_anchor(f"git:{tmp_path}/none")


class Service(http.server.BaseHTTPRequestHandler):
    """Answers what `answer` makes of a body; None is a 503."""

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        answer = self.server.answer(body)
        self.send_response(503 if answer is None else 200)
        self.end_headers()
        self.wfile.write(answer or b"")

    def log_message(self, *words: object) -> None:
        pass


@pytest.fixture
def service() -> Iterator[http.server.ThreadingHTTPServer]:
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Service)
    server.bodies = []
    server.answer = lambda body: server.bodies.append(body) or b"kept"
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_webhook_gets_what_it_can_check_itself_and_again_after_it_was_down(url: str, service: http.server.ThreadingHTTPServer) -> None:
    down, keep = [None], service.answer
    service.answer = lambda body: down.pop() if down else keep(body)
    ledger = signed_ledger(url)
    ledger.anchor(open_anchor(f"webhook:http://127.0.0.1:{service.server_port}/in?token={SECRET}"))
    ledger.commit([note()])
    receipts = []
    while not receipts:  # it was offered again
        ledger.flush(1)
        receipts = list(ledger.records(kind="anchor"))
    posted = [Checkpoint.from_json(orjson.loads(body)["data"]) for body in service.bodies]
    assert [one.number for one in posted] == [1] and all(is_signed(one) for one in posted)
    assert SECRET not in json.dumps([r.to_json() for r in receipts])
    assert any("keeps no copy" in one for one in ledger.verify().notes)
    ledger.close()


@pytest.mark.parametrize("spec", ["webhook:http://elsewhere.example/x", "fiel:x", "file:", 3, "rfc3161:ftp://x"])
def test_an_anchor_that_cannot_be_is_refused(spec: object) -> None:
    with pytest.raises(govai.ConfigError):
        govai.Governor(ledger=":memory:", anchors=[spec])


@pytest.fixture
def authority(tmp_path: Path) -> Path:
    """A timestamping authority of openssl's: its folder, with `ca.pem`."""
    if shutil.which("openssl") is None:
        pytest.skip("needs openssl")
    (tmp_path / "tsa").mkdir()
    config = """
        [req]
        distinguished_name = dn
        [dn]
        [ca]
        basicConstraints = critical,CA:true
        keyUsage = critical,keyCertSign
        subjectKeyIdentifier = hash
        [leaf]
        basicConstraints = critical,CA:false
        keyUsage = critical,digitalSignature
        extendedKeyUsage = critical,timeStamping
        subjectKeyIdentifier = hash
        authorityKeyIdentifier = keyid
        [tsa]
        default_tsa = here
        [here]
        serial = serial
        crypto_device = builtin
        signer_cert = tsa.pem
        signer_key = tsa.key
        signer_digest = sha256
        default_policy = 1.2.3.4.1
        digests = sha256, sha384, sha512
        ess_cert_id_alg = sha256
    """
    (tmp_path / "tsa/tsa.cnf").write_text(textwrap.dedent(config))
    new = "openssl req -config tsa.cnf -newkey rsa:2048 -nodes -keyout"
    for command in (
        f"{new} ca.key -x509 -subj /CN=root -days 30 -extensions ca -out ca.pem",
        f"{new} tsa.key -subj /CN=tsa -out tsa.csr",
        "openssl x509 -req -in tsa.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 30 -extfile tsa.cnf -extensions leaf -out tsa.pem",
    ):
        subprocess.run(command.split(), cwd=tmp_path / "tsa", check=True, capture_output=True)
    return tmp_path / "tsa"


def test_a_timestamp_confirms_the_checkpoint_it_was_made_for(url: str, authority: Path, service: http.server.ThreadingHTTPServer) -> None:
    pytest.importorskip("rfc3161_client")

    def stamp(body: bytes) -> bytes:
        (authority / "q").write_bytes(body)
        subprocess.run("openssl ts -reply -config tsa.cnf -queryfile q -out r".split(), cwd=authority, check=True, capture_output=True)
        return (authority / "r").read_bytes()

    service.answer = stamp
    anchor = open_anchor(f"rfc3161:http://127.0.0.1:{service.server_port}/#roots={authority}/ca.pem")
    ledger = signed_ledger(url)
    ledger.anchor(anchor)
    ledger.flush(30)
    (receipt,) = ledger.records(kind="anchor")
    made = Checkpoint.from_json(next(ledger.records(kind="checkpoint")).body)
    assert anchor.confirms(made, receipt.body["receipt"])
    assert not anchor.confirms(replace(made, number=2), receipt.body["receipt"])
    assert not anchor.confirms(made, "bm90aGluZw==")
    found = ledger.verify()
    assert found.ok and found.anchored_until == made.time and not any("proof of their time" in note for note in found.notes)
    dated_back = Signer(KEYS).sign(replace(made, time="2020-01-01T00:00:00.000000Z"))  # by who has the key
    late = anchor.anchor(dated_back)  # it is a token over it, and kept
    assert late and not anchor.confirms(dated_back, late)
    ledger.commit([note(), Draft("checkpoint", "", Signer(KEYS).sign(replace(made, number=2, previous=made.digest, spans=())).to_json())])
    assert any("1 of 2 checkpoints" in one for one in ledger.verify().notes)
    ledger.close()


def test_a_proof_shows_one_record_and_nothing_else(url: str, tmp_path: Path) -> None:
    ledger = Ledger(url, keys=KEYS)
    ledger.commit([note(n=n, word=SECRET if n != 3 else "mine") for n in range(9)])
    mine = list(ledger.records())[3]
    with pytest.raises(govai.ConfigError, match="no checkpoint covers"):
        ledger.proof(mine.id)
    ledger.checkpoint()
    proof = ledger.proof(mine.id)
    (tmp_path / "k.pem").write_bytes(pem_of(ledger.public_keys))
    again = Proof.from_bytes(proof.to_bytes())
    assert again == proof and again.record == mine
    assert proof.check(tmp_path / "k.pem") and proof.check(ledger.public_keys)
    assert SECRET.encode() not in proof.to_bytes()
    others = [r for r in ledger.records(kind="note") if r.id != mine.id]
    assert not any(r.id.encode() in proof.to_bytes() for r in others)
    for wrong in (
        replace(proof, raw=proof.raw.replace(b"mine", b"your")),
        replace(proof, raw=b"{}"),
        replace(proof, path=proof.path[:-1]),
        replace(proof, path=("0" * 64, *proof.path[1:])),
        replace(proof, path=("no", *proof.path[1:])),
        replace(proof, checkpoint=replace(proof.checkpoint, number=2)),
    ):
        assert not wrong.check(ledger.public_keys)
    assert not proof.check(("0" * 64,))
    with pytest.raises(govai.ConfigError, match="no record"):
        ledger.proof("nothing")
    with pytest.raises(govai.ConfigError, match="not a proof"):
        Proof.from_bytes(b"[]")
    ledger.close()


def offline(bundle: Path, pem: Path, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run the bundle's own script where govai is not to be found."""
    with zipfile.ZipFile(bundle) as archive:
        archive.extract("verify.py", folder)
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    command = [sys.executable, "-c", f"import sys, runpy; sys.modules['govai'] = None; sys.argv = ['verify.py', {str(bundle)!r}, {str(pem)!r}]; runpy.run_path({str(folder / 'verify.py')!r}, run_name='__main__')"]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)


def test_a_bundle_verifies_offline_and_an_altered_one_does_not(url: str, tmp_path: Path) -> None:
    ledger = signed_ledger(url)
    ledger.commit([note(n=n, word="é") for n in range(5)])
    made = ledger.export_bundle(tmp_path / "b.zip")
    assert (made.records, made.checkpoints) == (12, 2)
    pem = tmp_path / "k.pem"
    pem.write_bytes(pem_of(ledger.public_keys))
    trust = Trust(keys_at(pem))
    ledger.close()
    assert verify_bundle(tmp_path / "b.zip", trust).ok
    done = offline(tmp_path / "b.zip", pem, tmp_path)
    assert done.returncode == 0 and "ok: everything holds" in done.stdout, done
    lines = zipfile.ZipFile(tmp_path / "b.zip").read("records.jsonl").splitlines(keepends=True)
    changed = [lines[0].replace(b'"n":0', b'"n":7'), *lines[1:]]
    for altered in (changed, lines[1:], [lines[1], lines[0], *lines[2:]], [*lines[:4], *lines[5:]], [lines[0], *lines], lines[:5] + lines[6:], [b"{}\n", *lines]):
        with zipfile.ZipFile(tmp_path / "bad.zip", "w") as archive:
            archive.writestr("records.jsonl", b"".join(altered))
            archive.writestr("verify.py", zipfile.ZipFile(tmp_path / "b.zip").read("verify.py"))
        assert not verify_bundle(tmp_path / "bad.zip", trust).ok
        assert offline(tmp_path / "bad.zip", pem, tmp_path).returncode != 0
    other = tmp_path / "other.pem"
    other.write_bytes(pem_of(["d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a"]))
    assert not verify_bundle(tmp_path / "b.zip", Trust(keys_at(other))).ok
    assert offline(tmp_path / "b.zip", other, tmp_path).returncode == 1


def run(*words: str) -> tuple[int, str]:
    done = CliRunner().invoke(app, list(words))
    return done.exit_code, done.output


def test_the_commands(tmp_path: Path) -> None:
    url = "sqlite:///ledger.db"
    Path("govai.yaml").write_text("ledger: sqlite:///ledger.db\nanchors: ['file:far/anchor.jsonl']\nactor: ana\n")
    with govai.Governor() as gov:
        gov.generate("offline:echo", "bonjour")
        record = next(gov.ledger.records()).id
    assert run("keys", "public", "--out", "k.pem")[0] == 0
    assert "nothing happened" in run("ledger", "checkpoint")[1]
    code, said = run("ledger", "verify", "--ledger", url, "--anchor", "file:far/anchor.jsonl", "--public-key", "k.pem")
    assert code == 0 and "anchored outside until" in said
    assert run("ledger", "proof", record, "--out", "p.json", "--ledger", url)[0] == 0
    code, said = run("ledger", "check-proof", "p.json", "--public-key", "k.pem")
    assert code == 0 and said.startswith("ok")
    assert run("ledger", "export", "--bundle", "b.zip")[0] == 0
    code, said = run("ledger", "verify", "--bundle", "b.zip", "--public-key", "k.pem", "--json")
    assert code == 0 and json.loads(said)["ok"] is True
    Path("p.json").write_bytes(Path("p.json").read_bytes().replace(b"offline", b"outline"))
    assert run("ledger", "check-proof", "p.json", "--public-key", "k.pem")[0] == 1
    attacker = Attacker(url)
    attacker.rows[0]["bytes"] += b" "
    attacker.write()
    code, said = run("ledger", "verify", "--ledger", url, "--json")
    found = json.loads(said)
    assert code == 1 and (found["first_bad"], found["faults"][0]["code"]) == (record, "edited")
    code, said = run("ledger", "verify", "--ledger", url)
    assert code == 1 and f"NOT OK: record {record}" in said and "[edited]" in said
    assert "[edited]" in said and "bytes" in said


def test_the_line_reads_in_french(monkeypatch: pytest.MonkeyPatch) -> None:
    from govai.ledger.fault import CODES, Fault

    english = {code: Fault(code, "r", "7").words for code in CODES}
    monkeypatch.setenv("GOVAI_LANG", "fr")
    assert all(Fault(code, "r", "7").words != english[code] for code in CODES)
    assert Line().notes(()) == ["aucun point de contrôle n'est signé"]


def test_a_database_that_does_not_answer_is_said_and_everything_is_closed_all_the_same(schema: str, tmp_path: Path) -> None:
    import psycopg

    closed: list[str] = []

    class Sink:
        name = "there"

        def emit(self, records: object) -> None: ...

        def close(self, timeout: float) -> None:
            closed.append(self.name)

    name, server = schema.rpartition("=")[2], schema.partition("?")[0]
    ledger = Ledger(schema, keys=RootKey(b"k" * 32, "test"), sinks=[Sink()])
    ledger.anchor(FileAnchor(tmp_path / "copies"))
    ledger.commit([Draft("note", "c", {})])
    with psycopg.connect(server, autocommit=True) as base:
        base.execute(f"ALTER TABLE {name}.records RENAME TO records_away")  # as good as gone
        try:
            with pytest.raises(LedgerUnavailable):
                ledger.checkpoint()
            with pytest.raises(LedgerUnavailable):
                ledger.proof("none")
            ledger.enqueue(Draft("outcome", "c", {}, intent_id="none"))
            with pytest.raises(LedgerUnavailable):
                ledger.close()
        finally:
            base.execute(f"ALTER TABLE {name}.records_away RENAME TO records")
    assert closed == ["there"] and ledger._writer.closed
