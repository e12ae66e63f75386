"""`govai demo`: a win-back campaign over a CRM export, governed, from the prompt to the verified ledger."""

from __future__ import annotations

import re
import shutil
import tempfile
from collections import Counter
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from govai.cli.demo_view import Page
from govai.cli.reading import read_csv
from govai.core.errors import Blocked, GovaiError, ReviewPending
from govai.core.lang import say
from govai.core.records import new_id
from govai.detect.columns import classify
from govai.governor.governor import Governor
from govai.storage.opening import shown

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from govai.core.messages import Reply
    from govai.core.tags import Tag

_POLICY = {"govai": 1, "name": "demo", "extends": "eu-marketing", "people": {"marketing": ["lea"]}}
_REQUESTER, _REVIEWER = "ana", "lea"
_READ = 1000  # rows read at most: enough to see what the columns hold
_FACTS = 4  # ordinary facts that the prompt mentions, beside why the customer left
_TELLING = re.compile(r"offre|offer|plan|contra|abonnement|subscription|tenure|ancien|charge|montant|amount|spen[dt]|last|dernier", re.IGNORECASE)  # fmt: skip
_WHY = re.compile(r"motif|reason|raison|churn|attrition|complain", re.IGNORECASE)


def run(*, model: str, data: Path | None, rows: int, purpose: str, keep: bool, ledger: str = "") -> None:
    """Show a governed campaign.

    Args:
        model: `provider:model`. data: a CSV of one's own, else the shipped one. rows: how many to write to.
        purpose: as in the built-in policy. keep: leave ledger and queue where the printed URL says.
        ledger: URL of the ledger to write to; it is kept. "": a file of its own.

    Raises:
        GovaiError: the file, the model or the purpose cannot be used.
    """
    path = data or Path(__file__).with_name("demo_crm.csv")
    every = list(islice(read_csv(path), max(_READ, rows)))
    page, told = Page(), Told.over(every)
    keep = keep or bool(ledger)
    folder = Path(".govai").resolve() if keep else Path(tempfile.mkdtemp(prefix="govai-demo-"))
    url = ledger or f"sqlite:///{folder / f'demo-{new_id()}.db'}"
    try:
        with Governor(_POLICY, ledger=url, actor=_REQUESTER) as gov:
            gov.policy.purpose(purpose)
            page.opening(
                {
                    say("data", "données"): path.name,
                    say("model", "modèle"): model,
                    say("purpose", "finalité"): purpose,
                    say("policy", "politique"): say("demo, over eu-marketing", "demo, par-dessus eu-marketing"),
                    say("prompt", "consigne"): told.template(),
                }
            )
            _Campaign(gov, page, told, model, purpose).play(every, rows)
        page.kept(shown(url)) if keep else page.removed()
    finally:
        if not keep:
            shutil.rmtree(folder, ignore_errors=True)


@dataclass(frozen=True, slots=True)
class Told:
    """Which columns a prompt mentions: who it is to ("" for nobody), what is known, and which of that is sentences."""

    who: str
    facts: tuple[str, ...]
    sentences: str = ""

    @classmethod
    def over(cls, rows: Sequence[Mapping[str, str]]) -> Told:
        """Choose them by what the columns hold: a name, else an id; a few ordinary facts, the notes, why they left."""
        filled = {name: value for name in rows[0] if (value := next((row[name] for row in rows if row[name]), ""))}
        tags = classify(filled)
        who = next(
            (name for want in ("user.name.first", "user.name", "user.unique_id") for name in _of(tags, want)), ""
        )
        ordinary = [name for name in _of(tags, "user.behavior") if not tags[name].free_text]
        why = [name for name in ordinary if _WHY.search(name)][:1]
        facts = sorted((name for name in ordinary if name not in why), key=lambda name: not _TELLING.search(name))
        notes = [
            name for name, tag in tags.items() if tag.free_text and (tag.category or "").startswith("user.content")
        ]
        return cls(who, (*facts[:_FACTS], *notes[:1], *why), "".join(notes[:1]))

    def prompt(self, c: Any) -> str:
        """Write the prompt for one row, sealed or not."""
        known = "; ".join(f"{name}: {c[name]}" for name in self.facts if c[name])
        name = c[self.who] if self.who and c[self.who] else say("a customer", "un client")
        about = say(f" Known: {known}.", f" Connu : {known}.") if known else ""
        return say(f"Write two warm sentences to {name}.", f"Écris deux phrases chaleureuses à {name}.") + about

    def template(self) -> str:
        """Return how the prompt reads, with column names in place of values."""
        return self.prompt({name: f"{{{name}}}" for name in (self.who, *self.facts)})


@dataclass(frozen=True, slots=True)
class _Campaign:
    gov: Governor
    page: Page
    told: Told
    model: str
    purpose: str

    def play(self, every: Sequence[Mapping[str, str]], rows: int) -> None:
        passed = self._write(every[:rows])
        self._one_blocked(every)
        if passed:
            self._one_reviewed(every[passed[-1][0] - 1])
        kinds = Counter(record.kind for record in self.gov.ledger.records())
        self.page.verified(self.gov.ledger.verify(), kinds)

    def _write(self, rows: Sequence[Mapping[str, str]]) -> list[tuple[int, Reply]]:
        replies: list[tuple[int, Reply]] = []
        for number, row in enumerate(rows, start=1):
            try:
                reply = self.gov.generate(self.model, self.told.prompt, data=row, purpose=self.purpose)
            except Blocked as error:
                self.page.refused(number, error)
                continue
            if not replies:
                self.page.first(reply)
            replies.append((number, reply))
        self.page.others(replies[1:])
        if replies and self.told.sentences:
            self.page.limits(self.told.sentences)
        return replies

    def _one_blocked(self, every: Sequence[Mapping[str, str]]) -> None:
        """Send what must never leave: the export's own health column, or else a password pasted into a row."""
        found = ((name, row) for row in every for name in _of(classify(row), "user.health_and_medical") if row[name])
        field, row = next(found, ("", every[0]))
        if not field:
            field = say("password", "mot de passe")
            row = {**row, field: "correct-horse-battery"}
        ask = say("Write about ", "Écris au sujet de ")
        try:
            self.gov.generate(self.model, lambda c: f"{ask}{c[field]}", data=row, purpose=self.purpose)
        except Blocked as error:
            self.page.blocked(field, error)

    def _one_reviewed(self, row: Mapping[str, str]) -> None:
        from govai.decorators.scoping import require_review

        publish = require_review("marketing")(self.gov.generate)
        try:
            publish(self.model, self.told.prompt, data=row, purpose=self.purpose)
        except ReviewPending as pending:
            self._one_decided(pending)

    def _one_decided(self, waiting: ReviewPending) -> None:
        try:
            self.gov.reviews.approve(waiting.ticket_id)
        except GovaiError as own:
            self.page.waiting(_REQUESTER, waiting, own)
        desk = self.gov.bind(actor=_REVIEWER).reviews
        ticket = next(one for one in desk.pending(role="marketing") if one.id == waiting.ticket_id)
        desk.approve(ticket, note=say("good", "bien"))
        self.page.approved(ticket, _REQUESTER, _REVIEWER, self.gov.resume(ticket.id))


def _of(tags: Mapping[str, Tag], category: str) -> list[str]:
    """Return the fields whose category is this one or below it."""
    return [name for name, tag in tags.items() if f"{tag.category or ''}.".startswith(f"{category}.")]
