"""The options by which commands choose records, and the filter that they make."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from govai.core.lang import say

if TYPE_CHECKING:
    from govai.ledger.filtering import Filter

Purpose = Annotated[str | None, typer.Option(help=say("Only this purpose.", "Cette finalité seulement."))]
Kind = Annotated[str | None, typer.Option(help=say("intent, outcome, refusal, …", "intent, outcome, refusal, …"))]
Provider = Annotated[str | None, typer.Option(help=say("Only this provider entry.", "Ce fournisseur seulement."))]
Model = Annotated[str | None, typer.Option(help=say("Asked or answered.", "Demandé ou répondant."))]
Actor = Annotated[str | None, typer.Option(help=say("Who asked.", "Qui a demandé."))]
Job = Annotated[str | None, typer.Option(help=say("Only this job.", "Cette tâche seulement."))]
Status = Annotated[str | None, typer.Option(help=say("completed, failed, …", "completed, failed, …"))]
Subject = Annotated[str | None, typer.Option(help=say("A keyed reference, s:…", "Une référence à clé, s:…"))]
Since = Annotated[str | None, typer.Option(help=say("From this time on (RFC 3339).", "À partir de (RFC 3339)."))]
Until = Annotated[str | None, typer.Option(help=say("Before this time.", "Avant."))]


def filtered(
    purpose: str | None,
    kind: str | None,
    provider: str | None,
    model: str | None,
    actor: str | None,
    job: str | None,
    status: str | None,
    subject: str | None,
    since: str | None,
    until: str | None,
) -> Filter:
    """Return the filter of a command's options; ConfigError when a time cannot be read."""
    from govai.ledger.filtering import asked_for

    return asked_for(
        purpose=purpose,
        kind=kind,
        provider=provider,
        model=model,
        actor=actor,
        job=job,
        status=status,
        subject=subject,
        since=since,
        until=until,
    )
