"""What would quietly widen a policy is refused, and errors lead to the place, also in policies that have no file."""

from __future__ import annotations

from pathlib import Path

import pytest

from govai.core.decisions import Effect
from govai.core.errors import ConfigError
from govai.policy.policy import Policy

BASE = {"govai": 1, "name": "t", "purposes": {"p": {"basis": "contract"}}}


@pytest.mark.parametrize("part", ["rules", "reviews"])
@pytest.mark.parametrize("empty", [None, []])
@pytest.mark.parametrize("key", ["purpose", "category"])
def test_an_empty_condition_is_not_no_condition(part: str, empty: object, key: str) -> None:
    entry = {"id": "a", **({"effect": "allow"} if part == "rules" else {"role": "m"}), **({"purpose": empty} if key == "purpose" else {"data": {"category": empty}})}
    with pytest.raises(ConfigError, match=f"'{key}' is empty") as caught:
        Policy.load({**BASE, part: [entry]})
    assert caught.value.where == f"inline policy: {part}[0].{'data.' if key == 'category' else ''}{key}"


def test_an_empty_condition_in_a_file_has_its_line(tmp_path: Path) -> None:
    path = tmp_path / "p.yaml"
    path.write_text("govai: 1\nname: t\nrules:\n  - id: a\n    effect: allow\n    provider:\n")
    with pytest.raises(ConfigError) as caught:
        Policy.load(path)
    assert caught.value.where == f"{path}:6:5"


def test_a_bare_extension_is_the_built_in_policy() -> None:
    base, mine = Policy.load(), Policy.load({"govai": 1, "name": "mine", "extends": "eu-marketing"})
    for part in ("unmatched", "undeclared", "observe", "purposes", "providers", "rules", "reviews", "allowed"):
        assert getattr(mine, part) == getattr(base, part), part
    assert Policy.load({"govai": 1, "name": "mine", "extends": "eu-marketing", "unmatched": "block"}).unmatched is Effect.BLOCK


def test_extending_anything_else_comes_later() -> None:
    with pytest.raises(ConfigError, match="comes later"):
        Policy.load({**BASE, "extends": "company"})


def test_an_experiment_cannot_publish() -> None:
    with pytest.raises(ConfigError, match="cannot publish") as caught:
        Policy.load({**BASE, "purposes": {"e": {"basis": "contract", "zone": "experiment", "publish": True}}})
    assert caught.value.where == "inline policy: purposes.e"


@pytest.mark.parametrize("more", [{"version": 2**60}, {"version": -1}, {"providers": {"x": {"like": "openai", "host": "h", "retention_days": 2**60}}}])
def test_numbers_that_no_record_can_hold_are_refused(more: dict) -> None:
    with pytest.raises(ConfigError):
        Policy.load({**BASE, **more})


@pytest.mark.parametrize("text", ["a: &a [*a, *a]\n", "a: &a [" + "x," * 200 + "]\nb: &b [" + "*a," * 200 + "]\nc: [" + "*b," * 200 + "]\n"])
def test_aliases_of_aliases_do_not_grow_without_end(tmp_path: Path, text: str) -> None:
    path = tmp_path / "p.yaml"
    path.write_text(text)
    with pytest.raises(ConfigError, match="too large"):
        Policy.load(path)


@pytest.mark.parametrize("content", [b"\xff\xfe\x00bad", None])
def test_a_file_that_cannot_be_read(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "p.yaml"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ConfigError, match="p.yaml"):
        Policy.load(path)


def test_french(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GOVAI_LANG", "fr")
    with pytest.raises(ConfigError, match="« purpose » est vide.*retirez la clé"):
        Policy.load({**BASE, "rules": [{"id": "a", "effect": "allow", "purpose": []}]})
