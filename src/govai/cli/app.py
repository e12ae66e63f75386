"""`govai`: the commands, and how an error reaches a person: one clear message, no traceback."""

from __future__ import annotations

import io
import sys
from pathlib import Path  # noqa: TC003 -- typer reads annotations at run time
from typing import Annotated

import typer

from govai.cli import exporting as _exporting  # noqa: F401 -- adds a command
from govai.cli import rights_commands as _rights_commands  # noqa: F401 -- adds commands
from govai.cli import showing as _showing  # noqa: F401 -- adds a command
from govai.cli.keys_commands import keys
from govai.cli.ledger_commands import ledger
from govai.core.errors import GovaiError
from govai.core.lang import say
from govai.core.version import VERSION

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    help=say(
        "Governed AI calls: only the data the policy allows leaves, and a record proves it.",
        "Des appels d'IA gouvernés : seules sortent les données que la politique autorise, et un registre le prouve.",
    ),
)
app.add_typer(ledger, name="ledger")
app.add_typer(keys, name="keys")


def _print_version(value: bool) -> None:
    if value:
        typer.echo(f"govai {VERSION}")
        raise typer.Exit


@app.callback()
def root(
    version: Annotated[
        bool,
        typer.Option(
            "--version",
            callback=_print_version,
            is_eager=True,
            help=say("Print the version.", "Afficher la version."),
        ),
    ] = False,
) -> None:
    """Options that stand before a command."""


@app.command(
    help=say(
        "Govern a win-back campaign over a CRM export, from the prompt to the verified ledger. No key, no network.",
        "Gouverner une campagne de reconquête sur un export CRM, de la consigne au registre vérifié. Ni clé, ni réseau.",
    )
)
def demo(
    model: Annotated[
        str,
        typer.Option(
            help=say(
                "provider:model; others than offline: need a key in the environment.",
                "fournisseur:modèle ; hors offline:, il faut une clé dans l'environnement.",
            )
        ),
    ] = "offline:demo",
    data: Annotated[Path | None, typer.Option(help=say("A CSV of your own.", "Votre propre CSV."))] = None,
    rows: Annotated[
        int, typer.Option(min=1, max=1000, help=say("How many rows to write to.", "Nombre de lignes à traiter."))
    ] = 5,
    purpose: Annotated[
        str, typer.Option(help=say("Why, as the policy names it.", "Finalité, comme la nomme la politique."))
    ] = "win_back",
    keep: Annotated[
        bool,
        typer.Option(
            "--keep",
            help=say("Keep ledger and review queue under ./.govai/.", "Garder registre et file sous ./.govai/."),
        ),
    ] = False,
    ledger_url: Annotated[
        str,
        typer.Option(
            "--ledger",
            help=say("Write to this ledger, and keep it.", "Écrire dans ce registre, et le garder."),
        ),
    ] = "",
) -> None:
    from govai.cli.demo import run

    run(model=model, data=data, rows=rows, purpose=purpose, keep=keep, ledger=ledger_url)


def main() -> None:
    """Run the command line; a GovaiError becomes its message on stderr and exit code 1."""
    for stream in (sys.stdout, sys.stderr):  # a terminal without accents shows `?`, and does not crash
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")
    try:
        app()
    except GovaiError as error:
        typer.echo(str(error), err=True)
        sys.exit(1)
