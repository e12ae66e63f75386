"""One interface over the providers, against a local server that speaks their wire, through the official SDKs."""

from __future__ import annotations

import asyncio
import json
from typing import Annotated

import pytest
from pydantic import BaseModel

import govai
from tests.server import Server

ROW = {"prenom": "Renée", "email": "renee.aubrac@exemple.fr", "motif": "prix trop élevé", "note": "La rappeler au 06 12 34 56 78 le soir, elle préfère cela"}
SECRETS = ("Renée", "renee.aubrac@exemple.fr", "06 12 34 56 78", "sk-test-key")
PROMPT = "Écris à {prenom} ({email}), partie pour : {motif}. Note : {note}"
SAID = "Écris à Renée (renee.aubrac@exemple.fr), partie pour : prix trop élevé. Note : La rappeler au 06 12 34 56 78 le soir, elle préfère cela"
MODELS = ["near:echo", "nearby:echo", "answers:echo", "offline:echo"]


async def every_way(gov: govai.Governor, model: str, *args, **kwargs) -> list[govai.Reply]:
    """The same call through generate, agenerate, stream and astream."""
    replies = [await asyncio.to_thread(gov.generate, model, *args, **kwargs), await gov.agenerate(model, *args, **kwargs)]
    with gov.stream(model, *args, **kwargs) as stream:
        pieces = list(stream)
    assert "".join(pieces) == stream.reply.text
    replies.append(stream.reply)
    async with gov.astream(model, *args, **kwargs) as astream:
        apieces = [piece async for piece in astream]
    assert "".join(apieces) == astream.reply.text
    return [*replies, astream.reply]


@pytest.mark.parametrize("model", MODELS)
async def test_what_leaves_is_protected_and_what_returns_is_restored_in_every_way(gov: govai.Governor, server: Server, model: str) -> None:
    server.log.clear()
    for reply in await every_way(gov, model, PROMPT, data=ROW, purpose="win_back"):
        assert reply.text == SAID
        assert not any(secret in reply.protected + str(reply.sent) + repr(reply) + reply._repr_html_() for secret in SECRETS)
        assert "prix trop élevé" in reply.protected
        assert reply.usage.input_tokens and reply.usage.output_tokens
        assert reply.decision and reply.decision.effect.word == "pseudonymise"
    assert not any(secret.encode() in raw for secret in SECRETS for raw in server.bodies)
    await gov.aclose()


@pytest.mark.parametrize("model", MODELS)
async def test_each_call_leaves_one_intent_and_one_outcome_without_raw_values(gov: govai.Governor, model: str) -> None:
    await every_way(gov, model, PROMPT, data=ROW, purpose="win_back")
    records = list(gov.ledger.records())
    assert [r.kind for r in records].count("intent") == [r.kind for r in records].count("outcome") == 4
    assert {r.body["status"] for r in records if r.kind == "outcome"} == {"completed"}
    text = json.dumps([r.to_json() for r in records], ensure_ascii=False)
    assert not any(secret in text for secret in SECRETS)
    assert gov.ledger.verify().ok
    await gov.aclose()


@pytest.mark.parametrize("model", MODELS)
async def test_a_refusal_is_the_same_in_every_way_and_nothing_leaves(gov: govai.Governor, server: Server, model: str) -> None:
    server.log.clear()
    row = {"prenom": "Ana", "sante": "diabète de type 1"}
    calls = [
        lambda: asyncio.to_thread(gov.generate, model, "Sur {sante}", data=row, purpose="win_back"),
        lambda: gov.agenerate(model, "Sur {sante}", data=row, purpose="win_back"),
        lambda: asyncio.to_thread(gov.stream(model, "Sur {sante}", data=row, purpose="win_back").__enter__),
        lambda: gov.astream(model, "Sur {sante}", data=row, purpose="win_back").__aenter__(),
    ]
    for call in calls:
        with pytest.raises(govai.Blocked) as caught:
            await call()
        assert caught.value.decision.rules == ("floor-special-category",)
        assert "diabète" not in f"{caught.value}{caught.value!r}{caught.value.args}{caught.value.decision}"
    assert server.log == []
    assert [r.kind for r in gov.ledger.records()] == ["refusal"] * 4
    await gov.aclose()


def test_data_takes_models_dataclasses_callables_and_series(gov: govai.Governor) -> None:
    import dataclasses

    import pandas as pd

    class Customer(BaseModel):
        first_name: Annotated[str, govai.Tag("user.name.first")]
        ltv: Annotated[float, govai.Tag(sensitivity="internal")]

    @dataclasses.dataclass
    class Row:
        first_name: Annotated[str, govai.Tag("user.name.first")]
        ltv: Annotated[float, govai.Tag(sensitivity="internal")]

    series = pd.Series({"first_name": "Renée", "ltv": 12.5})
    for data in (Customer(first_name="Renée", ltv=12.5), Row("Renée", 12.5)):
        reply = gov.generate("offline:echo", lambda c: f"À {c.first_name}, {c.ltv:.2f}", data=data, purpose="win_back")
        assert (reply.text, "Renée" in reply.protected) == ("À Renée, 12.50", False)
    assert gov.generate("offline:echo", "À {first_name}", data=series, purpose="win_back").text == "À Renée"
    both = gov.generate("offline:echo", lambda rows: " et ".join(f"{r.first_name}" for r in rows), data=[{"first_name": "Ana"}, {"first_name": "Zoé"}], purpose="win_back")
    assert both.text == "Ana et Zoé"


def test_messages_system_and_history_keep_the_same_placeholders(gov: govai.Governor) -> None:
    first = [govai.Message("user", "Je suis ana@exemple.fr")]
    one = gov.generate("near:echo", messages=first, purpose="support", system="Réponds à ana@exemple.fr")
    more = [*first, govai.Message("assistant", "Bonjour ana@exemple.fr"), govai.Message("user", "ana@exemple.fr encore")]
    two = gov.generate("near:echo", messages=more, purpose="support", system="Réponds à ana@exemple.fr")
    assert dict(one.sent)["messages[1].content"] == dict(two.sent)["messages[1].content"]
    assert "ana@exemple.fr" not in str(two.sent)
    assert two.text == "ana@exemple.fr encore"


def test_schema_gives_parsed_and_escapes_what_it_restores(gov: govai.Governor) -> None:
    class Answer(BaseModel):
        name: str

    quoted = gov.generate("near:echo", lambda c: '{"name": "' + c.prenom + '"}', data={"prenom": 'Re"née\\'}, purpose="win_back", schema=Answer)
    assert quoted.parsed == Answer(name='Re"née\\')
    with pytest.raises(govai.ProviderError, match="does not fit Answer") as caught:
        gov.generate("near:echo", "bonjour ana@exemple.fr", purpose="support", schema=Answer)
    assert "ana@" not in str(caught.value)


@pytest.mark.parametrize("model", ["near:tool", "nearby:tool", "answers:tool"])
@pytest.mark.parametrize(("receives", "restored"), [((), False), (("user.contact",), True), (("user.name",), False)])
def test_tool_arguments_are_restored_only_for_what_the_tool_receives(gov: govai.Governor, model: str, receives: tuple, restored: bool) -> None:
    def mail(to: str) -> None:
        """Send a message."""

    reply = gov.generate(model, "ana@exemple.fr", purpose="support", tools=[govai.tool(mail, receives=receives)])
    (call,) = reply.tool_calls
    assert call.name == "mail"
    assert (call.arguments["to"] == "ana@exemple.fr") is restored
    assert "ana@exemple.fr" not in reply.protected


@pytest.mark.parametrize("model", ["near", "nearby", "answers"])
@pytest.mark.parametrize(
    ("status", "kind", "attempts"),
    [(400, govai.InvalidRequest, 1), (401, govai.AuthenticationFailed, 1), (403, govai.AuthenticationFailed, 1), (404, govai.InvalidRequest, 1),
     (408, govai.ProviderTimeout, 3), (413, govai.ContextTooLong, 1), (429, govai.RateLimited, 3), (500, govai.ProviderUnavailable, 3), (529, govai.ProviderUnavailable, 3)],
)
def test_provider_errors_are_one_tree_and_only_transient_ones_are_retried(gov: govai.Governor, server: Server, model: str, status: int, kind: type, attempts: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tenacity.nap.time.sleep", lambda _s: None)
    server.log.clear()
    with pytest.raises(kind) as caught:
        gov.generate(f"{model}:status-{status}", "bonjour ana@exemple.fr", purpose="support")
    assert type(caught.value) is kind
    assert caught.value.status == status
    assert caught.value.__cause__ is None and "ana@" not in repr(caught.value) + str(caught.value)
    assert len(server.log) == attempts
    outcomes = [r for r in gov.ledger.records(kind="outcome")]
    assert [r.body["status"] for r in outcomes] == ["failed"] * attempts
    assert len({r.call_id for r in outcomes}) == 1


def test_a_transient_failure_is_survived_and_a_fallback_taken(gov: govai.Governor, server: Server) -> None:
    assert gov.generate("near:status-503x1", "bonjour").text == "bonjour"
    reply = gov.generate(["near:status-401", "nearby:echo"], "bonjour")
    assert (reply.provider, reply.text) == ("nearby", "bonjour")


def test_no_connection_is_provider_unavailable(policy: dict, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tenacity.nap.time.sleep", lambda _s: None)
    for entry in policy["providers"].values():
        entry["host"] = "127.0.0.1:9"
    with govai.Governor(policy, ledger=":memory:", actor="ana") as gov:
        for model in ("near:echo", "nearby:echo", "answers:echo"):
            with pytest.raises(govai.ProviderUnavailable):
                gov.generate(model, "bonjour")


def test_the_same_key_is_answered_once(gov: govai.Governor, server: Server) -> None:
    server.log.clear()
    one, two = (gov.generate("near:echo", "Écris à {prenom}", data=ROW, purpose="win_back", key="k") for _ in range(2))
    other = gov.generate("near:echo", "Écris encore à {prenom}", data=ROW, purpose="win_back", key="k")
    assert one.text == two.text == "Écris à Renée"
    assert one.record_id == two.record_id != other.record_id
    assert len(server.log) == 2


def test_a_native_client_can_be_given(gov: govai.Governor, server: Server) -> None:
    from anthropic import Anthropic
    from openai import OpenAI

    client = OpenAI(base_url=server.url + "/v1", api_key="x")
    assert gov.generate("near:echo", "à ana@exemple.fr", purpose="support", client=client).text == "à ana@exemple.fr"
    assert "ana@" not in server.bodies[-1].decode()
    with pytest.raises(govai.ConfigError, match="does not speak openai"):
        gov.generate("near:echo", "x", client=Anthropic(base_url=server.url, api_key="x"))


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda g: g.generate("near", "x"), "provider:model"),
        (lambda g: g.generate("neer:echo", "x"), "'near'"),
        (lambda g: g.generate("offline:ecko", "x"), "404"),
        (lambda g: g.generate("near:echo", ""), "empty"),
        (lambda g: g.generate("near:echo", "  "), "empty"),
        (lambda g: g.generate("near:echo"), "empty"),
        (lambda g: g.generate(None, "x"), "(model=)"),
        (lambda g: g.generate([], "x"), "(model=)"),
        (lambda g: g.generate(["near:echo", None], "x"), "(model=)"),
        (lambda g: g.embed(3, "x"), "(model=)"),
        (lambda g: g.generate("near:echo", "x", timeout="10"), "(timeout=) — give a number of seconds"),
        (lambda g: g.stream("near:echo", "x", timeout=0), "(timeout=)"),
        (lambda g: g.embed("near:echo", "x", timeout=float("nan")), "(timeout=)"),
        (lambda g: g.generate("near:echo", "x", temperature="hot"), "(temperature=) — give a number, 0 or more"),
        (lambda g: g.generate("near:echo", "x", temperature=-1), "(temperature=)"),
        (lambda g: g.generate("near:echo", "x", max_tokens=1.5), "(max_tokens=)"),
        (lambda g: g.generate("near:echo", "x", max_tokens=True), "(max_tokens=)"),
        (lambda g: g.generate("near:echo", "x", purpose="winback"), "'win_back'"),
        (lambda g: g.generate("near:echo", "{prenon}", data={"prenom": "Ana"}, purpose="win_back"), "'prenom'"),
        (lambda g: g.generate("near:echo", "{prenom", data={"prenom": "Ana"}, purpose="win_back"), "braces"),
        (lambda g: g.generate("near:echo", "x", data=[]), "empty list"),
        (lambda g: g.generate("near:echo", "x", data=3), "not a row"),
        (lambda g: g.generate("near:echo", lambda c: "x"), "needs data="),
        (lambda g: g.generate("near:echo", "x", tools=[3]), "not a tool"),
        (lambda g: g.generate("near:echo", "x", tools=[{"name": "a", "parameters": {"x": object()}}]), "not JSON"),
        (lambda g: g.generate("near:echo", "x", tools=[lambda x, *y: x]), "cannot be described"),
        (lambda g: g.generate("near:echo", "x", schema=dict), "pydantic model"),
        (lambda g: g.generate("near:echo", "x", review="asq"), "review mode"),
        (lambda g: g.generate("near:echo", messages=["x"]), "not a message"),
        (lambda g: g.generate("openai:gpt", "x"), "OPENAI_API_KEY"),
        (lambda g: g.generate("mistral:m", "x"), "MISTRAL_API_KEY"),
        (lambda g: govai.tool(print, receives=["user.nam"]), "user.name"),
        (lambda g: govai.Pattern("user.nam", "x"), "user.name"),
        (lambda g: govai.Pattern("user.name", "("), "RE2"),
        (lambda g: govai.Tag("user.nam"), "user.name"),
        (lambda g: g.wrap(object()), "cannot be wrapped"),
        (lambda g: g.resume("nope"), "no such ticket"),
        (lambda g: g.bind(purpose="winback"), "'win_back'"),
    ],
)
def test_a_mistake_gets_one_clear_error(gov: govai.Governor, call, says: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    with pytest.raises(govai.GovaiError) as caught:
        call(gov)
    assert says in str(caught.value)
    assert str(caught.value).startswith("[GOVAI-")


def test_a_missing_sdk_names_the_command(gov: govai.Governor, monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    monkeypatch.setitem(sys.modules, "openai", None)
    with pytest.raises(govai.ConfigError, match="pip install openai$"):
        gov.generate("near:echo", "x")


def test_personal_data_needs_a_purpose_and_consent_is_not_assumed(gov: govai.Governor, policy: dict) -> None:
    with pytest.raises(govai.PurposeRequired):
        gov.generate("offline:echo", "écris à ana@exemple.fr")
    policy["purposes"] = {"club": {"basis": "consent"}}
    with govai.Governor(policy, ledger=":memory:") as strict, pytest.raises(govai.ConsentRequired):
        strict.generate("offline:echo", "écris à ana@exemple.fr", purpose="club")


def test_explain_says_what_a_call_would_do_and_sends_nothing(gov: govai.Governor, server: Server) -> None:
    server.log.clear()
    decision = gov.explain(PROMPT, model="near:echo", purpose="win_back", data=ROW)
    reply = gov.generate("near:echo", PROMPT, data=ROW, purpose="win_back")
    assert decision == reply.decision
    assert len(server.log) == 1
    assert [r.kind for r in gov.ledger.records()] == ["intent", "outcome"]


def test_observe_changes_nothing_but_the_floor(policy: dict, server: Server) -> None:
    with govai.Governor(policy, ledger=":memory:", mode="observe", actor="ana") as gov:
        gov.generate("near:echo", PROMPT, data=ROW, purpose="win_back")
        assert "Renée" in server.bodies[-1].decode()
        assert ["identifiers", "pseudonymise"] in next(gov.ledger.records()).body["decision"]["observed"]
        with pytest.raises(govai.Blocked):
            gov.generate("near:echo", "{sante}", data={"sante": "diabète"}, purpose="win_back")


def test_a_sealed_reference_that_died_or_was_cut_refuses_the_call(gov: govai.Governor) -> None:
    from govai.core.errors import PolicyError

    sealed = govai.seal({"prenom": "Ana"})
    reference = f"{sealed.prenom}"
    for broken in (reference[:-1], "gvR" + "A" * 20):
        with pytest.raises(PolicyError, match="dead, cut or altered"):
            gov.generate("offline:echo", f"Écris à {broken}", purpose="win_back")
    assert gov.generate("offline:echo", f"Écris à {reference}", purpose="win_back").text == "Écris à Ana"


def test_of_two_spellings_the_declared_one_is_restored(gov: govai.Governor) -> None:
    reply = gov.generate("offline:echo", "{note} — {prenom}", data={"note": "IDRIS a écrit une longue lettre hier", "prenom": "Idris"}, purpose="win_back")
    assert reply.text == "Idris a écrit une longue lettre hier — Idris"
