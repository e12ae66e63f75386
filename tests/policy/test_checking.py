"""What would quietly widen a policy is refused, and errors lead to the place, also in policies that have no file."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import govai.wire
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


@pytest.mark.parametrize(("allow", "says"), [
    ({"opaque": ["images"]}, "did you mean 'image'"), ({"references": ["stor"]}, "did you mean 'store'"), ({"references": ["qwxz"]}, "known: agent_id"), ({"references": "fileid"}, "did you mean 'file_id'"),
])
def test_a_name_to_allow_that_nothing_bears_names_the_nearest(allow: dict, says: str) -> None:
    with pytest.raises(ConfigError, match=says):
        Policy.load({**BASE, "allow": allow})


def test_names_to_allow_that_things_bear_load() -> None:
    allow = {"opaque": ["image", "a_part_of_tomorrow"], "references": ["*"], "recipients": ["anything"]}
    assert Policy.load({**BASE, "allow": allow}).permits("references", "store")


def test_every_name_that_wire_formats_write_can_be_allowed() -> None:
    from govai.core.exchange import OPAQUE, REFERENCES

    source = "".join(path.read_text("utf-8") for path in Path(govai.wire.__path__[0]).glob("*.py"))
    given = {group: set(re.findall(rf'{group}\.append\(\("(\w+)"', source)) for group in ("opaque", "references")}
    assert given["opaque"] and given["opaque"] <= OPAQUE and given["references"] and given["references"] <= REFERENCES


def test_a_quoted_version_is_told_to_drop_its_quotes(tmp_path: Path) -> None:
    path = tmp_path / "p.yaml"
    path.write_text("govai: '1'\nname: t\n")
    with pytest.raises(ConfigError, match="write 1 without quotes"):
        Policy.load(path)


def test_a_mistyped_builtin_policy_is_named() -> None:
    with pytest.raises(ConfigError, match="did you mean the built-in 'eu-marketing'"):
        Policy.load("eu-marketting")
    with pytest.raises(ConfigError, match="check the path"):
        Policy.load("policy.yaml")


def test_errors_of_a_policy_are_french_where_the_reader_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GOVAI_LANG", "fr")
    for bad, says in (
        ({"rules": [{"id": "a", "effect": "allow", "purpose": "q"}]}, "finalité inconnue « q »"),
        ({"rules": [{"id": "a", "effect": "allow", "provider": "q"}]}, "fournisseur inconnu « q »"),
        ({"providers": {"x": {"host": "h", "api_key": "sk-1"}}}, "« api_key » : nommez où est la clé"),
    ):
        with pytest.raises(ConfigError, match=says):
            Policy.load({**BASE, **bad})
