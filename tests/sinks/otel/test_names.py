"""Every name is the conventions' or is ours, and what is told uses no other."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

import govai
from govai.sinks.otel import names
from govai.wire.formats import FORMATS

OURS = {name: value for name, value in vars(names).items() if name.isupper() and isinstance(value, str) and value.startswith(("gen_ai.", "govai.", "server.", "error."))}


def registry(shared: Path) -> dict:
    return yaml.safe_load((shared / "standards/otel-genai/genai_inference_span_current.yaml").read_text("utf-8"))


def attributes(registry: dict) -> set[str]:
    groups = registry["attributes"]
    return {name for group in ("required", "conditionally_required", "recommended", "opt_in") for name in groups[group]}


def test_every_name_is_in_the_registry_or_ours(shared: Path) -> None:
    known = attributes(registry(shared))
    legacy = {"gen_ai.token.type"}  # of v1.36's metric alone
    assert {name for name in OURS.values() if not name.startswith("govai.")} - legacy <= known
    assert names.VERSIONS["v0.1"].provider in known


def test_metrics_are_the_registrys(shared: Path) -> None:
    known = registry(shared)["metrics"]
    current, legacy = names.VERSIONS["v0.1"], names.VERSIONS["v1.36"]
    spelled = [name.partition(" ")[0] for name in known["current"]]
    assert {current.duration.name, *(one.name for one in current.usage.values())} <= set(spelled)
    assert {legacy.duration.name, *(one.name for one in legacy.usage.values())} == set(known["deployed_in_util_genai_1.3b0"])


def test_nothing_removed_or_unmerged_is_used(shared: Path) -> None:
    gone = set(registry(shared)["removed_or_deprecated"])
    assert not set(OURS.values()) & gone
    assert not [name for name in OURS.values() if name.startswith(("gen_ai.security.", "gen_ai.guardian."))]


def test_what_has_a_well_known_value_has_it(shared: Path) -> None:
    known = registry(shared)["enums"]
    for wire in FORMATS:
        host = "127.0.0.1"
        assert names.provider(host, wire.name, "mine") in known["gen_ai.provider.name"]
    told = {names.operation("generate", wire.name) for wire in FORMATS if any(e.operation.value == "generate" for e in wire.endpoints)}
    assert told <= set(known["gen_ai.operation.name"])
    assert {names.operation(done, "openai_chat") for done in ("embed", "render", "fetch")} <= set(known["gen_ai.operation.name"])


@pytest.mark.parametrize(
    ("host", "spoken", "expected"),
    [
        ("api.openai.com", "openai_chat", "openai"),
        ("api.mistral.ai", "mistral_chat", "mistral_ai"),
        ("generativelanguage.googleapis.com", "google_generate", "gcp.gemini"),
        ("europe-west1-aiplatform.googleapis.com", "anthropic_messages", "gcp.vertex_ai"),
        ("aiplatform.googleapis.com", "google_generate", "gcp.vertex_ai"),
        ("mine.openai.azure.com", "openai_chat", "azure.ai.openai"),
        ("bedrock-runtime.eu-west-3.amazonaws.com", "anthropic_messages", "aws.bedrock"),
        ("api.groq.com", "openai_chat", "groq"),
        ("api.x.ai", "openai_chat", "x_ai"),
        ("notopenai.azure.com", "openai_chat", "openai"),
        ("api.groq.com.evil.example", "openai_chat", "openai"),
    ],
)
def test_a_provider_is_known_by_its_host_first(host: str, spoken: str, expected: str) -> None:
    assert names.provider(host, spoken, "entry") == expected


@given(st.text(), st.text(), st.text())
def test_there_is_always_a_provider(host: str, spoken: str, entry: str) -> None:
    assert names.provider(host, spoken, entry)


@pytest.mark.parametrize("genai", sorted(names.VERSIONS))
def test_all_that_is_told_is_named_here(policy: dict, told, everything, genai: str) -> None:
    with govai.Governor(policy, ledger=":memory:", actor="ana", sinks=[told.sink(genai)]) as gov:
        everything(gov)
    known = set(OURS.values()) | {names.VERSIONS[genai].provider}
    used = {name for span in told.spans for name in span.attributes}
    assert used <= known
    others = {one.provider for version, one in names.VERSIONS.items() if version != genai}
    assert not used & others
    counted = {name for points in told.metrics.values() for point in points for name in point.attributes}
    assert counted <= known
    conventions = names.VERSIONS[genai]
    assert set(told.metrics) == {conventions.duration.name, *(one.name for one in conventions.usage.values())}


def test_every_attribute_is_documented() -> None:
    page = (Path(__file__).parents[3] / "docs/reference/telemetry.md").read_text("utf-8")
    metrics = [one.name for version in names.VERSIONS.values() for one in (version.duration, *version.usage.values())]
    providers = [version.provider for version in names.VERSIONS.values()]
    assert [name for name in (*OURS.values(), *metrics, *providers) if f"`{name}`" not in page] == []
