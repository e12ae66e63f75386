"""`govai keys`: make, rotate and list the roots of a key store. It never prints key material."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from govai.core.errors import ConfigError
from govai.core.lang import say

if TYPE_CHECKING:
    from collections.abc import Callable

    from govai.keys.roots import Keyring, RootKey
    from govai.keys.spelling import Line

keys = typer.Typer(no_args_is_help=True, help=say("The keys the ledger needs.", "Les clés dont le registre a besoin."))

File = Annotated[Path, typer.Argument(metavar="FILE", help=say("The key file.", "Le fichier de clé."))]
Spec = Annotated[
    str | None,
    typer.Option(
        "--keys",
        help=say(
            "env:NAME or file:PATH; default: what the configuration says, else the file beside the ledger.",
            "env:NOM ou file:CHEMIN ; par défaut : ce que dit la configuration, sinon le fichier à côté du registre.",
        ),
    ),
]


@keys.command(help=say("Make a key file, mode 0600.", "Créer un fichier de clé, mode 0600."))
def new(file: File) -> None:
    from govai.keys import spelling
    from govai.keys.files import create

    line = spelling.new()
    if not create(file, spelling.write((line,))):
        raise ConfigError(
            say("there is a file already; it stays as it is", "il y a déjà un fichier ; il reste tel quel"),
            where=str(file),
            todo=say("govai keys rotate FILE adds a root to it", "govai keys rotate FICHIER y ajoute une racine"),
        )
    (root,) = spelling.keyring((line,), "").roots
    typer.echo(say(f"made {root.id}; use it: keys='file:{file}'", f"{root.id} créée ; à utiliser : keys='file:{file}'"))
    typer.echo(
        say(
            "keep a copy elsewhere, not with the ledger: without it nothing it sealed can be opened",
            "gardez-en une copie ailleurs, pas avec le registre : sans elle, rien de scellé ne s'ouvre",
        )
    )


@keys.command(
    help=say(
        "Add a root that is read with, and written with only after `rotate`: first step where several processes run.",
        "Ajouter une racine pour lire, et pour écrire seulement après `rotate` : à faire d'abord à plusieurs processus.",
    )
)
def prepare(file: File) -> None:
    from govai.keys import spelling

    _change(file, spelling.prepared)
    typer.echo(
        say(
            "ready: restart every process that uses this file, then: govai keys rotate FILE",
            "prêt : redémarrez chaque processus qui l'utilise, puis : govai keys rotate FICHIER",
        )
    )
    _print(_opened(f"file:{file}"))


@keys.command(
    help=say(
        "Write with the prepared root, or a new one, from the next start on; the old ones are kept to read with.",
        "Écrire avec la racine préparée, ou une nouvelle, dès le prochain démarrage ; les anciennes restent pour lire.",
    )
)
def rotate(file: File) -> None:
    from govai.keys import spelling

    _change(file, spelling.rotated)
    typer.echo(
        say("rotated: restart what uses this file", "rotation faite : redémarrez ce qui utilise ce fichier"),
    )
    _print(_opened(f"file:{file}"))


@keys.command("list", help=say("List roots: id, age, use.", "Lister les racines : identifiant, âge, usage."))
def list_roots(spec: Spec = None) -> None:
    _print(_opened(spec))


@keys.command(
    help=say(
        "Take a root out of a key file; without --yes, only say what would become unreadable.",
        "Retirer une racine d'un fichier de clé ; sans --yes, dire seulement ce qui deviendrait illisible.",
    )
)
def retire(
    root_id: Annotated[str, typer.Argument(metavar="ID", help=say("As `list` shows it.", "Comme le montre `list`."))],
    spec: Spec = None,
    ledger: Annotated[
        str | None, typer.Option("--ledger", help=say("Where to count.", "Où compter ; une URL de registre."))
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", help=say("Do it.", "Le faire."))] = False,
) -> None:
    from govai.keys import spelling

    ring = _opened(spec)
    root = ring.root(root_id)
    kind, _, place = ring.source.partition(":")
    if root is None or root_id == ring.roots[0].id or kind != "file":
        raise _stays(root_id, ring, named=root is not None)
    for sentence in _lost(root, ledger or _settings("ledger")):
        typer.echo(sentence)
    if not yes:
        typer.echo(say("nothing was done; --yes retires it", "rien n'a été fait ; --yes la retire"))
        raise typer.Exit(1)
    _change(Path(place), lambda lines: spelling.without(lines, root_id))
    typer.echo(say(f"retired {root_id}", f"{root_id} retirée"))


@keys.command(
    help=say(
        "Write the public keys that checkpoints verify with, as PEM; those of retired roots too.",
        "Écrire les clés publiques de vérification des points de contrôle, en PEM ; celles des racines retirées aussi.",
    )
)
def public(
    spec: Spec = None,
    out: Annotated[
        Path | None, typer.Option("--out", metavar="FILE", help=say("Where to.", "Où ; un fichier."))
    ] = None,
) -> None:
    from govai.keys.signing import pem, public_keys

    text = pem(public_keys(_opened(spec)))
    if out is None:
        typer.echo(text, nl=False)
    else:
        out.write_text(text, encoding="ascii")


def _settings(name: str) -> str:
    from govai.governor.configuration import DEFAULT_LEDGER, discover

    found = discover().values.get(name, DEFAULT_LEDGER if name == "ledger" else "")
    return found if isinstance(found, str) else ""


def _opened(spec: str | None) -> Keyring:
    from govai.keys.opening import beside, open_keys
    from govai.keys.roots import Keyring
    from govai.storage.opening import open_database

    named = spec or _settings("keys") or f"file:{beside(open_database(_settings('ledger')).path)}"
    if isinstance(found := open_keys(named, ""), Keyring):
        return found
    raise AssertionError("what a text names is a key ring")


def _change(file: Path, make: Callable[[tuple[Line, ...]], tuple[Line, ...]]) -> None:
    from govai.keys import spelling
    from govai.keys.files import change, unusable

    def changed(text: str) -> str:
        try:
            lines = spelling.read(text)
            spelling.keyring(lines, f"file:{file}")
        except ValueError as error:
            problem = str(error)
        else:
            return spelling.write(make(lines))
        raise unusable(file, problem)

    change(file, changed)


def _print(ring: Keyring) -> None:
    said = {
        "current": say("writes and reads", "écrit et lit"),
        "earlier": say("reads", "lit"),
        "next": say("reads; writes after the next rotate", "lit ; écrit après le prochain rotate"),
        "retired": say("gone; its public key is kept", "retirée ; sa clé publique reste"),
    }
    for root in ring.roots:
        typer.echo(f"{root.id}  {_age(root.made):<10}  {said[root.state.value]}")


def _age(made: str) -> str:
    if not made:
        return say("age ?", "âge ?")
    days = (datetime.now(UTC) - datetime.fromisoformat(made)).days
    return say(f"{days} d", f"{days} j")


def _lost(root: RootKey, url: str) -> list[str]:
    """Return what becomes unreadable, counted where there is a ledger to count in."""
    from govai.review.desk import Desk
    from govai.storage.opening import open_database

    said = [
        say(
            "records name people by references: those written with this root will no longer be found by who they are",
            "les personnes des enregistrements écrits avec cette racine ne seront plus retrouvées",
        ),
        say(
            "commitments made with it can no longer be proved; its checkpoints still verify",
            "ses engagements ne pourront plus être prouvés ; ses points de contrôle restent vérifiables",
        ),
    ]
    path = open_database(url).path
    if not Path(path).is_file():
        return [*said, say(f"not counted: no ledger at {url}", f"non compté : pas de registre à {url}")]
    desk = Desk(open_database(url), root)
    try:
        tickets, replies = desk.opened_by(root)
    finally:
        desk.close()
    counted = say(
        f"{tickets} open tickets and {replies} kept replies can no longer be opened (a call made again is paid again)",
        f"{tickets} tickets ouverts et {replies} réponses gardées illisibles (un appel refait est repayé)",
    )
    return [counted, *said]


def _stays(root_id: str, ring: Keyring, *, named: bool) -> ConfigError:
    if named and root_id == ring.roots[0].id:
        return ConfigError(
            say("this root is the one to write with", "c'est avec cette racine qu'on écrit"),
            where=root_id,
            todo=say("govai keys rotate FILE first", "d'abord govai keys rotate FICHIER"),
        )
    if named:
        return ConfigError(
            say("a variable is changed where it is set", "une variable se change là où elle est définie"),
            where=ring.source,
            todo=say("take the root out there", "retirez-y la racine"),
        )
    return ConfigError(
        say("no root here has this id", "aucune racine n'a cet identifiant"),
        where=ring.source,
        todo="govai keys list",
    )
