"""A campaign of two calls, and what is left of it: told to others, signed, anchored, verified, handed over.

python examples/on_record.py         # in process: no key, no network; writes to .govai/on_record/
python examples/on_record.py FOLDER
"""

from __future__ import annotations

import csv
import json
import sys
from pathlib import Path

import govai

CUSTOMERS = Path(__file__).with_name("customers.csv")


@govai.source("crm.churned")
def churned() -> list[dict[str, str]]:
    with CUSTOMERS.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, delimiter=";"))


def main(folder: str = ".govai/on_record") -> None:
    place = Path(folder)
    place.mkdir(parents=True, exist_ok=True)
    events, anchor, bundle = place / "openlineage.jsonl", place / "anchor.jsonl", place / "ledger.zip"
    with govai.Governor(
        ledger=f"sqlite:///{place}/ledger.db",  # or postgresql://…, with keys="file:…"
        sinks=[f"jsonl:{place}/records.jsonl", f"openlineage:{events}"],
        anchors=[f"file:{anchor}"],  # in earnest: where whoever can change the ledger cannot change it
    ) as gov:
        with govai.scope(job="campaign"):
            row = churned()[0]
            letter = gov.generate(
                "offline:demo", "Écris à {prenom}, parti pour : {motif}", data=row, purpose="win_back"
            )
            headline = gov.generate("offline:demo", f"Un titre pour cette lettre :\n\n{letter}", purpose="reporting")
        checkpoint = gov.ledger.checkpoint()
        gov.ledger.flush()  # now the sinks and the anchor have it all

        fields = [node.label for node in gov.lineage(headline.record_id).up().nodes if node.kind == "field"]
        print("the headline was made from:", ", ".join(fields))
        told = [json.loads(line) for line in events.read_text("utf-8").splitlines()]
        print("OpenLineage was told:", ", ".join(event["eventType"] for event in told))
        if checkpoint is not None:
            print(f"signed: {checkpoint.count} records, by checkpoint {checkpoint.number}")
        found = gov.ledger.verify()
        print(f"verified: {found.records} records hold" if found.ok else found.why)
        print("anchored until:", found.anchored_until)
        print("handed over:", gov.ledger.export_bundle(bundle).records, "records in", bundle)
    print(f"--- check it anywhere: govai ledger verify --bundle {bundle} --anchor file:{anchor}")


if __name__ == "__main__":
    main(*sys.argv[1:])
