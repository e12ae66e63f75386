"""The OpenLineage sink: events built from records and written, beside openlineage-python alone writing the same events."""

from __future__ import annotations

import tempfile
from pathlib import Path

from openlineage.client.event_v2 import InputDataset, Job, OutputDataset, Run, RunEvent, RunState
from openlineage.client.transport.file import FileConfig, FileTransport

from benchmarks import measuring
import govai
from govai.core.records import Record
from govai.sinks.openlineage import OpenLineage
from govai.sinks.openlineage.events import events_of
from govai.sinks.openlineage.naming import read_names

CALLS = 50


def _records() -> list[Record]:
    memory = govai.sinks.Memory()
    with govai.Governor(ledger=":memory:", sinks=[memory], actor="ana") as gov:
        rows = govai.source("crm.contacts")(
            lambda: (
                [
                    {
                        "prenom": "Renée",
                        "nom": "Dupond",
                        "email": "r@exemple.fr",
                        "motif": "prix",
                        "notes": "aime le vélo",
                    }
                ]
                * CALLS
            )
        )()
        for row in rows:
            gov.generate(
                "offline:demo",
                "Écris à {prenom} {nom} ({email}), parti pour {motif} : {notes}",
                data=row,
                purpose="win_back",
            )
        gov.ledger.flush(60)
    return memory.records


def _typed(event: dict) -> RunEvent:
    return RunEvent(
        eventTime=event["eventTime"],
        producer=event["producer"],
        eventType=RunState(event["eventType"]),
        run=Run(**event["run"]),
        job=Job(**event["job"]),
        inputs=[InputDataset(**one) for one in event["inputs"]],
        outputs=[OutputDataset(**one) for one in event["outputs"]],
    )


def main(rounds: int = 15) -> None:
    records = _records()
    by_id = {record.id: record for record in records}
    names = read_names("govai://default", "govai", {}, "")
    events = [event for record in records for event in events_of(record, names, by_id.get)]
    typed = [_typed(event) for event in events]
    with tempfile.TemporaryDirectory() as name:
        alone = FileTransport(FileConfig(log_file_path=f"{name}/alone.jsonl", append=True))
        sink = OpenLineage(str(Path(name) / "sink.jsonl"))
        sink.attached(by_id.get)
        took = measuring.by_turns(
            {
                "alone": lambda: [alone.emit(event) for event in typed],
                "sink": lambda: sink.emit(records),
                "built": lambda: [event for record in records for event in events_of(record, names, by_id.get)],
            },
            rounds,
            warm=2,
        )
        size = (Path(name) / "sink.jsonl").stat().st_size / (rounds + 2) / len(events)
    measuring.title(
        f"OpenLineage, {len(events)} events of {size / 1000:.1f} kB, 5 fields, {rounds} rounds by turns, medians"
    )
    measuring.said("openlineage-python alone, finished events, FileTransport", f"{len(events) / took['alone']:,.0f}/s")
    measuring.said("the sink: built from records, written, on disk", f"{len(events) / took['sink']:,.0f}/s")
    measuring.said("built from records only", f"{len(events) / took['built']:,.0f}/s")
    measuring.at_least("the sink × openlineage-python alone", took["alone"] / took["sink"], 1.0, "×")


if __name__ == "__main__":
    main()
