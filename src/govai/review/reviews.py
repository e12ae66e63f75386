"""`gov.reviews`: the desk as one actor sees it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from govai.core.canonical import digest
from govai.core.errors import ConfigError
from govai.core.lang import say
from govai.core.protocols import Verdict
from govai.core.records import Draft
from govai.review.tickets import Ticket

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from govai.review.desk import Desk


class Reviews:
    """Tickets to decide on, as the actor that the governor is bound to; `approve` and `reject` take no identity.

    Args:
        desk: the tickets. actor: who decides, as claimed. people: for each role, its actors.
        record: makes a record durable. check: puts an edited text through the policy, raises Blocked.
    """

    def __init__(
        self,
        desk: Desk,
        *,
        actor: str,
        people: Mapping[str, Sequence[str]],
        record: Callable[[Draft], None],
        check: Callable[[Ticket, str], None],
    ) -> None:
        self._desk, self._actor, self._record, self._check = desk, actor, record, check
        self._roles = sorted(role for role, names in people.items() if actor in names)

    def pending(self, role: str = "", job: str = "", group_by: str = "") -> list[Ticket]:
        """Return the tickets that wait: of a role, of a job, with those of a group adjacent.

        Args:
            group_by: `template`, `purpose`, `requester`, `role` or `job`.
        """
        return self._desk.pending(role=role, job=job, group_by=group_by)

    def approve(
        self, tickets: Ticket | str | Sequence[Ticket | str], text: str | None = None, note: str = ""
    ) -> list[Ticket]:
        """Approve one ticket or several.

        Args:
            text: replaces the reviewed text (of one ticket); it goes through the policy again. note: kept with the ticket.

        Raises:
            PolicyError: one's own request, another's role, decided already. ReviewExpired: too late. Blocked: the edited text.
        """
        return self._decide(tickets, Verdict.approve(text, note))

    def reject(self, tickets: Ticket | str | Sequence[Ticket | str], note: str = "") -> list[Ticket]:
        """Reject one ticket or several, saying why."""
        return self._decide(tickets, Verdict.reject(note))

    async def apending(self, role: str = "", job: str = "", group_by: str = "") -> list[Ticket]:
        """The asyncio twin of `pending`."""
        return await _in_thread(self.pending, role, job, group_by)

    async def aapprove(
        self, tickets: Ticket | str | Sequence[Ticket | str], text: str | None = None, note: str = ""
    ) -> list[Ticket]:
        """The asyncio twin of `approve`."""
        return await _in_thread(self.approve, tickets, text, note)

    async def areject(self, tickets: Ticket | str | Sequence[Ticket | str], note: str = "") -> list[Ticket]:
        """The asyncio twin of `reject`."""
        return await _in_thread(self.reject, tickets, note)

    def _decide(self, tickets: Ticket | str | Sequence[Ticket | str], verdict: Verdict) -> list[Ticket]:
        listed = [tickets] if isinstance(tickets, (str, Ticket)) else list(tickets)
        if verdict.text is not None and len(listed) != 1:
            raise ConfigError(
                say("an edited text belongs to one ticket", "un texte modifié concerne un seul ticket"),
                where="approve(text=…)",
                todo=say("approve them one by one", "approuvez-les un par un"),
            )
        ids = [one if isinstance(one, str) else one.id for one in listed]
        for ticket_id in ids:  # all of them may be decided, or none is
            ticket = self._desk.check(ticket_id, self._actor, self._roles)
            if verdict.text is not None:
                self._check(ticket, verdict.text)
        return [self._one(ticket_id, verdict) for ticket_id in ids]

    def _one(self, ticket_id: str, verdict: Verdict) -> Ticket:
        # The record comes first: if it cannot be made durable, the ticket stays pending. A record whose decision was then
        # lost to a crash or a race says "decides", and the ticket itself says what counted.
        ticket = self._desk.check(ticket_id, self._actor, self._roles)
        word = ("edited" if verdict.text is not None else "approved") if verdict.approved else "rejected"
        body = {
            "purpose": ticket.purpose,
            "ticket": ticket.id,
            "on": ticket.on,
            "verdict": word,
            "reviewer": {"id": self._actor, "identity": "claimed"},
            "requester": ticket.requester,
            "roles": [role for role in self._roles if role in ticket.roles],
            "note": digest(verdict.note.encode("utf-8", "surrogatepass")) if verdict.note else "",
        }
        self._record(Draft("review", ticket.id, body))
        return self._desk.decide(ticket_id, self._actor, self._roles, verdict)


async def _in_thread(fn: Callable[..., list[Ticket]], *args: Any) -> list[Ticket]:
    import asyncio

    return await asyncio.to_thread(fn, *args)
