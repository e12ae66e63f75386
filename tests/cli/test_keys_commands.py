"""`govai keys` as a person uses it; no root is ever printed."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from typer.testing import CliRunner

import govai
from govai.cli.app import app
from govai.keys import open_keys, public_keys

LIVE = re.compile(r"[0-9a-f]{64}")


def run(*args: str) -> tuple[int, str]:
    done = CliRunner().invoke(app, ["keys", *args])
    return done.exit_code, done.output if done.exception is None or isinstance(done.exception, SystemExit) else str(done.exception)


def roots_in(file: Path) -> list[str]:
    return [line.split()[0] for line in file.read_text().splitlines() if not line.endswith("retired")]


def test_a_life_of_a_key_file(tmp_path: Path) -> None:
    file = tmp_path / "k"
    said = [run("new", str(file)), run("list", "--keys", f"file:{file}"), run("prepare", str(file)), run("rotate", str(file)), run("rotate", str(file))]
    roots = roots_in(file)
    assert [code for code, _ in said] == [0] * 5 and len(roots) == 3
    assert not LIVE.search("".join(text for _, text in said))
    assert re.fullmatch(r"[0-9a-f]{16}  0 d +writes and reads\n", said[1][1])
    assert "reads; writes after the next rotate" in said[2][1] and "restart every process" in said[2][1]
    assert said[4][1].count("  reads\n") == 2
    assert run("new", str(file)) [0] == 1 and roots_in(file) == roots


def test_without_a_word_it_is_the_ledger_s_own_file(tmp_path: Path) -> None:
    with govai.Governor() as gov:
        gov.generate("offline:echo", "x")
    ring = open_keys(None, ".govai/ledger.db")
    code, text = run("list")
    assert code == 0 and ring.roots[0].id in text
    (tmp_path / "govai.yaml").write_text("keys: env:GOVAI_ROOTS\n")
    assert "env:GOVAI_ROOTS" in run("list")[1]


def test_public_keys_are_pem_with_their_ids(tmp_path: Path) -> None:
    from cryptography.hazmat.primitives.serialization import load_pem_public_key

    file, out = tmp_path / "k", tmp_path / "public.pem"
    run("new", str(file))
    run("rotate", str(file))
    assert run("public", "--keys", f"file:{file}", "--out", str(out)) == (0, "")
    text = out.read_text()
    assert run("public", "--keys", f"file:{file}") == (0, text)
    found = re.findall(r"^([0-9a-f]{16})\n(-----BEGIN PUBLIC KEY-----\n.+?-----END PUBLIC KEY-----\n)", text, re.DOTALL | re.MULTILINE)
    assert {name: load_pem_public_key(block.encode()).public_bytes_raw() for name, block in found} == public_keys(open_keys(f"file:{file}", ""))


def test_what_cannot_be_retired_says_why(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "k"
    run("new", str(file))
    run("rotate", str(file))
    ring = open_keys(f"file:{file}", "")
    current, old = (root.id for root in ring.roots)
    assert "rotate" in run("retire", current, "--keys", f"file:{file}", "--yes")[1]
    assert "no root here" in run("retire", "0" * 16, "--keys", f"file:{file}", "--yes")[1]
    monkeypatch.setenv("GOVAI_ROOTS", ",".join(roots_in(file)))
    assert "where it is set" in run("retire", old, "--keys", "env:GOVAI_ROOTS", "--yes")[1]
    assert len(roots_in(file)) == 2
    code, text = run("retire", old, "--keys", f"file:{file}", "--yes")
    assert code == 0 and "not counted: no ledger" in text and len(roots_in(file)) == 1
    assert "gone; its public key is kept" in run("list", "--keys", f"file:{file}")[1]


def test_a_file_that_is_broken_stays_as_it_is(tmp_path: Path) -> None:
    file = tmp_path / "k"
    file.write_text("!z" * 32 + "\n")
    file.chmod(0o600)
    code, text = run("rotate", str(file))
    assert code == 1 and "line 1" in text and "!z" not in text and file.read_text() == "!z" * 32 + "\n"
