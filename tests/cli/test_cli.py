"""The command line, as a person runs it."""

from __future__ import annotations

import os
import re
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

import govai
from govai.cli.reading import read_csv


def run(*args: str, **env: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-m", "govai.cli", *args], capture_output=True, text=True, check=False, env={**os.environ, "COLUMNS": "100", **env})


def test_the_demonstration_shows_all_of_it() -> None:
    done = run("demo", "--rows", "2")
    assert done.returncode == 0, done.stderr
    for word in ("What left this machine", "ZqName", "Hello Renée", "did not leave", "floor-special-category", "no one approves their own request", "released to ana", "Ledger verified", "Nothing was kept"):
        assert word in done.stdout
    assert not Path(".govai").exists()


def test_in_french() -> None:
    done = run("demo", "--rows", "1", GOVAI_LANG="fr")
    assert "Bonjour Renée" in done.stdout and "Registre vérifié" in done.stdout


def test_one_s_own_file_kept_verified_and_a_changed_byte_named(shared: Path) -> None:
    done = run("demo", "--keep", "--rows", "2", "--data", str(shared / "data/marketing/telco_churn/Telco-Customer-Churn.csv"))
    assert done.returncode == 0, done.stderr
    assert "7590-VHVEG" in done.stdout
    (url,) = re.findall(r"--ledger (sqlite:///\S+)", done.stdout)
    fine = run("ledger", "verify", "--ledger", url)
    assert (fine.returncode, "ok" in fine.stdout) == (0, True)
    shown = run("ledger", "show", "--ledger", url)
    assert "7590-VHVEG" not in shown.stdout and '"kind":"intent"' in shown.stdout
    base = sqlite3.connect(url.removeprefix("sqlite:///"))
    base.execute("DROP TRIGGER records_stay")  # whoever owns the file can
    record, raw = base.execute("SELECT id, bytes FROM records WHERE position=2").fetchone()
    base.execute("UPDATE records SET bytes=? WHERE position=2", (raw.replace(b"a", b"b", 1),))
    base.commit()
    base.close()
    bad = run("ledger", "verify", "--ledger", url)
    assert (bad.returncode, record in bad.stdout) == (1, True)


def test_a_ledger_of_one_s_own_twice_verified_exported_and_proven(ledger_url: str) -> None:
    for _ in range(2):  # what the first run released or refused does not stop the second
        done = run("demo", "--rows", "2", "--ledger", ledger_url)
        assert done.returncode == 0, done.stderr
        assert ledger_url in done.stdout
    assert run("ledger", "verify", "--ledger", ledger_url).returncode == 0
    assert run("ledger", "export", "--bundle", "b.zip", "--ledger", ledger_url).returncode == 0
    assert run("keys", "public", "--out", "k.pem", *(["--keys", f"file:{ledger_url[10:]}.key"] if ledger_url.startswith("sqlite") else [])).returncode == 0
    proven = run("ledger", "verify", "--bundle", "b.zip", "--public-key", "k.pem")
    assert (proven.returncode, "signed until" in proven.stdout) == (0, True)


@pytest.mark.parametrize("command", [("export", "--bundle", "b.zip"), ("checkpoint",), ("verify",), ("show",), ("sinks",)], ids=str)
def test_a_ledger_that_is_not_there_is_not_made(command: tuple[str, ...]) -> None:
    done = run("ledger", *command, "--ledger", "sqlite:///none.db")
    assert (done.returncode, "no ledger there" in done.stderr) == (1, True)
    assert not Path("none.db").exists()


@pytest.mark.parametrize(
    ("args", "says"),
    [(("demo", "--data", "none.csv"), "none.csv"), (("demo", "--model", "opena:x"), "'openai'"), (("demo", "--purpose", "winback"), "'win_back'"), (("ledger", "verify", "--ledger", "sqlite:///none.db"), "no ledger"), (("demo", "--model", "openai:x"), "OPENAI_API_KEY")],
)
def test_mistakes_are_one_clear_line(args: tuple[str, ...], says: str) -> None:
    done = run(*args, OPENAI_API_KEY="")
    assert done.returncode == 1
    assert says in done.stderr and "Traceback" not in done.stderr and done.stderr.startswith("[GOVAI-")


@pytest.mark.parametrize(
    ("raw", "rows"),
    [("a;b\n1;é\n".encode(), [{"a": "1", "b": "é"}]), ("\ufeffa,b\n1,2\n".encode(), [{"a": "1", "b": "2"}]), ("a\tb\n1\té\n".encode("cp1252"), [{"a": "1", "b": "é"}]), ("a|b\n1|2\n\n3|\n".encode("utf-16"), [{"a": "1", "b": "2"}, {"a": "3", "b": ""}]),
     (b'a;b\n"x;y";" z "\n', [{"a": "x;y", "b": "z"}]), (b"name\nAna\n", [{"name": "Ana"}])],
)
def test_csv_files_are_read_as_people_have_them(tmp_path: Path, raw: bytes, rows: list[dict]) -> None:
    (tmp_path / "x.csv").write_bytes(raw)
    assert list(read_csv(tmp_path / "x.csv")) == rows


@pytest.mark.parametrize(("raw", "says"), [(b"", "empty"), (b"a;b\n", "no rows"), (b"a;a\n1;2\n", "same name"), (b"a;;c\n1;2;3\n", "no name"), (b"a;b\n1;2;3\n", "3 cells under 2"), (b"a;b\n1\n", "1 cells under 2")])
def test_a_broken_csv_says_what_and_where(tmp_path: Path, raw: bytes, says: str) -> None:
    (tmp_path / "x.csv").write_bytes(raw)
    with pytest.raises(govai.ConfigError, match=says) as caught:
        list(read_csv(tmp_path / "x.csv"))
    assert "x.csv:" in caught.value.where
