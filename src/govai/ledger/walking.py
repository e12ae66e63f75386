"""Walk the records around one: from an id to its call, to the answers it was made from, and to what was made of its own.

It asks for records by id, by call and by link, whatever database they stand in.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from govai.core.errors import ConfigError
from govai.core.lang import say
from govai.ledger.graph import Graph
from govai.ledger.links import links_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from govai.core.records import Record
    from govai.ledger.lineage import Lineage

CALLS = 200  # walked through at most
_UNCALLED = ("checkpoint", "anchor", "erasure", "purge", "incident", "rectification", "restriction")


class Library(Protocol):
    """Where records are looked up."""

    def record(self, named: str) -> Record | None:
        """Return the record of an id."""
        ...

    def of_call(self, call_id: str) -> Sequence[Record]:
        """Return all records of a call, oldest first; a ticket's reviews have its id as their call's."""
        ...

    def linked(self, parent: str) -> Sequence[Record]:
        """Return the records that name an earlier one, or a ticket, oldest first."""
        ...


def walk(library: Library, named: str) -> Lineage:
    """Return the lineage of a record, or of a call.

    Args:
        library: the records. named: id of a record or of a call.

    Raises:
        ConfigError: no record and no call has this id.
    """
    first = library.record(named)
    calls = _calls_of(library, first, named)
    if not calls and first is not None:
        return Graph().alone(first)
    if not calls:
        raise ConfigError(
            say("no record and no call has this id", "aucun enregistrement ni appel n'a cet identifiant"),
            todo=say("check the id, or name another ledger", "vérifiez l'identifiant, ou nommez un autre registre"),
        )
    walked = _Walk(library)
    for call in calls:
        walked.go(call, up=True, down=True)
    complete = walked.run()
    graph = Graph()
    for records in sorted(walked.records.values(), key=lambda some: some[0].id):
        graph.call(records, [one for record in records for one in walked.reviews(record)])
    return graph.lineage(named if first is None else first.id, complete=complete)


def _calls_of(library: Library, first: Record | None, named: str) -> list[str]:
    if first is None:
        return [named] if library.of_call(named) else []
    if first.kind in _UNCALLED:
        return []
    if first.kind == "review":  # its call id is its ticket
        tickets = [one.call_id for one in library.linked(first.call_id)]
        return list(dict.fromkeys(tickets)) or [first.call_id]
    return [first.call_id]


class _Walk:
    def __init__(self, library: Library) -> None:
        self._library = library
        self._todo: list[tuple[str, bool, bool]] = []
        self._gone: set[tuple[str, bool, bool]] = set()
        self.records: dict[str, Sequence[Record]] = {}

    def go(self, call: str, *, up: bool, down: bool) -> None:
        if (call, up, down) not in self._gone:
            self._gone.add((call, up, down))
            self._todo.append((call, up, down))

    def run(self) -> bool:
        """Walk until nothing is left; return whether nothing was left out."""
        while self._todo:
            call, up, down = self._todo.pop(0)
            if call not in self.records:
                if len(self.records) >= CALLS:
                    return False
                found = self._library.of_call(call)
                if not found:
                    continue
                self.records[call] = found
            for record in self.records[call]:
                for other in self._above(record) if up else ():
                    self.go(other.call_id, up=True, down=False)
                for other in self._library.linked(record.id) if down and record.kind in ("intent", "result") else ():
                    self.go(other.call_id, up=False, down=True)
        return True

    def reviews(self, record: Record) -> Iterable[Record]:
        """Return the reviews of the ticket that a record names."""
        ticket = record.body.get("ticket")
        return [one for one in self._library.of_call(str(ticket)) if one.kind == "review"] if ticket else ()

    def _above(self, record: Record) -> Iterable[Record]:
        found = (self._library.record(one) for one, kind in links_of(record.body) if kind != "ticket")
        return [one for one in found if one is not None]
