"""Every door, one synchronous call: the raw SDK and the same client wrapped; plain httpx2 and httpx, instrumented or not."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import httpx
import httpx2
import openai
from anthropic import Anthropic
from google import genai
from google.genai import types
from mistralai.client import Mistral

import govai
from benchmarks import measuring, stub
from benchmarks.setting import policy, prompts_with_five

PIECES = 200
_PLAIN, _STREAM = "stub", f"stub-{PIECES}"


def _openai(client: openai.OpenAI, text: str, *, stream: bool) -> str:
    asked = [{"role": "user", "content": text}]
    if not stream:
        return client.chat.completions.create(model=_PLAIN, messages=asked).choices[0].message.content
    chunks = client.chat.completions.create(model=_STREAM, messages=asked, stream=True)
    return "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)


def _responses(client: openai.OpenAI, text: str, *, stream: bool) -> str:
    if not stream:
        return client.responses.create(model=_PLAIN, input=text).output_text
    events = client.responses.create(model=_STREAM, input=text, stream=True)
    return "".join(event.delta for event in events if event.type == "response.output_text.delta")


def _anthropic(client: Anthropic, text: str, *, stream: bool) -> str:
    asked = [{"role": "user", "content": text}]
    if not stream:
        return client.messages.create(model=_PLAIN, max_tokens=100, messages=asked).content[0].text
    events = client.messages.create(model=_STREAM, max_tokens=100, messages=asked, stream=True)
    return "".join(event.delta.text for event in events if event.type == "content_block_delta")


def _mistral(client: Mistral, text: str, *, stream: bool) -> str:
    asked = [{"role": "user", "content": text}]
    if not stream:
        return client.chat.complete(model=_PLAIN, messages=asked).choices[0].message.content
    events = client.chat.stream(model=_STREAM, messages=asked)
    return "".join(event.data.choices[0].delta.content or "" for event in events if event.data.choices)


def _google(client: genai.Client, text: str, *, stream: bool) -> str:
    if not stream:
        return client.models.generate_content(model=_PLAIN, contents=text).text
    return "".join(piece.text or "" for piece in client.models.generate_content_stream(model=_STREAM, contents=text))


def _post(client: httpx2.Client | httpx.Client, text: str, *, stream: bool) -> str:
    body = {"model": _STREAM if stream else _PLAIN, "messages": [{"role": "user", "content": text}], "stream": stream}
    if not stream:
        return client.post("/v1/chat/completions", json=body).json()["choices"][0]["message"]["content"]
    with client.stream("POST", "/v1/chat/completions", json=body) as answer:
        said = [json.loads(line[6:]) for line in answer.iter_lines() if line.startswith("data: {")]
    return "".join(one["choices"][0]["delta"].get("content") or "" for one in said if one["choices"])


def clients(url: str) -> dict[str, tuple[Any, Callable[..., str]]]:
    """Return a client of each kind that `wrap` takes, with how it is asked."""
    chat = openai.OpenAI(base_url=f"{url}/v1", api_key="none", max_retries=0)
    google = genai.Client(api_key="none", http_options=types.HttpOptions(base_url=url))
    return {
        "openai chat": (chat, _openai),
        "openai responses": (chat, _responses),
        "anthropic": (Anthropic(base_url=url, api_key="none", max_retries=0), _anthropic),
        "mistral": (Mistral(server_url=url, api_key="none"), _mistral),
        "google": (google, _google),
    }


def main(rounds: int = 100, streams: int = 15) -> None:
    with stub.running() as port, govai.Governor(policy(port), ledger=":memory:", actor="bench") as gov:
        url = f"http://127.0.0.1:{port}"
        _report(
            "wrap",
            {name: (raw, gov.wrap(raw, purpose="win_back"), ask) for name, (raw, ask) in clients(url).items()},
            rounds,
            streams,
        )
        with gov.instrument(purpose="win_back", quiet=True):
            elsewhere = f"http://localhost:{port}"  # the same server by a name that is no provider's: it stays raw
            pairs = {
                library.__name__: (library.Client(base_url=elsewhere), library.Client(base_url=url), _post)
                for library in (httpx2, httpx)
            }
            _report("instrument", pairs, rounds, streams)


def _report(door: str, pairs: dict[str, tuple[Any, Any, Callable[..., str]]], rounds: int, streams: int) -> None:
    """Measure (raw client, governed client, how they are asked), plain and streamed, and print what governing adds."""
    five = prompts_with_five()
    for name, (_raw, own, ask) in pairs.items():
        for stream in (False, True):
            assert "Zq" not in ask(own, next(five), stream=stream), f"{name}: the placeholder was not restored"
    for stream, turns in ((False, rounds), (True, streams)):
        took = measuring.by_turns(
            {
                (name, which): lambda client=client, ask=ask: ask(client, next(five), stream=stream)  # noqa: B023
                for name, (raw, own, ask) in pairs.items()
                for which, client in (("raw", raw), ("governed", own))
            },
            turns,
            warm=5,
        )
        what = f"{PIECES} streamed pieces" if stream else "one call"
        measuring.title(f"{door}: {what}, 2 KB, 5 findings, ledger in memory, {turns} rounds by turns, medians")
        for name in pairs:
            raw, governed = took[name, "raw"] * 1e6, took[name, "governed"] * 1e6
            measuring.said(f"{name}: raw", f"{raw:,.0f} µs")
            if stream:
                measuring.at_most(
                    f"{name}: added per piece, ×{governed / raw:.2f}", (governed - raw) / PIECES, 10, "µs"
                )
            else:
                measuring.at_most(f"{name}: added, ×{governed / raw:.2f}", governed - raw, 200, "µs")


if __name__ == "__main__":
    main()
