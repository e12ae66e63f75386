"""Many texts in one request: a batch file of 1,000 requests, 100 texts to embed; the raw SDK, and the same client wrapped."""

from __future__ import annotations

import json
from itertools import islice

import openai
from mistralai.client import Mistral

import govai
from benchmarks import measuring, stub
from benchmarks.setting import policy, prompts_with_five

LINES, TEXTS, SIZE = 1000, 100, 600  # SIZE: characters of each


def main(rounds: int = 10) -> None:
    with stub.running() as port, govai.Governor(policy(port), ledger=":memory:", actor="bench") as gov:
        five = prompts_with_five(SIZE)
        client = openai.OpenAI(base_url=f"http://127.0.0.1:{port}/v1", api_key="none", max_retries=0)
        mistral = Mistral(server_url=f"http://127.0.0.1:{port}", api_key="none")

        def batch(one: openai.OpenAI) -> None:
            lines = [json.dumps(_line(number, text)) for number, text in enumerate(islice(five, LINES))]
            one.files.create(file=("batch.jsonl", "\n".join(lines).encode()), purpose="batch")

        def embed(one: openai.OpenAI) -> None:
            made = one.embeddings.create(model="stub", input=list(islice(five, TEXTS)))
            assert len(made.data) == TEXTS

        def embed_numbers(one: Mistral) -> None:
            made = one.embeddings.create(model="stub", inputs=list(islice(five, TEXTS)))
            assert len(made.data) == TEXTS

        work = {
            "batch": (batch, client, LINES),
            "embed": (embed, client, TEXTS),
            "vectors": (embed_numbers, mistral, TEXTS),
        }
        took = measuring.by_turns(
            {
                (name, which): lambda ask=ask, one=one: ask(one)
                for name, (ask, raw, _count) in work.items()
                for which, one in (("raw", raw), ("governed", gov.wrap(raw, purpose="win_back")))
            },
            rounds,
            warm=1,
        )
    measuring.title(
        f"many texts of {SIZE} characters in one request, 5 findings each, {rounds} rounds by turns, medians"
    )
    names = {
        "batch": "openai, a batch file",
        "embed": "openai, embeddings (base64)",
        "vectors": "mistral, embeddings (numbers)",
    }
    for name, what in names.items():
        raw, governed, count = took[name, "raw"], took[name, "governed"], work[name][2]
        measuring.said(f"{what}, {count} texts: raw", f"{raw * 1e3:,.1f} ms")
        measuring.said(f"{what}: added", f"{(governed - raw) * 1e3:,.1f} ms")
        measuring.said(f"{what}: added for each text", f"{(governed - raw) / count * 1e6:,.0f} µs")


def _line(number: int, text: str) -> dict[str, object]:
    body = {"model": "stub", "messages": [{"role": "user", "content": text}]}
    return {"custom_id": f"request-{number}", "method": "POST", "url": "/v1/chat/completions", "body": body}


if __name__ == "__main__":
    main()
