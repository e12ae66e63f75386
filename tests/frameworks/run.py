"""Make the environments that frameworks need, run their tests there, and compare what they found with the table in the docs.

    python -m tests.frameworks.run            # fails where a test does, or where the table says something else
    python -m tests.frameworks.run --write    # writes the table

From the root of the project, where govai is installed with pip >= 25.1. Frameworks are installed at their newest versions; the table's versions may be older in all but the
first number.
"""

from __future__ import annotations

import argparse
import difflib
import re
import subprocess
import sys
import tempfile
import venv
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from tests.frameworks.table import found_in, table

ROOT = Path(__file__).parents[2]
TABLE = ROOT / "docs" / "reference" / "frameworks.md"
_VERSION = re.compile(r"\b(\d+)(?:\.\d+)+\b")


@dataclass(frozen=True)
class Environment:
    """A group of frameworks that can be installed together, and what they call models by."""

    group: str
    govai: str


ENVIRONMENTS = (
    Environment("frameworks", ".[openai,anthropic,mistral]"),  # langchain-google-genai brings google-genai 2
    Environment("frameworks-openai2", "."),
)


def proved(environment: Environment, place: Path) -> tuple[bool, str, Path]:
    """Install an environment and run the tests in it: whether they passed, what was printed, where the results are."""
    made, results = place / environment.group, place / f"{environment.group}.xml"
    venv.create(made, symlinks=True)
    python = made / "bin" / "python"
    install = [sys.executable, "-m", "pip", "--python", python, "install", "-q", "--no-compile", "-e", environment.govai, "--group", environment.group]
    test = [python, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-W", "ignore", f"--junitxml={results}", "-r", "fE", "tests/frameworks"]
    printed = ""
    for command in ([*install, "pytest>=8.4", "pytest-asyncio>=1.2", "hypothesis>=6.140"], test):  # -W: what frameworks leave open is theirs
        print(f"{environment.group}: {'testing' if command is test else 'installing'}", flush=True)
        done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
        printed = f"{environment.group}: {done.stdout[-20_000:]}"
        if done.returncode:
            return False, printed, results
    return True, printed, results


def main() -> int:
    """Run; 0 where all is as the table says."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--write", action="store_true", help="write the table")
    write = parser.parse_args().write
    with tempfile.TemporaryDirectory(prefix="govai-frameworks-") as place, ThreadPoolExecutor(len(ENVIRONMENTS)) as pool:
        runs = list(pool.map(lambda one: proved(one, Path(place)), ENVIRONMENTS))
        for _passed, printed, _results in runs:
            print(printed)
        if not all(passed for passed, _printed, _results in runs):
            return 1
        made = table([found for _passed, _printed, results in runs for found in found_in(results)])
    if write:
        TABLE.write_text(made, encoding="utf-8")
        return 0
    before = TABLE.read_text(encoding="utf-8") if TABLE.exists() else ""
    changes = list(difflib.unified_diff(*(_VERSION.sub(r"\1", text).splitlines() for text in (before, made)), "the table", "the tests", lineterm=""))
    if changes:
        print("\n".join([*changes, f"{TABLE.relative_to(ROOT)} says something else: python -m tests.frameworks.run --write"]))
    return bool(changes)


if __name__ == "__main__":
    sys.exit(main())
