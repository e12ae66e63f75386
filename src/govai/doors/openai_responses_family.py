"""Calls through the openai SDK: the Responses wire, for provider entries that say `api: responses`."""

from __future__ import annotations

import inspect
import json
from functools import cache
from typing import TYPE_CHECKING, Any

from govai.doors.failing import by_status
from govai.doors.family import Request, sdk
from govai.doors.openai_family import OpenAIFamily
from govai.doors.schemas import strict_schema

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Iterator

    from govai.core.errors import ProviderError
    from govai.core.messages import Message
    from govai.policy.registry import Provider


class ResponseFailedError(Exception):
    """A response that came with status 200 and says that it failed; `code` is the provider's own."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class OpenAIResponsesFamily(OpenAIFamily):
    """The openai SDK, through its Responses API. Nothing is left stored at the provider."""

    wire = "openai_responses"

    def path_of(self, model: str, *, stream: bool) -> str:  # noqa: ARG002 -- the body says both
        return "/v1/responses"

    def body(self, request: Request, provider: Provider) -> dict[str, Any]:  # noqa: ARG002 -- the same for every host
        said = [item for message in request.messages for item in _items(message)]
        body: dict[str, Any] = {"model": request.model, "input": said, "store": False}
        if request.system:
            body["instructions"] = request.system
        if request.max_tokens is not None:
            body["max_output_tokens"] = request.max_tokens
        if request.temperature is not None:
            body["temperature"] = request.temperature
        if request.schema is not None:
            schema = {"name": request.schema.__name__, "schema": strict_schema(request.schema), "strict": True}
            body["text"] = {"format": {"type": "json_schema", **schema}}
        if request.tools:  # left out, `strict` would be true here, and not every schema is
            body["tools"] = [
                {
                    "type": "function",
                    "name": t.name,
                    "description": t.description,
                    "parameters": dict(t.parameters),
                    "strict": False,
                }
                for t in request.tools
            ]
        if request.stream:
            body["stream"] = True
        return body

    def send(self, client: Any, model: str, body: dict[str, Any], timeout: float) -> Any:  # noqa: ARG002 -- the body names it
        options = {"timeout": timeout, "max_retries": 0}
        answer = client.post("/responses", cast_to=sdk("openai.types.responses").Response, body=body, options=options)
        return _awaited(answer) if inspect.isawaitable(answer) else _succeeded(answer)

    def open(self, client: Any, model: str, body: dict[str, Any], timeout: float) -> Any:  # noqa: ARG002 -- the body names it
        openai, event = sdk("openai"), sdk("openai.types.responses").ResponseStreamEvent
        kinds = _streams()
        options = {"timeout": timeout, "max_retries": 0}
        return client.post(
            "/responses",
            cast_to=event,
            body=body,
            options=options,
            stream=True,
            stream_cls=kinds[isinstance(client, openai.AsyncOpenAI)],
        )

    def translate(self, error: Any, provider: str) -> ProviderError | None:
        if isinstance(error, ResponseFailedError):
            return by_status(None, provider, word=error.code)
        return super().translate(error, provider)


def _items(message: Message) -> list[dict[str, Any]]:
    if message.role == "tool":
        return [{"type": "function_call_output", "call_id": message.tool_call_id, "output": message.content}]
    said = [{"role": message.role, "content": message.content}] if message.content or not message.tool_calls else []
    calls = [
        {
            "type": "function_call",
            "call_id": call.id,
            "name": call.name,
            "arguments": json.dumps(call.arguments, ensure_ascii=False),
        }
        for call in message.tool_calls
    ]
    return said + calls


def _succeeded(response: Any) -> Any:
    if response.status == "failed":
        raise ResponseFailedError(response.error.code if response.error else "")
    return response


async def _awaited(answer: Awaitable[Any]) -> Any:
    return _succeeded(await answer)


@cache
def _streams() -> tuple[Any, Any]:
    """Return the SDK's two streams, which raise where a response says that it failed."""
    openai, event = sdk("openai"), sdk("openai.types.responses").ResponseStreamEvent

    class ResponseStream(openai.Stream[event]):  # type: ignore[misc, name-defined]
        def __iter__(self) -> Iterator[Any]:
            for event in super().__iter__():
                yield _unfailed(event)

    class AsyncResponseStream(openai.AsyncStream[event]):  # type: ignore[misc, name-defined]
        async def __aiter__(self) -> AsyncIterator[Any]:
            async for event in super().__aiter__():
                yield _unfailed(event)

    return ResponseStream, AsyncResponseStream


def _unfailed(event: Any) -> Any:
    if event.type == "response.failed":
        _succeeded(event.response)
    return event
