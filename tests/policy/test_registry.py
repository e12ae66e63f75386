"""The registry: where an entry stands, where its key comes from, and which requests are its own."""

from __future__ import annotations

from pathlib import Path

import pytest

from govai.core.errors import ConfigError
from govai.policy.policy import Policy
from govai.policy.registry import HOSTS, KEYS, Provider


def registered(**entry: object) -> Policy:
    return Policy.load({"govai": 1, "name": "t", "providers": {"near": {"like": "openai", "host": "api.example.org", **entry}}})


@pytest.mark.parametrize(
    ("host", "url"),
    [
        ("localhost:8000", "http://localhost:8000"), ("127.0.0.1", "http://127.0.0.1"), ("[::1]:9", "http://[::1]:9"),
        ("api.example.org", "https://api.example.org"), ("localhost.example.org", "https://localhost.example.org"), ("127.0.0.1.example.org:80", "https://127.0.0.1.example.org:80"),
    ],
)
def test_only_this_machine_is_spoken_to_in_clear(host: str, url: str) -> None:
    assert registered(host=host).provider("near").base_url == url


def test_a_stated_scheme_and_base_path_count() -> None:
    assert registered(scheme="http", base_path="/eu/").provider("near").base_url == "http://api.example.org/eu"


@pytest.mark.parametrize("entry", [{"host": "https://api.example.org"}, {"host": "api.example.org/v1"}, {"host": "user@api.example.org"}, {"host": "a b"}, {"base_path": "v1"}, {"base_path": "/a/../b"}, {"base_path": "/a//b"}])
def test_an_entry_that_no_request_can_match_is_refused(entry: dict) -> None:
    with pytest.raises(ConfigError, match="can match no request") as caught:
        registered(**entry)
    assert caught.value.where == "inline policy: providers.near"


@pytest.mark.parametrize("segment", ["..", ".", "%2e%2e", "a%2fb", ""])
def test_a_wildcard_takes_no_segment_that_a_server_reads_otherwise(segment: str) -> None:
    assert registered(base_path="/c/*").locate("api.example.org", f"/c/{segment}/v1/x") is None


def test_the_longest_base_path_wins_then_the_family() -> None:
    host = {"host": "h"}
    policy = Policy.load({"govai": 1, "name": "t", "providers": {"a": {"like": "openai", **host}, "b": {"like": "anthropic", **host}, "c": {"like": "openai", "base_path": "/eu", **host}}})
    found = lambda path, like="": policy.locate("H", path, like)[0].name
    assert (found("/v1/x", "openai"), found("/v1/x", "anthropic"), found("/eu/v1/x", "anthropic")) == ("a", "b", "c")
    assert policy.locate("other", "/v1/x") is None


def test_keys_come_from_where_the_entry_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MINE", "k1")
    monkeypatch.setenv("MISTRAL_API_KEY", "k2")
    (tmp_path / "key").write_text("k3\n")
    assert Provider("x", "openai", "h", key_source="env:MINE").key() == "k1"
    assert Provider("x", "mistral", "api.mistral.ai").key() == "k2"
    assert Provider("x", "openai", "h", key_source=f"file:{tmp_path / 'key'}").key() == "k3"


@pytest.mark.parametrize(("content", "what"), [(None, "missing"), (b"", "empty"), (b"\xff\xfe", "not text")])
def test_a_key_that_is_not_there_names_its_place_never_its_value(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: bytes | None, what: str) -> None:
    monkeypatch.delenv("GEMINI_API_KEY", raising=False)
    path = tmp_path / "key"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ConfigError, match=str(path)):
        Provider("x", "openai", "h", key_source=f"file:{path}").key()
    with pytest.raises(ConfigError, match="GEMINI_API_KEY"):
        Provider("x", "google", "generativelanguage.googleapis.com").key()


@pytest.mark.parametrize("like", ["openai", "anthropic", "mistral", "google"])
def test_a_well_known_key_is_for_the_providers_own_host_only(monkeypatch: pytest.MonkeyPatch, like: str) -> None:
    monkeypatch.setenv(KEYS[like], "sk-real")
    assert Provider("x", like, HOSTS[like]).key() == "sk-real"
    assert Provider("x", like, "127.0.0.1:11434", region="local").key() == "none"
    with pytest.raises(ConfigError, match="add api_key: env:NAME to the entry") as caught:
        Provider("far", like, f"{HOSTS[like]}.example.org", region="EU").key()
    assert KEYS[like] not in str(caught.value) and "far" in str(caught.value)


@pytest.mark.parametrize(("region", "eea", "local"), [("EU", True, False), ("fr", True, False), ("EU-west", True, False), ("NO", True, False), ("US", False, False), ("", False, False), ("CH", False, False), ("local", False, True)])
def test_regions(region: str, eea: bool, local: bool) -> None:
    provider = Provider("x", "openai", "h", region=region)
    assert (provider.in_eea, provider.local) == (eea, local)
