"""Calls through the openai SDK: the chat completions wire, for OpenAI and every server that speaks it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from govai.doors.failing import below_the_sdk, by_status, timed_out, unreachable, word_of
from govai.doors.family import Request, sdk
from govai.doors.schemas import strict_schema
from govai.policy.hosts import on_azure

if TYPE_CHECKING:
    from collections.abc import Sequence

    from govai.core.errors import ProviderError
    from govai.core.messages import Message
    from govai.flow.transports import Governing
    from govai.policy.registry import Provider

_OWN_HOST = "api.openai.com"


def root_of(provider: Provider) -> str:
    """Return what its paths stand below: Azure serves them below /openai/v1, unless its entry has a base path of its own."""
    return "/openai/v1" if on_azure(provider.host) and not provider.base_path else "/v1"


class OpenAIFamily:
    """The openai SDK."""

    like = "openai"
    wire = "openai_chat"

    def path_of(self, provider: Provider, model: str, *, stream: bool) -> str:  # noqa: ARG002 -- the body says both
        return f"{root_of(provider)}/chat/completions"

    def body(self, request: Request, provider: Provider) -> dict[str, Any]:
        messages = [{"role": "system", "content": request.system}] if request.system else []
        body: dict[str, Any] = {"model": request.model, "messages": messages + [_message(m) for m in request.messages]}
        if request.max_tokens is not None:  # OpenAI's own name for it is newer than most other servers
            body["max_completion_tokens" if _is_new(provider) else "max_tokens"] = request.max_tokens
        if request.temperature is not None:
            body["temperature"] = request.temperature
        if request.schema is not None:
            schema = {"name": request.schema.__name__, "schema": strict_schema(request.schema), "strict": True}
            body["response_format"] = {"type": "json_schema", "json_schema": schema}
        if request.tools:
            body["tools"] = [
                {
                    "type": "function",
                    "function": {"name": t.name, "description": t.description, "parameters": dict(t.parameters)},
                }
                for t in request.tools
            ]
        if request.stream:
            body |= {"stream": True, "stream_options": {"include_usage": True}}
        return body

    def client(self, provider: Provider, governing: Governing) -> Any:
        from govai.doors.wrapping import govern

        made = sdk("openai").OpenAI(
            base_url=provider.base_url + root_of(provider), api_key=provider.key(), max_retries=0
        )
        return govern(made, governing)

    def aclient(self, provider: Provider, governing: Governing) -> Any:
        from govai.doors.wrapping import govern

        made = sdk("openai").AsyncOpenAI(
            base_url=provider.base_url + root_of(provider), api_key=provider.key(), max_retries=0
        )
        return govern(made, governing)

    def in_asyncio(self, client: Any) -> Any:
        return client

    def send(self, client: Any, model: str, body: dict[str, Any], timeout: float) -> Any:  # noqa: ARG002 -- the body names it
        options = {"timeout": timeout, "max_retries": 0}
        return client.post(
            "/chat/completions", cast_to=sdk("openai.types.chat").ChatCompletion, body=body, options=options
        )

    def open(self, client: Any, model: str, body: dict[str, Any], timeout: float) -> Any:  # noqa: ARG002 -- the body names it
        openai, chunk = sdk("openai"), sdk("openai.types.chat").ChatCompletionChunk
        kind = openai.AsyncStream if isinstance(client, openai.AsyncOpenAI) else openai.Stream
        options = {"timeout": timeout, "max_retries": 0}
        return client.post(
            "/chat/completions",
            cast_to=chunk,
            body=body,
            options=options,
            stream=True,
            stream_cls=kind[chunk],
        )

    def embed(self, client: Any, model: str, texts: Sequence[str], timeout: float) -> Any:
        embeddings = client.with_options(max_retries=0).embeddings
        return embeddings.create(model=model, input=list(texts), encoding_format="float", timeout=timeout)

    def vectors(self, native: Any) -> list[list[float]]:
        return [list(one.embedding) for one in sorted(native.data, key=lambda one: one.index)]

    def translate(self, error: Any, provider: str) -> ProviderError | None:
        openai = sdk("openai")
        if isinstance(error, openai.APITimeoutError):
            return timed_out(provider)
        if isinstance(error, openai.APIConnectionError):
            return unreachable(provider)
        if isinstance(error, openai.APIStatusError):
            word = word_of(error.body)
            headers = error.response.headers
            return by_status(error.status_code, provider, word=word, request_id=error.request_id, headers=headers)
        if isinstance(error, openai.APIError):
            return by_status(None, provider, word=word_of(error.body) or str(error.code or ""))
        return below_the_sdk(error, provider)


def _is_new(provider: Provider) -> bool:
    return provider.host == _OWN_HOST or on_azure(provider.host)


def _message(message: Message) -> dict[str, Any]:
    out: dict[str, Any] = {"role": message.role, "content": message.content}
    if message.tool_calls:
        out["tool_calls"] = [
            {
                "id": call.id,
                "type": "function",
                "function": {"name": call.name, "arguments": json.dumps(call.arguments, ensure_ascii=False)},
            }
            for call in message.tool_calls
        ]
        out["content"] = message.content or None
    if message.role == "tool":
        out["tool_call_id"] = message.tool_call_id
    return out
