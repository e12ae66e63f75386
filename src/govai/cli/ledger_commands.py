"""`govai ledger`: look at a ledger's file without changing it."""

from __future__ import annotations

from typing import Annotated

import typer

from govai.core.lang import say

ledger = typer.Typer(no_args_is_help=True, help=say("The record of what left.", "Le registre de ce qui est sorti."))

Url = Annotated[
    str,
    typer.Option(
        "--ledger",
        help=say(
            "sqlite:///relative.db, sqlite:////absolute.db or postgresql://…",
            "sqlite:///relatif.db, sqlite:////absolu.db ou postgresql://…",
        ),
    ),
]


@ledger.command(
    help=say(
        "Check every record; exits 1 when one does not hold, and names it.",
        "Vérifier chaque enregistrement ; sort avec 1 si l'un ne tient pas, et le nomme.",
    )
)
def verify(url: Url = "sqlite:///.govai/ledger.db") -> None:
    from govai.ledger.verify import verify_url

    found = verify_url(url)
    count = found.records
    if found.ok:
        typer.echo(say(f"ok: {count} records hold; {found.why}", f"ok : {count} enregistrements intacts ; {found.why}"))
        return
    record = found.first_bad or say("(none in particular)", "(aucun en particulier)")
    typer.echo(say(f"NOT OK: record {record}: {found.why}", f"ALTÉRÉ : enregistrement {record} : {found.why}"))
    raise typer.Exit(1)


@ledger.command(
    help=say(
        "Make or renew the ledger's tables, as the schema's owner: once, where others may only insert and select.",
        "Créer ou renouveler les tables, en propriétaire du schéma : une fois, si les autres ne peuvent qu'insérer et lire.",
    )
)
def migrate(url: Url = "sqlite:///.govai/ledger.db") -> None:
    from govai.ledger.store import Ledger

    Ledger(url).close()
    typer.echo(say("ok: the tables are those of this govai", "ok : les tables sont celles de ce govai"))
