"""What a program pays before its first call: importing govai, and making a Governor with a ledger on disk."""

from __future__ import annotations

import subprocess
import sys
import tempfile

from benchmarks import measuring

PROGRAMS = {
    "nothing": "pass",
    "import govai": "import govai",
    "Governor()": "from govai import Governor; Governor()",
    "OpenAI()": "from openai import OpenAI; OpenAI(api_key='none')",
}


def main(rounds: int = 15) -> None:
    with tempfile.TemporaryDirectory() as folder:
        took = measuring.by_turns(
            {
                name: lambda code=code: subprocess.run([sys.executable, "-c", code], cwd=folder, check=True)
                for name, code in PROGRAMS.items()
            },
            rounds,
            warm=1,
        )
    ms = {name: (seconds - took["nothing"]) * 1e3 for name, seconds in took.items()}
    measuring.title(f"start-up, over `python -c pass`, {rounds} rounds by turns, medians")
    measuring.at_most("import govai", ms["import govai"], 60, "ms")
    measuring.at_most("Governor(), ledger opened", ms["Governor()"], 250, "ms")
    measuring.said("for comparison: OpenAI() alone", f"{ms['OpenAI()']:,.0f} ms")


if __name__ == "__main__":
    main()
