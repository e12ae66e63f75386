"""`govai ledger purge | hold | release-hold | holds | incidents | rescan`, and showing kept content. They open the ledger with its keys and policy."""

from __future__ import annotations

from contextlib import contextmanager
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from govai.core.errors import ConfigError
from govai.core.lang import say

if TYPE_CHECKING:
    from collections.abc import Iterator

    from govai.governor.governor import Governor
    from govai.ledger.incidents import Incident
    from govai.ledger.purging import Purged

Url = Annotated[
    str | None,
    typer.Option(
        "--ledger",
        help=say("A ledger's URL; default: the configuration's.", "L'URL d'un registre ; sinon la configuration."),
    ),
]
PolicyFile = Annotated[
    str | None,
    typer.Option("--policy", help=say("Default: the configuration's.", "Par défaut, celle de la configuration.")),
]
AsJson = Annotated[bool, typer.Option("--json", help=say("As JSON.", "En JSON."))]


def register(ledger: typer.Typer) -> None:
    """Add the commands to `govai ledger`."""
    ledger.command(
        help=say(
            "Empty what the policy's retention says is over; digests and chains stay.",
            "Vider ce dont la durée de conservation est passée ; empreintes et chaînes restent.",
        )
    )(purge)
    ledger.command(help=say("Keep something from purges and erasures.", "Geler : ni purge ni effacement."))(hold)
    ledger.command("release-hold", help=say("Release a legal hold.", "Lever un gel."))(release_hold)
    ledger.command(help=say("List the legal holds.", "Lister les gels."))(holds)
    ledger.command(
        help=say(
            "List the incidents and the hours left to notify them; exits 1 when one is open and overdue.",
            "Lister les incidents et les heures restantes ; sort avec 1 si l'un est ouvert et en retard.",
        )
    )(incidents)
    ledger.command(
        help=say(
            "Judge kept content under today's policy; exits 1 when an incident is raised.",
            "Juger le contenu gardé selon la politique du jour ; sort avec 1 si un incident est levé.",
        )
    )(rescan)


def show_content(url: str | None, record: str) -> None:
    """Print what was kept of an attempt, and record that it was read."""
    with _opened(url, None) as gov:
        found = gov.ledger.content(record, actor=gov.actor)
    if found is None:
        raise ConfigError(
            say("nothing readable is kept of this", "rien de lisible n'en est gardé"),
            where=record[:40],
            todo=say("the policy keeps none, or it was purged or erased", "rien gardé, ou purgé, ou effacé"),
        )
    for name, raw in (("prompt", found.prompt), ("output", found.output)):
        if raw is not None:
            typer.echo(f"{name}:\n{raw.decode('utf-8', 'replace')}\n")


def purge(
    url: Url = None,
    policy: PolicyFile = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help=say("Count only.", "Compter seulement."))] = False,
    before: Annotated[
        str | None,
        typer.Option(
            metavar="DATE",
            help=say("All that is older, in place of the terms.", "Tout ce qui est plus ancien, au lieu des durées."),
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    moment = _moment(before) if before else None
    with _opened(url, policy) as gov:
        report = gov.ledger.purge(dry_run=dry_run, before=moment)
    _print(report.to_json()) if as_json else _tell(report)


def hold(
    reason: Annotated[str, typer.Argument(help=say("The id of a file.", "L'identifiant d'un dossier."))],
    url: Url = None,
    purpose: Annotated[str, typer.Option(help=say("Only this purpose.", "Cette finalité seulement."))] = "",
    subject: Annotated[
        list[str] | None, typer.Option(help=say("Someone's references.", "Les références d'une personne."))
    ] = None,
    call: Annotated[str, typer.Option(help=say("Only this call.", "Cet appel seulement."))] = "",
) -> None:
    with _opened(url, None) as gov:
        placed = gov.ledger.hold(reason, purpose=purpose, subject=subject or (), call_id=call)
    typer.echo(placed.id)


def release_hold(hold_id: Annotated[str, typer.Argument(metavar="ID")], url: Url = None) -> None:
    with _opened(url, None) as gov:
        gov.ledger.release_hold(hold_id)
    typer.echo(say("released", "levé"))


def holds(url: Url = None) -> None:
    with _opened(url, None) as gov:
        found = gov.ledger.holds()
    for one in found:
        _print(one.to_json())


def incidents(
    url: Url = None,
    notified: Annotated[
        str | None, typer.Option(metavar="ID", help=say("The authority was told.", "L'autorité est informée."))
    ] = None,
    closed: Annotated[str | None, typer.Option(metavar="ID", help=say("It is closed.", "Il est clos."))] = None,
    note: Annotated[str, typer.Option(help=say("Only its commitment is kept.", "Seule son empreinte reste."))] = "",
    as_json: AsJson = False,
) -> None:
    changes: list[tuple[str | None, Literal["notified", "closed"]]] = [(notified, "notified"), (closed, "closed")]
    with _opened(url, None) as gov:
        for incident, status in changes:
            if incident:
                gov.ledger.update_incident(incident, status, note=note)
        found = gov.ledger.incidents()
    for one in found:
        _print(_as_json(one)) if as_json else typer.echo(_line(one))
    if not found and not as_json:
        typer.echo(say("no incident", "aucun incident"))
    if any(one.overdue() for one in found):
        raise typer.Exit(1)


def rescan(
    url: Url = None,
    policy: PolicyFile = None,
    since: Annotated[
        str | None, typer.Option(metavar="DATE", help=say("Only from then on.", "Depuis cette date."))
    ] = None,
) -> None:
    with _opened(url, policy) as gov:
        found = gov.rescan(_moment(since) if since else None)
    typer.echo(say(f"{found.contents} looked at", f"{found.contents} examinés"))
    for incident in found.incidents:
        typer.echo(say(f"incident {incident}: govai ledger incidents", f"incident {incident} : govai ledger incidents"))
    if found.incidents:
        raise typer.Exit(1)


@contextmanager
def _opened(url: str | None, policy: str | None) -> Iterator[Governor]:
    from govai.governor.governor import Governor

    with Governor(policy, ledger=url) as gov:
        yield gov


def _moment(text: str) -> datetime:
    try:
        return datetime.combine(date.fromisoformat(text), datetime.min.time(), UTC)
    except ValueError:
        pass
    raise ConfigError(say("this is not a date", "ceci n'est pas une date"), where=text[:40], todo="2026-01-31")


def _tell(report: Purged) -> None:
    verb = say("would go", "partiraient") if report.dry_run else say("gone", "partis")
    for (purpose, kind), count in sorted(report.purged.items()):
        typer.echo(f"{purpose or '-'}  {kind}  {count} {verb}")
    if not report.purged:
        typer.echo(say("nothing is due", "rien n'est échu"))
    for name, count in report.held.items():
        typer.echo(say(f"hold {name} keeps {count}", f"le gel {name} en garde {count}"))
    if report.waiting:
        sinks = ", ".join(report.sinks)
        typer.echo(
            say(
                f"{report.waiting} wait for what {sinks} has not taken",
                f"{report.waiting} attendent que {sinks} les prenne",
            )
        )


def _line(one: Incident) -> str:
    left = f"{one.hours_left():.0f} h" if one.status == "open" else one.status
    what = ", ".join(one.categories)
    return f"{one.id}  {left}  {one.purpose or '-'}  {what}  {one.values} / {one.count}  {one.source}  {one.found_at}"


def _as_json(one: Incident) -> dict[str, Any]:
    from dataclasses import asdict

    return {**asdict(one), "hours_left": round(one.hours_left(), 1), "overdue": one.overdue()}


def _print(found: dict[str, Any]) -> None:
    import orjson

    typer.echo(orjson.dumps(found))
