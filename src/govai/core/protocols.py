"""The whole plug-in surface: what a detector, a sink, a key store and a review hook are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, runtime_checkable

if TYPE_CHECKING:
    from collections.abc import Awaitable, Iterable, Sequence

    from govai.core.data import Finding
    from govai.core.records import Record


@runtime_checkable
class Detector(Protocol):
    """Finds data in text. Its spans count code points; if it raises, the call is refused."""

    def detect(self, text: str) -> Iterable[Finding]:
        """Return what stands in `text`."""
        ...


@runtime_checkable
class Sink(Protocol):
    """Receives the ledger's records, in order per chain, at least once. `name` identifies its cursor."""

    name: str

    def emit(self, records: Sequence[Record]) -> None:
        """Take the records; raise to have them offered again later."""
        ...

    def close(self, timeout: float) -> None:
        """Release what the sink holds, within `timeout` seconds."""
        ...


@runtime_checkable
class KeyStore(Protocol):
    """Gives secret keys by purpose. Keys live outside the ledger and are never logged."""

    def derive(self, use: str) -> bytes:
        """Return the 32-byte key to write with for one use (`placeholders`, `envelopes`, `subjects`, …).

        It is always the same until the store is rotated.
        """
        ...


@runtime_checkable
class RotatedKeyStore(KeyStore, Protocol):
    """A key store that also knows the keys which data written before a rotation needs."""

    def earlier(self, use: str) -> Sequence[bytes]:
        """Return the other 32-byte keys for one use that what is kept may stand under, the likeliest first."""
        ...


@dataclass(frozen=True, slots=True)
class ReviewDetails:
    """What a reviewer sees: the protected view, never raw values.

    Attributes:
        ticket_id: the ticket. on: `prompt` or `output`. text: the protected text to judge.
        role: who may decide. reasons: why it needs a look. sources: `source.field` of the data used.
        requester: who asked (`actor`), purpose: why the call is made.
    """

    ticket_id: str
    on: str
    text: str
    role: str
    reasons: tuple[str, ...]
    sources: tuple[str, ...]
    requester: str
    purpose: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """A reviewer's answer: `Verdict.approve(text=None, note="")` or `Verdict.reject(note)`."""

    approved: bool
    text: str | None = None
    note: str = ""

    @classmethod
    def approve(cls, text: str | None = None, note: str = "") -> Verdict:
        """Approve, with `text` in place of the reviewed text if given."""
        return cls(approved=True, text=text, note=note)

    @classmethod
    def reject(cls, note: str) -> Verdict:
        """Reject, saying why."""
        return cls(approved=False, note=note)


class ReviewHook(Protocol):
    """A function that decides at once, sync or async."""

    def __call__(self, details: ReviewDetails, /) -> Verdict | Awaitable[Verdict]: ...
