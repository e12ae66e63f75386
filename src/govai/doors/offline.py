"""The embedded provider: in process, deterministic, no key, no network, over the same wire as the others.

`offline:echo` answers with the last message as it arrived; `offline:demo` writes a plausible message from it.
"""

from __future__ import annotations

import hashlib
import math
import re
from typing import TYPE_CHECKING, Any

import httpx2
import orjson

from govai.doors.failing import below_the_sdk, by_status, word_of
from govai.doors.openai_family import OpenAIFamily
from govai.flow.transports import AsyncGovernedTransport, GovernedTransport

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator, Sequence

    from govai.core.errors import ProviderError
    from govai.flow.transports import Governing
    from govai.policy.registry import Provider

HOST = "offline.invalid"
MODELS = ("demo", "echo")
_CHAT, _EMBEDDINGS = f"https://{HOST}/v1/chat/completions", f"https://{HOST}/v1/embeddings"
_DIMENSIONS = 16
_WORDS = re.compile(r"\S+\s*")
_PLACEHOLDER = re.compile(r"\bZq[A-Z][a-z]+[A-Z2-7]{12}\b")
_PLACEHOLDER_NAME = re.compile(r"\bZqName[A-Z2-7]{12}\b")
_FRENCH = re.compile(r"\b(?:écris|rédige|bonjour|client|cliente|parti|merci|le|la|les|une|pour|avec)\b", re.IGNORECASE)


class OfflineStatusError(Exception):
    """The embedded provider answered with an error status."""

    def __init__(self, status: int, body: Any) -> None:
        super().__init__(str(status))
        self.status, self.body = status, body


class OfflineTransport(httpx2.BaseTransport, httpx2.AsyncBaseTransport):
    """Answers chat completions and embeddings in process."""

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        return _answer(request, request.read())

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        return _answer(request, await request.aread())


class OfflineFamily(OpenAIFamily):
    """The embedded provider: plain httpx2, no SDK; native objects are the wire's JSON."""

    like = "offline"

    def client(self, provider: Provider, governing: Governing) -> Any:  # noqa: ARG002 -- one place, no key
        return httpx2.Client(transport=GovernedTransport(OfflineTransport(), governing))

    def aclient(self, provider: Provider, governing: Governing) -> Any:  # noqa: ARG002 -- one place, no key
        return httpx2.AsyncClient(transport=AsyncGovernedTransport(OfflineTransport(), governing))

    def send(self, client: Any, model: str, body: dict[str, Any], timeout: float) -> Any:  # noqa: ARG002 -- the body names it
        request = client.build_request("POST", _CHAT, json=body, timeout=timeout)
        return _send(client, request) if isinstance(client, httpx2.Client) else _asend(client, request)

    def open(self, client: Any, model: str, body: dict[str, Any], timeout: float) -> Any:  # noqa: ARG002 -- the body names it
        request = client.build_request("POST", _CHAT, json=body, timeout=timeout)
        if isinstance(client, httpx2.Client):
            return _Events(_checked(client.send(request, stream=True)))
        return _aopen(client, request)

    def embed(self, client: Any, model: str, texts: Sequence[str], timeout: float) -> Any:
        body = {"model": model, "input": list(texts), "encoding_format": "float"}
        request = client.build_request("POST", _EMBEDDINGS, json=body, timeout=timeout)
        return _send(client, request) if isinstance(client, httpx2.Client) else _asend(client, request)

    def vectors(self, native: Any) -> list[list[float]]:
        return [one["embedding"] for one in sorted(native["data"], key=lambda one: one["index"])]

    def translate(self, error: Exception, provider: str) -> ProviderError | None:
        if isinstance(error, OfflineStatusError):
            failure = by_status(error.status, provider, word=word_of(error.body))
            failure.todo = ", ".join(f"offline:{name}" for name in MODELS)
            return failure
        return below_the_sdk(error, provider)


class _Lines(httpx2.SyncByteStream, httpx2.AsyncByteStream):
    """A body that arrives event by event, as a provider sends it: what is not read to its end is abandoned."""

    def __init__(self, lines: list[bytes]) -> None:
        self._lines = lines

    def __iter__(self) -> Iterator[bytes]:
        yield from self._lines

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for line in self._lines:
            yield line


class _Events:
    """A stream of the wire's events, in either world."""

    def __init__(self, response: httpx2.Response) -> None:
        self.response = response

    def __iter__(self) -> Iterator[Any]:
        for line in self.response.iter_lines():
            if line.startswith("data: {"):
                yield orjson.loads(line[6:])

    async def __aiter__(self) -> AsyncIterator[Any]:
        async for line in self.response.aiter_lines():
            if line.startswith("data: {"):
                yield orjson.loads(line[6:])

    def close(self) -> Any:
        return (
            self.response.close() if isinstance(self.response.stream, httpx2.SyncByteStream) else self.response.aclose()
        )


def _checked(response: httpx2.Response) -> httpx2.Response:
    if response.status_code != httpx2.codes.OK:
        raise OfflineStatusError(response.status_code, orjson.loads(response.read() or b"null"))
    return response


def _send(client: httpx2.Client, request: httpx2.Request) -> Any:
    return orjson.loads(_checked(client.send(request)).content)


async def _asend(client: httpx2.AsyncClient, request: httpx2.Request) -> Any:
    return orjson.loads(_checked(await client.send(request)).content)


async def _aopen(client: httpx2.AsyncClient, request: httpx2.Request) -> _Events:
    response = await client.send(request, stream=True)
    if response.status_code != httpx2.codes.OK:
        raise OfflineStatusError(response.status_code, orjson.loads(await response.aread() or b"null"))
    return _Events(response)


def _answer(request: httpx2.Request, raw: bytes) -> httpx2.Response:
    body = orjson.loads(raw)
    model = str(body.get("model", ""))
    if model not in MODELS:
        error = {
            "error": {
                "message": f"known models: {', '.join(MODELS)}",
                "type": "invalid_request_error",
                "code": "model_not_found",
            }
        }
        return httpx2.Response(404, json=error, request=request)
    if request.url.path.endswith("/embeddings"):
        return httpx2.Response(200, json=_embedded(model, body["input"]), request=request)
    said = _last_text(body["messages"])
    text = said if model == "echo" else _demo(said)
    usage = {
        "prompt_tokens": _tokens(said),
        "completion_tokens": _tokens(text),
        "total_tokens": _tokens(said) + _tokens(text),
    }
    base = {"id": "offline-" + hashlib.sha256(raw).hexdigest()[:16], "created": 0, "model": model}
    if not body.get("stream"):
        choice = {"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": "stop"}
        answer = {**base, "object": "chat.completion", "choices": [choice], "usage": usage}
        return httpx2.Response(200, json=answer, request=request)
    events = [_chunk(base, {"role": "assistant", "content": ""}, None)]
    events += [_chunk(base, {"content": word}, None) for word in _WORDS.findall(text)]
    events += [_chunk(base, {}, "stop"), {**base, "object": "chat.completion.chunk", "choices": [], "usage": usage}]
    lines = [b"data: " + orjson.dumps(event) + b"\n\n" for event in events] + [b"data: [DONE]\n\n"]
    headers = {"content-type": "text/event-stream"}
    return httpx2.Response(200, headers=headers, stream=_Lines(lines), request=request)


def _embedded(model: str, given: Any) -> dict[str, Any]:
    texts = given if isinstance(given, list) else [given]
    data = [{"object": "embedding", "index": at, "embedding": _vector(str(text))} for at, text in enumerate(texts)]
    tokens = sum(_tokens(str(text)) for text in texts)
    usage = {"prompt_tokens": tokens, "total_tokens": tokens}
    return {"object": "list", "model": model, "data": data, "usage": usage}


def _vector(text: str) -> list[float]:
    """Return a unit vector hashed from a text: the same for the same text, and near nothing else."""
    drawn = hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()
    numbers = [int.from_bytes(drawn[at : at + 2]) / 32767.5 - 1 for at in range(0, 2 * _DIMENSIONS, 2)]
    length = math.hypot(*numbers)
    return [number / length for number in numbers]


def _chunk(base: dict[str, Any], delta: dict[str, Any], finish: str | None) -> dict[str, Any]:
    choice = {"index": 0, "delta": delta, "finish_reason": finish}
    return {**base, "object": "chat.completion.chunk", "choices": [choice]}


def _tokens(text: str) -> int:
    return max(1, len(text) // 4)


def _last_text(messages: list[Any]) -> str:
    content = messages[-1].get("content") if messages else ""
    if isinstance(content, list):
        return "\n".join(str(part.get("text", "")) for part in content if isinstance(part, dict))
    return str(content or "")


def _demo(said: str) -> str:
    """Write a message from what the prompt says: greet whoever it names, take up its last fact."""
    named = _PLACEHOLDER_NAME.search(said) or _PLACEHOLDER.search(said)
    who = f" {named.group()}" if named else ""
    facts = [part.strip(" .") for part in re.split(r"[;\n]|(?<=\w)\. |, ", said)]
    told = [part for part in facts if re.search(r"\w ?: \w", part) and not _PLACEHOLDER.search(part)]
    fact = told[-1] if told else ""
    if _FRENCH.search(said[:80]):
        about = f" Nous avons bien noté ceci — {fact}." if fact else ""
        return f"Bonjour{who},\n\nVous nous manquez.{about} Une offre vous attend.\n\nÀ bientôt !"
    about = f" We have taken note of this — {fact}." if fact else ""
    return f"Hello{who},\n\nWe miss you.{about} An offer is waiting for you.\n\nSee you soon!"
