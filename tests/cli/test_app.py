"""The program as a shell sees it: exit codes, streams, languages, terminals that cannot write accents."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from govai.core.version import VERSION


def govai(*args: str, **env: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-m", "govai.cli", *args], capture_output=True, text=True, check=False, env={**os.environ, **env})


def test_version() -> None:
    assert govai("--version").stdout == f"govai {VERSION}\n"


def test_python_m_govai_is_govai() -> None:
    for arguments in (["--version"], ["nothing"], ["ledger", "verify", "--ledger", "sqlite:////nowhere/ledger.db"]):
        done = subprocess.run([sys.executable, "-m", "govai", *arguments], capture_output=True, text=True, check=False)
        same = govai(*arguments)
        assert (done.returncode, done.stdout, done.stderr) == (same.returncode, same.stdout, same.stderr.replace("govai.cli", "govai"))


def test_help_in_french() -> None:
    shown = govai("--help", GOVAI_LANG="fr", COLUMNS="200").stdout
    assert "registre" in shown and "Govern a win-back" not in shown


def test_a_terminal_without_accents_shows_what_it_can() -> None:
    done = govai("demo", "--rows", "1", PYTHONIOENCODING="ascii")
    assert (done.returncode, done.stderr) == (0, "")
    assert "Ledger verified" in done.stdout and done.stdout.isascii()


def test_a_reader_that_leaves_early_breaks_nothing() -> None:
    with subprocess.Popen([sys.executable, "-m", "govai.cli", "demo"], stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout and process.stderr
        process.stdout.close()
        assert b"Traceback" not in process.stderr.read()


@pytest.mark.parametrize("command", ["verify", "show"])
def test_a_damaged_ledger_is_an_answer_and_stays_as_it_is(tmp_path: Path, command: str) -> None:
    file = tmp_path / "x.db"
    file.write_bytes(b"not a database at all, only words")
    done = govai("ledger", command, "--ledger", f"sqlite:///{file}")
    assert done.returncode == 1 and "Traceback" not in done.stderr
    assert "DatabaseError" in done.stdout + done.stderr
    assert file.read_bytes() == b"not a database at all, only words"


def test_looking_for_a_ledger_creates_none() -> None:
    done = govai("ledger", "verify")
    assert done.returncode == 1 and done.stderr.startswith("[GOVAI-C01]")
    assert list(Path().iterdir()) == []
