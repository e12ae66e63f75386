"""Subjects: the keyed references under which records speak of people. Erasing one destroys what leads from a person to it.

A person is looked up by a keyed digest of an identifying value; the reference that records carry is random, and only the
table `subjects` leads from one to the other. It knows no raw value.
"""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

from govai.core.errors import LedgerUnavailable
from govai.core.lang import say

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from govai.core.database import Connection

Person = tuple[str, ...]  # the digests someone is looked up by: today's key first, then those from before its rotations

_REMEMBERED = 100_000  # references of one writer; about 20 MB


class Subjects:
    """Gives references inside a writer's transactions. What it remembers holds as long as nobody was erased or restricted."""

    def __init__(self) -> None:
        self._refs: dict[Person, str] = {}
        self._restricted: frozenset[str] = frozenset()
        self._epoch = -1

    def refresh(self, connection: Connection) -> None:
        """Forget what an erasure or restriction made untrue; to be called first in each transaction.

        Raises:
            LedgerUnavailable: the row that counts erasures and restrictions is gone.
        """
        found = connection.execute("SELECT value FROM epochs WHERE name='subjects'")
        if not found:  # nobody could say any more whether what is remembered still holds
            raise _no_epoch()
        epoch = found[0][0]
        if epoch != self._epoch:
            self._refs.clear()
            self._restricted = frozenset(one for (one,) in connection.execute("SELECT lookup FROM restrictions"))
            self._epoch = epoch

    def restricted(self, people: Iterable[Person]) -> bool:
        """Whether one of them asked that their data not be used (GDPR art. 18)."""
        return bool(self._restricted) and any(not self._restricted.isdisjoint(person) for person in people)

    def refs(self, connection: Connection, people: Iterable[Person]) -> dict[Person, str]:
        """Return a reference for each person, made where there is none yet.

        Who is known by a digest of before a key's rotation keeps the reference, and is known by today's digest from then on.
        """
        known, asked = self._refs, set(people)
        missing = [person for person in asked if person not in known]
        if missing:
            if len(known) > _REMEMBERED:
                known.clear()
                missing = list(asked)
            found = find(connection, [one for person in missing for one in person])
            added = []
            for person in missing:
                ref = next((found[one] for one in person if one in found), None) or "s:" + secrets.token_hex(16)
                known[person] = ref
                if person[0] not in found:
                    added.append((ref, person[0]))
            connection.insert("subjects", added, ignore=True)
        return {person: known[person] for person in asked}

    def forget(self) -> None:
        """Believe nothing of what was remembered (a transaction failed)."""
        self._refs.clear()
        self._epoch = -1


def _no_epoch() -> LedgerUnavailable:
    return LedgerUnavailable(
        say("the row 'subjects' of the table epochs is gone", "la ligne 'subjects' de la table epochs a disparu"),
        todo=say(
            "restore it from a backup, or as the owner: INSERT INTO epochs VALUES('subjects', 1), and restart every writer",
            "rétablissez-la ; propriétaire : INSERT INTO epochs VALUES('subjects', 1), puis relancez les processus",
        ),
    )


def find(connection: Connection, lookups: Sequence[str]) -> dict[str, str]:
    """Return the references that exist, by look-up digest; of several, any."""
    found: dict[str, str] = {}
    for at in range(0, len(lookups), 500):
        some = lookups[at : at + 500]
        marks = ",".join("?" * len(some))
        rows = connection.execute(f"SELECT lookup, ref FROM subjects WHERE lookup IN ({marks})", some)  # noqa: S608 -- marks only
        found |= dict(rows)
    return found
