"""Whose hosts are a model provider's: the registry's, and the well-known ones, however they are spelled."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from govai.policy.hosts import ProviderHosts, bare, family_at, signed_at
from govai.policy.policy import Policy
from govai.policy.registry import HOSTS


@pytest.mark.parametrize(
    "host, like",
    [(host, like) for like, host in HOSTS.items()]
    + [("eu.api.openai.com", "openai"), ("mine.openai.azure.com", "openai"), ("europe-west1-aiplatform.googleapis.com", "google"), ("aiplatform.eu.rep.googleapis.com", "google"),
       ("codestral.mistral.ai", "mistral"), ("openrouter.ai", "openai"), ("api.cohere.com", ""), ("bedrock-runtime.eu-west-3.amazonaws.com", "")],
)
def test_well_known_hosts_say_what_is_spoken_there(host: str, like: str) -> None:
    for spelling in (host, host.upper(), f"{host}:443", f"{host}.", f"{host}.:8443"):
        assert family_at(spelling) == like
        assert spelling in ProviderHosts(())


@pytest.mark.parametrize("host", ["example.org", "api.openai.com.example.org", "notapi.openai.com.evil", "openai.com", "storage.googleapis.com", "s3.eu-west-3.amazonaws.com", "127.0.0.1:8000", "", "[::1]:80", "oauth2.googleapis.com"])
def test_other_hosts_are_nobodys(host: str) -> None:
    assert family_at(host) is None
    assert host not in ProviderHosts(())


def test_a_registered_port_is_that_port_and_no_port_is_every_port() -> None:
    near = {"like": "openai", "region": "local"}
    policy = Policy.load({"govai": 1, "name": "t", "extends": "eu-marketing", "providers": {"a": {**near, "host": "127.0.0.1:8000"}, "b": {**near, "host": "ai.example.org"}, "c": {**near, "host": "[::1]:80"}, "d": {**near, "host": "localhost"}}})
    hosts = ProviderHosts(policy.providers.values())
    assert [host in hosts for host in ("127.0.0.1:8000", "127.0.0.1:8001", "127.0.0.1")] == [True, False, False]
    assert [host in hosts for host in ("AI.example.org", "ai.example.org.:8443", "b.ai.example.org", "[::1]:80")] == [True, True, False, True]
    assert [host in hosts for host in ("localhost", "localhost:80", "localhost:443", "localhost:5432", "LOCALHOST:")] == [True, True, True, False, True]
    assert "ai.example.org" in list(hosts)


@pytest.mark.parametrize("host, signed", [("bedrock-runtime.us-east-1.amazonaws.com", True), ("bedrock-runtime-fips.us-east-1.amazonaws.com:443", True), ("vpce-1-x.bedrock-runtime.eu-west-1.vpce.amazonaws.com", True),
                                          ("bedrock-agent-runtime.eu-west-1.amazonaws.com", True), ("bedrock.us-east-1.amazonaws.com", False), ("api.openai.com", False)])
def test_hosts_whose_requests_are_signed(host: str, signed: bool) -> None:
    assert signed_at(host) is signed


@given(name=st.from_regex(r"[a-z0-9]([a-z0-9.-]{0,20}[a-z0-9])?", fullmatch=True), port=st.one_of(st.just(""), st.integers(0, 65535).map(":{}".format)), dot=st.sampled_from(["", "."]))
def test_a_bare_host_is_the_same_however_it_is_spelled(name: str, port: str, dot: str) -> None:
    assert bare(f"{name.upper()}{dot}{port}") == name
    assert bare(bare(name)) == bare(name)
