"""`govai ledger export`: records into a file that other tools read."""

from __future__ import annotations

from pathlib import Path  # noqa: TC003 -- typer reads annotations at run time
from typing import Annotated

import typer

from govai.cli.asking import Actor, Job, Kind, Model, Provider, Purpose, Since, Status, Subject, Until, filtered
from govai.cli.ledger_commands import Url, ledger
from govai.core.errors import ConfigError
from govai.core.lang import say


@ledger.command(
    help=say(
        "Write records to a file, whole or not at all: Parquet, Arrow, JSON lines or CSV; or the whole ledger as a bundle "
        "that verifies offline with only the public key.",
        "Écrire les enregistrements dans un fichier, en entier ou pas du tout : Parquet, Arrow, lignes JSON ou CSV ; ou tout "
        "le registre en une archive qui se vérifie hors ligne avec la seule clé publique.",
    )
)
def export(
    out: Annotated[
        Path | None, typer.Option(help=say("The file; it is replaced.", "Le fichier ; il est remplacé."))
    ] = None,
    bundle: Annotated[
        Path | None, typer.Option(help=say("The ZIP file of the whole ledger.", "Le fichier ZIP du registre entier."))
    ] = None,
    form: Annotated[
        str,
        typer.Option("--format", help=say("parquet, arrow, jsonl or csv.", "parquet, arrow, jsonl ou csv.")),
    ] = "jsonl",
    url: Url = "",
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
    if bundle is not None:
        from govai.cli.verifying import exported

        exported(url, bundle)
        return
    if out is None:
        raise ConfigError(
            say("there is no file to write to", "aucun fichier où écrire"),
            where="govai ledger export",
            todo="--out FILE, --bundle FILE.zip",
        )
    from govai.ledger.exporting import export as write
    from govai.ledger.reading import reading_at

    wanted = filtered(purpose, kind, provider, model, actor, job, status, subject, since, until)
    with reading_at(url) as reading:
        count = write(reading.records(wanted, limit=limit), out, form)
    typer.echo(say(f"{count} records: {out}", f"{count} enregistrements : {out}"), err=True)
