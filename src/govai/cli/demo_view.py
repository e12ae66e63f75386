"""How the demonstration looks in a terminal: every view takes what the public API gave."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from rich.console import Console
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from govai.core.decisions import Effect
from govai.core.lang import say

if TYPE_CHECKING:
    from pathlib import Path

    from govai.core.errors import Blocked, GovaiError, ReviewPending
    from govai.core.messages import Reply
    from govai.governor.governor import Governor
    from govai.ledger.verify import Verification
    from govai.review.tickets import Ticket

_PLACEHOLDER = re.compile(r"Zq[A-Z][a-z]+[A-Z2-7]{12}")
_STYLES = {Effect.ALLOW: "green", Effect.BLOCK: "bold red"}


def _console() -> Console:
    return Console(highlight=False, soft_wrap=False)


def opening(path: Path, model: str, purpose: str, gov: Governor, template: str) -> None:
    """Say what is about to happen."""
    console = _console()
    console.rule(
        Text(say("govai · a governed win-back campaign", "govai · une campagne de reconquête gouvernée"), style="bold")
    )
    facts = Table.grid(padding=(0, 2))
    for name, value in (
        (say("data", "données"), path.name),
        (say("model", "modèle"), model),
        (say("purpose", "finalité"), purpose),
        (
            say("policy", "politique"),
            say(f"{gov.policy.name}, on top of eu-marketing", f"{gov.policy.name}, sur eu-marketing"),
        ),
        (say("prompt", "consigne"), template),
    ):
        facts.add_row(Text(name, style="dim"), Text(value))
    console.print(facts)
    console.print()


def call(number: int, reply: Reply, *, first: bool) -> None:
    """Show one call: what was sent, what was protected and why, and the restored message."""
    console = _console()
    console.print(
        Text(say(f"{number}. What left this machine", f"{number}. Ce qui a quitté cette machine"), style="bold")
    )
    for _where, text in reply.sent:
        console.print(Panel(_marked(text), border_style="blue"))
    if first:
        console.print(_why(reply))
    console.print(
        Text(say("   What you get back, restored here", "   Ce que vous recevez, restauré ici"), style="bold")
    )
    console.print(Panel(Text(str(reply)), border_style="green"))


def blocked(field: str, error: Blocked) -> None:
    """Show the call that did not leave."""
    console = _console()
    title = say(f"A call that did not leave (column '{field}')", f"Un appel qui n'est pas parti (colonne « {field} »)")
    console.print(Panel(Text(str(error)), title=Text(title, style="bold red"), border_style="red"))


def waiting(pending: ReviewPending) -> None:
    """Show that an answer waits for a person."""
    console = _console()
    console.print(
        Text(
            say("A published text is read by a person first", "Un texte publié est d'abord relu par une personne"),
            style="bold",
        )
    )
    console.print(Text(f"   ana   {pending}", style="yellow"))


def own_request(error: GovaiError) -> None:
    """Show that nobody approves their own request."""
    _console().print(Text(f"   ana   {error}", style="yellow"))


def approved(ticket: Ticket, reviewer: str, reply: Reply) -> None:
    """Show what the reviewer saw, and the message released after."""
    console = _console()
    title = say(f"what {reviewer} sees and approves", f"ce que {reviewer} voit et approuve")
    console.print(Panel(_marked(ticket.text), title=Text(title), border_style="yellow"))
    console.print(Panel(Text(str(reply)), title=Text(say("released to ana", "remis à ana")), border_style="green"))


def verified(found: Verification) -> None:
    """Show what the ledger says of itself."""
    console = _console()
    word = say("verified", "vérifié") if found.ok else say("NOT verified", "NON vérifié")
    text = say(
        f"Ledger {word}: {found.records} records. {found.why}.",
        f"Registre {word} : {found.records} enregistrements. {found.why}.",
    )
    console.print(Text(text, style="bold green" if found.ok else "bold red"))


def kept(url: str) -> None:
    """Say where ledger and queue stay, and how to verify them."""
    print(say("Ledger and review queue kept:", "Registre et file de relecture conservés :"), url)  # noqa: T201 -- for copying: never wrapped
    print(f"govai ledger verify --ledger {url}")  # noqa: T201 -- for copying: never wrapped


def removed() -> None:
    """Say that nothing stays."""
    _console().print(
        Text(say("Nothing was kept (--keep does).", "Rien n'a été conservé (--keep le fait)."), style="dim")
    )


def _why(reply: Reply) -> Table:
    table = Table(
        title=say("What was protected, and why", "Ce qui a été protégé, et pourquoi"),
        title_justify="left",
        title_style="dim",
    )
    for name in (
        say("field", "champ"),
        say("category", "catégorie"),
        say("seen", "vu"),
        say("effect", "effet"),
        say("rule", "règle"),
    ):
        table.add_column(name, overflow="fold")
    for judged in reply.decision.findings if reply.decision else ():
        datum = judged.datum
        table.add_row(
            datum.field or say("(in the text)", "(dans le texte)"),
            datum.category or say("unknown", "inconnue"),
            datum.seen.word,
            Text(judged.effect.label, style=_STYLES.get(judged.effect, "yellow")),
            judged.rule,
        )
    return table


def _marked(text: str) -> Text:
    marked = Text(text)
    for found in _PLACEHOLDER.finditer(text):
        marked.stylize("bold magenta", found.start(), found.end())
    return marked
