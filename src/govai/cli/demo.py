"""`govai demo`: a win-back campaign over a CRM export, governed, from the prompt to the verified ledger."""

from __future__ import annotations

import shutil
import tempfile
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from govai.cli import demo_view as view
from govai.cli.reading import read_csv
from govai.core.errors import Blocked, GovaiError, ReviewPending
from govai.core.lang import say
from govai.core.records import new_id
from govai.detect.columns import classify
from govai.governor.governor import Governor

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from govai.core.tags import Tag

_POLICY = {
    "govai": 1,
    "name": "demo",
    "extends": "eu-marketing",
    "people": {"marketing": ["lea"]},
}
_REQUESTER, _REVIEWER = "ana", "lea"
_FACTS = 4  # ordinary facts that a prompt over one's own file mentions


def run(*, model: str, data: Path | None, rows: int, purpose: str, keep: bool) -> None:
    """Show a governed campaign.

    Args:
        model: `provider:model`. data: a CSV of one's own, else the shipped one. rows: how many to write to.
        purpose: as in the built-in policy. keep: leave ledger and queue where the printed URL says.
    """
    path = data or Path(__file__).with_name("demo_crm.csv")
    every = list(islice(read_csv(path), 500))
    folder = Path(".govai").resolve() if keep else Path(tempfile.mkdtemp(prefix="govai-demo-"))
    file = folder / f"demo-{new_id()}.db"
    try:
        with Governor(_POLICY, ledger=f"sqlite:///{file}", actor=_REQUESTER) as gov:
            _campaign(gov, path, every, model=model, rows=rows, purpose=purpose)
        view.kept(f"sqlite:///{file}") if keep else view.removed()
    finally:
        if not keep:
            shutil.rmtree(folder, ignore_errors=True)


def _campaign(gov: Governor, path: Path, every: list[dict[str, str]], *, model: str, rows: int, purpose: str) -> None:
    prompt, shown = _prompt(every)
    view.opening(path, model, purpose, gov, shown)
    for number, row in enumerate(every[:rows], start=1):
        reply = gov.generate(model, prompt, data=row, purpose=purpose)
        view.call(number, reply, first=number == 1)
    _one_blocked(gov, every, model=model, purpose=purpose)
    _one_reviewed(gov, every[min(1, len(every) - 1)], prompt, model=model, purpose=purpose)
    gov.ledger.flush()
    view.verified(gov.ledger.verify())


def _one_blocked(gov: Governor, every: list[dict[str, str]], *, model: str, purpose: str) -> None:
    """Send what must never leave: the export's own health column, or else a password pasted into a row."""
    tags = classify(every[0])
    forbidden = next((name for name, tag in tags.items() if tag.category == "user.health_and_medical"), None)
    row = next((row for row in every if forbidden and row[forbidden]), None)
    if row is None or forbidden is None:
        forbidden = say("password", "mot de passe")
        row = {**every[0], forbidden: "correct-horse-battery"}
    try:
        gov.generate(
            model,
            lambda c: say(f"Write about {c[forbidden]}", f"Écris au sujet de {c[forbidden]}"),
            data=row,
            purpose=purpose,
        )
    except Blocked as error:
        view.blocked(forbidden, error)


def _one_reviewed(
    gov: Governor, row: Mapping[str, str], prompt: Callable[[Any], str], *, model: str, purpose: str
) -> None:
    from govai.decorators.scoping import require_review

    publish = require_review("marketing")(gov.generate)
    ticket_id = ""
    try:
        publish(model, prompt, data=row, purpose=purpose)
    except ReviewPending as pending:
        ticket_id = pending.ticket_id
        view.waiting(pending)
    try:
        gov.reviews.approve(ticket_id)
    except GovaiError as error:
        view.own_request(error)
    reviewer = gov.bind(actor=_REVIEWER)
    (ticket,) = [one for one in reviewer.reviews.pending(role="marketing") if one.id == ticket_id]
    reviewer.reviews.approve(ticket, note=say("good", "bien"))
    view.approved(ticket, _REVIEWER, gov.resume(ticket_id))


def _prompt(every: list[dict[str, str]]) -> tuple[Callable[[Any], str], str]:
    """Return a prompt over the columns that say something (a name, else an id; a few facts), and how it reads."""
    filled = {name: value for name in every[0] if (value := next((row[name] for row in every if row[name]), ""))}
    tags = classify(filled)
    who = _first(tags, "user.name.first") or _first(tags, "user.name") or _first(tags, "user.unique_id") or ""
    facts = [name for name, tag in tags.items() if (tag.category or "").startswith("user.behavior")]
    why = [name for name in facts if any(word in name.lower() for word in ("motif", "churn", "reason", "raison"))][:1]
    notes = [name for name, tag in tags.items() if tag.free_text][:1]
    told = [*[name for name in facts if name not in why][:_FACTS], *notes, *why]

    def prompt(c: Any) -> str:
        known = "; ".join(f"{name}: {c[name]}" for name in told if c[name])
        name = c[who] if who else say("a customer", "un client")
        return say(
            f"Write two warm sentences to {name}. Known: {known}.", f"Écris deux phrases à {name}. Connu : {known}."
        )

    shown = ", ".join(told)
    return prompt, say(
        f"Write two warm sentences to {{{who}}}, knowing {shown}", f"Écris deux phrases à {{{who}}}, sachant {shown}"
    )


def _first(tags: Mapping[str, Tag], category: str) -> str | None:
    covered = (name for name, tag in tags.items() if tag.category and (tag.category + ".").startswith(category + "."))
    return next(covered, None)
