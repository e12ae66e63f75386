"""The frameworks that people call models through, and how each is asked: the rows of the table that is tested.

Frameworks are imported where they are asked: each lives in an environment of its own (see run.py), and none is needed to
read this.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass
from typing import Any

from govai.testing import Answer, Request

Asked = str | Coroutine[Any, Any, str]
MODELS = {"openai": "gpt-4o-mini", "anthropic": "claude-haiku-4-5", "mistral": "mistral-small-latest", "google": "gemini-2.5-flash"}
WAYS = ("sync", "async", "stream", "async stream")


@dataclass(frozen=True)
class Row:
    """A framework over one provider's package.

    Attributes:
        package: the distribution whose version counts. make: returns what is asked, made as its manual says.
        asks: by its way, a function of it and of a text, which gives the text of the answer as the caller sees it.
        answer: what the model says, where an echo is not what the framework expects.
        way_out: what an error says to do, where the framework cannot be governed. instead: what to do in its own words.
    """

    framework: str
    package: str
    provider: str
    make: Callable[[], Any]
    asks: Mapping[str, Callable[[Any, str], Asked]]
    what: str = ""
    answer: Callable[[Request], str | Answer] | None = None
    way_out: str = ""
    instead: str = ""

    def __str__(self) -> str:
        return "-".join(filter(None, (self.framework, self.package, self.provider, self.what)))


def text_of(content: Any) -> str:
    """Return the text of a LangChain message's content."""
    return content if isinstance(content, str) else "".join(part.get("text", "") for part in content)


def said_in(request: Request) -> str:
    """Return the line of a prompt that the test said; frameworks put instructions around it."""
    lines = [line.strip() for line in request.said.splitlines()]
    return next(line for line in lines if line.startswith(("Write to ", "Call ")))


# -- LangChain -----------------------------------------------------------------------------------------------------------


async def _langchain_async(model: Any, text: str) -> str:
    return text_of((await model.ainvoke(text)).content)


async def _langchain_async_stream(model: Any, text: str) -> str:
    return "".join([text_of(piece.content) async for piece in model.astream(text)])


LANGCHAIN = {
    "sync": lambda model, text: text_of(model.invoke(text).content),
    "async": _langchain_async,
    "stream": lambda model, text: "".join(text_of(piece.content) for piece in model.stream(text)),
    "async stream": _langchain_async_stream,
}


def _chat_openai(**options: Any) -> Any:
    from langchain_openai import ChatOpenAI

    return ChatOpenAI(model=MODELS["openai"], **options)


def _chat_anthropic() -> Any:
    from langchain_anthropic import ChatAnthropic

    return ChatAnthropic(model=MODELS["anthropic"])


def _chat_mistral() -> Any:
    from langchain_mistralai import ChatMistralAI

    return ChatMistralAI(model=MODELS["mistral"])


def _chat_google() -> Any:
    from langchain_google_genai import ChatGoogleGenerativeAI

    return ChatGoogleGenerativeAI(model=MODELS["google"])


# -- LlamaIndex ----------------------------------------------------------------------------------------------------------


def _messages(text: str) -> list[Any]:
    from llama_index.core.llms import ChatMessage

    return [ChatMessage(role="user", content=text)]


async def _llama_async(llm: Any, text: str) -> str:
    return (await llm.achat(_messages(text))).message.content


async def _llama_async_stream(llm: Any, text: str) -> str:
    return "".join([piece.delta or "" async for piece in await llm.astream_chat(_messages(text))])


LLAMA = {
    "sync": lambda llm, text: llm.chat(_messages(text)).message.content,
    "async": _llama_async,
    "stream": lambda llm, text: "".join(piece.delta or "" for piece in llm.stream_chat(_messages(text))),
    "async stream": _llama_async_stream,
}


def llama_openai() -> Any:
    from llama_index.llms.openai import OpenAI

    return OpenAI(model=MODELS["openai"])


def _llama_responses() -> Any:
    from llama_index.llms.openai import OpenAIResponses

    return OpenAIResponses(model=MODELS["openai"])


def _llama_anthropic() -> Any:
    from llama_index.llms.anthropic import Anthropic

    return Anthropic(model=MODELS["anthropic"])


def _llama_mistral() -> Any:
    from llama_index.llms.mistralai import MistralAI

    return MistralAI(model=MODELS["mistral"])


def _llama_google() -> Any:
    from llama_index.llms.google_genai import GoogleGenAI

    return GoogleGenAI(model=MODELS["google"])


# -- pydantic-ai ---------------------------------------------------------------------------------------------------------


async def _pydantic_async(agent: Any, text: str) -> str:
    return (await agent.run(text)).output


async def _pydantic_async_stream(agent: Any, text: str) -> str:
    async with agent.run_stream(text) as result:
        return "".join([piece async for piece in result.stream_text(delta=True)])


PYDANTIC = {
    "sync": lambda agent, text: agent.run_sync(text).output,
    "async": _pydantic_async,
    "stream": lambda agent, text: "".join(agent.run_stream_sync(text).stream_text(delta=True)),
    "async stream": _pydantic_async_stream,
}


def pydantic_agent(model: str, **options: Any) -> Any:
    from pydantic_ai import Agent

    return Agent(model, **options)


# -- LiteLLM -------------------------------------------------------------------------------------------------------------


def _user(text: str) -> list[dict[str, str]]:
    return [{"role": "user", "content": text}]


def _lite_sync(model: str, text: str) -> str:
    import litellm

    return litellm.completion(model=model, messages=_user(text)).choices[0].message.content


async def _lite_async(model: str, text: str) -> str:
    import litellm

    return (await litellm.acompletion(model=model, messages=_user(text))).choices[0].message.content


def _lite_stream(model: str, text: str) -> str:
    import litellm

    pieces = litellm.completion(model=model, messages=_user(text), stream=True)
    return "".join(piece.choices[0].delta.content or "" for piece in pieces)


async def _lite_async_stream(model: str, text: str) -> str:
    import litellm

    pieces = await litellm.acompletion(model=model, messages=_user(text), stream=True)
    return "".join([piece.choices[0].delta.content or "" async for piece in pieces])


LITE = {"sync": _lite_sync, "async": _lite_async, "stream": _lite_stream, "async stream": _lite_async_stream}


# -- Haystack ------------------------------------------------------------------------------------------------------------


def _chat_messages(text: str) -> list[Any]:
    from haystack.dataclasses import ChatMessage

    return [ChatMessage.from_user(text)]


async def _hay_async(generator: Any, text: str) -> str:
    return (await generator.run_async(_chat_messages(text)))["replies"][0].text


def _hay_stream(generator: Any, text: str) -> str:
    pieces: list[str] = []
    generator.run(_chat_messages(text), streaming_callback=lambda piece: pieces.append(piece.content))
    return "".join(pieces)


async def _hay_async_stream(generator: Any, text: str) -> str:
    pieces: list[str] = []

    async def keep(piece: Any) -> None:
        pieces.append(piece.content)

    await generator.run_async(_chat_messages(text), streaming_callback=keep)
    return "".join(pieces)


HAYSTACK = {
    "sync": lambda generator, text: generator.run(_chat_messages(text))["replies"][0].text,
    "async": _hay_async,
    "stream": _hay_stream,
    "async stream": _hay_async_stream,
}


def _hay_chat() -> Any:
    from haystack.components.generators.chat import OpenAIChatGenerator

    return OpenAIChatGenerator(model=MODELS["openai"])


def _hay_responses() -> Any:
    from haystack.components.generators.chat import OpenAIResponsesChatGenerator

    return OpenAIResponsesChatGenerator(model=MODELS["openai"])


def _hay_pipeline() -> Any:
    from haystack import Pipeline

    pipeline = Pipeline()
    pipeline.add_component("llm", _hay_chat())
    return pipeline


def _through_pipeline(pipeline: Any, text: str) -> str:
    return pipeline.run({"llm": {"messages": _chat_messages(text)}})["llm"]["replies"][0].text


# -- DSPy ----------------------------------------------------------------------------------------------------------------


def _dspy_answer(request: Request) -> str:
    return f"[[ ## answer ## ]]\n{said_in(request)}\n\n[[ ## completed ## ]]"


def _dspy(provider: str, **options: Any) -> Callable[[], Any]:
    def make() -> Any:
        import dspy

        return dspy.LM(f"{'gemini' if provider == 'google' else provider}/{MODELS[provider]}", cache=False, num_retries=0, **options)

    return make


def _dspy_sync(lm: Any, text: str) -> str:
    import dspy

    with dspy.context(lm=lm):
        return dspy.Predict("question -> answer")(question=text).answer


async def _dspy_async(lm: Any, text: str) -> str:
    import dspy

    with dspy.context(lm=lm):
        return (await dspy.Predict("question -> answer").acall(question=text)).answer


async def _dspy_async_stream(lm: Any, text: str) -> str:
    import dspy

    listener = dspy.streaming.StreamListener(signature_field_name="answer")
    with dspy.context(lm=lm):
        pieces = dspy.streamify(dspy.Predict("question -> answer"), stream_listeners=[listener])(question=text)
        return "".join([piece.chunk async for piece in pieces if isinstance(piece, dspy.streaming.StreamResponse)])


DSPY = {"sync": _dspy_sync, "async": _dspy_async, "async stream": _dspy_async_stream}
OWN_ENGINE = "it opens sockets itself: give `dspy.LM` `engine=\"litellm\"`"


# -- instructor ----------------------------------------------------------------------------------------------------------


def letter() -> type[Any]:
    """Return the model of a structured answer: `text` is all it says."""
    from pydantic import BaseModel

    class Letter(BaseModel):
        text: str

    return Letter


def instructor_clients(provider: str, mode: str) -> Callable[[], Any]:
    def make() -> Any:
        import instructor

        named, chosen = f"{provider}/{MODELS[provider]}", instructor.Mode[mode]
        return instructor.from_provider(named, mode=chosen), instructor.from_provider(named, mode=chosen, async_client=True)

    return make


def _instructed(text: str) -> dict[str, Any]:
    return {"messages": _user(text), "response_model": letter(), "max_tokens": 99, "max_retries": 0}


async def _instructor_async(clients: Any, text: str) -> str:
    return (await clients[1].create(**_instructed(text))).text


INSTRUCTOR = {"sync": lambda clients, text: clients[0].create(**_instructed(text)).text, "async": _instructor_async}
INSTRUCTOR_STREAM = {"stream": lambda clients, text: list(clients[0].create_partial(**_instructed(text)))[-1].text}


def _in_json(request: Request) -> Answer:
    return Answer(json={"text": said_in(request)})


ROWS = (
    Row("LangChain", "langchain-openai", "openai", _chat_openai, LANGCHAIN),
    Row("LangChain", "langchain-openai", "openai", lambda: _chat_openai(use_responses_api=True), LANGCHAIN, "Responses"),
    Row("LangChain", "langchain-anthropic", "anthropic", _chat_anthropic, LANGCHAIN),
    Row("LangChain", "langchain-mistralai", "mistral", _chat_mistral, LANGCHAIN),
    Row("LangChain", "langchain-google-genai", "google", _chat_google, LANGCHAIN),
    Row("LlamaIndex", "llama-index-llms-openai", "openai", llama_openai, LLAMA),
    Row("LlamaIndex", "llama-index-llms-openai", "openai", _llama_responses, LLAMA, "Responses"),
    Row("LlamaIndex", "llama-index-llms-anthropic", "anthropic", _llama_anthropic, LLAMA),
    Row("LlamaIndex", "llama-index-llms-mistralai", "mistral", _llama_mistral, LLAMA),
    Row("LlamaIndex", "llama-index-llms-google-genai", "google", _llama_google, LLAMA),
    Row("instructor", "instructor", "openai", instructor_clients("openai", "JSON_SCHEMA"), INSTRUCTOR | INSTRUCTOR_STREAM, "JSON", _in_json),
    Row("instructor", "instructor", "anthropic", instructor_clients("anthropic", "JSON"), INSTRUCTOR, "JSON", _in_json),
    *(
        Row("pydantic-ai", "pydantic-ai-slim", provider, lambda name=f"{prefix}:{MODELS[provider]}": pydantic_agent(name), PYDANTIC, what)
        for prefix, provider, what in (
            ("openai-chat", "openai", ""), ("openai-responses", "openai", "Responses"), ("anthropic", "anthropic", ""),
            ("mistral", "mistral", ""), ("google", "google", ""),
        )
    ),
    *(
        Row("LiteLLM SDK", "litellm", provider, lambda name=f"{prefix}/{MODELS[provider]}": name, LITE, what)
        for prefix, provider, what in (
            ("openai", "openai", ""), ("openai/responses", "openai", "Responses"), ("anthropic", "anthropic", ""),
            ("mistral", "mistral", ""), ("gemini", "google", ""),
        )
    ),
    Row("Haystack", "haystack-ai", "openai", _hay_chat, HAYSTACK),
    Row("Haystack", "haystack-ai", "openai", _hay_responses, HAYSTACK, "Responses"),
    Row("Haystack", "haystack-ai", "openai", _hay_pipeline, {"sync": _through_pipeline}, "in a Pipeline"),
    *(Row("DSPy", "dspy", provider, _dspy(provider, engine="litellm"), DSPY, "engine=\"litellm\"", _dspy_answer) for provider in MODELS),
    *(
        Row("DSPy", "dspy", provider, _dspy(provider), DSPY, "its own engine", _dspy_answer, "go around govai", OWN_ENGINE)
        for provider in ("openai", "anthropic", "google")
    ),
)
