"""Calls through the google-genai SDK: the generateContent wire, of the Gemini API.

Always by v1beta: it takes every field of the wire (tools, thinking, JSON schemas), where v1 takes those that are final.
For another version, or for Vertex AI, give a client of your own: `client=genai.Client(…)`.

The SDK builds its bodies from its own types. `extra_body`, which lays the caller's JSON over what it built, makes it post
ours just as it is, with the SDK's own paths, credentials, answers and errors.
"""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import httpx2

from govai.doors.failing import below_the_sdk, by_status, unreadable
from govai.doors.family import Request, sdk
from govai.doors.google_turns import contents
from govai.flow.transports import AsyncGovernedTransport, GovernedTransport

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator, Sequence

    from govai.core.errors import ProviderError
    from govai.flow.transports import Governing
    from govai.policy.registry import Provider

_VERSION = "v1beta"
_OK = 200
_OVERLAID = "-"  # the SDK wants contents; the body's own take their place


class GoogleFamily:
    """The google-genai SDK."""

    like = "google"
    wire = "google_generate"

    def path_of(self, provider: Provider, model: str, *, stream: bool) -> str:  # noqa: ARG002 -- the same for every host
        named = quote(model if "/" in model else f"models/{model}", safe="/@")
        return f"/{_VERSION}/{named}:{'streamGenerateContent' if stream else 'generateContent'}"

    def body(self, request: Request, provider: Provider) -> dict[str, Any]:  # noqa: ARG002 -- the same for every host
        config: dict[str, Any] = {}
        if request.max_tokens is not None:
            config["maxOutputTokens"] = request.max_tokens
        if request.temperature is not None:
            config["temperature"] = request.temperature
        if request.schema is not None:
            config["responseMimeType"] = "application/json"
            config["responseJsonSchema"] = request.schema.model_json_schema()
        # In the SDK's own order, and with a config even when it is empty: it adds nothing, then, and moves nothing.
        body: dict[str, Any] = {"contents": contents(request.messages), "generationConfig": config}
        system = [request.system] if request.system else []
        system += [m.content for m in request.messages if m.role == "system"]
        if system:
            body["systemInstruction"] = {"parts": [{"text": text} for text in system]}
        if request.tools:
            functions = [
                {"name": t.name, "description": t.description, "parametersJsonSchema": dict(t.parameters)}
                for t in request.tools
            ]
            body["tools"] = [{"functionDeclarations": functions}]
        return body

    def client(self, provider: Provider, governing: Governing) -> Any:
        client, pool, _ = _made(provider, governing)
        client.__dict__["_govai_original"] = pool  # what is to be closed: the SDK closes no client that it was given
        return client

    def aclient(self, provider: Provider, governing: Governing) -> Any:
        client, _, pool = _made(provider, governing)
        client.aio.__dict__.update(
            _govai_original=pool, _govai_keeps=client
        )  # a client that is dropped closes its `aio`
        return client.aio

    def in_asyncio(self, client: Any) -> Any:
        """Return the asyncio side of a governed client of the caller's own."""
        aside = getattr(client, "aio", client)
        aside.__dict__["_govai_keeps"] = client  # a client that is dropped closes its `aio`
        return aside

    def send(self, client: Any, model: str, body: dict[str, Any], timeout: float) -> Any:
        config = _config(body, timeout)
        return client.models.generate_content(model=model, contents=_OVERLAID, config=config)

    def open(self, client: Any, model: str, body: dict[str, Any], timeout: float) -> Any:
        events = client.models.generate_content_stream(model=model, contents=_OVERLAID, config=_config(body, timeout))
        return _aopened(events) if hasattr(events, "__await__") else _Events(events, next(events, None))

    def embed(self, client: Any, model: str, texts: Sequence[str], timeout: float) -> Any:
        """Return the native answer, an awaitable of it for an asyncio client."""
        types = sdk("google.genai.types")
        each = [types.Content(role="user", parts=[types.Part(text=text)]) for text in texts]
        options = types.HttpOptions(timeout=_milliseconds(timeout))
        config = types.EmbedContentConfig(http_options=options)
        return client.models.embed_content(model=model, contents=each, config=config)

    def vectors(self, native: Any) -> list[list[float]]:
        """Return the vectors of a native answer, in the order of the texts."""
        return [list(one.values) for one in native.embeddings]

    def translate(self, error: Any, provider: str) -> ProviderError | None:
        errors = sdk("google.genai.errors")
        if isinstance(error, errors.APIError):
            status = error.code if isinstance(error.code, int) and error.code != _OK else None
            told, headers = _told(error.details), getattr(error.response, "headers", {})
            return by_status(
                status, provider, word=_word(told), headers=headers if "retry-after" in headers else _waits(told)
            )
        if isinstance(error, errors.UnknownApiResponseError):
            return unreadable(provider)
        return below_the_sdk(error, provider)


class _Events:
    """A native stream whose first event has come, so that what fails at once fails before anything is handed out."""

    def __init__(self, events: Any, first: Any) -> None:
        self._events, self._first = events, first

    def __iter__(self) -> Iterator[Any]:
        if self._first is not None:
            yield self._first
        yield from self._events

    async def __aiter__(self) -> AsyncIterator[Any]:
        if self._first is not None:
            yield self._first
        async for event in self._events:
            yield event

    def close(self) -> Any:
        return self._events.aclose() if hasattr(self._events, "aclose") else self._events.close()


async def _aopened(opening: Any) -> _Events:
    events = await opening
    return _Events(events, await anext(events, None))


def _made(provider: Provider, governing: Governing) -> tuple[Any, httpx2.Client, httpx2.AsyncClient]:
    """Return the SDK's client, governed in both worlds, and the two pools it sends through."""
    pool, apool = httpx2.Client(follow_redirects=True), httpx2.AsyncClient(follow_redirects=True)
    options = sdk("google.genai.types").HttpOptions(
        base_url=provider.base_url,
        api_version=_VERSION,
        httpx_client=_governed(pool, lambda inner: GovernedTransport(inner, governing)),
        httpx_async_client=_governed(apool, lambda inner: AsyncGovernedTransport(inner, governing)),  # never aiohttp
    )
    client = sdk("google.genai").Client(vertexai=False, api_key=provider.key(), http_options=options)
    return client, pool, apool


def _governed(pool: Any, wrap: Callable[[Any], Any]) -> Any:
    """Return an HTTP client over the connections and proxies of `pool`, each wrapped."""
    clone = copy.copy(pool)
    clone._transport = wrap(pool._transport)  # noqa: SLF001 -- httpx2 offers no public way
    clone._mounts = {pattern: inner and wrap(inner) for pattern, inner in pool._mounts.items()}  # noqa: SLF001
    return clone


def _config(body: dict[str, Any], timeout: float) -> Any:
    """Return what makes the SDK post this very body, once."""
    types = sdk("google.genai.types")
    return types.GenerateContentConfig(
        http_options=types.HttpOptions(timeout=_milliseconds(timeout), extra_body=body),
        automatic_function_calling=types.AutomaticFunctionCallingConfig(disable=True),
        automatic_continuation=False,
    )


def _milliseconds(seconds: float) -> int:
    return max(1, round(seconds * 1000))


def _told(details: Any) -> dict[str, Any]:
    """Return the error object of an answer, wherever the SDK keeps it."""
    inner = details.get("error", details) if isinstance(details, dict) else None
    return inner if isinstance(inner, dict) else {}


def _more(told: dict[str, Any]) -> list[dict[str, Any]]:
    """Return what an error says in Google's own types (google.rpc.ErrorInfo, google.rpc.RetryInfo)."""
    details = told.get("details")
    return [one for one in details if isinstance(one, dict)] if isinstance(details, list) else []


def _word(told: dict[str, Any]) -> str:
    """Return the provider's word for an error: the reason where the status alone would mislead (a wrong key is a 400)."""
    reasons = [str(one["reason"]).lower() for one in _more(told) if one.get("reason")]
    return next((reason for reason in reasons if reason.startswith("api_key_")), str(told.get("status") or "").lower())


def _waits(told: dict[str, Any]) -> dict[str, str]:
    """Return when to try again as a header says it: Google says it in the error."""
    delays = [str(one["retryDelay"]).removesuffix("s") for one in _more(told) if one.get("retryDelay")]
    return {"retry-after": delays[0]} if delays else {}
