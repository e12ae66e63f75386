"""Appending: from drafts to rows of one chain, in one transaction, on whichever database. It knows no waiting callers."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

from govai.core.errors import Blocked
from govai.core.lang import say
from govai.core.records import Draft
from govai.core.wording import restricted
from govai.ledger.chain import Chain, Row
from govai.ledger.links import links_of
from govai.ledger.subjects import Subjects

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from contextlib import AbstractContextManager

    from govai.core.database import Connection, Database
    from govai.core.errors import GovaiError
    from govai.ledger.contents import Contents


class Appender:
    """One chain's end, and what must be remembered to append to it.

    Attributes:
        open: intents of this chain that have not ended. given_up: intents whose callers were told that they are not durable,
            though they may be (a commit failed, a caller was interrupted). Nothing left for them: they are not written any
            more, and where they stand, that is recorded as soon as the database answers.
    """

    def __init__(self, database: Database, contents: Contents) -> None:
        self._database, self._contents = database, contents
        self.chain, self.subjects = Chain.new(), Subjects()
        self.open: set[str] = set()
        self.given_up: deque[Draft] = deque()
        self._unsure = self._begun = False

    def append_alone(self, connection: Connection, drafts: Callable[[], Sequence[Draft]]) -> int:
        """Append what `drafts` returns while nobody else writes, and return how many; raises as `append` does."""
        return self._once(connection, drafts, 0.0, connection.alone())

    def append(self, connection: Connection, drafts: Callable[[], Sequence[Draft]], *, lease_s: float) -> None:
        """Append the drafts; `lease_s` > 0 also says that the writer lives for so many seconds.

        Raises:
            an error of the database: nothing of it counts. TypeError: a body holds what a record must not.
        """
        self._begun = False
        try:
            try:
                self._once(connection, drafts, lease_s, connection.writing())
            except self._database.errors as error:
                if not self._database.mendable(error):
                    raise
                self._once(connection, drafts, lease_s, connection.writing())
        except Exception:
            if self._begun:  # else nothing of it can stand there: there was no connection
                self.give_up(drafts())
            raise

    def give_up(self, drafts: Sequence[Draft]) -> None:
        """Nothing leaves for these intents. Any thread may say so at any time."""
        self.given_up.extend([one for one in drafts if one.kind == "intent"])

    def leave(self, connection: Connection) -> None:
        """Say that this writer is gone: what is open has no one who ends it."""
        connection.insert("writers", [(self.chain.id, 0.0)])

    def _once(
        self,
        connection: Connection,
        drafts: Callable[[], Sequence[Draft]],
        lease_s: float,
        transaction: AbstractContextManager[None],
    ) -> int:
        before, given_up = (self.chain.seq, self.chain.head), list(self.given_up)
        try:
            with transaction:
                self.subjects.refresh(connection)
                taken = drafts()
                self._begun = True
                self._put(connection, self._looked_at(connection, taken, given_up))
                if lease_s > 0:
                    connection.insert("writers", [(self.chain.id, connection.now() + lease_s)])
        except BaseException:
            self.chain.seq, self.chain.head = before
            self.subjects.forget()
            self._unsure = True
            raise
        self._unsure = False
        for _one in given_up:
            self.given_up.popleft()
        self.open.update(one.id for one in taken if one.kind == "intent")
        self.open.difference_update(one.intent_id for one in taken if one.kind == "outcome")
        return len(taken)

    def _put(self, connection: Connection, drafts: Sequence[Draft]) -> None:
        refs = self.subjects.refs(connection, (person for draft in drafts for person in draft.subjects))
        rows: list[Row] = []
        uses: list[tuple[str, str]] = []
        kept = self._contents.put(connection, drafts, refs) if any(one.content for one in drafts) else {}
        links: list[tuple[str, str, str]] = []
        for draft in drafts:
            named = [refs[person] for person in draft.subjects]
            rows.append(self.chain.link(draft, named, kept.get(draft.id, "")))
            uses.extend((ref, draft.id) for ref in dict.fromkeys(named))
            links.extend((parent, draft.id, kind) for parent, kind in links_of(draft.body))
        connection.insert("records", rows)
        if uses:
            connection.insert("uses", uses)
        if links:
            connection.insert("links", links)

    def _looked_at(self, connection: Connection, drafts: Sequence[Draft], given_up: Sequence[Draft]) -> Sequence[Draft]:
        """Return the drafts that are still to be written. Only after a failure is there something to look at."""
        outcomes = [one.intent_id for one in drafts if one.kind == "outcome"]
        if len(set(outcomes)) < len(outcomes):
            drafts = _first_outcomes(drafts)
        if not self._unsure and not given_up:
            return drafts
        head = connection.execute("SELECT seq, hash FROM heads WHERE chain=?", (self.chain.id,))
        self.chain.seq, self.chain.head = (int(head[0][0]), str(head[0][1])) if head else (0, "")
        unwanted = {one.id: one for one in given_up}
        there = _among(connection, "id", [*(one.id for one in drafts), *unwanted])
        drafts = [one for one in drafts if one.id not in unwanted]
        drafts += [_never_left(one) for one in unwanted.values() if one.id in there]
        ended = _among(connection, "intent_id", [one.intent_id for one in drafts if one.kind == "outcome"])
        return [one for one in drafts if one.id not in there and one.intent_id not in ended]


def refuse_restricted(subjects: Subjects, drafts: Sequence[Draft]) -> GovaiError | None:
    """Return the error of intents about someone whose data may not be used, or None."""
    intents = (draft for draft in drafts if draft.kind == "intent")
    first = next((draft for draft in intents if subjects.restricted(draft.subjects)), None)
    if first is None:
        return None
    error = Blocked(
        restricted(),
        todo=say("leave their row out", "retirez sa ligne"),
    )
    error.intent_id = first.id
    return error


def _never_left(intent: Draft) -> Draft:
    body = {"status": "abandoned", "error": "ledger_unavailable", "purpose": intent.body.get("purpose", "")}
    return Draft("outcome", intent.call_id, body, intent_id=intent.id)


def _first_outcomes(drafts: Sequence[Draft]) -> list[Draft]:
    seen: set[str] = set()
    kept = []
    for draft in drafts:
        if draft.kind != "outcome" or draft.intent_id not in seen:
            kept.append(draft)
        if draft.kind == "outcome":
            seen.add(draft.intent_id)
    return kept


def _among(connection: Connection, column: str, values: Sequence[str]) -> set[str]:
    """Return which of the values stand in a column: ids of records, or intents that have an outcome."""
    kind = " AND kind='outcome'" if column == "intent_id" else ""
    found: set[str] = set()
    for at in range(0, len(values), 500):
        some = values[at : at + 500]
        marks = ",".join("?" * len(some))
        rows = connection.execute(f"SELECT {column} FROM records WHERE {column} IN ({marks}){kind}", some)  # noqa: S608 -- our words
        found.update(str(one) for (one,) in rows)
    return found
