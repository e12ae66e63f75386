"""`govai ledger export`: records into a file that other tools read."""

from __future__ import annotations

from pathlib import Path  # noqa: TC003 -- typer reads annotations at run time
from typing import Annotated

import typer

from govai.cli.asking import Actor, Job, Kind, Model, Provider, Purpose, Since, Status, Subject, Until, filtered
from govai.cli.ledger_commands import Url, ledger
from govai.core.lang import say


@ledger.command(
    help=say(
        "Write records to a file, whole or not at all: Parquet, Arrow, JSON lines or CSV.",
        "Écrire les enregistrements dans un fichier, en entier ou pas du tout : Parquet, Arrow, lignes JSON ou CSV.",
    )
)
def export(
    out: Annotated[Path, typer.Option(help=say("The file; it is replaced.", "Le fichier ; il est remplacé."))],
    form: Annotated[
        str,
        typer.Option("--format", help=say("parquet, arrow, jsonl or csv.", "parquet, arrow, jsonl ou csv.")),
    ] = "jsonl",
    url: Url = "sqlite:///.govai/ledger.db",
    limit: Annotated[int | None, typer.Option(min=1, help=say("At most so many.", "Au plus."))] = None,
    purpose: Purpose = None,
    kind: Kind = None,
    provider: Provider = None,
    model: Model = None,
    actor: Actor = None,
    job: Job = None,
    status: Status = None,
    subject: Subject = None,
    since: Since = None,
    until: Until = None,
) -> None:
    from govai.ledger.exporting import export as write
    from govai.ledger.reading import reading_at

    wanted = filtered(purpose, kind, provider, model, actor, job, status, subject, since, until)
    with reading_at(url) as reading:
        count = write(reading.records(wanted, limit=limit), out, form)
    typer.echo(say(f"{count} records: {out}", f"{count} enregistrements : {out}"), err=True)
