"""Write to customers who left, and prove what was sent about them.

    python examples/win_back.py                    # in process: no key, no network
    python examples/win_back.py openai:gpt-4o-mini # the same over a provider (OPENAI_API_KEY)

The model reads why each customer left; it never reads who they are. What comes back is restored here.
"""

from __future__ import annotations

import csv
import sys
from pathlib import Path

import govai

CUSTOMERS = Path(__file__).with_name("customers.csv")
PROMPT = "Écris deux phrases chaleureuses à {prenom}. Offre : {offre}. Notes : {notes}. Parti pour : {motif}"


def main(model: str = "offline:demo", ledger: str = "sqlite:///.govai/win_back.db") -> None:
    with govai.Governor(ledger=ledger) as gov, CUSTOMERS.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file, delimiter=";"):
            reply = gov.generate(model, PROMPT, data=row, purpose="win_back")
            print(f"--- sent:     {reply.sent[0][1]}")
            print(f"--- received: {reply}\n")

        print("--- on record")
        for record in gov.ledger.records(purpose="win_back", kind="intent"):
            fields = ", ".join(
                f"{field['field'] or field['kind']} {field['effect']}" for field in record.body["fields"]
            )
            print(f"{record.time[:19]}  {record.body['model']}  {fields}")
        print(gov.ledger.verify())


if __name__ == "__main__":
    main(*sys.argv[1:])
