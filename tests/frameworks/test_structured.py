"""Structured answers: a schema's fields are restored; a tool's arguments stay placeholders, and so does what is made of them."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest

from govai.testing import Answer, Request
from govai.testing.arriving import strings
from tests.frameworks.asking import INSTRUCTOR, MODELS, instructor_clients, letter, pydantic_agent, said_in
from tests.frameworks.conftest import MAIL, NAME, TEXT, Process, answered, needs


def _native(model: str) -> str:
    from pydantic_ai import NativeOutput

    return pydantic_agent(model, output_type=NativeOutput(letter())).run_sync(TEXT).output.text


def _by_tool(model: str) -> str:
    return pydantic_agent(model, output_type=letter()).run_sync(TEXT).output.text


def _langchain(method: str) -> Callable[[str], str]:
    def ask(model: str) -> str:
        from langchain.chat_models import init_chat_model

        return init_chat_model(model).with_structured_output(letter(), method=method).invoke(TEXT).text

    return ask


def _with_tools(provider: str) -> str:
    return answered(INSTRUCTOR["sync"](instructor_clients(provider, "TOOLS")(), TEXT))


NATIVE, TOOL = "as JSON", "by a tool call"
CASES = [
    ("LangChain", "langchain-openai", "openai", f"openai:{MODELS['openai']}", "`method=\"json_schema\"`", _langchain("json_schema"), NATIVE),
    ("LangChain", "langchain-openai", "openai", f"openai:{MODELS['openai']}", "`method=\"function_calling\"`", _langchain("function_calling"), TOOL),
    ("LangChain", "langchain-anthropic", "anthropic", f"anthropic:{MODELS['anthropic']}", "`method=\"json_schema\"`", _langchain("json_schema"), NATIVE),
    ("LangChain", "langchain-anthropic", "anthropic", f"anthropic:{MODELS['anthropic']}", "`method=\"function_calling\"`", _langchain("function_calling"), TOOL),
    ("LangChain", "langchain-mistralai", "mistral", f"mistralai:{MODELS['mistral']}", "`method=\"json_schema\"`", _langchain("json_schema"), NATIVE),
    ("LangChain", "langchain-mistralai", "mistral", f"mistralai:{MODELS['mistral']}", "`method=\"function_calling\"`", _langchain("function_calling"), TOOL),
    ("LangChain", "langchain-google-genai", "google", f"google_genai:{MODELS['google']}", "`method=\"json_schema\"`", _langchain("json_schema"), NATIVE),
    *(("pydantic-ai", "pydantic-ai-slim", provider, model, "`NativeOutput`", _native, NATIVE) for provider, model in (
        ("openai", f"openai-chat:{MODELS['openai']}"), ("anthropic", f"anthropic:{MODELS['anthropic']}"), ("google", f"google:{MODELS['google']}"))),
    *(("pydantic-ai", "pydantic-ai-slim", provider, model, "`output_type`", _by_tool, TOOL) for provider, model in (
        ("openai", f"openai-chat:{MODELS['openai']}"), ("anthropic", f"anthropic:{MODELS['anthropic']}"), ("mistral", f"mistral:{MODELS['mistral']}"), ("google", f"google:{MODELS['google']}"))),
    *(("instructor", "instructor", provider, provider, "`Mode.TOOLS`", _with_tools, TOOL) for provider in ("openai", "anthropic", "mistral")),
]


def fills(request: Request) -> Answer:
    """Answer with the object that is asked for: as a tool's arguments where there are tools, else as JSON."""
    names = [text for place, text in strings(request.field("tools")) if place.endswith("name") and "parameters" not in place]
    said = {"text": said_in(request)}
    return Answer(tool_calls=[(names[0], said)]) if names else Answer(json=said)


@pytest.mark.parametrize(("framework", "package", "provider", "model", "what", "ask", "how"), CASES, ids=lambda value: value if isinstance(value, str) else "")
def test_a_structured_answer(process: Process, tell: Callable[..., None], framework: str, package: str, provider: str, model: str, what: str, ask: Any, how: str) -> None:
    version = needs(package)
    if framework == "LangChain":
        needs("langchain")
    process.provider.always(fills)
    got = ask(model)
    assert got == TEXT if how == NATIVE else re.fullmatch(r"Write to ZqName\w+ at ZqEmail\w+", got)
    process.provider.assert_never_saw(MAIL, NAME)
    assert process.kinds == ["intent", "outcome"]
    note = "" if how == NATIVE else "holds placeholders: a tool's arguments are not restored"
    tell("case", framework=framework, package=package, version=version, provider=provider, what=f"structured answer, {what}", outcome="governed", note=note)
