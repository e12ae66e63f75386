"""What `wrap` itself costs: the first of a process, which imports what it needs, and later ones."""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile

from benchmarks import measuring

CLIENTS = {
    "openai": "from openai import OpenAI; client = OpenAI(api_key='none')",
    "anthropic": "from anthropic import Anthropic; client = Anthropic(api_key='none')",
    "mistral": "from mistralai.client import Mistral; client = Mistral(api_key='none'); client.chat",
    "google": "from google import genai; client = genai.Client(api_key='none')",
}
_TIMED = """
import time
from govai import Governor
{client}
gov = Governor(ledger=':memory:')
took = []
for _ in range(21):
    start = time.perf_counter()
    gov.wrap(client, purpose='support')
    took.append(time.perf_counter() - start)
print(took[0], sorted(took[1:])[10])
"""


def main(rounds: int = 5) -> None:
    measuring.title(f"wrap(client), {rounds} processes, medians")
    with tempfile.TemporaryDirectory() as folder:
        for name, client in CLIENTS.items():
            program = [sys.executable, "-c", _TIMED.format(client=client)]
            runs = [
                subprocess.run(program, cwd=folder, check=True, capture_output=True, text=True) for _ in range(rounds)
            ]
            first, later = zip(*(map(float, run.stdout.split()) for run in runs), strict=True)
            measuring.said(f"{name}: the first", f"{statistics.median(first) * 1e3:,.1f} ms")
            measuring.said(f"{name}: later ones", f"{statistics.median(later) * 1e3:,.1f} ms")


if __name__ == "__main__":
    main()
