"""Reviewers for tests: a hook that decides as scripted and remembers what it was shown, and the queue decided at once."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING, Self

from govai.core.lang import say
from govai.core.protocols import ReviewDetails, Verdict

if TYPE_CHECKING:
    from collections.abc import Iterable

    from govai.governor.governor import Governor
    from govai.review.tickets import Ticket

Decide = Callable[[ReviewDetails], Verdict]


class Reviewer:
    """A review hook for tests: give it as `review=`.

    Attributes:
        seen: the details it was shown, in order: what a reviewer sees is the protected view.

    Args:
        decide: gives the verdict on each.
    """

    def __init__(self, decide: Decide) -> None:
        self._decide = decide
        self.seen: list[ReviewDetails] = []

    def __repr__(self) -> str:
        return f"<Reviewer saw {len(self.seen)}>"

    def __call__(self, details: ReviewDetails, /) -> Verdict:
        """Decide; what a governor calls."""
        self.seen.append(details)
        return self._decide(details)

    @classmethod
    def approving(cls, note: str = "") -> Self:
        """Return one that approves everything."""
        return cls(lambda _details: Verdict.approve(note=note))

    @classmethod
    def rejecting(cls, note: str = "rejected by the test") -> Self:
        """Return one that rejects everything."""
        return cls(lambda _details: Verdict.reject(note))

    @classmethod
    def editing(cls, edit: Callable[[str], str], note: str = "") -> Self:
        """Return one that approves with the text changed by a function."""
        return cls(lambda details: Verdict.approve(edit(details.text), note))

    @classmethod
    def scripted(cls, verdicts: Iterable[Verdict | Decide]) -> Self:
        """Return one that gives these verdicts in order, or calls these functions; AssertionError when none is left."""
        left = deque(verdicts)

        def decide(details: ReviewDetails) -> Verdict:
            if not left:
                raise AssertionError(
                    f"the reviewer has no verdict left for a {details.on} that {details.role} must see"
                )
            verdict = left.popleft()
            return verdict if isinstance(verdict, Verdict) else verdict(details)

        return cls(decide)


def approve_all(gov: Governor, actor: str = "", role: str = "", note: str = "") -> list[Ticket]:
    """Approve every ticket that waits, and return them.

    Args:
        gov: the governor. actor: who approves; "": for each ticket someone of its role who did not ask for it.
        role: only tickets of this role. note: kept with each ticket.

    Raises:
        AssertionError: nobody may decide a ticket. PolicyError: `actor` may not.
    """
    __tracebackhide__ = True
    return [
        gov.bind(actor=actor or _someone(gov, ticket)).reviews.approve(ticket, note=note)
        for ticket in gov.reviews.pending(role=role)
    ]


def _someone(gov: Governor, ticket: Ticket) -> str:
    __tracebackhide__ = True
    for role in ticket.roles:
        for name in gov.policy.people.get(role, ()):
            if name != ticket.requester and name not in ticket.decided_by:
                return name
    named = f"people: {{{ticket.roles[0]}: [lea]}}"
    raise AssertionError(
        say(
            f"nobody of {ticket.role} may decide what {ticket.requester} asked for: "
            f"name them in the policy ({named}), or give actor=",
            f"personne de {ticket.role} ne peut décider de ce que {ticket.requester} a demandé : "
            f"nommez-les dans la politique ({named}), ou donnez actor=",
        )
    )
