"""One synchronous call: the raw SDK, and the same client wrapped. Goals: design figures for an OpenAI client."""

from __future__ import annotations

import sqlite3
import tempfile
from collections.abc import Iterator
from itertools import repeat
from pathlib import Path

import openai
from anthropic import Anthropic

import govai
from benchmarks import measuring, stub
from benchmarks.setting import policy, prompt_with_none, prompts_with_five


def full_commit(folder: Path):
    """Return a function that makes one bare SQLite commit with WAL and synchronous=FULL."""
    base = sqlite3.connect(folder / "bare.db", isolation_level=None)
    base.execute("PRAGMA journal_mode=WAL")
    base.execute("PRAGMA synchronous=FULL")
    base.execute("CREATE TABLE rows(id INTEGER PRIMARY KEY, bytes BLOB)")
    row = (b"x" * 1024,)

    def commit() -> None:
        base.execute("BEGIN IMMEDIATE")
        base.execute("INSERT INTO rows(bytes) VALUES(?)", row)
        base.execute("COMMIT")

    return commit


def main(rounds: int = 400) -> None:
    with stub.running() as port, tempfile.TemporaryDirectory() as name:
        folder, rules = Path(name), policy(port)
        with (
            govai.Governor(rules, ledger=":memory:", actor="bench") as memory,
            govai.Governor(rules, ledger=f"sqlite:///{folder / 'ledger.db'}", actor="bench") as durable,
        ):
            client = openai.OpenAI(base_url=f"http://127.0.0.1:{port}/v1", api_key="none", max_retries=0)
            claude = Anthropic(base_url=f"http://127.0.0.1:{port}", api_key="none", max_retries=0)
            in_place, on_disk = memory.wrap(client, purpose="win_back"), durable.wrap(client, purpose="win_back")
            claude_in_place = memory.wrap(claude, purpose="win_back")
            five, none = prompts_with_five(), repeat(prompt_with_none())

            def chat(one: openai.OpenAI, prompts: Iterator[str]):
                def call():
                    asked = [{"role": "user", "content": next(prompts)}]
                    return one.chat.completions.create(model="stub", messages=asked)

                return call

            def message(one: Anthropic):
                def call():
                    asked = [{"role": "user", "content": next(five)}]
                    return one.messages.create(model="stub", max_tokens=100, messages=asked)

                return call

            answer = chat(in_place, five)().choices[0].message.content
            assert "Zq" not in answer, "the placeholder was not restored: this would measure the wrong thing"
            took = measuring.by_turns(
                {
                    "raw": chat(client, five),
                    "in place": chat(in_place, five),
                    "durable": chat(on_disk, five),
                    "nothing, in place": chat(in_place, none),
                    "nothing, durable": chat(on_disk, none),
                    "commit": full_commit(folder),
                    "raw anthropic": message(claude),
                    "anthropic in place": message(claude_in_place),
                },
                rounds,
            )
    µs = {name: seconds * 1e6 for name, seconds in took.items()}
    measuring.title(f"one synchronous call, 2 KB, policy of 50 rules, {rounds} rounds by turns, medians")
    measuring.said("raw openai call", f"{µs['raw']:,.0f} µs")
    measuring.said("one bare SQLite FULL commit", f"{µs['commit']:,.0f} µs")
    measuring.at_most("added with 5 findings, ledger in memory", µs["in place"] - µs["raw"], 200, "µs")
    measuring.at_most(
        "added with 5 findings, durable intent", µs["durable"] - µs["raw"], 200 + 1.3 * µs["commit"], "µs"
    )
    measuring.at_most(
        "added with nothing to protect, durable intent", µs["nothing, durable"] - µs["raw"], 100 + µs["commit"], "µs"
    )
    measuring.said("added with nothing to protect, ledger in memory", f"{µs['nothing, in place'] - µs['raw']:,.0f} µs")
    measuring.said("raw anthropic call", f"{µs['raw anthropic']:,.0f} µs")
    measuring.at_most(
        "anthropic: added with 5 findings, ledger in memory", µs["anthropic in place"] - µs["raw anthropic"], 200, "µs"
    )


if __name__ == "__main__":
    main()
