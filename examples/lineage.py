"""From a newsletter's headline back to the customers' fields that it was made from, and the picture of it.

python examples/lineage.py                     # in process: no key, no network
python examples/lineage.py openai:gpt-4o-mini  # the same over a provider (OPENAI_API_KEY)
"""

from __future__ import annotations

import csv
import sys
from pathlib import Path

import govai

CUSTOMERS = Path(__file__).with_name("customers.csv")


def main(model: str = "offline:demo", ledger: str = "sqlite:///.govai/lineage.db") -> None:
    with govai.Governor(ledger=ledger) as gov, CUSTOMERS.open(encoding="utf-8", newline="") as file:

        @govai.source("crm.churned")
        def churned() -> list[dict[str, str]]:
            return list(csv.DictReader(file, delimiter=";"))[:2]

        @govai.lineage(job="write")
        def write(row: dict[str, str]) -> govai.Reply:
            return gov.generate(model, "Écris à {prenom}. Parti pour : {motif}", data=row, purpose="win_back")

        with govai.scope(job="campaign"):
            letters = [write(row) for row in churned()]
            said = "\n\n".join(map(str, letters))
            headline = gov.generate(model, f"Un titre de newsletter pour ces lettres :\n\n{said}", purpose="reporting")

        lineage = gov.lineage(headline.record_id)
        print(lineage)
        print("--- fields it was made from")
        for edge in lineage.up().edges:
            if edge.kind == "used":
                print(f"{lineage.node(edge.source).label}: {edge.effect}{'' if edge.sent else ', never sent'}")
        print(f"--- draw it: govai ledger show {headline.record_id} --graph --out lineage.html --ledger {ledger}")


if __name__ == "__main__":
    main(*sys.argv[1:])
