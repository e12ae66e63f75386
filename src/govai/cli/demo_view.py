"""How the demonstration looks: rich in a terminal, plain lines when piped. Every view takes what the public API gave."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

from rich import box
from rich.console import Console
from rich.padding import Padding
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from govai.core.decisions import Effect
from govai.core.lang import say
from govai.protect.tokens import LOOKALIKE

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from govai.core.errors import Blocked, GovaiError, ReviewPending
    from govai.core.messages import Reply
    from govai.ledger.verify import Verification
    from govai.review.tickets import Ticket

_STYLES = {Effect.ALLOW: "green", Effect.BLOCK: "bold red"}


class Page:
    """What the demonstration is written on.

    Args:
        console: where; default: standard output.
    """

    def __init__(self, console: Console | None = None) -> None:
        self._console = console or Console(highlight=False)
        self._rich = self._console.is_terminal
        self._section = 0

    def opening(self, facts: Mapping[str, str]) -> None:
        """Say what is about to happen."""
        title = say("govai · a governed win-back campaign", "govai · une campagne de reconquête gouvernée")
        self._console.rule(Text(title, style="bold"), style="dim") if self._rich else self._line(title)
        self._line(
            say(
                "A team writes to customers from its export. See what leaves, what comes back, what is refused, who "
                "reads it first, and what is on record.",
                "Une équipe écrit à des clients de son export. Voyez ce qui sort, ce qui revient, ce qui est refusé, "
                "qui relit, et ce qui est consigné.",
            ),
            wrap=True,
        )
        grid = Table.grid(padding=(0, 2))
        for name, value in facts.items():
            grid.add_row(Text(name, style="dim"), Text(value))
            if not self._rich:
                self._line(f"{name}: {value}")
        if self._rich:
            self._console.print(Padding(grid, (1, 0, 0, 0)))

    def first(self, reply: Reply) -> None:
        """Show one call: what was sent, what was protected and why, and the restored message."""
        self._heading(say("One call, looked at closely", "Un appel, vu de près"))
        for _where, text in reply.sent:
            self._block(say("What left this machine", "Ce qui a quitté cette machine"), _marked(text), "blue")
        self._why(reply)
        self._block(
            say("What you get back, restored here", "Ce que vous recevez, restauré ici"), Text(str(reply)), "green"
        )

    def others(self, replies: Sequence[tuple[int, Reply]]) -> None:
        """Show the other calls, side by side: what left, and what came back."""
        if not replies:
            return
        self._heading(say("The other rows", "Les autres lignes"))
        left, back = say("what left", "ce qui est sorti"), say("what you get back", "ce que vous recevez")
        table = Table(box=box.ROUNDED, show_lines=True, border_style="dim", header_style="dim", expand=True)
        table.add_column(say("row", "ligne"), justify="right", style="dim")
        table.add_column(left, ratio=1)
        table.add_column(back, ratio=1)
        for number, reply in replies:
            sent, received = _flat(" ".join(text for _where, text in reply.sent)), _flat(str(reply))
            table.add_row(str(number), _marked(sent), received)
            if not self._rich:
                self._line(f"{number}. {left}: {sent}")
                self._line(f"   {back}: {received}")
        if self._rich:
            self._console.print(table)

    def limits(self, column: str) -> None:
        """Say what is seen in a column of sentences, and what is not."""
        self._line(
            say(
                f"In sentences ('{column}'), e-mails, phone numbers, IBANs and cards are found by pattern. A street or "
                "another person's name is not: keep such a column out of the prompt, or seal what it holds.",
                f"Dans des phrases (« {column} »), e-mails, téléphones, IBAN et cartes sont trouvés par motif. Une rue ou "
                "le nom d'un tiers ne l'est pas : laissez la colonne hors de la consigne, ou scellez-en le contenu.",
            ),
            style="dim",
            wrap=True,
        )

    def refused(self, number: int, error: Blocked) -> None:
        """Show a row that did not leave, among those that should."""
        title = say(f"row {number} did not leave", f"la ligne {number} n'est pas partie")
        self._block(title, Text(str(error)), "red")

    def blocked(self, field: str, error: Blocked) -> None:
        """Show the call that must not leave."""
        self._heading(say("A call that did not leave", "Un appel qui n'est pas parti"))
        self._line(
            say(f"The prompt asks about column '{field}':", f"La consigne parle de la colonne « {field} » :"), wrap=True
        )
        self._block("Blocked", Text(str(error)), "red")

    def waiting(self, requester: str, pending: ReviewPending, own: GovaiError) -> None:
        """Show that an answer waits for a person, and that nobody approves their own request."""
        self._heading(say("A text that a person reads first", "Un texte qu'une personne lit d'abord"))
        self._block(say(f"{requester} asks", f"{requester} demande"), Text(str(pending)), "yellow")
        self._block(say(f"{requester} tries to approve", f"{requester} tente d'approuver"), Text(str(own)), "yellow")

    def approved(self, ticket: Ticket, requester: str, reviewer: str, reply: Reply) -> None:
        """Show what the reviewer saw, and the message released after."""
        title = say(
            f"{reviewer} ({ticket.role}) sees this, and approves", f"{reviewer} ({ticket.role}) voit ceci, et approuve"
        )
        self._block(title, _marked(ticket.text), "yellow")
        self._block(say(f"released to {requester}", f"remis à {requester}"), Text(str(reply)), "green")

    def verified(self, found: Verification, kinds: Mapping[str, int]) -> None:
        """Show what the ledger holds, and what it says of itself."""
        self._heading(say("The record", "La trace"))
        counted = ", ".join(f"{count} {kind}" for kind, count in kinds.items())
        self._line(counted, wrap=True)
        word = say("verified", "vérifié") if found.ok else say("NOT verified", "NON vérifié")
        count = found.records
        text = say(
            f"Ledger {word}: {count} records; {found.why}", f"Registre {word} : {count} enregistrements ; {found.why}"
        )
        self._line(text, style="bold green" if found.ok else "bold red", wrap=True)

    def kept(self, url: str) -> None:
        """Say where ledger and queue stay, and how to verify them."""
        self._line("")
        self._line(say("Ledger and review queue are kept:", "Registre et file de relecture sont conservés :"))
        self._line(url)
        self._line(f"govai ledger verify --ledger {shlex.quote(url)}", style="bold")

    def removed(self) -> None:
        """Say that nothing stays, and what comes next."""
        self._line("")
        self._line(
            say(
                "Nothing was kept (--keep keeps the ledger). With your own file: govai demo --data FILE.csv",
                "Rien n'est conservé (--keep garde le registre). Avec votre fichier : govai demo --data FICHIER.csv",
            ),
            style="dim",
            wrap=True,
        )

    def _why(self, reply: Reply) -> None:
        table = Table(box=box.SIMPLE_HEAD if self._rich else None, pad_edge=False, header_style="dim")
        table.add_column(say("field", "champ"), overflow="fold")
        for name in (say("category", "catégorie"), say("effect", "effet"), say("rule", "règle")):
            table.add_column(name, no_wrap=True)
        for judged in reply.decision.findings if reply.decision else ():
            table.add_row(
                judged.datum.field or say("(in the text)", "(dans le texte)"),
                judged.datum.category or say("unknown", "inconnue"),
                Text(judged.effect.label, style=_STYLES.get(judged.effect, "yellow")),
                judged.rule,
            )
        self._line(say("What was protected, and why:", "Ce qui a été protégé, et pourquoi :"), style="dim")
        self._console.print(table, width=None if self._rich else 120)

    def _heading(self, text: str) -> None:
        self._section += 1
        self._line("")
        self._line(f"{self._section}. {text}", style="bold")

    def _block(self, title: str, body: Text, tone: str) -> None:
        if self._rich:
            panel = Panel(body, title=Text(title, style="dim"), title_align="left", border_style=tone)
            self._console.print(panel)
            return
        self._line(f"{title}:")
        for line in body.plain.splitlines():
            self._line(f"    {line}" if line else "")

    def _line(self, text: str, *, style: str = "", wrap: bool = False) -> None:
        self._console.print(Text(text, style=style), soft_wrap=not (wrap and self._rich))


def _flat(text: str) -> str:
    return " ".join(text.split())


def _marked(text: str) -> Text:
    marked = Text(text)
    for found in LOOKALIKE.finditer(text):
        marked.stylize("bold magenta", found.start(), found.end())
    return marked
