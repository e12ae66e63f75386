"""A streamed answer of 400 pieces: the raw SDK, and the same client wrapped; what is added per piece."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import repeat

import openai

import govai
from benchmarks import measuring, stub
from benchmarks.setting import policy, prompt_with_none, prompts_with_five

PIECES = 400


def main(rounds: int = 40) -> None:
    with stub.running() as port, govai.Governor(policy(port), ledger=":memory:", actor="bench") as gov:
        client = openai.OpenAI(base_url=f"http://127.0.0.1:{port}/v1", api_key="none", max_retries=0)
        wrapped = gov.wrap(client, purpose="win_back")

        def whole(one: openai.OpenAI, prompts: Iterator[str]):
            def read() -> str:
                asked = [{"role": "user", "content": next(prompts)}]
                chunks = one.chat.completions.create(model=f"stub-{PIECES}", messages=asked, stream=True)
                return "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)

            return read

        five, none = prompts_with_five(), repeat(prompt_with_none())
        assert "Zq" not in whole(wrapped, five)(), (
            "the placeholder was not restored: this would measure the wrong thing"
        )
        took = measuring.by_turns(
            {"raw": whole(client, five), "governed": whole(wrapped, five), "nothing": whole(wrapped, none)},
            rounds,
            warm=5,
        )
    µs = {name: seconds * 1e6 for name, seconds in took.items()}
    measuring.title(f"streaming, {PIECES} pieces, {rounds} rounds by turns, medians (the call's own cost included)")
    measuring.said("raw openai, per piece", f"{µs['raw'] / PIECES:.1f} µs")
    measuring.at_most(
        "added per piece, 5 findings, one placeholder restored", (µs["governed"] - µs["raw"]) / PIECES, 10, "µs"
    )
    measuring.at_most("added per piece, nothing to protect", (µs["nothing"] - µs["raw"]) / PIECES, 10, "µs")


if __name__ == "__main__":
    main()
