"""Reviews in a notebook: `review="ask"` asks under the running cell, and a ticket gets a card with buttons.

Buttons decide on queued tickets, after the cell: a kernel that runs a cell hears no click, and only the answer to `input()`
reaches it then. So what must be decided at once is typed, and what can wait is clicked.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from govai.core import rendering as html
from govai.core.lang import say
from govai.core.protocols import ReviewDetails, Verdict
from govai.notebook.showing import show
from govai.review.ask import ask_through

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from govai.governor.governor import Governor
    from govai.review.tickets import Ticket

_END = "."  # alone on a line, it ends a new text


class NotebookReviews:
    """Reviews in one shell.

    Args:
        shell: the running IPython. governor: returns the notebook's governor as it is now; its actor decides.

    Attributes:
        undo: asks as before.
    """

    def __init__(self, shell: Any, governor: Callable[[], Governor]) -> None:
        self._kernel = getattr(shell, "kernel", None)
        self._governor = governor
        self.undo = ask_through(self._way) if self._kernel is not None else _nothing

    def offer(self, ticket_ids: Sequence[str]) -> None:
        """Show these tickets, if they still wait, with buttons where the front end has them."""
        for ticket in self._governor().reviews.pending() if ticket_ids else ():
            if ticket.id in ticket_ids:
                self._show(ticket)

    def offer_all(self) -> None:
        """Show every ticket that waits."""
        tickets = self._governor().reviews.pending()
        for ticket in tickets:
            self._show(ticket)
        if not tickets:
            print(say("govai · nothing waits for a review", "govai · rien n'attend de relecture"))  # noqa: T201

    def _show(self, ticket: Ticket) -> None:
        show(TicketCard(ticket))
        if (buttons := self._buttons(ticket)) is not None:
            show(buttons)

    def _way(self) -> Any:
        """Return how `review="ask"` asks: in the cell where the front end takes input, else by a ticket."""
        return ask_in_cell if getattr(self._kernel, "_allow_stdin", False) else "queue"

    def _buttons(self, ticket: Ticket) -> Any:
        if self._kernel is None:
            return None
        try:
            import ipywidgets
        except ImportError:
            return None
        from govai.notebook.buttons import decide_with

        return decide_with(ipywidgets, ticket, self._governor)


def _nothing() -> None:
    """There is nothing to undo in a terminal."""


class TicketCard:
    """A ticket that waits, in its protected form."""

    def __init__(self, ticket: Ticket) -> None:
        self._ticket = ticket

    def __repr__(self) -> str:
        return f"◐ {self._head()}\n  {self._how()}"

    def _repr_html_(self) -> str:
        ticket = self._ticket
        about = say(
            f"asked by {ticket.requester} · {ticket.purpose} · until {ticket.expires_at[:16].replace('T', ' ')} UTC",
            f"demandé par {ticket.requester} · {ticket.purpose} · jusqu'au {ticket.expires_at[:16].replace('T', ' ')} UTC",
        )
        inner = f"{html.title(self._head())}<br>{html.quiet(about)}{html.protected(ticket.text)}"
        return html.box(inner + html.bullets(ticket.reasons) + html.code(self._how()), html.AMBER)

    def _head(self) -> str:
        on = self._ticket.on
        return say(f"This {on} waits for {self._ticket.role}", f"En attente de {self._ticket.role} ({on})")

    def _how(self) -> str:
        return f'gov.bind(actor="…").reviews.approve("{self._ticket.id}")'


class AskedCard:
    """What is asked about under the running cell."""

    def __init__(self, details: ReviewDetails) -> None:
        self._details = details

    def __repr__(self) -> str:
        return f"{self._head()}\n{self._details.text}"

    def _repr_html_(self) -> str:
        details = self._details
        inner = html.title(self._head()) + html.protected(details.text) + html.bullets(details.reasons)
        return html.box(inner, html.AMBER)

    def _head(self) -> str:
        return say(
            f"Review of the {self._details.on} for {self._details.purpose}",
            f"Relecture ({self._details.on}) pour {self._details.purpose}",
        )


def ask_in_cell(details: ReviewDetails) -> Verdict:
    """Show the protected text under the running cell and take the answer that is typed there."""
    show(AskedCard(details))
    question = say("[a]pprove, [e]dit, [r]eject: ", "[a]pprouver, [e]diter, [r]efuser : ")
    while (chosen := input(question).strip().lower()) not in ("a", "e", "r"):
        pass
    if chosen == "a":
        return Verdict.approve()
    if chosen == "r":
        return Verdict.reject(input(say("Why: ", "Pourquoi : ")))
    print(say(f"New text, ended by a line with '{_END}' alone:", f"Nouveau texte, fini par une ligne « {_END} » :"))  # noqa: T201
    return Verdict.approve("\n".join(iter(input, _END)))
