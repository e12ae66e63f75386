"""Calls through the openai SDK: the Responses wire, for provider entries that say `api: responses`."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from govai.doors.family import Request, sdk
from govai.doors.openai_family import OpenAIFamily, root_of
from govai.doors.schemas import strict_schema

if TYPE_CHECKING:
    from govai.core.messages import Message
    from govai.policy.registry import Provider


class OpenAIResponsesFamily(OpenAIFamily):
    """The openai SDK, through its Responses API. Nothing is left stored at the provider."""

    wire = "openai_responses"

    def path_of(self, provider: Provider, model: str, *, stream: bool) -> str:  # noqa: ARG002 -- the body says both
        return f"{root_of(provider)}/responses"

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
        return client.post("/responses", cast_to=sdk("openai.types.responses").Response, body=body, options=options)

    def open(self, client: Any, model: str, body: dict[str, Any], timeout: float) -> Any:  # noqa: ARG002 -- the body names it
        openai, event = sdk("openai"), sdk("openai.types.responses").ResponseStreamEvent
        kind = openai.AsyncStream if isinstance(client, openai.AsyncOpenAI) else openai.Stream
        options = {"timeout": timeout, "max_retries": 0}
        return client.post(
            "/responses",
            cast_to=event,
            body=body,
            options=options,
            stream=True,
            stream_cls=kind[event],
        )


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
