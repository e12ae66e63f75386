"""Inquiry: what people ask of an open ledger: its records, pages of them, tables, the lineage of one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from govai.core.errors import ConfigError
from govai.core.lang import say
from govai.ledger.filtering import asked_for

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime
    from pathlib import Path

    import pyarrow as pa

    from govai.core.records import Record
    from govai.ledger.lineage import Lineage
    from govai.ledger.paging import Page
    from govai.ledger.reading import Reading

_LARGEST = 10_000  # records of one page


class Inquiry:
    """The questions. Whoever answers them says how it is read: `_reading`.

    All take the same filters; a record counts when it says so itself (an outcome names no provider, its intent does):

    - purpose, kind, call_id, provider, model, job, status: exactly so. actor: id of who asked.
    - subject: a keyed reference, as records hold it (`s:…`); for a person, `about(email=…)`.
    - since, until: RFC 3339 or a datetime; from `since` on, before `until`. Without a zone, a text counts as UTC.
    """

    def _reading(self) -> Reading:
        """Return what reads, with everything queued written and writers that are gone accounted for."""
        raise NotImplementedError

    def records(
        self,
        *,
        purpose: str | None = None,
        since: str | datetime | None = None,
        limit: int | None = None,
        kind: str | None = None,
        call_id: str | None = None,
        until: str | datetime | None = None,
        provider: str | None = None,
        model: str | None = None,
        actor: str | None = None,
        job: str | None = None,
        status: str | None = None,
        subject: str | None = None,
        newest_first: bool = False,
    ) -> Iterator[Record]:
        """Return the records, oldest first, as they are read.

        Args:
            limit: at most so many. newest_first: the other way round. The others: filters, see the class.

        Raises:
            ConfigError: a filter that cannot be one. LedgerUnavailable: a record is damaged; it says which.
        """
        wanted = asked_for(
            purpose=purpose,
            since=since,
            kind=kind,
            call_id=call_id,
            until=until,
            provider=provider,
            model=model,
            actor=actor,
            job=job,
            status=status,
            subject=subject,
        )
        return self._reading().records(wanted, limit=limit, newest_first=newest_first)

    def page(self, cursor: str | None = None, size: int = 100, *, newest_first: bool = False, **filters: Any) -> Page:
        """Return a page of records, right also while others are appended: none is left out or comes twice.

        Args:
            cursor: `next` of the page before; None for the first. size: 1 to 10,000 records. filters: see the class; a cursor
                belongs to the filters and the order it was made with.

        Raises:
            ConfigError: a cursor that is damaged or of other filters, or a size that is none. LedgerUnavailable: a record is damaged.
        """
        if not 1 <= size <= _LARGEST:
            raise ConfigError(
                say(f"a page has 1 to {_LARGEST} records", f"une page compte de 1 à {_LARGEST} enregistrements"),
                where="size=",
            )
        wanted = asked_for(**{"since": None, "until": None, **filters})
        return self._reading().page(wanted, cursor, size=size, newest_first=newest_first)

    def to_arrow(self, **filters: Any) -> pa.Table:
        """Return records as an Arrow table, a column for each member (docs/reference/record.md); arguments as for `records`.

        Raises:
            ConfigError: pyarrow (the extra `arrow`) is missing. LedgerUnavailable: a record is damaged.
        """
        from govai.ledger.tabular import arrow_table

        return arrow_table(self.records(**filters))

    def to_arrow_batches(self, size: int = 8192, **filters: Any) -> Iterator[pa.RecordBatch]:
        """Yield the same in batches of `size` records, in flat memory."""
        from govai.ledger.tabular import arrow_batches

        return arrow_batches(self.records(**filters), size)

    def write_to(self, out: str | Path, form: str, **filters: Any) -> int:
        """Write records to a file, whole or not at all, and return how many; arguments as for `records`.

        Args:
            out: the file. form: `jsonl`, `csv`, `arrow` or `parquet`.
        """
        from govai.ledger.exporting import export

        return export(self.records(**filters), out, form)

    def lineage(self, named: str) -> Lineage:
        """Return what a record or call was made from, and what was made from it.

        Args:
            named: id of a record (`reply.record_id`) or of a call.

        Raises:
            ConfigError: no record and no call has this id.
        """
        from govai.ledger.walking import walk

        return walk(self._reading(), named)
