"""`govai ledger show`: records as JSON lines, or the lineage of one as text, SVG or a page."""

from __future__ import annotations

from contextlib import contextmanager
from pathlib import Path  # noqa: TC003 -- typer reads annotations at run time
from typing import TYPE_CHECKING, Annotated

import typer

from govai.cli.asking import Actor, Job, Kind, Model, Provider, Purpose, Since, Status, Subject, Until, filtered
from govai.cli.ledger_commands import Url, ledger
from govai.core.errors import ConfigError
from govai.core.lang import say

if TYPE_CHECKING:
    from collections.abc import Iterator

    from govai.core.records import Record
    from govai.ledger.lineage import Lineage


@ledger.command(
    help=say(
        "Print records as JSON lines, oldest first; with --graph, what one was made from and used in.",
        "Afficher les enregistrements en lignes JSON, par âge ; avec --graph, l'origine et l'usage de l'un d'eux.",
    )
)
def show(
    about: Annotated[
        str | None,
        typer.Argument(
            metavar="[ID]",
            help=say(
                "A record with its outcome, or all records of a call.",
                "Un enregistrement et son issue, ou ceux d'un appel.",
            ),
        ),
    ] = None,
    url: Url = "",
    limit: Annotated[int, typer.Option(min=1, help=say("At most so many.", "Au plus."))] = 50,
    graph: Annotated[
        bool, typer.Option("--graph", help=say("The lineage of ID instead.", "Le lignage de ID plutôt."))
    ] = False,
    out: Annotated[
        Path | None,
        typer.Option(help=say("Draw it into FILE.svg or FILE.html.", "Le dessiner dans FICHIER.svg ou .html.")),
    ] = None,
    content: Annotated[
        bool,
        typer.Option(
            "--content",
            help=say("What was kept of ID; reading it is recorded.", "Ce qui est gardé d'ID ; la lecture est notée."),
        ),
    ] = False,
    newest_first: Annotated[bool, typer.Option(help=say("The other way round.", "Dans l'autre sens."))] = False,
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
    from govai.ledger.reading import reading_at

    wanted = filtered(purpose, kind, provider, model, actor, job, status, subject, since, until)
    if content:
        from govai.cli.custody_commands import show_content

        show_content(url, about or "")
        return
    if graph or out:
        with _named(url), reading_at(url) as reading:
            from govai.ledger.walking import walk

            _draw(walk(reading, about or ""), out)
        return
    with reading_at(url) as reading:
        if about is None:
            _print(reading.records(wanted, limit=limit, newest_first=newest_first), limit)
        elif not _print(filter(wanted.chooses, reading.about(about)), limit):
            raise ConfigError(
                say("no record and no call has this id", "aucun enregistrement ni appel n'a cet identifiant"),
                where=url,
                todo=say(
                    "check the id, or name another --ledger", "vérifiez l'identifiant, ou nommez un autre --ledger"
                ),
            )


def _print(records: Iterator[Record], limit: int) -> int:
    from itertools import islice

    import orjson

    count = 0
    for record in islice(records, limit):
        typer.echo(orjson.dumps(record.to_json()))
        count += 1
    return count


def _draw(lineage: Lineage, out: Path | None) -> None:
    from govai.ledger.drawing import page, svg
    from govai.ledger.exporting import replacing

    if out is None:
        typer.echo(str(lineage))
        return
    forms = {".svg": svg, ".html": page, ".htm": page}
    if out.suffix.lower() not in forms:
        raise ConfigError(
            say("a graph is drawn as .svg or .html", "un graphe se dessine en .svg ou .html"),
            where=f"--out {out}",
            todo="--out lineage.html",
        )
    with replacing(out) as file:
        file.write(forms[out.suffix.lower()](lineage).encode("utf-8", "replace"))
    typer.echo(say(f"drawn: {out}", f"dessiné : {out}"), err=True)


@contextmanager
def _named(url: str) -> Iterator[None]:
    """Say in an error which ledger it is about."""
    try:
        yield
    except ConfigError as error:
        error.where = error.where or url
        raise
