"""Decorators and scopes: sync, async, generators, methods, in any order."""

from __future__ import annotations

import asyncio
import inspect
import itertools
from collections.abc import Iterator
from typing import Annotated

import pytest
from pydantic import BaseModel

import govai
from govai.core.errors import PolicyError
from govai.core.scope import current


class Customer(BaseModel):
    first_name: Annotated[str, govai.Tag("user.name.first")]
    email: Annotated[str, govai.Tag("user.contact.email")] = "r@exemple.fr"


ANA = Customer(first_name="Renée")


@pytest.fixture(autouse=True)
def _default(gov: govai.Governor) -> None:
    govai.configure(gov)


async def test_ask_on_functions_coroutines_and_methods() -> None:
    @govai.ask("offline:echo", purpose="win_back")
    def plain(c: Customer, tone: str = "doux") -> str:
        """Doc."""
        assert not isinstance(c.first_name, str)
        return f"À {c.first_name}, {tone}"

    @govai.ask("offline:echo", purpose="win_back")
    async def later(c: Customer) -> str:
        return f"À {c.first_name}"

    class Team:
        @govai.ask("offline:echo", purpose="win_back")
        def method(self, name: Annotated[str, govai.Tag("user.name")]) -> str:
            return f"À {name}"

    for reply, text in ((plain(ANA, tone="vif"), "À Renée, vif"), (await later(ANA), "À Renée"), (Team().method("Renée"), "À Renée")):
        assert reply.text == text and "Renée" not in reply.protected
    assert (plain.__name__, plain.__doc__, list(inspect.signature(plain).parameters)) == ("plain", "Doc.", ["c", "tone"])


def test_ask_is_for_prompts_only() -> None:
    with pytest.raises(govai.ConfigError, match="generators"):

        @govai.ask("offline:echo")
        def gen() -> Iterator[str]:
            yield "x"

    with pytest.raises(govai.ConfigError, match="not a prompt"):
        govai.ask("offline:echo")(lambda: 3)()


async def test_governed_tracks_tagged_arguments_in_every_kind_of_function(gov: govai.Governor) -> None:
    hold = govai.governed(purpose="win_back", job="j")
    text = lambda: gov.generate("offline:echo", "brut Renée").protected

    @hold
    def plain(c: Customer) -> str:
        return text()

    @hold
    def gen(c: Customer) -> Iterator[str]:
        yield text()
        yield text()

    @hold
    async def later(c: Customer) -> str:
        return text()

    @hold
    async def agen(c: Customer):
        yield text()
        await asyncio.sleep(0)
        yield text()

    class Team:
        @hold
        def method(self, c: Customer) -> str:
            return text()

        @staticmethod
        @hold
        def static(c: Customer) -> str:
            return text()

    said = [plain(ANA), *gen(ANA), await later(ANA), *[x async for x in agen(ANA)], Team().method(ANA), Team.static(ANA)]
    assert len(said) == 8 and not any("Renée" in one for one in said)
    assert inspect.isgeneratorfunction(gen) and inspect.iscoroutinefunction(later) and inspect.isasyncgenfunction(agen)


async def test_a_generator_s_scope_is_there_while_it_runs_and_nowhere_else() -> None:
    @govai.governed(purpose="win_back")
    def gen() -> Iterator[str]:
        got = yield current().purpose
        try:
            yield f"{got} {current().purpose}"
        except KeyError:
            yield f"caught {current().purpose}"

    running = gen()
    assert next(running) == "win_back" and current().purpose == ""
    assert running.send("sent") == "sent win_back" and current().purpose == ""
    assert running.throw(KeyError()) == "caught win_back" and current().purpose == ""
    running.close()

    @govai.governed(purpose="support")
    async def agen():
        yield current().purpose

    assert [x async for x in agen()] == ["support"] and current().purpose == ""


@pytest.mark.parametrize("order", list(itertools.permutations(range(4))))
def test_any_order(gov: govai.Governor, order: tuple[int, ...]) -> None:
    marks = [govai.governed(purpose="win_back"), govai.block("user.contact"), govai.lineage(job="weekly"), govai.tag(c="user.name.first")]
    fn = lambda c: gov.generate("offline:echo", f"À {c}")
    for at in order:
        fn = marks[at](fn)
    reply = fn("Renée")
    assert "Renée" not in reply.protected if order.index(3) < order.index(0) else True
    (intent,) = gov.ledger.records(kind="intent")
    assert (intent.body["job"], intent.body["purpose"]) == ("weekly", "win_back")
    with pytest.raises(govai.Blocked):
        fn("r@exemple.fr")


def test_blocks_accumulate_and_purposes_stay(gov: govai.Governor) -> None:
    @govai.block(govai.field("email"), govai.Sensitivity.RESTRICTED)
    def inner(c: Customer) -> govai.Reply:
        return gov.generate("offline:echo", "{first_name} {email}", data=c, purpose="win_back")

    with pytest.raises(govai.Blocked, match="email"):
        inner(ANA)
    with govai.scope(block=["user.name"]), pytest.raises(govai.Blocked):
        gov.generate("offline:echo", "{first_name}", data=ANA, purpose="win_back")
    with govai.scope(purpose="support"), pytest.raises(PolicyError, match="cannot change the purpose"), govai.scope(purpose="win_back"):
        pass
    with pytest.raises(govai.ConfigError, match=r"user\.name"):
        govai.block("user.nam")
    with pytest.raises(govai.ConfigError, match="prompt"):
        govai.require_review("marketing", on="promt")


def test_precedence_is_keyword_then_scope_then_bind(gov: govai.Governor) -> None:
    bound = gov.bind(purpose="support", actor="bound", subject="s0")
    bound.generate("offline:echo", "x")
    with govai.scope(purpose="reporting", actor="scoped", session="s"):
        bound.generate("offline:echo", "x")
        bound.generate("offline:echo", "x", purpose="win_back")
    said = [(r.body["purpose"], r.body["actor"]["id"]) for r in gov.ledger.records(kind="intent")]
    assert said == [("support", "bound"), ("reporting", "scoped"), ("win_back", "scoped")]


def test_sessions_share_placeholders_and_conversations_do_not(gov: govai.Governor) -> None:
    call = lambda text: gov.generate("offline:echo", text, data=ANA, purpose="win_back").protected.split()[-1]
    assert call("Un {first_name}") != call("Deux {first_name}")
    with govai.scope(session="campagne"):
        assert call("Un {first_name}") == call("Deux {first_name}")
    assert call("Un {first_name}") == call("Un {first_name}")


def test_lineage_sinks_get_the_records_of_the_job(gov: govai.Governor) -> None:
    memory = govai.sinks.Memory()

    @govai.lineage(job="weekly", sinks=[memory])
    def work() -> None:
        gov.generate("offline:echo", "x")
        gov.generate("offline:echo", "y")

    work()
    gov.generate("offline:echo", "z")
    gov.ledger.flush()
    assert [r.kind for r in memory.records].count("intent") == 2
    assert len({r.body["run_id"] for r in memory.records if r.kind == "intent"}) == 1


def test_module_level_functions_use_the_default_governor(gov: govai.Governor) -> None:
    assert govai.generate("offline:echo", "x").text == "x"
    with govai.stream("offline:echo", "x y") as stream:
        assert "".join(stream) == "x y"
    assert govai.explain("x", model="offline:echo").effect.word == "allow"
