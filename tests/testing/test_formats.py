"""Every wire format, through the official SDK of it: typed objects that validate, plain and streamed, sync and async."""

from __future__ import annotations

import json
import warnings
from typing import Any

import anthropic
import openai
import pytest
from anthropic.types import Message, RawMessageStreamEvent
from google import genai
from google.genai import errors, types
from mistralai.client import Mistral
from mistralai.client import errors as mistral_errors
from openai.types import Completion, CreateEmbeddingResponse, ImagesResponse, ModerationCreateResponse
from openai.types.chat import ChatCompletion, ChatCompletionChunk
from openai.types.responses import Response, ResponseStreamEvent
from pydantic import BaseModel, TypeAdapter

from govai.testing import Answer, Provider

TEXT = "Écris à ZqNameABCDEFGHIJKL, « merci »."
CALL = ("mail", {"to": "ZqNameABCDEFGHIJKL", "n": 2})
SCHEMA = {"type": "object", "properties": {"name": {"type": "string"}}, "required": ["name"], "additionalProperties": False}


class Told(BaseModel):
    """What a native answer says, in one shape for all SDKs."""

    text: str = ""
    thinking: str = ""
    calls: list[tuple[str, dict]] = []
    finish: str | None = None
    usage: tuple[int | None, int | None] = (None, None)


def strict(kind: Any, native: BaseModel) -> None:
    """The SDKs of openai and anthropic build objects without looking: look."""
    TypeAdapter(kind).validate_python(native.to_dict(mode="json"))


class Chat:
    wire, error, status = "openai", openai.APIStatusError, "status_code"

    def __init__(self, provider: Provider, is_async: bool) -> None:
        http = provider.async_http_client() if is_async else provider.http_client()
        self.client = (openai.AsyncOpenAI if is_async else openai.OpenAI)(http_client=http, api_key="test", max_retries=0)

    def send(self, text: str, stream: bool, schema: bool = False) -> Any:
        form = {"response_format": {"type": "json_schema", "json_schema": {"name": "a", "schema": SCHEMA}}} if schema else {}
        more = {"stream": True, "stream_options": {"include_usage": True}} if stream else {}
        return self.client.chat.completions.create(model="m", messages=[{"role": "user", "content": text}], **form, **more)

    def plain(self, native: ChatCompletion) -> Told:
        strict(ChatCompletion, native)
        (choice,) = native.choices
        calls = [(c.function.name, json.loads(c.function.arguments)) for c in choice.message.tool_calls or []]
        thinking = getattr(choice.message, "reasoning_content", "")
        return Told(text=choice.message.content or "", thinking=thinking, calls=calls, finish=choice.finish_reason, usage=(native.usage.prompt_tokens, native.usage.completion_tokens))

    def events(self, events: list[ChatCompletionChunk]) -> Told:
        text, thinking, calls, finish = "", "", [], None
        for event in events:
            strict(ChatCompletionChunk, event)
            for choice in event.choices:
                text += choice.delta.content or ""
                thinking += getattr(choice.delta, "reasoning_content", None) or ""
                finish = choice.finish_reason or finish
                for call in choice.delta.tool_calls or []:
                    if call.function.name:
                        calls.append([call.function.name, ""])
                    calls[-1][1] += call.function.arguments
        usage = (events[-1].usage.prompt_tokens, events[-1].usage.completion_tokens)
        return Told(text=text, thinking=thinking, calls=[(n, json.loads(a)) for n, a in calls], finish=finish, usage=usage)


class Responses(Chat):
    def send(self, text: str, stream: bool, schema: bool = False) -> Any:
        form = {"text": {"format": {"type": "json_schema", "name": "a", "schema": SCHEMA}}} if schema else {}
        return self.client.responses.create(model="m", input=text, stream=stream, **form)

    def plain(self, native: Response) -> Told:
        strict(Response, native)
        calls = [(o.name, json.loads(o.arguments)) for o in native.output if o.type == "function_call"]
        thinking = "".join(s.text for o in native.output if o.type == "reasoning" for s in o.summary)
        return Told(text=native.output_text, thinking=thinking, calls=calls, finish=native.status, usage=(native.usage.input_tokens, native.usage.output_tokens))

    def events(self, events: list[Any]) -> Told:
        for event in events:
            strict(ResponseStreamEvent, event)
        assert [e.sequence_number for e in events] == list(range(len(events)))
        told = self.plain(events[-1].response)
        deltas = {kind: "".join(e.delta for e in events if e.type == f"response.{kind}.delta") for kind in ("output_text", "reasoning_summary_text")}
        assert (deltas["output_text"], deltas["reasoning_summary_text"]) == (told.text, told.thinking)
        return told


class Messages:
    wire, error, status = "anthropic", anthropic.APIStatusError, "status_code"

    def __init__(self, provider: Provider, is_async: bool) -> None:
        http = provider.async_http_client() if is_async else provider.http_client()
        self.client = (anthropic.AsyncAnthropic if is_async else anthropic.Anthropic)(http_client=http, api_key="test", max_retries=0)

    def send(self, text: str, stream: bool, schema: bool = False) -> Any:
        form = {"output_config": {"format": {"type": "json_schema", "schema": SCHEMA}}} if schema else {}
        return self.client.messages.create(model="m", max_tokens=9, messages=[{"role": "user", "content": text}], stream=stream, **form)

    def plain(self, native: Message) -> Told:
        strict(Message, native)
        told = Told(finish=native.stop_reason, usage=(native.usage.input_tokens, native.usage.output_tokens))
        for block in native.content:
            told.text += block.text if block.type == "text" else ""
            told.thinking += block.thinking if block.type == "thinking" else ""
            told.calls += [(block.name, block.input)] if block.type == "tool_use" else []
        return told

    def events(self, events: list[Any]) -> Told:
        told, calls = Told(), []
        for event in events:
            strict(RawMessageStreamEvent, event)
            if event.type == "content_block_start" and event.content_block.type == "tool_use":
                calls.append([event.content_block.name, ""])
            if event.type == "content_block_delta":
                told.text += getattr(event.delta, "text", "")
                told.thinking += getattr(event.delta, "thinking", "")
                if event.delta.type == "input_json_delta":
                    calls[-1][1] += event.delta.partial_json
            if event.type == "message_delta":
                told.finish, told.usage = event.delta.stop_reason, (event.usage.input_tokens, event.usage.output_tokens)
        told.calls = [(name, json.loads(text)) for name, text in calls]
        return told


class MistralChat:
    wire, error, status = "mistral", mistral_errors.MistralError, "status_code"

    def __init__(self, provider: Provider, is_async: bool) -> None:
        self.is_async = is_async
        self.client = Mistral(api_key="test", client=provider.http_client(), async_client=provider.async_http_client())

    def send(self, text: str, stream: bool, schema: bool = False) -> Any:
        form = {"response_format": {"type": "json_schema", "json_schema": {"name": "a", "schema": SCHEMA}}} if schema else {}
        chat = self.client.chat
        made = (chat.stream_async if stream else chat.complete_async) if self.is_async else (chat.stream if stream else chat.complete)
        return made(model="m", messages=[{"role": "user", "content": text}], **form)

    def plain(self, native: Any) -> Told:
        (choice,) = native.choices
        calls = [(c.function.name, json.loads(c.function.arguments)) for c in choice.message.tool_calls or []]
        return Told(**self._content(choice.message.content), calls=calls, finish=choice.finish_reason, usage=(native.usage.prompt_tokens, native.usage.completion_tokens))

    def events(self, events: list[Any]) -> Told:
        told = Told()
        for event in events:
            (choice,) = event.data.choices
            piece = self._content(choice.delta.content)
            told.text += piece["text"]
            told.thinking += piece["thinking"]
            told.finish = choice.finish_reason or told.finish
            told.calls += [(c.function.name, json.loads(c.function.arguments)) for c in choice.delta.tool_calls or []]
        told.usage = (events[-1].data.usage.prompt_tokens, events[-1].data.usage.completion_tokens)
        return told

    def _content(self, content: Any) -> dict[str, str]:
        if isinstance(content, str):
            return {"text": content, "thinking": ""}
        return {
            "text": "".join(c.text for c in content if c.type == "text"),
            "thinking": "".join(t.text for c in content if c.type == "thinking" for t in c.thinking),
        }


class Generate:
    wire, error, status = "google", errors.APIError, "code"

    def __init__(self, provider: Provider, is_async: bool, **options: Any) -> None:
        http = types.HttpOptions(httpx_client=provider.http_client(), httpx_async_client=provider.async_http_client(), **options)
        self.is_async = is_async
        self.client = genai.Client(api_key="test", http_options=http)

    def send(self, text: str, stream: bool, schema: bool = False) -> Any:
        form = {"config": {"response_json_schema": SCHEMA, "response_mime_type": "application/json"}} if schema else {}
        models = self.client.aio.models if self.is_async else self.client.models
        return (models.generate_content_stream if stream else models.generate_content)(model="gemini-x", contents=text, **form)

    def plain(self, native: types.GenerateContentResponse) -> Told:
        return self.events([native])

    def events(self, events: list[types.GenerateContentResponse]) -> Told:
        told = Told()
        for event in events:
            for part in event.candidates[0].content.parts:
                told.text += (part.text or "") if not part.thought else ""
                told.thinking += (part.text or "") if part.thought else ""
                told.calls += [(part.function_call.name, part.function_call.args)] if part.function_call else []
        told.finish = events[-1].candidates[0].finish_reason.value
        told.usage = (events[-1].usage_metadata.prompt_token_count, events[-1].usage_metadata.candidates_token_count)
        return told


FORMATS = [Chat, Responses, Messages, MistralChat, Generate]
WORLDS = [False, True]


async def ask(sdk: Any, text: str = TEXT, stream: bool = False, schema: bool = False) -> Told:
    """Ask through an SDK in either world, and return what its native answer says."""
    made = sdk.send(text, stream, schema)
    made = await made if hasattr(made, "__await__") else made
    if not stream:
        return sdk.plain(made)
    return sdk.events([e async for e in made] if hasattr(made, "__aiter__") else list(made))


@pytest.fixture(params=[(f, w) for f in FORMATS for w in WORLDS], ids=lambda p: f"{p[0].__name__}-{'async' if p[1] else 'sync'}")
def sdk(request: pytest.FixtureRequest, provider: Provider) -> Any:
    kind, is_async = request.param
    return kind(provider, is_async)


@pytest.fixture
def provider() -> Provider:
    return Provider(chunk=3)


@pytest.mark.parametrize("stream", [False, True])
async def test_unscripted_it_says_what_the_user_said(sdk: Any, provider: Provider, stream: bool) -> None:
    told = await ask(sdk, stream=stream)
    assert told.text == TEXT
    assert told.finish in ("stop", "completed", "end_turn", "STOP")
    assert all(told.usage)
    assert (provider.last.wire, provider.last.said, provider.last.stream) == (sdk.wire, TEXT, stream)
    assert provider.last.model in ("m", "gemini-x")


@pytest.mark.parametrize("stream", [False, True])
async def test_tools_thinking_and_reasons_to_stop(sdk: Any, provider: Provider, stream: bool) -> None:
    provider.answer(Answer(tool_calls=[CALL, ("other", {})], thinking="Hmm, voyons."), Answer("court", finish="length"), Answer(text="les deux", tool_calls=[CALL], usage=(11, 7)))
    called, cut, both = [await ask(sdk, stream=stream) for _ in range(3)]
    assert called.calls == [CALL, ("other", {})]
    assert called.thinking == "Hmm, voyons."
    assert called.text == ""
    assert called.finish in ("tool_calls", "tool_use", "completed", "STOP")
    assert (cut.text, cut.finish in ("length", "max_tokens", "MAX_TOKENS", "incomplete")) == ("court", True)
    assert (both.text, both.calls, both.usage) == ("les deux", [CALL], (11, 7))


@pytest.mark.parametrize("stream", [False, True])
async def test_a_schema_is_met_scripted_or_not(sdk: Any, provider: Provider, stream: bool) -> None:
    assert json.loads((await ask(sdk, stream=stream, schema=True)).text) == {"name": TEXT}
    provider.answer(Answer(json={"name": "Zoé"}))
    assert json.loads((await ask(sdk, stream=stream, schema=True)).text) == {"name": "Zoé"}


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("status", [400, 401, 403, 404, 422, 429, 500, 503, 529])
async def test_errors_are_spelled_as_each_provider_does(sdk: Any, provider: Provider, stream: bool, status: int) -> None:
    provider.answer(Answer(status=status, error="trop", headers={"retry-after": "1"}))
    with pytest.raises(sdk.error) as caught:
        await ask(sdk, stream=stream)
    assert getattr(caught.value, sdk.status) == status
    assert "trop" in str(caught.value) + str(getattr(caught.value, "body", ""))
    assert (await ask(sdk, stream=stream)).text == TEXT  # the next one is well again


async def test_an_error_half_way_through_a_stream(sdk: Any, provider: Provider) -> None:
    provider.answer(Answer(TEXT, status=529, late=True))
    try:
        told = await ask(sdk, stream=True)
    except Exception as error:
        assert type(error).__module__.split(".")[0] in ("openai", "anthropic", "mistralai", "google", "pydantic", "pydantic_core")
    else:  # an SDK that lets it pass must not have taken the answer for whole
        assert told.text != TEXT


@pytest.mark.parametrize("stream", [False, True])
async def test_a_cut_connection_is_no_whole_answer(sdk: Any, provider: Provider, stream: bool) -> None:
    provider.answer(Answer(TEXT, cut=True))
    with pytest.raises(Exception, match="connection|Connection|cut"):
        await ask(sdk, stream=stream)


async def test_a_late_answer_is_the_clients_own_timeout_at_once(provider: Provider) -> None:
    provider.always(Answer(delay=3600))
    with pytest.raises(openai.APITimeoutError):
        Chat(provider, False).client.with_options(timeout=1).chat.completions.create(model="m", messages=[])
    with pytest.raises(anthropic.APITimeoutError):
        await Messages(provider, True).client.with_options(timeout=1).messages.create(model="m", max_tokens=1, messages=[])


async def test_background_responses_come_with_the_get(provider: Provider) -> None:
    client = Chat(provider, False).client
    provider.answer("fait")
    begun = client.responses.create(model="m", input=TEXT, background=True)
    assert (begun.status, begun.output, begun.background) == ("queued", [], True)
    ended = client.responses.retrieve(begun.id)
    strict(Response, ended)
    assert (ended.id, ended.status, ended.output_text) == (begun.id, "completed", "fait")
    assert client.responses.cancel(begun.id).status == "cancelled"
    with pytest.raises(openai.NotFoundError, match="resp_999"):
        client.responses.retrieve("resp_999")
    for _ in range(100):
        client.responses.create(model="m", input="x")
    with pytest.raises(openai.NotFoundError, match="the last 100"):
        client.responses.retrieve(begun.id)


async def test_the_other_endpoints_of_openai(provider: Provider) -> None:
    client = Chat(provider, False).client
    done = client.completions.create(model="m", prompt=TEXT)
    strict(Completion, done)
    assert done.choices[0].text == TEXT
    assert "".join(e.choices[0].text for e in client.completions.create(model="m", prompt=TEXT, stream=True)) == TEXT
    both = client.embeddings.create(model="m", input=["a", "b"], dimensions=5)
    again = client.embeddings.create(model="m", input="a", dimensions=5, encoding_format="float")
    strict(CreateEmbeddingResponse, again)
    assert [len(one.embedding) for one in both.data] == [5, 5]
    assert both.data[0].embedding == pytest.approx(again.data[0].embedding)
    assert both.data[0].embedding != both.data[1].embedding
    provider.answer(Answer(finish="filter"), Answer(vector=[0.5, 1.0]))
    (judged,) = client.moderations.create(input=TEXT).results
    assert judged.flagged
    assert client.embeddings.create(model="m", input="x").data[0].embedding == [0.5, 1.0]
    strict(ModerationCreateResponse, client.moderations.create(input=["a", "b"]))
    drawn = client.images.generate(prompt=TEXT, n=2)
    strict(ImagesResponse, drawn)
    assert len(drawn.data) == 2
    assert provider.last.said == TEXT
    assert len(client.images.edit(image=b"png", prompt=TEXT).data) == 1
    provider.answer("entendu")
    assert client.audio.transcriptions.create(model="m", file=b"wav").text == "entendu"
    assert list(client.models.list()) == []


async def test_the_helpers_of_the_sdks(provider: Provider) -> None:
    class Name(BaseModel):
        name: str

    said = [{"role": "user", "content": TEXT}]
    chat, claude, mistral = Chat(provider, False).client, Messages(provider, False).client, MistralChat(provider, False).client
    assert chat.chat.completions.parse(model="m", messages=said, response_format=Name).choices[0].message.parsed == Name(name=TEXT)
    assert chat.responses.parse(model="m", input=TEXT, text_format=Name).output_parsed == Name(name=TEXT)
    assert claude.messages.parse(model="m", max_tokens=9, messages=said, output_format=Name).parsed_output == Name(name=TEXT)
    assert mistral.chat.parse(Name, model="m", messages=said).choices[0].message.parsed == Name(name=TEXT)
    with chat.chat.completions.stream(model="m", messages=said) as stream:
        assert stream.get_final_completion().choices[0].message.content == TEXT
    with chat.responses.stream(model="m", input=TEXT) as stream:
        assert stream.get_final_response().output_text == TEXT
    provider.answer(Answer(TEXT, thinking="Hmm", tool_calls=[CALL]))
    with claude.messages.stream(model="m", max_tokens=9, messages=said) as stream:
        assert [b.type for b in stream.get_final_message().content] == ["thinking", "text", "tool_use"]
    assert claude.messages.count_tokens(model="m", messages=said).input_tokens > 1


async def test_the_other_endpoints_of_mistral(provider: Provider) -> None:
    client = MistralChat(provider, False).client
    assert client.fim.complete(model="m", prompt="def f(", suffix=")").choices[0].message.content == "def f("
    assert "".join(e.data.choices[0].delta.content for e in client.fim.stream(model="m", prompt="def f(")) == "def f("
    assert client.agents.complete(agent_id="a", messages=[{"role": "user", "content": TEXT}]).choices[0].message.content == TEXT
    made = client.embeddings.create(model="m", inputs=["a", "b"], output_dimension=4)
    assert [len(one.embedding) for one in made.data] == [4, 4]
    assert client.models.list().data == []
    provider.answer(Answer(finish="filter"))
    assert all(client.classifiers.moderate(model="m", inputs=["a"]).results[0].categories.values())
    provider.answer(Answer(status=422))
    with pytest.raises(mistral_errors.HTTPValidationError):
        client.chat.complete(model="m", messages=[{"role": "user", "content": "x"}])


@pytest.mark.parametrize("version", ["v1", "v1beta"])
async def test_google_on_every_path(provider: Provider, version: str) -> None:
    client = Generate(provider, False, api_version=version).client
    assert client.models.generate_content(model="gemini-x", contents=[{"role": "user", "parts": [{"text": TEXT}]}]).text == TEXT
    assert provider.last.path == f"/{version}/models/gemini-x:generateContent"
    assert client.models.count_tokens(model="gemini-x", contents=TEXT).total_tokens > 1
    made = client.models.embed_content(model="gemini-embedding-001", contents=["a", "b"], config={"output_dimensionality": 3})
    assert [len(one.values) for one in made.embeddings] == [3, 3]
    assert client.models.get(model="gemini-x").input_token_limit > 1
    assert len(list(client.models.list())) == 0
    both = client.models.generate_content(model="gemini-x", contents="un chat", config={"response_modalities": ["TEXT", "IMAGE"]})
    assert both.parts[-1].inline_data.mime_type == "image/png"
    chat = client.chats.create(model="gemini-x")
    assert [chat.send_message(word).text for word in ("un", "deux")] == ["un", "deux"]


async def test_google_on_vertex(provider: Provider) -> None:
    http = types.HttpOptions(httpx_client=provider.http_client(), httpx_async_client=provider.async_http_client())
    client = genai.Client(vertexai=True, api_key="test", http_options=http)
    assert client.models.generate_content(model="gemini-x", contents=TEXT).text == TEXT
    assert provider.answers(provider.last.host)
    assert provider.last.path.endswith("publishers/google/models/gemini-x:generateContent")
    assert "".join(e.text for e in client.models.generate_content_stream(model="gemini-x", contents=TEXT)) == TEXT
    assert len(client.models.embed_content(model="text-embedding-005", contents="a").embeddings[0].values) == 8
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the SDK calls it deprecated, once a process
        drawn = client.models.generate_images(model="imagen-x", prompt="un chat", config={"number_of_images": 2})
    assert len(drawn.generated_images) == 2
    assert client.models.count_tokens(model="gemini-x", contents=TEXT).total_tokens > 1


@pytest.mark.parametrize("stream", [False, True])
async def test_claude_on_vertex(provider: Provider, stream: bool) -> None:
    said = [{"role": "user", "content": TEXT}]
    pytest.importorskip("google.auth", reason="needs pip install 'anthropic[vertex]'")
    client = anthropic.AnthropicVertex(region="europe-west1", project_id="p", access_token="t", http_client=provider.http_client(), max_retries=0)
    made = client.messages.create(model="claude-x", max_tokens=9, messages=said, stream=stream)
    told = Messages(provider, False).events(list(made)) if stream else Messages(provider, False).plain(made)
    assert (told.text, provider.last.wire, provider.last.model) == (TEXT, "anthropic", "claude-x")


async def test_an_endpoint_nobody_knows_says_what_is_known(provider: Provider) -> None:
    with pytest.raises(openai.NotFoundError, match="chat/completions"):
        Chat(provider, False).client.files.list()
