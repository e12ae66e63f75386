"""Settings: discovered, overridden, and every mistake explained. And what importing costs in modules."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import govai


def test_settings_are_discovered_upwards_and_arguments_override(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "policies").mkdir()
    (tmp_path / "policies/p.yaml").write_text("govai: 1\nname: mine\nextends: eu-marketing\n")
    (tmp_path / "govai.yaml").write_text("policy: policies/p.yaml\nledger: 'sqlite:///here.db'\nactor: robot\n")
    deep = tmp_path / "a/b"
    deep.mkdir(parents=True)
    monkeypatch.chdir(deep)
    with govai.Governor() as gov:
        assert (gov.policy.name, gov.ledger.path) == ("mine", str(tmp_path / "here.db"))
        assert "govai.yaml" in repr(gov)
        assert gov.bind(purpose="support").generate("offline:echo", "x").record_id
        assert next(gov.ledger.records()).body["actor"]["id"] == "robot"
    with govai.Governor("eu-marketing", ledger=":memory:") as gov:
        assert (gov.policy.name, gov.ledger.path) == ("eu-marketing", ":memory:")


def test_pyproject_and_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "pyproject.toml").write_text('[tool.govai]\nledger = ":memory:"\nactor = "py"\n')
    with govai.Governor() as gov:
        assert "pyproject.toml" in repr(gov)
    (tmp_path / "other.yaml").write_text("ledger: ':memory:'\nmode: observe\n")
    monkeypatch.setenv("GOVAI_CONFIG", str(tmp_path / "other.yaml"))
    with govai.Governor() as gov:
        assert "other.yaml" in repr(gov)
    monkeypatch.setenv("GOVAI_CONFIG", str(tmp_path / "none.yaml"))
    with pytest.raises(govai.ConfigError, match="does not exist"):
        govai.Governor()


@pytest.mark.parametrize(("text", "says"), [("ledgr: x\n", "'ledger'"), ("- x\n", "mapping"), ("mode: observ\nledger: ':memory:'\n", "'observe'"), ("a: [\n", "broken"), ("policy: 3\n", "not a policy")])
def test_a_wrong_configuration_says_what_and_where(tmp_path: Path, text: str, says: str) -> None:
    (tmp_path / "govai.yaml").write_text(text)
    with pytest.raises(govai.ConfigError) as caught:
        govai.Governor()
    assert says in str(caught.value)


def test_the_default_ledger_ignores_itself_in_git(tmp_path: Path) -> None:
    with govai.Governor() as gov:
        gov.generate("offline:echo", "x")
    assert (tmp_path / ".govai/.gitignore").read_text() == "*\n"
    assert (tmp_path / ".govai/ledger.db").exists()


def test_importing_govai_imports_nothing_heavy() -> None:
    code = "import sys, govai; heavy = {'openai', 'anthropic', 'pydantic', 'httpx2', 'yaml', 'pandas', 'sqlite3', 'asyncio', 'rich', 'typer'}; print(sorted(heavy & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip() == "[]"
    code = "import sys; from govai import Governor; Governor(ledger=':memory:'); print(sorted({'openai', 'anthropic', 'pandas'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip() == "[]"


def test_public_names_exist_and_are_typed_where_they_say() -> None:
    for name in govai.__all__:
        assert getattr(govai, name) is not None
    assert set(dir(govai)) == set(govai.__all__)
    with pytest.raises(AttributeError, match="nothing"):
        govai.nothing
