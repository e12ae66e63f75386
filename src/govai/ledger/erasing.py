"""Erasing: destroy what leads from a person to the records that used their data, and all that is kept of them.

Records stay as they are, so that every chain still verifies: the random references in them lead to nobody any more.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any

from govai.core.errors import ConfigError, PolicyError
from govai.core.lang import say
from govai.core.records import Draft
from govai.ledger.about import among, holdings_of, look, references, tickets_of
from govai.ledger.holds import held

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from govai.core.database import Connection
    from govai.core.people import Identity
    from govai.ledger.access import Access, Recipient

Failures = tuple[type[Exception], ...]


@dataclass(frozen=True, slots=True)
class Receipt:
    """What an erasure did, or would do.

    Attributes:
        dry_run: nothing was changed. record_id: of the `erasure` record. unlinked: how many records lead to nobody now.
        destroyed: how many by kind: references, lookups, keys, contents, replies. tickets: closed ones' ids.
        recipients: providers that received data, with dates and how long they keep it. not_reached: what is left to do.
        kept: what stays on purpose, and why: a restriction (art. 18, 21), without which the next call would use the data again.
    """

    dry_run: bool
    record_id: str
    asked: tuple[tuple[str, str], ...]
    unlinked: int
    destroyed: dict[str, int]
    tickets: tuple[str, ...]
    recipients: tuple[Recipient, ...]
    not_reached: tuple[str, ...]
    kept: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Return the receipt as plain JSON data."""
        return {**asdict(self), "asked": [{"name": name, "category": category} for name, category in self.asked]}

    def __str__(self) -> str:
        head = say("would be erased", "serait effacé") if self.dry_run else say("erased", "effacé")
        counted = ", ".join(f"{count} {name}" for name, count in self.destroyed.items() if count) or say(
            "nothing", "rien"
        )
        lines = [
            f"{head}: {counted}",
            say(
                f"records that lead to nobody then: {self.unlinked}",
                f"enregistrements qui ne mènent plus à personne : {self.unlinked}",
            ),
        ]
        if self.tickets:
            lines.append(say("tickets closed: ", "tickets clos : ") + ", ".join(self.tickets))
        if self.kept:
            lines += [say("kept:", "conservé :"), *(f"  · {one}" for one in self.kept)]
        lines.append(say("not reached:", "hors d'atteinte :"))
        return "\n".join([*lines, *(f"  · {one}" for one in self.not_reached)])

    def _repr_html_(self) -> str:
        from html import escape

        from govai.core import rendering

        return rendering.box("".join(f"<div>{escape(line)}</div>" for line in str(self).splitlines()), rendering.AMBER)


@dataclass(frozen=True, slots=True)
class _Found:
    """What there is to erase of someone."""

    refs: list[str]
    lookups: list[str]
    tickets: list[str]
    replies: list[str]
    contents: list[str]


@dataclass(frozen=True, slots=True)
class Eraser:
    """Erases one person, in a transaction that nobody else writes in.

    Args:
        identities: who. retention_days: of a provider. remote: the database is a server. errors: what it raises.
    """

    identities: Sequence[Identity]
    retention_days: Callable[[str], int | None]
    remote: bool
    errors: Failures

    def survey(self, connection: Connection) -> Receipt:
        """Return what would be erased."""
        found = self._found(connection)
        receipt = self._receipt(connection, found, "")
        if holds := held(connection, found.refs):
            return replace(receipt, not_reached=(_in_the_way(holds), *receipt.not_reached))
        return receipt

    def erase(self, connection: Connection) -> tuple[Receipt, Draft]:
        """Erase, and return the receipt with the record to append in this transaction.

        Raises:
            PolicyError: a legal hold stands in the way. ConfigError: this role may not delete.
        """
        found = self._found(connection)
        if holds := held(connection, found.refs):
            raise PolicyError(
                _in_the_way(holds),
                todo=say(
                    "release the hold first: govai ledger release-hold",
                    "levez d'abord la conservation : govai ledger release-hold",
                ),
            )
        draft = Draft("erasure", "", {})
        receipt = self._receipt(connection, found, draft.id)
        draft.body.update(self._body(receipt, found))
        try:
            _destroy(connection, found)
        except self.errors as error:
            kind = type(error).__name__
            if kind != "InsufficientPrivilege":
                raise
        else:
            return receipt, draft
        raise ConfigError(
            say(
                "this role may not erase: it may only insert and select",
                "ce rôle ne peut effacer : il n'a qu'INSERT et SELECT",
            ),
            todo=say(
                "erase as a role with DELETE on subjects, subject_keys, contents, holdings and UPDATE on tickets, kept_replies, epochs",
                "effacez avec un rôle qui a DELETE sur subjects, subject_keys, contents, holdings et UPDATE sur tickets, kept_replies, epochs",
            ),
        )

    def _found(self, connection: Connection) -> _Found:
        refs = references(connection, self.identities)
        lookups = {digest for one in self.identities for digest in one.digests}
        lookups |= {str(one) for (one,) in among(connection, "SELECT lookup FROM subjects WHERE ref IN ({})", refs)}
        return _Found(
            refs=refs,
            lookups=sorted(lookups),
            tickets=_keeping(connection, tickets_of(connection, refs)),
            replies=holdings_of(connection, refs, "reply"),
            contents=holdings_of(connection, refs, "content"),
        )

    def _receipt(self, connection: Connection, found: _Found, record_id: str) -> Receipt:
        access = look(connection, self.identities, self.retention_days)
        destroyed = {
            "references": len(found.refs),
            "lookups": _count(connection, "subjects", "ref", found.refs),
            "keys": _count(connection, "subject_keys", "subject", found.refs),
            "contents": _count(connection, "contents", "record", found.contents),
            "replies": len(found.replies),
        }
        unlinked = _count(connection, "uses", "subject", found.refs)
        return Receipt(
            dry_run=not record_id,
            record_id=record_id,
            asked=access.asked,
            unlinked=unlinked,
            destroyed=destroyed,
            tickets=tuple(found.tickets),
            recipients=access.recipients,
            not_reached=tuple(_not_reached(connection, access, remote=self.remote)),
            kept=_kept(connection, found),
        )

    def _body(self, receipt: Receipt, found: _Found) -> dict[str, Any]:
        return {
            "purpose": "",
            "asked": [category for _name, category in receipt.asked],
            "erased": found.refs,
            "unlinked": receipt.unlinked,
            "destroyed": receipt.destroyed,
            "tickets": list(receipt.tickets),
            "recipients": [one.provider for one in receipt.recipients],
        }


def _in_the_way(holds: Sequence[str]) -> str:
    named = ", ".join(holds)
    return say(
        f"a legal hold keeps this (GDPR art. 17(3)(e)): {named}",
        f"une conservation légale l'exige (RGPD art. 17(3)(e)) : {named}",
    )


def _destroy(connection: Connection, found: _Found) -> None:
    """Delete; RETURNING makes a server say at once what it does not allow."""
    among(connection, "DELETE FROM subjects WHERE ref IN ({}) RETURNING 1", found.refs)
    among(connection, "DELETE FROM subject_keys WHERE subject IN ({}) RETURNING 1", found.refs)
    among(connection, "DELETE FROM contents WHERE record IN ({}) RETURNING 1", found.contents)
    among(connection, "DELETE FROM holdings WHERE what='content' AND name IN ({}) RETURNING 1", found.contents)
    among(connection, "UPDATE kept_replies SET payload=NULL WHERE fingerprint IN ({}) RETURNING 1", found.replies)
    among(connection, "DELETE FROM holdings WHERE what='reply' AND name IN ({}) RETURNING 1", found.replies)
    among(connection, "DELETE FROM holdings WHERE subject IN ({}) RETURNING 1", found.refs)
    among(
        connection,
        "UPDATE tickets SET status='expired', envelope=NULL, kept=substr(kept,1,0) WHERE id IN ({}) RETURNING 1",
        found.tickets,
    )
    connection.execute("UPDATE epochs SET value=value+1 WHERE name='subjects' RETURNING value")


def _kept(connection: Connection, found: _Found) -> tuple[str, ...]:
    """Return what stays: a keyed digest on a suppression list is how someone is recognised who must not be used again."""
    if not _count(connection, "restrictions", "lookup", found.lookups):
        return ()
    return (
        say(
            "the restriction stays, so that the data is not used again; unrestrict lifts it",
            "la limitation reste, pour que les données ne servent plus ; unrestrict la lève",
        ),
    )


def _keeping(connection: Connection, tickets: Sequence[str]) -> list[str]:
    """Return which tickets still keep something."""
    query = "SELECT id FROM tickets WHERE length(kept)>0 AND id IN ({})"
    return sorted(str(one) for (one,) in among(connection, query, tickets))


def _count(connection: Connection, table: str, column: str, values: Sequence[str]) -> int:
    query = f"SELECT count(*) FROM {table} WHERE {column} IN ({{}})"  # noqa: S608 -- our words
    return sum(int(count) for (count,) in among(connection, query, values))


def _not_reached(connection: Connection, access: Access, *, remote: bool) -> list[str]:
    found = [_received(one) for one in access.recipients]
    sinks = [str(name) for (name,) in connection.execute("SELECT sink FROM cursors ORDER BY sink")]
    if sinks and access.calls:
        named = ", ".join(sinks)
        found.append(
            say(
                f"sinks that got these records, with references that lead to nobody here: {named}",
                f"destinations qui ont reçu ces enregistrements, dont les références ne mènent plus à personne ici : {named}",
            )
        )
    running = sum(call.outcome == "open" for call in access.calls)
    if running:
        found.append(
            say(
                f"{running} calls still under way: erase again once they ended",
                f"{running} appels en cours : effacez de nouveau ensuite",
            )
        )
    found.append(
        say(
            "backups and replicas of this ledger, and whoever kept a copy of an answer: erase there, or let them expire",
            "sauvegardes et réplicas de ce registre, et qui a gardé copie d'une réponse : effacez-y, ou laissez-les expirer",
        )
    )
    if remote:
        found.append(
            say(
                "old row versions in PostgreSQL's files go with VACUUM, its WAL with its archive's retention",
                "les anciennes lignes partent des fichiers de PostgreSQL avec VACUUM, du WAL selon son archivage",
            )
        )
    return found


def _received(one: Recipient) -> str:
    keeps = (
        say(
            "keeps it for a time nobody wrote into the policy", "conserve pendant une durée que la politique ne dit pas"
        )
        if one.retention_days is None
        else say(f"keeps it {one.retention_days} days", f"conserve {one.retention_days} jours")
    )
    return say(
        f"{one.provider} ({one.region or '–'}) received data in {one.calls} calls, {one.first[:10]} to {one.last[:10]}; {keeps}",
        f"{one.provider} ({one.region or '–'}) a reçu des données en {one.calls} appels, du {one.first[:10]} au {one.last[:10]} ; {keeps}",
    )
