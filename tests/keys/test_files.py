"""Key files: private, whole, durable; made and rotated by many processes at once."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

import govai
from govai.core.errors import ConfigError
from govai.keys import files, open_keys, spelling
from govai.keys.opening import lies_beside

posix = pytest.mark.skipif(os.name != "posix", reason="needs POSIX rights")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "keys"
    assert files.create(path, spelling.write((spelling.new(),)))
    return path


def leftovers(path: Path) -> list[str]:
    return [one.name for one in path.parent.iterdir() if one.name != path.name]


def together(code: str, *args: str) -> None:
    children = [subprocess.Popen([sys.executable, "-c", f"import sys; sys.stdin.readline(); {code}", *args], stdin=subprocess.PIPE) for _ in range(6)]
    for child in children:
        child.stdin.write(b"go\n")
        child.stdin.flush()
    for child in children:
        child.stdin.close()
        assert child.wait() == 0


def test_a_new_file_is_private_and_is_never_overwritten(file: Path) -> None:
    before = file.read_text()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert not files.create(file, "another")
    assert file.read_text() == before and leftovers(file) == []


def test_processes_that_make_a_file_at_once_end_with_the_same_one(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "ledger.db"
    together("from govai.keys import open_keys; k = open_keys(None, sys.argv[1]); open(sys.argv[1] + '.' + k.roots[0].id, 'w')", str(path))
    assert sorted(one.name for one in path.parent.iterdir()) == sorted(["ledger.db.key", f"ledger.db.{open_keys(None, str(path)).roots[0].id}"])


@posix
def test_processes_that_rotate_at_once_lose_no_root(file: Path) -> None:
    first = open_keys(f"file:{file}", "").roots[0].id
    together("from pathlib import Path; from govai.keys import files, spelling; files.change(Path(sys.argv[1]), lambda text: spelling.write(spelling.rotated(spelling.read(text))))", str(file))
    ring = open_keys(f"file:{file}", "")
    assert len(ring.roots) == 7 and ring.roots[-1].id == first
    assert leftovers(file) == [] and stat.S_IMODE(file.stat().st_mode) == 0o600


@posix
@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o666])
def test_a_file_that_others_may_touch_is_refused_also_behind_a_link(file: Path, mode: int) -> None:
    link = file.with_name("link")
    link.symlink_to(file)
    assert open_keys(f"file:{link}", "").derive("x") == open_keys(f"file:{file}", "").derive("x")
    file.chmod(mode)
    for path in (file, link):
        with pytest.raises(ConfigError, match="others may read it") as caught:
            open_keys(f"file:{path}", "")
        assert spelling.read(file.read_text())[0].kept.hex() not in str(caught.value)
        with pytest.raises(ConfigError):
            files.change(path, lambda text: text)


@posix
def test_a_link_stays_a_link_when_its_file_is_rotated(file: Path) -> None:
    link = file.with_name("link")
    link.symlink_to(file)
    files.change(link, lambda text: spelling.write(spelling.rotated(spelling.read(text))))
    assert link.is_symlink() and len(open_keys(f"file:{file}", "").roots) == 2


@posix
def test_a_pipe_a_folder_and_nothing_are_refused_at_once(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe", 0o600)
    for name in ("pipe", ".", "none"):
        with pytest.raises(ConfigError, match="key file cannot be used"):
            open_keys(f"file:{tmp_path / name}", "")
    with pytest.raises(ConfigError, match="key file cannot be used"):
        files.change(tmp_path / "none", lambda text: text)
    with pytest.raises(ConfigError, match="key file cannot be used"):
        files.create(Path("/proc/none/keys"), "")


def test_a_change_that_fails_leaves_the_file_as_it_was(file: Path) -> None:
    before = file.read_text()
    with pytest.raises(ZeroDivisionError):
        files.change(file, lambda text: str(1 / 0))
    assert file.read_text() == before and leftovers(file) == []


def test_a_named_file_is_made_with_a_new_ledger_and_never_for_an_old_one(tmp_path: Path) -> None:
    url, keys = f"sqlite:///{tmp_path}/l.db", f"file:{tmp_path}/keys"
    with govai.Governor(ledger=url, keys=keys) as gov:
        gov.generate("offline:echo", "hello")
    (tmp_path / "keys").rename(tmp_path / "not-mounted")
    with pytest.raises(ConfigError, match="its key is not"):
        govai.Governor(ledger=url, keys=keys)
    assert not (tmp_path / "keys").exists()


def test_a_ledger_whose_key_is_gone_gets_no_other(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/l.db"
    with govai.Governor(ledger=url) as gov:
        gov.generate("offline:echo", "hello")
    key = tmp_path / "l.db.key"
    assert "who copies the folder has both" in lies_beside(f"{tmp_path}/l.db")
    key.rename(tmp_path / "elsewhere")
    assert lies_beside(f"{tmp_path}/l.db") == lies_beside(":memory:") == lies_beside("") == ""
    with pytest.raises(ConfigError, match="its key is not"):
        govai.Governor(ledger=url)
    assert not key.exists()
    with govai.Governor(ledger=url, keys=f"file:{tmp_path}/elsewhere") as gov:
        assert len(list(gov.ledger.records())) == 2


def test_a_ledger_on_a_server_says_where_its_key_is() -> None:
    with pytest.raises(ConfigError, match="env:NAME or file:PATH"):
        open_keys(None, "")


def test_a_variable_holds_several(monkeypatch: pytest.MonkeyPatch) -> None:
    new, old = spelling.new(), spelling.new()
    monkeypatch.setenv("GOVAI_ROOTS", f"{new.kept.hex()} {new.made}, {old.kept.hex()}")
    ring = open_keys("env:GOVAI_ROOTS", ":memory:")
    assert [root.made for root in ring.roots] == [new.made, ""]
    monkeypatch.setenv("GOVAI_ROOTS", f"{new.kept.hex()},{old.kept.hex()[:-2]}")
    with pytest.raises(ConfigError, match="32 bytes") as caught:
        open_keys("env:GOVAI_ROOTS", ":memory:")
    assert new.kept.hex()[:8] not in str(caught.value)
