"""An agent with a tool, there and back: the tool gets placeholders, what it returns leaves protected, the answer is restored."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest

from govai.testing import Answer, Request
from tests.frameworks.asking import MODELS, llama_openai, pydantic_agent, text_of
from tests.frameworks.conftest import MAIL, NAME, TEXT, Process, answered, needs

FOUND = f"the mail of {NAME} is {MAIL}"


@dataclass
class Tool:
    """What a tool was called with."""

    got: list[str] = field(default_factory=list)

    def lookup(self, who: str) -> str:
        """Look a customer up."""
        self.got.append(who)
        return FOUND


def _langchain(model: str, tool: Callable[..., str]) -> dict[str, Callable[[str], Any]]:
    from langchain.agents import create_agent

    agent = create_agent(model, tools=[tool])
    last = lambda state: text_of(state["messages"][-1].content)

    async def ask_async(text: str) -> str:
        return last(await agent.ainvoke({"messages": [("user", text)]}))

    return {"sync": lambda text: last(agent.invoke({"messages": [("user", text)]})), "async": ask_async}


def _pydantic(model: str, tool: Callable[..., str]) -> dict[str, Callable[[str], Any]]:
    agent = pydantic_agent(model, tools=[tool])

    async def ask_async(text: str) -> str:
        return (await agent.run(text)).output

    return {"sync": lambda text: agent.run_sync(text).output, "async": ask_async}


def _llama(_model: str, tool: Callable[..., str]) -> dict[str, Callable[[str], Any]]:
    from llama_index.core.agent.workflow import FunctionAgent

    async def ask_async(text: str) -> str:
        return str(await FunctionAgent(tools=[tool], llm=llama_openai()).run(text))

    return {"async": ask_async}


AGENTS = [
    *(("LangChain", package, provider, "`create_agent`", _langchain, f"{prefix}:{MODELS[provider]}", ("sync", "async")) for prefix, package, provider in (
        ("openai", "langchain-openai", "openai"), ("anthropic", "langchain-anthropic", "anthropic"), ("mistralai", "langchain-mistralai", "mistral"), ("google_genai", "langchain-google-genai", "google"))),
    *(("pydantic-ai", "pydantic-ai-slim", provider, what, _pydantic, f"{prefix}:{MODELS[provider]}", ("sync", "async")) for prefix, provider, what in (
        ("openai-chat", "openai", "`Agent`"), ("openai-responses", "openai", "`Agent`, Responses"), ("anthropic", "anthropic", "`Agent`"), ("mistral", "mistral", "`Agent`"), ("google", "google", "`Agent`"))),
    ("LlamaIndex", "llama-index-llms-openai", "openai", "`FunctionAgent`", _llama, "", ("async",)),
]
CASES = [pytest.param(*agent, way, id=f"{agent[0]}-{agent[2]}-{agent[3]}-{way}") for *agent, ways in AGENTS for way in ways]


def calls_then_tells(request: Request) -> str | Answer:
    """Call the tool with what the user said; once there is a result, say it."""
    found = re.search(r"the mail of \w+ is \w+", request.text)
    return f"Done: {found[0]}" if found else Answer(tool_calls=[("lookup", {"who": request.said})])


@pytest.mark.parametrize(("framework", "package", "provider", "what", "make", "model", "way"), CASES)
def test_an_agent_with_a_tool_is_governed_there_and_back(process: Process, tell: Callable[..., None], framework: str, package: str, provider: str, what: str, make: Any, model: str, way: str) -> None:
    version, tool = needs(package), Tool()
    if framework == "LangChain":
        needs("langchain")

    def lookup(who: str) -> str:
        """Look a customer up."""
        return tool.lookup(who)

    asks = make(model, lookup)
    process.start()
    process.provider.always(calls_then_tells)
    assert answered(asks[way](TEXT)) == f"Done: {FOUND}"
    process.provider.assert_never_saw(MAIL, NAME)
    assert process.kinds == ["intent", "outcome"] * 2
    (got,) = tool.got
    assert re.fullmatch(r"Write to ZqName\w+ at ZqEmail\w+", got)
    told = {"framework": framework, "package": package, "version": version, "provider": provider, "what": f"{what} with a tool"}
    tell("case", **told, outcome="governed", note="the tool gets placeholders")
