"""`govai ledger`: look at a ledger's file without changing it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from govai.cli.custody_commands import register
from govai.core.lang import say

ledger = typer.Typer(no_args_is_help=True, help=say("The record of what left.", "Le registre de ce qui est sorti."))


def _own(url: str) -> str:
    """The ledger of the configuration that is found from here, where none is named."""
    from govai.governor.configuration import DEFAULT_LEDGER, discover

    return url or str(discover().values.get("ledger", DEFAULT_LEDGER))


Url = Annotated[
    str,
    typer.Option(
        "--ledger",
        callback=_own,
        show_default=False,
        help=say(
            "sqlite:///relative.db, sqlite:////absolute.db or postgresql://…; by default the configuration's, else .govai/ledger.db.",
            "sqlite:///relatif.db, sqlite:////absolu.db ou postgresql://… ; sinon celui de la configuration, sinon .govai/ledger.db.",
        ),
    ),
]

Anchors = Annotated[
    list[str] | None,
    typer.Option(
        "--anchor",
        help=say(
            "Where copies of checkpoints are: file:PATH, git:REPOSITORY.",
            "Où sont les copies : file:CHEMIN, git:DÉPÔT.",
        ),
    ),
]


@ledger.command(
    help=say(
        "Check every record; exits 1 when one does not hold, and names it.",
        "Vérifier chaque enregistrement ; sort avec 1 si l'un ne tient pas, et le nomme.",
    )
)
def verify(
    url: Url = "",
    anchor: Anchors = None,
    public_key: Annotated[
        list[Path] | None,
        typer.Option(help=say("Who may sign: a PEM file.", "Qui peut signer : un fichier PEM.")),
    ] = None,
    bundle: Annotated[
        Path | None,
        typer.Option(help=say("A bundle instead of a ledger.", "Une archive au lieu d'un registre.")),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help=say("As JSON.", "En JSON."))] = False,
) -> None:
    from govai.cli.verifying import verified

    raise typer.Exit(verified(url, bundle, anchor or [], public_key or [], as_json=as_json))


@ledger.command(
    help=say(
        "Sign where all chains stand now, and hand it to the anchors of the configuration.",
        "Signer l'état de toutes les chaînes et le remettre aux ancrages de la configuration.",
    )
)
def checkpoint(url: Url = "", anchor: Anchors = None) -> None:
    from govai.cli.verifying import checkpointed

    checkpointed(url, anchor or [])


@ledger.command(
    help=say(
        "Write what proves one record, and reveals no other, to someone who has the public key.",
        "Écrire la preuve d'un enregistrement, sans révéler les autres, pour qui a la clé publique.",
    )
)
def proof(
    record: Annotated[str, typer.Argument(metavar="ID", help=say("The record.", "L'enregistrement."))],
    out: Annotated[Path, typer.Option(help=say("The file.", "Le fichier."))] = Path("proof.json"),
    url: Url = "",
) -> None:
    from govai.cli.verifying import write_proof

    write_proof(url, record, out)


@ledger.command(
    "check-proof",
    help=say("Check a proof of one record, offline; exits 1.", "Vérifier une preuve, hors ligne ; sort avec 1."),
)
def check_proof(
    file: Annotated[Path, typer.Argument(help=say("The proof.", "La preuve."))],
    public_key: Annotated[
        Path, typer.Option(help=say("Who may sign: a PEM file.", "Qui peut signer : un fichier PEM."))
    ],
) -> None:
    from govai.cli.verifying import proof_holds

    raise typer.Exit(0 if proof_holds(file, public_key) else 1)


@ledger.command(
    help=say(
        "Make or renew the ledger's tables, as the schema's owner: once, where others may only insert and select.",
        "Créer ou renouveler les tables, en propriétaire du schéma : une fois, si les autres ne peuvent qu'insérer et lire.",
    )
)
def migrate(url: Url = "") -> None:
    from govai.ledger.store import Ledger

    Ledger(url).close()
    typer.echo(say("ok: the tables are those of this govai", "ok : les tables sont celles de ce govai"))


@ledger.command(
    help=say(
        "Say how each sink is doing: how far behind, what fails, what was laid aside; or set one back.",
        "Dire l'état de chaque destination : retard, échecs, mis de côté ; ou en faire reculer une.",
    )
)
def sinks(
    url: Url = "",
    replay: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help=say(
                "Offer records to this sink again.", "Proposer à nouveau des enregistrements à cette destination."
            ),
        ),
    ] = None,
    start: Annotated[
        str | None,
        typer.Option(
            "--from",
            metavar="ID|TIME|start",
            help=say("… everything from here on.", "… tout à partir d'ici."),
        ),
    ] = None,
    dead: Annotated[
        bool, typer.Option("--dead", help=say("… what was laid aside.", "… ce qui a été mis de côté."))
    ] = False,
) -> None:
    from govai.cli.sinks_view import again, show_sinks

    if replay is None and not dead and start is None:
        show_sinks(url)
    else:
        again(url, replay, start, dead=dead)


register(ledger)
