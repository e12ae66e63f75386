"""Buttons under a ticket: approve, with another text or not, or reject. A click decides as the notebook's actor of then."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from govai.core import rendering as html
from govai.core.errors import GovaiError
from govai.core.lang import say

if TYPE_CHECKING:
    from collections.abc import Callable

    from govai.governor.governor import Governor
    from govai.review.tickets import Ticket


def decide_with(widgets: Any, ticket: Ticket, governor: Callable[[], Governor]) -> Any:
    """Return the widgets to decide on one ticket with.

    Args:
        widgets: the module `ipywidgets`. ticket: what is decided on. governor: returns the notebook's, whose actor decides.
    """
    text = widgets.Textarea(value=ticket.text, rows=4, layout={"width": "99%", "display": "none"})
    note = widgets.Text(placeholder=say("note (optional)", "note (facultative)"), layout={"width": "40%"})
    approve = widgets.Button(description=say("Approve", "Approuver"), button_style="success", icon="check")
    edit = widgets.Button(description=say("Edit", "Modifier"), icon="pencil")
    reject = widgets.Button(description=say("Reject", "Refuser"), button_style="danger", icon="times")
    said = widgets.HTML()
    row = widgets.HBox([approve, edit, reject, note])

    def settle(decide: Callable[[Any], Any], done: str) -> None:
        bound = governor()
        try:
            decide(bound.reviews)
        except GovaiError as error:
            said.value = html.quiet(str(error))
            return
        for widget in (approve, edit, reject, note, text):
            widget.disabled = True
        said.value = html.quiet(done.format(actor=bound.actor))

    def on_approve(_button: Any) -> None:
        changed = text.value if text.layout.display != "none" and text.value != ticket.text else None
        done = say("approved by {actor}: the same call now goes on", "approuvé par {actor} : le même appel continue")
        settle(lambda reviews: reviews.approve(ticket.id, changed, note.value), done)

    def on_reject(_button: Any) -> None:
        settle(lambda reviews: reviews.reject(ticket.id, note.value), say("rejected by {actor}", "refusé par {actor}"))

    def on_edit(_button: Any) -> None:
        text.layout.display = ""

    approve.on_click(on_approve)
    edit.on_click(on_edit)
    reject.on_click(on_reject)
    return widgets.VBox([text, row, said])
