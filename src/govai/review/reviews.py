"""`gov.reviews`: the desk as one actor sees it. It knows nothing of policies or wires: both come as functions."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeVar, overload

from govai.core.errors import ConfigError, GovaiError, PolicyError
from govai.core.lang import say
from govai.core.protocols import Verdict
from govai.core.records import Draft
from govai.review.ask import read_verdict
from govai.review.tickets import Ticket

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from govai.review.desk import Desk

    Several = list[Ticket] | list[str] | tuple[Ticket | str, ...]  # not Sequence: a str is one, and names one ticket

R = TypeVar("R")


class Reviews:
    """Tickets to decide on, as the actor that the governor is bound to; `approve` and `reject` take no identity.

    Args:
        desk: the tickets. actor: who decides, as claimed. people: for each role, its actors.
        record: makes a record durable. check: puts an edited text through the policy, raises Blocked.
        named: the actor was named, not assumed; an assumed one sees the tickets and decides nothing.
    """

    def __init__(
        self,
        desk: Desk,
        *,
        actor: str,
        people: Mapping[str, Sequence[str]],
        record: Callable[[Draft], None],
        check: Callable[[Ticket, str], None],
        named: bool = True,
    ) -> None:
        self._desk, self._actor, self._record, self._check, self._named = desk, actor, record, check, named
        self._roles = tuple(sorted(role for role, names in people.items() if actor in names))

    def pending(self, role: str = "", job: str = "", group_by: str = "") -> list[Ticket]:
        """Return the tickets that wait, oldest first: of a role, of a job, with those of a group adjacent.

        Args:
            group_by: `template`, `purpose`, `requester`, `role` or `job`.

        Raises:
            ConfigError: nothing to group by of that name. PolicyError: a ticket was changed, or the key is another.
        """
        return self._desk.pending(role=role, job=job, group_by=group_by)

    @overload
    def approve(self, tickets: Ticket | str, text: str | None = None, note: str = "") -> Ticket: ...
    @overload
    def approve(self, tickets: Several, text: str | None = None, note: str = "") -> list[Ticket]: ...
    def approve(
        self, tickets: Ticket | str | Several, text: str | None = None, note: str = ""
    ) -> Ticket | list[Ticket]:
        """Approve one ticket or several, and return them as they are now.

        Either each of several may be decided, or none is; a crash or another reviewer half-way leaves the rest pending.

        Args:
            tickets: one, or a list; tickets or their ids.
            text: replaces the reviewed text (of one ticket); it goes through the policy again.
            note: kept with the ticket, encrypted; the record holds its keyed digest.

        Raises:
            PolicyError: one's own request, another's role, decided already. ReviewExpired: too late. Blocked: the edited text.
            ConfigError: no such ticket, or a text for several. LedgerUnavailable: no record, so the ticket stays pending.
        """
        return self._decide(tickets, Verdict.approve(text, note))

    @overload
    def reject(self, tickets: Ticket | str, note: str = "") -> Ticket: ...
    @overload
    def reject(self, tickets: Several, note: str = "") -> list[Ticket]: ...
    def reject(self, tickets: Ticket | str | Several, note: str = "") -> Ticket | list[Ticket]:
        """Reject one ticket or several, saying why; errors as for `approve`."""
        return self._decide(tickets, Verdict.reject(note))

    async def apending(self, role: str = "", job: str = "", group_by: str = "") -> list[Ticket]:
        """The asyncio twin of `pending`."""
        return await _in_thread(self.pending, role, job, group_by)

    @overload
    async def aapprove(self, tickets: Ticket | str, text: str | None = None, note: str = "") -> Ticket: ...
    @overload
    async def aapprove(self, tickets: Several, text: str | None = None, note: str = "") -> list[Ticket]: ...
    async def aapprove(
        self, tickets: Ticket | str | Several, text: str | None = None, note: str = ""
    ) -> Ticket | list[Ticket]:
        """The asyncio twin of `approve`."""
        return await _in_thread(self._decide, tickets, Verdict.approve(text, note))

    @overload
    async def areject(self, tickets: Ticket | str, note: str = "") -> Ticket: ...
    @overload
    async def areject(self, tickets: Several, note: str = "") -> list[Ticket]: ...
    async def areject(self, tickets: Ticket | str | Several, note: str = "") -> Ticket | list[Ticket]:
        """The asyncio twin of `reject`."""
        return await _in_thread(self._decide, tickets, Verdict.reject(note))

    def _decide(self, tickets: Ticket | str | Several, verdict: Verdict) -> Ticket | list[Ticket]:
        read_verdict(verdict)
        if not self._named:
            raise PolicyError(
                say("nobody is named who decides", "personne n'est nommé pour décider"),
                where="gov.reviews",
                todo="gov.bind(actor=…).reviews",
            )
        if isinstance(tickets, (Ticket, str)):
            return self._each([_id(tickets)], verdict)[0]
        ids = list(dict.fromkeys(map(_id, tickets)))
        if verdict.text is not None and len(ids) != 1:
            raise ConfigError(
                say("an edited text belongs to one ticket", "un texte modifié concerne un seul ticket"),
                where="approve(text=…)",
                todo=say("approve them one by one", "approuvez-les un par un"),
            )
        return self._each(ids, verdict)

    def _each(self, ids: list[str], verdict: Verdict) -> list[Ticket]:
        for ticket_id in ids:  # all of them may be decided, or none is
            ticket = self._desk.check(ticket_id, self._actor, self._roles, verdict)
            if verdict.text is not None:
                self._check(ticket, verdict.text)
        return [self._one(ticket_id, verdict) for ticket_id in ids]

    def _one(self, ticket_id: str, verdict: Verdict) -> Ticket:
        # The record comes first: if it cannot be made durable, the ticket stays pending and nothing was decided. The other
        # order would release on a verdict that no record proves. What remains is a record whose verdict came too late
        # (another reviewer was faster): a second record says so. After a crash between the two the ticket is pending.
        ticket = self._desk.check(ticket_id, self._actor, self._roles, verdict)
        draft = Draft("review", ticket.id, self._body(ticket, verdict))
        self._record(draft)
        with self._void_if_lost(draft):
            return self._desk.decide(ticket_id, self._actor, self._roles, verdict)

    @contextmanager
    def _void_if_lost(self, draft: Draft) -> Iterator[None]:
        try:
            yield
        except GovaiError as error:
            body = draft.body | {"verdict": "void", "voids": draft.id, "error": {"code": error.code}}
            self._record(Draft("review", draft.call_id, body))
            raise

    def _body(self, ticket: Ticket, verdict: Verdict) -> dict[str, Any]:
        edited = verdict.text is not None and verdict.text != ticket.text
        return {
            "purpose": ticket.purpose,
            "job": ticket.job,
            "record": ticket.record_id,
            "ticket": ticket.id,
            "on": ticket.on,
            "verdict": ("edited" if edited else "approved") if verdict.approved else "rejected",
            "edited": edited,
            "reviewer": {"id": self._actor, "identity": "claimed"},
            "requester": ticket.requester,
            "self_review": self._actor == ticket.requester,
            "roles": [role for role in self._roles if role in ticket.roles],
            "text": self._desk.commitment(verdict.text if verdict.text is not None else ticket.text),
            "note": self._desk.commitment(verdict.note),
        }


def _id(ticket: Ticket | str) -> str:
    if isinstance(ticket, Ticket):
        return ticket.id
    if isinstance(ticket, str):
        return ticket
    raise ConfigError(
        say(f"a {type(ticket).__name__} is not a ticket", f"un {type(ticket).__name__} n'est pas un ticket"),
        where="gov.reviews",
        todo=say("give tickets or their ids", "donnez des tickets ou leurs identifiants"),
    )


async def _in_thread(fn: Callable[..., R], *args: Any) -> R:
    import asyncio

    return await asyncio.to_thread(fn, *args)
