"""`govai`: the commands, and how an error reaches a person: one clear message, no traceback."""

from __future__ import annotations

import sys
from pathlib import Path  # noqa: TC003 -- typer reads annotations at run time
from typing import Annotated

import typer

from govai.core.errors import GovaiError
from govai.core.lang import say
from govai.core.version import VERSION

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    help=say("Governed AI calls.", "Des appels d'IA gouvernés."),
)
ledger = typer.Typer(no_args_is_help=True, help=say("The record of what left.", "Le registre de ce qui est sorti."))
app.add_typer(ledger, name="ledger")

Url = Annotated[
    str,
    typer.Option(
        "--ledger",
        help=say("sqlite:///relative.db or sqlite:////absolute.db", "sqlite:///relatif.db ou sqlite:////absolu.db"),
    ),
]


@app.callback(invoke_without_command=True)
def root(
    version: Annotated[bool, typer.Option("--version", help=say("Print the version.", "Afficher la version."))] = False,
) -> None:
    if version:
        typer.echo(f"govai {VERSION}")
        raise typer.Exit


@app.command()
def demo(
    model: Annotated[
        str, typer.Option(help=say("provider:model; others than offline need a key", "fournisseur:modèle"))
    ] = "offline:demo",
    data: Annotated[Path | None, typer.Option(help=say("your own CSV", "votre propre CSV"))] = None,
    rows: Annotated[
        int, typer.Option(min=1, max=1000, help=say("how many rows to write to", "nombre de lignes à traiter"))
    ] = 3,
    purpose: Annotated[
        str, typer.Option(help=say("why, as in the policy", "finalité, comme dans la politique"))
    ] = "win_back",
    keep: Annotated[
        bool, typer.Option("--keep", help=say("keep ledger and queue", "garder le registre et la file"))
    ] = False,
) -> None:
    """Govern a win-back campaign over a CRM export, from the prompt to the verified ledger."""
    from govai.cli.demo import run

    run(model=model, data=data, rows=rows, purpose=purpose, keep=keep)


@ledger.command()
def verify(url: Url = "sqlite:///.govai/ledger.db") -> None:
    """Check every record: exits 1 when one does not hold, and names it."""
    from govai.ledger.verify import verify_url

    found = verify_url(url)
    if found.ok:
        typer.echo(
            say(
                f"ok: {found.records} records hold. {found.why}",
                f"ok : {found.records} enregistrements intacts. {found.why}",
            )
        )
        return
    record = found.first_bad or say("(no single record)", "(aucun en particulier)")
    typer.echo(say(f"NOT ok: record {record}: {found.why}", f"ALTÉRÉ : enregistrement {record} : {found.why}"))
    raise typer.Exit(1)


@ledger.command()
def show(
    url: Url = "sqlite:///.govai/ledger.db",
    limit: Annotated[int, typer.Option(min=1, help=say("at most so many", "au plus"))] = 50,
    purpose: Annotated[str | None, typer.Option(help=say("only this purpose", "cette finalité seulement"))] = None,
) -> None:
    """Print records as JSON lines, oldest first."""
    import orjson

    from govai.ledger.verify import records_at

    for record in records_at(url, purpose=purpose, limit=limit):
        typer.echo(orjson.dumps(record.to_json()).decode())


def main() -> None:
    """Run the command line; a GovaiError becomes its message and exit code 1."""
    try:
        app()
    except GovaiError as error:
        typer.echo(str(error), err=True)
        sys.exit(1)
