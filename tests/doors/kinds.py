"""Every kind of native client, and how each is asked: the rows of the matrix that wrapping is tested on."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import anthropic
import anthropic._base_client
import openai
from google import genai
from google.genai import types
from mistralai.client import Mistral
from mistralai.client.utils import BackoffStrategy, RetryConfig


@dataclass(frozen=True)
class Kind:
    """A kind of client: `make(url, **options)`, `ask(client, text, model, stream)` gives the text of the native answer."""

    make: Callable[..., Any]
    ask: Callable[..., Awaitable[str]]
    http: Callable[[Any], list[Any]]
    retrying: Callable[[], dict[str, Any]] = dict  # options with which a client tries three times


def _openai_text(answer: Any) -> str:
    return answer.choices[0].message.content


def _openai_pieces(events: list[Any]) -> str:
    return "".join(e.choices[0].delta.content or "" for e in events if e.choices)


async def _openai(client: Any, text: str, model: str = "echo", stream: bool = False, **extra: Any) -> str:
    made = client.chat.completions.create(model=model, messages=[{"role": "user", "content": text}], stream=stream, **extra)
    return _openai_pieces(list(made)) if stream else _openai_text(made)


async def _aopenai(client: Any, text: str, model: str = "echo", stream: bool = False, **extra: Any) -> str:
    made = await client.chat.completions.create(model=model, messages=[{"role": "user", "content": text}], stream=stream, **extra)
    return _openai_pieces([e async for e in made]) if stream else _openai_text(made)


def _anthropic_pieces(events: list[Any]) -> str:
    return "".join(e.delta.text for e in events if e.type == "content_block_delta")


async def _anthropic(client: Any, text: str, model: str = "echo", stream: bool = False, **extra: Any) -> str:
    made = client.messages.create(model=model, max_tokens=9, messages=[{"role": "user", "content": text}], stream=stream, **extra)
    return _anthropic_pieces(list(made)) if stream else made.content[0].text


async def _aanthropic(client: Any, text: str, model: str = "echo", stream: bool = False, **extra: Any) -> str:
    made = await client.messages.create(model=model, max_tokens=9, messages=[{"role": "user", "content": text}], stream=stream, **extra)
    return _anthropic_pieces([e async for e in made]) if stream else made.content[0].text


def _mistral_pieces(events: list[Any]) -> str:
    return "".join(e.data.choices[0].delta.content or "" for e in events if e.data.choices)


async def _mistral(client: Any, text: str, model: str = "echo", stream: bool = False, **extra: Any) -> str:
    asked = {"model": model, "messages": [{"role": "user", "content": text}], **extra}
    return _mistral_pieces(list(client.chat.stream(**asked))) if stream else _openai_text(client.chat.complete(**asked))


async def _amistral(client: Any, text: str, model: str = "echo", stream: bool = False, **extra: Any) -> str:
    asked = {"model": model, "messages": [{"role": "user", "content": text}], **extra}
    if stream:
        return _mistral_pieces([e async for e in await client.chat.stream_async(**asked)])
    return _openai_text(await client.chat.complete_async(**asked))


async def _google(client: Any, text: str, model: str = "echo", stream: bool = False, **extra: Any) -> str:
    asked = {"model": model, "contents": text, **extra}
    if stream:
        return "".join(e.text or "" for e in client.models.generate_content_stream(**asked))
    return client.models.generate_content(**asked).text


async def _agoogle(client: Any, text: str, model: str = "echo", stream: bool = False, **extra: Any) -> str:
    asked = {"model": model, "contents": text, **extra}
    models = getattr(client, "aio", client).models
    if stream:
        return "".join([e.text or "" async for e in await models.generate_content_stream(**asked)])
    return (await models.generate_content(**asked)).text


def _genai(url: str, **options: Any) -> Any:
    return genai.Client(api_key="k", http_options=types.HttpOptions(base_url=url, api_version="v1beta", **options))


def _vertex_genai(url: str, **options: Any) -> Any:
    from google.oauth2.credentials import Credentials

    given = types.HttpOptions(base_url=url, api_version="v1beta1", **options)
    return genai.Client(enterprise=True, project="p", location="eu", credentials=Credentials("t"), http_options=given)


def _azure(cls: Any) -> Any:
    return lambda url, **k: cls(azure_endpoint=url, api_version="2024-10-21", api_key="sk-x", **k)


_VERTEX = {"region": "eu", "project_id": "p", "access_token": "t"}


def _mistral_retries() -> dict[str, Any]:
    strategy = BackoffStrategy(initial_interval=1, max_interval=5, exponent=1.1, max_elapsed_time=60_000, jitter_ms=0)
    return {"retry_config": RetryConfig("backoff", strategy, retry_connection_errors=True)}


def _google_retries() -> dict[str, Any]:
    return {"retry_options": types.HttpRetryOptions(attempts=3, initial_delay=0.001, max_delay=0.005, jitter=0.0)}


_native = lambda client: [client._client]
_sdk = lambda client: [client.sdk_configuration.client, client.sdk_configuration.async_client]
_api = lambda client: [client._api_client._httpx_client, client._api_client._async_httpx_client]

KINDS = {
    "openai": Kind(lambda url, **k: openai.OpenAI(base_url=url + "/v1", api_key="sk-x", **k), _openai, _native),
    "aopenai": Kind(lambda url, **k: openai.AsyncOpenAI(base_url=url + "/v1", api_key="sk-x", **k), _aopenai, _native),
    "azure": Kind(_azure(openai.AzureOpenAI), _openai, _native),
    "aazure": Kind(_azure(openai.AsyncAzureOpenAI), _aopenai, _native),
    "anthropic": Kind(lambda url, **k: anthropic.Anthropic(base_url=url, api_key="sk-x", **k), _anthropic, _native),
    "aanthropic": Kind(lambda url, **k: anthropic.AsyncAnthropic(base_url=url, api_key="sk-x", **k), _aanthropic, _native),
    "foundry": Kind(lambda url, **k: anthropic.AnthropicFoundry(base_url=url, api_key="sk-x", **k), _anthropic, _native),
    "afoundry": Kind(lambda url, **k: anthropic.AsyncAnthropicFoundry(base_url=url, api_key="sk-x", **k), _aanthropic, _native),
    "vertex-anthropic": Kind(lambda url, **k: anthropic.AnthropicVertex(base_url=url + "/v1", **_VERTEX, **k), _anthropic, _native),
    "avertex-anthropic": Kind(lambda url, **k: anthropic.AsyncAnthropicVertex(base_url=url + "/v1", **_VERTEX, **k), _aanthropic, _native),
    "mistral": Kind(lambda url, **k: Mistral(server_url=url, api_key="k", **k), _mistral, _sdk, _mistral_retries),
    "amistral": Kind(lambda url, **k: Mistral(server_url=url, api_key="k", **k), _amistral, _sdk, _mistral_retries),
    "google": Kind(_genai, _google, _api, _google_retries),
    "agoogle": Kind(_genai, _agoogle, _api, _google_retries),
    "vertex": Kind(_vertex_genai, _google, _api, _google_retries),
    "avertex": Kind(_vertex_genai, _agoogle, _api, _google_retries),
}


# What the installed SDKs ride on: httpx2, and httpx in the majors before.
HTTP = getattr(anthropic._base_client, "httpx2", None) or anthropic._base_client.httpx


async def close(client: Any) -> None:
    """Close a client of any kind, as its documentation says."""
    if hasattr(client, "sdk_configuration"):
        async with client:
            client.__exit__(None, None, None)
        return
    if isinstance(client, genai.Client):
        client.close()
        await client.aio.aclose()
        return
    closed = client.close()
    if closed is not None:
        await closed
