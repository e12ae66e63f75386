"""Tickets: what a reviewer sees, and what is filed."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from govai.core.decisions import ReviewNeed


class Status(StrEnum):
    """Where a ticket stands. It never goes back."""

    PENDING = "pending"
    APPROVED = "approved"
    REJECTED = "rejected"
    EXPIRED = "expired"
    RELEASED = "released"


@dataclass(frozen=True, slots=True)
class Ticket:
    """A text that waits for a person, in its protected form.

    Attributes:
        id: UUIDv7. on: `prompt` or `output`. text: protected; the reviewer's own when `edited`. role: who may decide.
        reasons: why it needs a look. sources: fields of the data used. requester: who asked. purpose, job: of the call.
        template: digest of the unfilled prompt. created_at, expires_at: RFC 3339, UTC. decided_by: actors, in order.
        record_id: the record of the attempt it is about. edited: a reviewer changed the text. note: what the reviewer wrote, kept encrypted like the text.
    """

    id: str
    on: str
    text: str = field(repr=False)
    roles: tuple[str, ...]
    reasons: tuple[str, ...]
    sources: tuple[str, ...]
    requester: str
    purpose: str
    job: str
    template: str
    created_at: str
    expires_at: str
    status: Status
    edited: bool = False
    note: str = field(default="", repr=False)
    decided_by: tuple[str, ...] = ()
    record_id: str = ""

    @property
    def role(self) -> str:
        """The roles that must approve, joined."""
        return ", ".join(self.roles)


@dataclass(frozen=True, slots=True)
class Filing:
    """What is put before a reviewer.

    Attributes:
        fingerprint: names this very call; filing it again gives the same ticket. earlier: its names before the keys were rotated. digests: of exact text and policy.
        envelope: all that is needed to go on, to be encrypted. record_id: of the attempt it is about.
    """

    on: str
    text: str = field(repr=False)
    needs: tuple[ReviewNeed, ...]
    reasons: tuple[str, ...]
    sources: tuple[str, ...]
    requester: str
    purpose: str
    job: str
    template: str
    fingerprint: str
    digests: Mapping[str, str]
    envelope: bytes = field(repr=False)
    earlier: tuple[str, ...] = ()
    record_id: str = ""
