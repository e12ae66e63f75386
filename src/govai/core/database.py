"""What ledger and review desk ask of a database, whichever it is. One SQL for all: `?` marks values, `ON CONFLICT` and
`RETURNING` are there, a bytes column holds bytes, and inserting into a table of state takes the old row's place."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from contextlib import AbstractContextManager


class Connection(Protocol):
    """One connection. One thread at a time; a later use after a failure opens anew by itself where that can help."""

    def execute(self, query: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """Run one statement and return its rows, [] where it has none."""
        ...

    def insert(self, table: str, rows: Sequence[Sequence[Any]], *, ignore: bool = False) -> None:
        """Append rows that name a value for each column of the table's insertable ones, in the order it was made in.

        `ignore`: a row whose key is there already is left out.
        """
        ...

    def stream(self, query: str, values: Sequence[Any] = ()) -> Iterator[tuple[Any, ...]]:
        """Yield the rows of one query, as of one moment, in flat memory."""
        ...

    def hasten(self) -> None:
        """Read faster from here on, for one who shows nobody the errors: that of text that is not UTF-8 may quote it."""
        ...

    def writing(self) -> AbstractContextManager[None]:
        """A transaction that appends: durable when the block ends, nothing of it when it raises."""
        ...

    def alone(self, what: str = "ledger") -> AbstractContextManager[None]:
        """A transaction that nobody else has at the same time; alone with the ledger, nobody is `writing`."""
        ...

    def in_flight(self) -> frozenset[str]:
        """Return who is `writing` at this moment on other connections and could still commit below what is seen."""
        ...

    def now(self) -> float:
        """Return the database's clock, seconds since the epoch: all writers' leases are measured by it."""
        ...

    def wipe(self) -> None:
        """Leave no trace of what was deleted in files of this database's own (a write-ahead log)."""
        ...

    def close(self) -> None:
        """Close it; closing twice is nothing."""
        ...


class Database(Protocol):
    """Where connections come from.

    Attributes:
        url: as given, without a password. path: the file; `:memory:`; "" for a server.
        remote: a commit waits on a network, which an event loop must not wait for.
        errors: what its connections raise.
    """

    url: str
    path: str
    remote: bool
    errors: tuple[type[Exception], ...]

    def connect(self) -> Connection:
        """Open a connection that writes."""
        ...

    def connect_reading(self) -> Connection:
        """Open a connection that only reads."""
        ...

    def mendable(self, error: BaseException) -> bool:
        """Whether writing again, with what stands there looked at first, can succeed."""
        ...
