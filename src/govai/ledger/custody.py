"""Custody: what a ledger keeps beside and beyond its records, and lets go: contents, holds, purges, incidents."""

from __future__ import annotations

import hmac
from abc import ABC, abstractmethod
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Literal, TypeVar

from govai.core.errors import ConfigError
from govai.core.lang import say
from govai.core.records import Draft
from govai.core.retention import Before, Retention, spelled
from govai.ledger.contents import Content

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from govai.core.database import Connection
    from govai.core.protocols import KeyStore
    from govai.core.records import Record
    from govai.ledger.contents import Contents
    from govai.ledger.holds import Hold
    from govai.ledger.incidents import Incident
    from govai.ledger.purging import Purged, Terms
    from govai.ledger.signing import Signer

T = TypeVar("T")
_EVER = 2**62


class Custody(ABC):
    """The part of a Ledger that keeps and lets go.

    Attributes:
        retention: how long what is recorded is kept, as the policy says; nothing is purged where it says nothing.
    """

    keys: KeyStore | None
    retention: Retention = Retention()
    _contents: Contents

    @abstractmethod
    def commit(self, drafts: Sequence[Draft]) -> None:
        """Return once the drafts are durable."""

    @abstractmethod
    def append_alone(self, make: Callable[[Connection], Sequence[Draft]]) -> int:
        """Append what `make` returns while nobody else writes to the ledger."""

    @abstractmethod
    def record(self, record_id: str) -> Record | None:
        """Return one record by its id."""

    @abstractmethod
    def records(self, *, kind: str | None = None) -> Iterator[Record]:
        """Return records, oldest first."""

    @abstractmethod
    def guarded(self, step: Callable[[Connection], T]) -> T:
        """Run a step on the writer's connection."""

    @abstractmethod
    def _signer(self) -> Signer:
        """Return what signs; raises ConfigError without keys."""

    @abstractmethod
    def _flushed(self) -> dict[str, int]:
        """Write what is queued; return how far each sink has come."""

    def content(self, record_id: str, *, actor: str = "") -> Content | None:
        """Return what was kept of an attempt, in its protected form; reading it is itself recorded, before it is returned.

        Args:
            record_id: of its intent, its outcome, or an answer of a batch. actor: who reads, as claimed.

        Raises:
            LedgerUnavailable: it was changed, or the access cannot be recorded. ConfigError: there are no keys.
        """
        self._flushed()
        found = self.guarded(lambda on: self._content(on, record_id))
        if found is None:
            return None
        body = {"what": "content", "of": found.record_id, "purpose": found.purpose, "actor": _claimed(actor)}
        self.commit((Draft("access", "", body),))
        return found

    def contents(self, since: datetime | None = None, *, actor: str = "", why: str = "rescan") -> Iterator[Content]:
        """Yield everything that is kept and can be read, oldest first, one side at a time; reading it is recorded once, first.

        Args:
            since: only of records made from then on. actor: who reads, as claimed. why: what for, one word.
        """
        self._flushed()
        start = spelled(since) if since is not None else ""
        self.commit((Draft("access", "", {"what": why, "of": "", "since": start, "actor": _claimed(actor)}),))
        after = ""
        while page := self._page(start, after):
            for record, time, purpose, kind in page:
                raw = self._taken(record)
                if raw is not None:
                    side = {"prompt": raw} if kind == "intent" else {"output": raw}
                    yield Content(record, time, purpose, **side)
            start, after = page[-1][1], page[-1][0]

    def hold(self, reason_id: str, *, purpose: str = "", subject: str | Sequence[str] = (), call_id: str = "") -> Hold:
        """Place a legal hold: what it names is neither purged nor erased until it is released (GDPR art. 17(3)(e)).

        Args:
            reason_id: the id of a file elsewhere, never a name. purpose, call_id: only those. subject: someone's references
                (or look-up digests), as records have them. What is given counts together.

        Raises:
            ConfigError: it names nothing, or nobody is known by a reference. LedgerUnavailable.
        """
        from govai.ledger import holds

        named = (subject,) if isinstance(subject, str) else tuple(subject)
        placed: list[Hold] = []

        def make(connection: Connection) -> list[Draft]:
            hold, drafts = holds.place(connection, reason_id, purpose, call_id, named)
            placed[:] = [hold]
            return drafts

        self.append_alone(make)
        return placed[0]

    def release_hold(self, hold_id: str) -> None:
        """Take a legal hold away; raises ConfigError when there is none of that id, LedgerUnavailable."""
        from govai.ledger import holds

        self.append_alone(lambda connection: holds.lift(connection, hold_id))

    def holds(self) -> list[Hold]:
        """Return the legal holds that stand, oldest first."""
        from govai.ledger import holds

        return self.guarded(holds.holds)

    def purge(self, *, dry_run: bool = False, before: datetime | None = None, now: datetime | None = None) -> Purged:
        """Empty the records and destroy the contents whose time is over; their rows, digests and places in the chains stay.
        Signed records say which they were.

        What has not ended, what a hold names, what a sink has not taken yet, and what accounts for the rest stay.

        Args:
            dry_run: count only. before: everything older than this, in place of the policy's terms. now: for the terms.

        Raises:
            ConfigError: a time without a zone; no keys, and not only to count. LedgerUnavailable: it cannot be written.
        """
        from govai.ledger import purging

        for moment in (before, now):
            if moment is not None and moment.tzinfo is None:
                raise ConfigError(
                    say("a time without a zone", "une heure sans fuseau"), where="before=", todo="datetime.now(UTC)"
                )
        signer = None if dry_run else self._signer()
        terms: Terms = self.retention if before is None else Before(before)
        cursors = self._flushed()
        passed = min(cursors.values(), default=_EVER)
        everything = self.guarded(lambda on: purging.due(on, terms, now or datetime.now(UTC)))
        counted = self.guarded(lambda on: purging.survey(on, everything, passed))
        if counted.waiting:
            counted = replace(counted, sinks=tuple(sorted(one for one in cursors if cursors[one] == passed)))
        if signer is None:
            return counted
        done = purging.purge(self.append_alone, signer, everything, passed, counted)
        if done.records:
            self.guarded(lambda on: on.wipe())
        return done

    def incidents(self) -> list[Incident]:
        """Return every incident as it stands, oldest first."""
        from govai.ledger import incidents

        return incidents.folded(self.records(kind="incident"))

    def update_incident(self, incident_id: str, status: Literal["notified", "closed"], *, note: str = "") -> None:
        """Record that the authority was told of an incident, or that it is closed.

        Args:
            note: what was decided; only its keyed commitment is recorded, so keep the text in your own file (art. 33(5)).

        Raises:
            ConfigError: there is no such incident, it is closed, or there are no keys for a note. LedgerUnavailable.
        """
        from govai.ledger import incidents

        kept = self._commitment(note) if note else ""
        self.commit((incidents.changed(self.incidents(), incident_id, status, kept),))

    def _page(self, since: str, after: str) -> list[tuple[str, str, str, str]]:
        return self.guarded(lambda on: self._contents.page(on, since, after))

    def _taken(self, record_id: str) -> bytes | None:
        return self.guarded(lambda on: self._contents.take(on, record_id))

    def _content(self, connection: Connection, record_id: str) -> Content | None:
        row = connection.execute(
            "SELECT id, kind, intent_id, call_id, time, purpose FROM records WHERE id=?", (record_id,)
        )
        if not row:
            return None
        named, kind, intent_id, call_id, time, purpose = (str(one) for one in row[0])
        if kind == "outcome":
            prompts, outputs = [(intent_id,)], [(named,)]
        elif kind == "result":
            prompts = connection.execute("SELECT id FROM records WHERE call_id=? AND kind='intent'", (call_id,))
            outputs = [(named,)]
        else:
            prompts = [(named,)]
            outputs = connection.execute("SELECT id FROM records WHERE intent_id=? AND kind='outcome'", (named,))
            outputs += connection.execute("SELECT id FROM records WHERE call_id=? AND kind='result'", (call_id,))
        prompt, output = self._first(connection, prompts), self._first(connection, outputs)
        if prompt is None and output is None:
            return None
        return Content(intent_id or named, time, purpose, prompt, output)

    def _first(self, connection: Connection, records: Sequence[tuple[Any, ...]]) -> bytes | None:
        found = (self._contents.take(connection, str(record)) for (record,) in records)
        return next((one for one in found if one is not None), None)

    def _commitment(self, text: str) -> str:
        if self.keys is None:
            raise ConfigError(
                say("a note is kept as a keyed commitment, and there are no keys", "une note demande des clés"),
                where="keys=",
                todo="env:NAME, file:PATH, KeyStore",
            )
        raw = text.encode("utf-8", "surrogatepass")
        return "hmac-sha256:" + hmac.digest(self.keys.derive("commitments"), raw, "sha256").hex()


def _claimed(actor: str) -> dict[str, str]:
    return {"id": actor, "identity": "claimed"}
