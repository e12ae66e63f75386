"""The example leads from the headline back to the fields, and names no customer."""

from __future__ import annotations

import csv
import subprocess
import sys
from pathlib import Path

EXAMPLES = Path(__file__).parents[2] / "examples"


def test_it_leads_back_to_the_fields() -> None:
    done = subprocess.run([sys.executable, str(EXAMPLES / "lineage.py")], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert "run campaign" in done.stdout and "crm.churned.prenom: pseudonymise" in done.stdout
    with (EXAMPLES / "customers.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file, delimiter=";"))
    assert rows and not any(row["prenom"] in done.stdout for row in rows)
