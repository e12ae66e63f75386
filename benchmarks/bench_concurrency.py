"""64 asyncio calls at once: throughput of the raw SDK, and of the same client wrapped with a durable ledger."""

from __future__ import annotations

import asyncio
import statistics
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import openai

import govai
from benchmarks import measuring, stub
from benchmarks.setting import policy, prompts_with_five

AT_ONCE, CALLS = 64, 512


async def _per_second(client: openai.AsyncOpenAI, prompts: Iterator[str]) -> float:
    left = iter(range(CALLS))

    async def worker() -> None:
        for _ in left:
            asked = [{"role": "user", "content": next(prompts)}]
            await client.chat.completions.create(model="stub", messages=asked)

    start = time.perf_counter()
    await asyncio.gather(*(worker() for _ in range(AT_ONCE)))
    return CALLS / (time.perf_counter() - start)


async def _compare(port: int, folder: Path, rounds: int) -> tuple[float, float]:
    raw, governed = [], []
    ledger = f"sqlite:///{folder / 'ledger.db'}"
    async with govai.Governor(policy(port), ledger=ledger, actor="bench") as gov:
        client = openai.AsyncOpenAI(base_url=f"http://127.0.0.1:{port}/v1", api_key="none", max_retries=0)
        wrapped = gov.wrap(client, purpose="win_back")
        five = prompts_with_five()
        for turn in range(rounds + 1):
            found = await _per_second(client, five), await _per_second(wrapped, five)
            if turn:  # the first is for warming up
                raw.append(found[0])
                governed.append(found[1])
        await client.close()
    return statistics.median(raw), statistics.median(governed)


def main(rounds: int = 7) -> None:
    with stub.running() as port, tempfile.TemporaryDirectory() as name:
        raw, governed = asyncio.run(_compare(port, Path(name), rounds))
    measuring.title(
        f"{AT_ONCE} asyncio calls at once, 2 KB, 5 findings, durable ledger, {rounds} rounds by turns, medians"
    )
    measuring.said("raw openai", f"{raw:,.0f} calls/s")
    measuring.said("governed", f"{governed:,.0f} calls/s")
    measuring.at_least("throughput × raw", governed / raw, 0.85, "×")


if __name__ == "__main__":
    main()
