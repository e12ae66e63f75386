"""Purges read back: what their records say was emptied, and which of them nobody signed who may. It empties nothing itself."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from govai.core.lang import say
from govai.ledger.chain import OF_KIND
from govai.ledger.claims import Purge
from govai.ledger.fault import Fault
from govai.ledger.scanning import spelled
from govai.ledger.signing import signer_of

if TYPE_CHECKING:
    from govai.core.database import Connection

_QUERY = f"SELECT id, bytes FROM records WHERE {OF_KIND.format('purge')} ORDER BY position"  # noqa: S608 -- our words


@dataclass(slots=True)
class Purges:
    """The purges of a ledger. One that is not signed says nothing: what it names counts as emptied by nobody.

    Attributes:
        trusted: the public keys that may sign; none: whichever a purge names.
        signed: those that count. faults: the others.
    """

    trusted: frozenset[str]
    signed: list[Purge] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)

    @classmethod
    def read(cls, connection: Connection, trusted: frozenset[str]) -> Purges:
        """Read them from a ledger."""
        found = cls(trusted)
        for record, raw in connection.stream(_QUERY):
            said = spelled(raw) if isinstance(raw, bytes) else None
            if said is not None:  # else the scan names it
                found.add(record, said["body"])
        return found

    def add(self, record: str, body: dict[str, Any]) -> None:
        """Take the body of one."""
        key = signer_of(body)
        try:
            if key is not None and (not self.trusted or key in self.trusted):
                self.signed.append(Purge.from_body(record, body))
                return
        except ValueError:
            pass
        self.faults.append(Fault("forged_purge", record))

    def notes(self) -> list[str]:
        """Return what to know of what was emptied: it holds its place, and nobody can check any more what it said."""
        count = sum(last - first + 1 for purge in self.signed for _, first, last in purge.ranges)
        if not count:
            return []
        said = say(
            f"{count} records were emptied, says {len(self.signed)} × purge: compare with the retention; what they said is gone",
            f"{count} enregistrements vidés, selon {len(self.signed)} × purge : comparez à la conservation ; leur contenu n'est plus",
        )
        if self.trusted:
            return [said]
        anyone = say(
            "purges were checked by the keys that they name themselves; --public-key says whom to trust",
            "purges vérifiées avec les clés qu'elles nomment elles-mêmes ; --public-key dit à qui se fier",
        )
        return [said, anyone]
