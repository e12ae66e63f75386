"""What the service is about: who the customers are, what is asked of the model. The web and the tasks both use it."""

from __future__ import annotations

import csv
import os
from pathlib import Path
from typing import Any

import govai

HERE = Path(__file__).parent
MODEL = os.environ.get("SERVICE_MODEL", "offline:demo")  # no key, no network; or "openai:gpt-4o-mini", …

# One ledger for all processes: each web worker and each task worker writes a chain of its own into it.
gov = govai.Governor(
    os.environ.get("SERVICE_POLICY", HERE / "policy.yaml"),
    ledger=os.environ.get("SERVICE_LEDGER", "sqlite:///.govai/service.db"),
    actor="letters-service",  # who asks where no request says it
)


def customer(customer_id: str) -> dict[str, Any] | None:
    """Look a customer up in the CRM, which is a file here."""
    with (HERE.parent / "customers.csv").open(encoding="utf-8", newline="") as file:
        return next((row for row in csv.DictReader(file, delimiter=";") if row["customer_id"] == customer_id), None)


def prompt(wish: str = "") -> Any:
    """What to ask. What a colleague typed is looked into like everything else."""
    return lambda c: (
        f"Écris deux phrases chaleureuses à {c.prenom}. Offre : {c.offre}. Parti pour : {c.motif}. {wish}".strip()
    )
