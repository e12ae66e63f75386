"""`govai ledger about|erase|restrict|unrestrict|rectify`: the rights of data subjects. A value it is given is printed nowhere.

A value `-` is asked for, or read from standard input where that is no terminal: it stays out of the shell's history.
"""

from __future__ import annotations

import sys
from contextlib import contextmanager
from pathlib import Path  # noqa: TC003 -- typer reads annotations at run time
from typing import TYPE_CHECKING, Annotated, Any, Literal, cast

import orjson
import typer

from govai.cli.ledger_commands import Url, ledger
from govai.core.errors import ConfigError
from govai.core.lang import say

if TYPE_CHECKING:
    from collections.abc import Iterator

    from govai.ledger.store import Ledger

_ASKED = say("“-” asks for it, or reads it from standard input.", "« - » le demande, ou le lit sur l'entrée standard.")
Email = Annotated[str | None, typer.Option(help=_ASKED)]
Phone = Annotated[str | None, typer.Option(help=_ASKED)]
Customer = Annotated[str | None, typer.Option("--customer-id", help=_ASKED)]
Ids = Annotated[
    list[str] | None,
    typer.Option(
        "--id",
        metavar="COLUMN=VALUE",
        help=say("Any other identifying column or category.", "Toute autre colonne ou catégorie identifiante."),
    ),
]
Json = Annotated[bool, typer.Option("--json", help=say("As JSON.", "En JSON."))]


@ledger.command(
    help=say(
        "List every call that used someone's data, or write the letter that answers them (GDPR art. 15).",
        "Lister les appels qui ont utilisé les données d'une personne, ou écrire la lettre de réponse (RGPD art. 15).",
    )
)
def about(
    email: Email = None,
    phone: Phone = None,
    customer_id: Customer = None,
    ids: Ids = None,
    as_json: Json = False,
    report: Annotated[Path | None, typer.Option(help=say("A .pdf or .html file.", "Un fichier .pdf ou .html."))] = None,
    lang: Annotated[str, typer.Option(help=say("The letter's: fr or en.", "De la lettre : fr ou en."))] = "fr",
    url: Url = "",
) -> None:
    who = _named(email, phone, customer_id, ids)
    with _opened(url) as opened:
        found = opened.about(who)
    if report is not None:
        found.report(report, lang=cast("Literal['fr', 'en']", lang))  # any other is refused there
    typer.echo(_json(found.to_json()) if as_json else str(found))


@ledger.command(
    help=say(
        "Destroy what leads to someone and what is kept of them (GDPR art. 17). The ledger still verifies.",
        "Détruire ce qui mène à une personne et ce qui est gardé d'elle (RGPD art. 17). Le registre reste vérifiable.",
    )
)
def erase(
    email: Email = None,
    phone: Phone = None,
    customer_id: Customer = None,
    ids: Ids = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help=say("Only say what would be.", "Dire seulement."))] = False,
    yes: Annotated[bool, typer.Option("--yes", help=say("Do not ask.", "Ne pas demander."))] = False,
    as_json: Json = False,
    url: Url = "",
) -> None:
    who = _named(email, phone, customer_id, ids)
    with _opened(url) as opened:
        receipt = opened.erase(who, dry_run=True)
        if not dry_run:
            if not yes:
                typer.echo(str(receipt), err=True)
                typer.confirm(say("Erase? It cannot be undone.", "Effacer ? C'est irréversible."), abort=True, err=True)
            receipt = opened.erase(who)
    typer.echo(_json(receipt.to_json()) if as_json else str(receipt))


@ledger.command(
    help=say(
        "Have calls about someone refused from now on (GDPR art. 18).",
        "Faire refuser désormais les appels sur une personne (RGPD art. 18).",
    )
)
def restrict(
    email: Email = None, phone: Phone = None, customer_id: Customer = None, ids: Ids = None, url: Url = ""
) -> None:
    who = _named(email, phone, customer_id, ids)
    with _opened(url) as opened:
        typer.echo(say("restricted; record ", "traitement limité ; enregistrement ") + opened.restrict(who))


@ledger.command(
    help=say(
        "Take a restriction back; tell the person before (GDPR art. 18(3)).",
        "Lever une limitation ; prévenez d'abord la personne (RGPD art. 18, § 3).",
    )
)
def unrestrict(
    email: Email = None, phone: Phone = None, customer_id: Customer = None, ids: Ids = None, url: Url = ""
) -> None:
    who = _named(email, phone, customer_id, ids)
    with _opened(url) as opened:
        typer.echo(say("lifted; record ", "limitation levée ; enregistrement ") + opened.unrestrict(who))


@ledger.command(
    help=say(
        "Record that a field of someone's was wrong and was corrected at its source (GDPR art. 16).",
        "Enregistrer qu'un champ était inexact et a été corrigé à la source (RGPD art. 16).",
    )
)
def rectify(
    field: Annotated[
        str,
        typer.Option(
            help=say("source.field that a call about them used.", "source.champ, utilisé par un appel sur elle.")
        ),
    ],
    note: Annotated[str, typer.Option(help=say("Id of a file elsewhere.", "Identifiant d'un dossier."))] = "",
    email: Email = None,
    phone: Phone = None,
    customer_id: Customer = None,
    ids: Ids = None,
    url: Url = "",
) -> None:
    who = _named(email, phone, customer_id, ids)
    with _opened(url) as opened:
        typer.echo(say("recorded: ", "enregistré : ") + opened.rectify(who, field=field, note=note))


def _named(email: str | None, phone: str | None, customer_id: str | None, ids: list[str] | None) -> dict[str, str]:
    given = {"email": email, "phone": phone, "customer_id": customer_id}
    for one in ids or ():
        name, equals, value = one.partition("=")
        if not equals:
            raise ConfigError(
                say("--id takes COLUMN=VALUE", "--id prend COLONNE=VALEUR"), where="--id", todo="--id loyalty_number=-"
            )
        given[name] = value
    return {name: _asked(name) if value == "-" else value for name, value in given.items() if value is not None}


def _asked(name: str) -> str:
    if sys.stdin.isatty():
        return str(typer.prompt(name, hide_input=True, err=True))
    return sys.stdin.readline().strip()


@contextmanager
def _opened(url: str) -> Iterator[Ledger]:
    from govai.governor.governor import Governor

    with Governor(ledger=url) as gov:
        yield gov.ledger


def _json(said: dict[str, Any]) -> str:
    return orjson.dumps(said, option=orjson.OPT_INDENT_2).decode()
