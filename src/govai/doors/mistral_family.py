"""Calls through the mistralai SDK: Mistral's chat wire and its embeddings.

The SDK has one class for both worlds and no way to post JSON, so a body is spelled by the SDK's own request model and sent
by its typed method: what `body` gives is what goes out.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from govai.core.errors import ConfigError
from govai.core.lang import say
from govai.doors.failing import below_the_sdk, by_status, unreachable
from govai.doors.family import Request, sdk
from govai.doors.schemas import strict_schema
from govai.wire.codec import parse

if TYPE_CHECKING:
    from collections.abc import Sequence

    from govai.core.errors import ProviderError
    from govai.core.messages import Message
    from govai.flow.transports import Governing
    from govai.policy.registry import Provider

_OK = 200


@dataclass(frozen=True)
class InAsyncio:
    """A governed client of which the `*_async` methods are meant."""

    native: Any

    async def aclose(self) -> None:
        """Close the connections that it uses."""
        from govai.doors.wrapping import aclose

        await aclose(self.native)


class MistralFamily:
    """The mistralai SDK."""

    like = "mistral"
    wire = "mistral_chat"

    def path_of(self, provider: Provider, model: str, *, stream: bool) -> str:  # noqa: ARG002 -- the same for every host, and the body says both
        return "/v1/chat/completions"

    def body(self, request: Request, provider: Provider) -> dict[str, Any]:  # noqa: ARG002 -- the same for every host
        messages = [{"role": "system", "content": request.system}] if request.system else []
        body: dict[str, Any] = {"model": request.model, "messages": messages + [_message(m) for m in request.messages]}
        if request.max_tokens is not None:
            body["max_tokens"] = request.max_tokens
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
        return _spelled(body, stream=request.stream)

    def client(self, provider: Provider, governing: Governing) -> Any:
        from govai.doors.wrapping import govern

        return govern(sdk("mistralai.client").Mistral(server_url=provider.base_url, api_key=provider.key()), governing)

    def aclient(self, provider: Provider, governing: Governing) -> Any:
        return self.in_asyncio(self.client(provider, governing))

    def in_asyncio(self, client: Any) -> Any:
        return InAsyncio(client)

    def send(self, client: Any, model: str, body: dict[str, Any], timeout: float) -> Any:  # noqa: ARG002 -- the body names it
        if isinstance(client, InAsyncio):
            return client.native.chat.complete_async(**body, timeout_ms=_milliseconds(timeout))
        return client.chat.complete(**body, timeout_ms=_milliseconds(timeout))

    def open(self, client: Any, model: str, body: dict[str, Any], timeout: float) -> Any:  # noqa: ARG002 -- the body names it
        if isinstance(client, InAsyncio):
            return client.native.chat.stream_async(**body, timeout_ms=_milliseconds(timeout))
        return client.chat.stream(**body, timeout_ms=_milliseconds(timeout))

    def embed(self, client: Any, model: str, texts: Sequence[str], timeout: float) -> Any:
        """Return the native answer, an awaitable of it for an asyncio client."""
        given: dict[str, Any] = {"model": model, "inputs": list(texts), "timeout_ms": _milliseconds(timeout)}
        if isinstance(client, InAsyncio):
            return client.native.embeddings.create_async(**given)
        return client.embeddings.create(**given)

    def vectors(self, native: Any) -> list[list[float]]:
        """Return the vectors of a native answer, in the order of the texts."""
        return [list(one.embedding) for one in sorted(native.data, key=lambda one: one.index)]

    def translate(self, error: Any, provider: str) -> ProviderError | None:
        errors = sdk("mistralai.client.errors")
        if isinstance(error, errors.NoResponseError):
            return unreachable(provider)
        if isinstance(error, errors.MistralError):
            status = None if error.status_code == _OK else error.status_code  # an answer that is none
            request_id = error.headers.get("mistral-correlation-id")
            return by_status(status, provider, word=_word(error.body), request_id=request_id, headers=error.headers)
        return below_the_sdk(error, provider)


def _spelled(body: dict[str, Any], *, stream: bool) -> dict[str, Any]:
    """Return a body as the SDK's request model spells it.

    Raises:
        ConfigError: an argument that the model does not take; pydantic's own error would show the whole request.
    """
    import pydantic

    models = sdk("mistralai.client.models")
    kind = models.ChatCompletionStreamRequest if stream else models.ChatCompletionRequest
    try:
        spelled: dict[str, Any] = parse(kind.model_validate(body).model_dump_json(by_alias=True).encode())
    except pydantic.ValidationError as error:
        where = sorted({str(problem["loc"][0]) for problem in error.errors(include_input=False)})
    else:
        return spelled
    raise ConfigError(
        say("Mistral takes no such request", "Mistral ne prend pas cette requête"),
        where=", ".join(where),
        todo=say("check this argument of generate()", "vérifiez cet argument de generate()"),
    )


def _milliseconds(seconds: float) -> int:
    return max(1, round(seconds * 1000))


def _word(body: str) -> str:
    """Return what the provider calls an error; its codes are numbers, its types are words."""
    try:
        told = json.loads(body)
    except ValueError:
        return ""
    return str(told.get("type") or "") if isinstance(told, dict) else ""


def _message(message: Message) -> dict[str, Any]:
    out: dict[str, Any] = {"role": message.role, "content": message.content}
    if message.tool_calls:
        out["tool_calls"] = [
            {"id": c.id, "function": {"name": c.name, "arguments": json.dumps(c.arguments, ensure_ascii=False)}}
            for c in message.tool_calls
        ]
    if message.role == "tool":
        out["tool_call_id"] = message.tool_call_id
    return out
