"""Ask a person: at once through a hook or the terminal, or later through the desk's durable queue."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from govai.core.errors import ConfigError, ReviewExpired, ReviewPending, ReviewRejected
from govai.core.lang import say
from govai.core.protocols import ReviewDetails
from govai.flow import recording
from govai.flow.waits import Ask, Commit, Do, Wait
from govai.review.ask import asking, read_verdict
from govai.review.tickets import Filing, Status, Ticket

if TYPE_CHECKING:
    from collections.abc import Generator

    from govai.core.decisions import Decision, ReviewNeed
    from govai.flow.asked import Asked
    from govai.flow.engine import Engine
    from govai.flow.envelope import Envelope

MODES = ("queue", "ask")


@dataclass(frozen=True, slots=True)
class Passed:
    """A review that was passed: `text` when the reviewer edited it, the ticket when there was one."""

    text: str | None = None
    ticket: Ticket | None = None


@dataclass(frozen=True, slots=True)
class Matter:
    """What is to be reviewed.

    Attributes:
        on: `prompt` or `output`. text: in its protected form. envelope: to go on later. fingerprints: of this very call,
            the one to file it under first. record_id: of the attempt's record.
    """

    on: str
    text: str
    envelope: Envelope
    fingerprints: tuple[str, ...]
    digests: dict[str, str]
    record_id: str


def needs_on(decision: Decision, on: str) -> tuple[ReviewNeed, ...]:
    """Return the reviews that are required at one point of the call."""
    return tuple(need for need in decision.reviews if need.on == on)


def check_decidable(engine: Engine, asked: Asked, decision: Decision) -> None:
    """Check that somebody may decide each review that would queue.

    Raises:
        ConfigError: nobody holds the role. The ticket could never go on: naming people later makes another policy.
    """
    if callable(read_mode(asked.scope.review)):
        return
    for need in decision.reviews:
        if not need.self_review and not engine.policy.people.get(need.role):
            people = f"people: {{{need.role}: [lea]}}"
            raise ConfigError(
                say(f"nobody holds the role '{need.role}'", f"personne n'a le rôle « {need.role} »"),
                where=say(f"policy {engine.policy.name}", f"politique {engine.policy.name}"),
                todo=say(
                    f"name who does in the policy ({people}), or decide by a hook: review=…",
                    f"nommez qui l'a dans la politique ({people}), ou décidez par un hook : review=…",
                ),
            )


def read_mode(review: Any) -> Any:
    """Return a review mode as given, if it is one: `queue`, `ask` or a hook."""
    if review is None or review in MODES or callable(review):
        return review
    name = review if isinstance(review, str) else type(review).__name__
    raise ConfigError(
        say(f"unknown review mode '{name}'", f"mode de revue inconnu « {name} »"),
        todo=say('use "queue", "ask" or a hook(ReviewDetails) -> Verdict', "« queue », « ask » ou un hook"),
    )


def review(
    engine: Engine, asked: Asked, decision: Decision, needs: tuple[ReviewNeed, ...], matter: Matter
) -> Generator[Wait, Any, Passed]:
    """Have a person decide; return when they approved.

    Raises:
        ReviewPending: queued, nobody decided yet. ReviewRejected: a person said no.
    """
    mode = read_mode(asked.scope.review)
    if mode == "ask":
        mode = asking() if all(need.self_review for need in needs) else "queue"
    if callable(mode):
        return (yield from _ask(engine, asked, decision, needs, matter, mode))
    filing = _filing(asked, decision, needs, matter)
    ticket: Ticket = yield Do(lambda: engine.desk.file(filing))
    asked.trace.ticket = ticket.id
    approved = settled(ticket)
    return Passed(approved.text if approved.edited else None, approved)


def decided(engine: Engine, asked: Asked, fingerprints: tuple[str, ...]) -> Generator[Wait, Any, Ticket | None]:
    """Return the approved ticket of this very call, None when there is none to wait for.

    Raises:
        ReviewPending: it still waits. ReviewRejected: it was refused.
    """
    ticket: Ticket | None = yield Do(lambda: engine.desk.find(*fingerprints))
    if ticket is None or ticket.status in (Status.RELEASED, Status.EXPIRED):
        return None
    if ticket.status is Status.PENDING:
        asked.trace.ticket = ticket.id
    return settled(ticket)


def settled(ticket: Ticket) -> Ticket:
    """Return the ticket if it was approved, else raise what it says."""
    if ticket.status is Status.PENDING:
        raise pending(ticket)
    if ticket.status is Status.REJECTED:
        raise rejected(ticket.id)
    if ticket.status is not Status.APPROVED:
        raise ReviewExpired(
            say(f"ticket {ticket.id} is closed ({ticket.status.value})", f"le ticket {ticket.id} est clos"),
            todo=say("make the call again", "refaites l'appel"),
        )
    return ticket


def pending(ticket: Ticket) -> ReviewPending:
    return ReviewPending(
        say(f"the {ticket.on} waits for {ticket.role}", f"en attente de {ticket.role} ({ticket.on})"),
        ticket_id=ticket.id,
        where=f"ticket {ticket.id}",
        todo=say(
            "once approved (gov.bind(actor=…).reviews.approve), gov.resume(ticket_id) or the same call goes on",
            "une fois approuvé (gov.bind(actor=…).reviews.approve), gov.resume(ticket_id) ou le même appel continue",
        ),
    )


def rejected(ticket_id: str) -> ReviewRejected:
    return ReviewRejected(
        say("a reviewer rejected this", "un relecteur a refusé"),
        where=f"ticket {ticket_id}" if ticket_id else "",
        todo=say("change the prompt and call again", "changez le texte et refaites l'appel"),
    )


def sources(decision: Decision) -> tuple[str, ...]:
    """Return the declared fields a decision is about, as `source.field`, each once."""
    named = (".".join(filter(None, (j.datum.source, j.datum.field))) for j in decision.findings)
    return tuple(dict.fromkeys(name for name in named if name))


def _filing(asked: Asked, decision: Decision, needs: tuple[ReviewNeed, ...], matter: Matter) -> Filing:
    return Filing(
        on=matter.on,
        text=matter.text,
        needs=needs,
        reasons=decision.reasons,
        sources=sources(decision),
        requester=asked.scope.actor,
        purpose=asked.scope.purpose,
        job=asked.scope.job,
        template=asked.template,
        fingerprint=matter.fingerprints[0],
        earlier=matter.fingerprints[1:],
        record_id=matter.record_id,
        digests=matter.digests,
        envelope=matter.envelope.to_bytes(),
    )


def _ask(
    engine: Engine, asked: Asked, decision: Decision, needs: tuple[ReviewNeed, ...], matter: Matter, hook: Any
) -> Generator[Wait, Any, Passed]:
    roles = [need.role for need in needs]
    details = ReviewDetails(
        ticket_id="",
        on=matter.on,
        text=matter.text,
        role=", ".join(dict.fromkeys(roles)),
        reasons=decision.reasons,
        sources=sources(decision),
        requester=asked.scope.actor,
        purpose=asked.scope.purpose,
    )
    verdict = read_verdict((yield Ask(hook, details)))
    word = ("edited" if verdict.text is not None else "approved") if verdict.approved else "rejected"
    who = asked.scope.actor if hook == asking() else getattr(hook, "__qualname__", type(hook).__name__)
    draft = recording.decided_by_hook(
        engine, asked, matter.on, record_id=matter.record_id, verdict=word, roles=roles, reviewer=who
    )
    yield Commit(engine.ledger, (draft,))
    if not verdict.approved:
        raise rejected("")
    return Passed(verdict.text)
