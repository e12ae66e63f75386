"""Calls through the anthropic SDK: the messages wire."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NoReturn

from govai.core.errors import ConfigError
from govai.core.lang import say
from govai.doors.failing import below_the_sdk, by_status, timed_out, unreachable, word_of
from govai.doors.family import Request, sdk

if TYPE_CHECKING:
    from collections.abc import Sequence

    from govai.core.errors import ProviderError
    from govai.core.messages import Message
    from govai.flow.transports import Governing
    from govai.policy.registry import Provider

_PATH = "/v1/messages"
_MAX_TOKENS = 4096  # the API wants a bound; this one fits a long message


class AnthropicFamily:
    """The anthropic SDK."""

    like = "anthropic"
    wire = "anthropic_messages"

    def path_of(self, provider: Provider, model: str, *, stream: bool) -> str:  # noqa: ARG002 -- the same for every host, and the body says both
        return _PATH

    def body(self, request: Request, provider: Provider) -> dict[str, Any]:  # noqa: ARG002 -- the same for every host
        system = [request.system] if request.system else []
        system += [m.content for m in request.messages if m.role == "system"]
        body: dict[str, Any] = {
            "model": request.model,
            "max_tokens": request.max_tokens or _MAX_TOKENS,
            "messages": [_message(m) for m in request.messages if m.role != "system"],
        }
        if system:
            body["system"] = "\n\n".join(system)
        if request.temperature is not None:
            body["temperature"] = request.temperature
        if request.schema is not None:
            schema = sdk("anthropic").transform_schema(request.schema)
            body["output_config"] = {"format": {"type": "json_schema", "schema": schema}}
        if request.tools:
            body["tools"] = [
                {"name": t.name, "description": t.description, "input_schema": dict(t.parameters)}
                for t in request.tools
            ]
        if request.stream:
            body["stream"] = True
        return body

    def client(self, provider: Provider, governing: Governing) -> Any:
        from govai.doors.wrapping import govern

        made = sdk("anthropic").Anthropic(base_url=provider.base_url, api_key=provider.key(), max_retries=0)
        return govern(made, governing)

    def aclient(self, provider: Provider, governing: Governing) -> Any:
        from govai.doors.wrapping import govern

        made = sdk("anthropic").AsyncAnthropic(base_url=provider.base_url, api_key=provider.key(), max_retries=0)
        return govern(made, governing)

    def in_asyncio(self, client: Any) -> Any:
        return client

    def send(self, client: Any, model: str, body: dict[str, Any], timeout: float) -> Any:  # noqa: ARG002 -- the body names it
        options = {"timeout": timeout, "max_retries": 0}
        return client.post(_PATH, cast_to=sdk("anthropic.types").Message, body=body, options=options)

    def open(self, client: Any, model: str, body: dict[str, Any], timeout: float) -> Any:  # noqa: ARG002 -- the body names it
        anthropic, event = sdk("anthropic"), sdk("anthropic.types").RawMessageStreamEvent
        kind = anthropic.AsyncStream if isinstance(client, anthropic.AsyncAnthropic) else anthropic.Stream
        options = {"timeout": timeout, "max_retries": 0}
        return client.post(_PATH, cast_to=event, body=body, options=options, stream=True, stream_cls=kind[event])

    def embed(self, client: Any, model: str, texts: Sequence[str], timeout: float) -> NoReturn:  # noqa: ARG002
        raise ConfigError(
            say("Anthropic has no embeddings", "Anthropic ne propose pas d'embeddings"),
            where="model=",
            todo=say("name a model of another provider", "nommez un modèle d'un autre fournisseur"),
        )

    def vectors(self, native: Any) -> NoReturn:  # noqa: ARG002
        raise AssertionError("there are none")

    def translate(self, error: Any, provider: str) -> ProviderError | None:
        anthropic = sdk("anthropic")
        if isinstance(error, anthropic.APITimeoutError):
            return timed_out(provider)
        if isinstance(error, anthropic.APIConnectionError):
            return unreachable(provider)
        if isinstance(error, anthropic.APIStatusError):
            status = None if error.status_code == 200 else error.status_code  # noqa: PLR2004 -- an error event in a stream
            headers = error.response.headers
            return by_status(status, provider, word=word_of(error.body), request_id=error.request_id, headers=headers)
        return below_the_sdk(error, provider)


def _message(message: Message) -> dict[str, Any]:
    if message.role == "tool":
        result = {"type": "tool_result", "tool_use_id": message.tool_call_id, "content": message.content}
        return {"role": "user", "content": [result]}
    if not message.tool_calls:
        return {"role": message.role, "content": message.content}
    blocks: list[dict[str, Any]] = [{"type": "text", "text": message.content}] if message.content else []
    blocks += [{"type": "tool_use", "id": c.id, "name": c.name, "input": c.arguments} for c in message.tool_calls]
    return {"role": message.role, "content": blocks}
