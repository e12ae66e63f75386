"""The desk: tickets in the ledger's database, durable, decided once, released once."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, NamedTuple

from govai.core.errors import ConfigError, PolicyError, ReviewExpired
from govai.core.lang import say
from govai.core.names import did_you_mean
from govai.core.records import new_id
from govai.review.case import Case, decided, opened
from govai.review.sealing import Box, damaged
from govai.review.storage import CLAIM_S, Storage
from govai.review.tickets import Filing, Status, Ticket

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from govai.core.database import Database
    from govai.core.protocols import KeyStore, Verdict

KEEP_S = 72 * 3600
GROUPS = ("template", "purpose", "requester", "role", "job")
_OPEN = (Status.PENDING, Status.APPROVED)
_STATUS = {status.value: status for status in Status}
_HELD = """INSERT INTO holdings(subject, what, name) SELECT u.subject, CAST(? AS text), CAST(? AS text) FROM uses u
    WHERE u.record=? ON CONFLICT DO NOTHING"""
_COLUMNS = "SELECT id,fingerprint,status,created,expires,claimed,kept FROM tickets"


class _Row(NamedTuple):
    """A ticket as it stands in the database; only `case` cannot be changed without the key."""

    id: str
    fingerprint: str
    status: Status
    claimed: float
    case: Case


class Desk:
    """Keeps tickets. Safe between threads, forks and processes.

    Args:
        database: the ledger's. keys: encrypt texts, notes and envelopes. clock: seconds since the epoch.
    """

    def __init__(self, database: Database, keys: KeyStore, clock: Callable[[], float] = time.time) -> None:
        self._storage, self._keys, self._clock = Storage(database, clock), keys, clock
        self._made_box: Box | None = None

    def file(self, filing: Filing) -> Ticket:
        """Return the ticket of this very call that is open or was rejected, filing one if there is none.

        A rejection stands: asking again for the very same thing does not put it before another reviewer.
        """
        ticket_id = new_id()
        with self._storage.writing() as run:
            found = self._latest(run, filing.fingerprint, *filing.earlier)
            if found is not None and found.status in (*_OPEN, Status.REJECTED):
                return _ticket(found)
            case = opened(filing, self._clock())
            row = _Row(ticket_id, filing.fingerprint, case.status, 0, case)
            envelope = self._box.lock(filing.envelope, _bound(row))
            values = (
                row.id,
                row.fingerprint,
                row.status.value,
                case.created,
                case.expires,
                self._sealed(row),
                envelope,
            )
            run(
                "INSERT INTO tickets(id,fingerprint,status,created,expires,kept,envelope) VALUES(?,?,?,?,?,?,?)", values
            )
            run(_HELD, ("ticket", row.id, filing.record_id))  # of a prompt, the refusal that follows names the ticket
            return _ticket(row)

    def find(self, fingerprint: str, *earlier: str) -> Ticket | None:
        """Return the latest ticket of a call, or None. `earlier`: the call's names before the keys were rotated."""
        with self._storage.reading() as run:
            found = self._latest(run, fingerprint, *earlier)
        return _ticket(found) if found else None

    def get(self, ticket_id: str) -> Ticket:
        """Return a ticket; ConfigError when there is none of that id."""
        with self._storage.reading() as run:
            return _ticket(self._row(run, ticket_id))

    def pending(self, *, role: str = "", job: str = "", group_by: str = "") -> list[Ticket]:
        """Return the tickets that wait, oldest first, those of a group adjacent.

        Raises:
            ConfigError: nothing to group by of that name, naming the nearest. PolicyError: a ticket was changed.
        """
        if group_by and group_by not in GROUPS:
            raise ConfigError(
                say(f"tickets have no '{group_by}'", f"les tickets n'ont pas de « {group_by} »"),
                where="group_by=",
                todo=did_you_mean(group_by, GROUPS),
            )
        with self._storage.reading() as run:
            found = run(f"{_COLUMNS} WHERE status=? ORDER BY created, id", (Status.PENDING.value,))
        rows = [row for row in map(self._read, found) if row.status is Status.PENDING]
        wanted = [_ticket(row) for row in rows if role in ("", *row.case.roles) and job in ("", row.case.job)]
        if not group_by:
            return wanted
        first: dict[str, int] = {}
        for at, ticket in enumerate(wanted):
            first.setdefault(getattr(ticket, group_by), at)
        return sorted(wanted, key=lambda ticket: first[getattr(ticket, group_by)])

    def decide(self, ticket_id: str, actor: str, roles: Sequence[str], verdict: Verdict) -> Ticket:
        """Take a verdict. Each role must approve; one rejection rejects and destroys what the ticket kept.

        Args:
            actor: who decides. roles: those the actor holds.

        Raises:
            PolicyError: the requester decides on their own request, the role is another, or it is decided already.
            ReviewExpired: too late.
        """
        with self._storage.writing() as run:
            row = self._judged(run, ticket_id, actor, roles, verdict)
            run(
                "UPDATE tickets SET status=?, kept=? WHERE id=? AND length(kept)>0",  # or someone was erased just now
                (row.status.value, self._sealed(row), ticket_id),
            )
            if row.status is Status.REJECTED:
                run("UPDATE tickets SET envelope=NULL WHERE id=?", (ticket_id,))
                self._storage.destroying()
        return _ticket(row)

    def check(self, ticket_id: str, actor: str, roles: Sequence[str], verdict: Verdict) -> Ticket:
        """Raise what `decide` would raise; return the ticket as it is, undecided."""
        with self._storage.reading() as run:
            self._judged(run, ticket_id, actor, roles, verdict)
            return _ticket(self._row(run, ticket_id))

    def envelope(self, ticket_id: str) -> bytes:
        """Return what a ticket keeps, decrypted.

        Raises:
            ReviewExpired: it was destroyed. PolicyError: it was changed, or the key is another.
        """
        with self._storage.reading() as run:
            row = self._row(run, ticket_id)
            ((box,),) = run("SELECT envelope FROM tickets WHERE id=?", (ticket_id,))
        if box is None or row.status not in _OPEN:
            raise ReviewExpired(
                say("what the ticket kept is destroyed", "le contenu du ticket est détruit"),
                where=f"ticket {ticket_id}",
                todo=say("make the call again", "refaites l'appel"),
            )
        return self._box.unlock(box, _bound(row), f"ticket {ticket_id}")

    def claim(self, ticket_id: str) -> bool:
        """Begin to release an approved ticket; True for exactly one caller, until that one is taken for dead (120 s)."""
        with self._storage.writing() as run:
            row, now = self._row(run, ticket_id), self._clock()
            if row.status is not Status.APPROVED or _leased(row, now):
                return False
            run("UPDATE tickets SET claimed=? WHERE id=?", (now, ticket_id))
            return True

    def released(self, ticket_id: str) -> None:
        """Finish the release: what the ticket kept is destroyed. To be called before anything is handed out.

        It succeeds once: of two callers, one of which was taken for dead, only the first to come here goes on.

        Raises:
            PolicyError: it is not approved and claimed, or was released already. ReviewExpired: the claim came to nothing
                and the ticket expired.
        """
        with self._storage.writing() as run:
            row = self._row(run, ticket_id)
            if row.status is Status.EXPIRED:
                raise _expired(ticket_id)
            if row.status is not Status.APPROVED or not row.claimed:
                raise PolicyError(
                    say("this ticket cannot be released now", "ce ticket ne peut être remis maintenant"),
                    where=f"ticket {ticket_id} ({row.status.value})",
                    todo=say("it is released once, after approval", "il est remis une fois, après approbation"),
                )
            run("UPDATE tickets SET status=?, envelope=NULL WHERE id=?", (Status.RELEASED.value, ticket_id))
            self._storage.destroying()

    def keep_reply(self, fingerprint: str, payload: bytes, ttl_s: int = KEEP_S, *, about: Sequence[str] = ()) -> None:
        """Keep a released reply, encrypted, for `ttl_s` seconds.

        Args:
            about: ids of the records it comes from; it goes when someone they are about is erased.
        """
        box = self._box.lock(payload, _kept_as(fingerprint))
        with self._storage.writing() as run:
            run(
                "INSERT INTO kept_replies VALUES(?,?,?) ON CONFLICT(fingerprint) "
                "DO UPDATE SET expires=excluded.expires, payload=excluded.payload",
                (fingerprint, self._clock() + ttl_s, box),
            )
            for record in about:
                run(_HELD, ("reply", fingerprint, record))

    def kept_reply(self, *fingerprints: str) -> bytes | None:
        """Return a kept reply, None when nothing was ever kept under any of these names; the first that is counts.

        Raises:
            ReviewExpired: it is no longer kept; the call was answered once and is not sent again.
            PolicyError: it was changed, or the key is another.
        """
        with self._storage.reading() as run:
            look = "SELECT payload FROM kept_replies WHERE fingerprint=?"
            found = ((name, run(look, (name,))) for name in fingerprints)
            name, kept = next(((name, rows[0]) for name, rows in found if rows), ("", None))
        if kept is None:
            return None
        if kept[0] is None:
            raise ReviewExpired(
                say("this key was answered, its reply is no longer kept", "cette clé a eu sa réponse, plus gardée"),
                where="key=",
                todo=say("use another key to ask again", "utilisez une autre clé pour redemander"),
            )
        return self._box.unlock(kept[0], _kept_as(name), "key=")

    def opened_by(self, keys: KeyStore) -> tuple[int, int]:
        """Return how many tickets that are open, and how many kept replies, a key store opens."""
        box = Box(keys)
        with self._storage.reading() as run:
            words = tuple(status.value for status in _OPEN)
            tickets = run("SELECT id,fingerprint,kept FROM tickets WHERE status IN (?,?)", words)
            replies = run("SELECT fingerprint,payload FROM kept_replies WHERE payload IS NOT NULL")
        sealed = [(kept, _sealed_as(one, name)) for one, name, kept in tickets]
        return sum(box.opens(*one) for one in sealed), sum(box.opens(kept, _kept_as(name)) for name, kept in replies)

    def commitment(self, text: str) -> str:
        """Return the keyed digest of a text that a record names without holding it; "" for no text."""
        return self._box.commitment(text) if text else ""

    def close(self) -> None:
        """Close the database."""
        self._storage.close()

    @property
    def _box(self) -> Box:
        if self._made_box is None:
            self._made_box = Box(self._keys)
        return self._made_box

    def _judged(self, run: Any, ticket_id: str, actor: str, roles: Sequence[str], verdict: Verdict) -> _Row:
        """Return the row as the verdict would leave it."""
        row, where = self._row(run, ticket_id), f"ticket {ticket_id}"
        if row.status is Status.EXPIRED:
            raise _expired(ticket_id)
        if row.status is not Status.PENDING:
            word = row.status.value
            raise PolicyError(
                say(f"this ticket is already {word}", f"ce ticket est déjà clos ({word})"),
                where=where,
                todo=say("see gov.reviews.pending()", "voir gov.reviews.pending()"),
            )
        case = decided(row.case, actor, roles, verdict, where=where)
        return row._replace(status=case.status, case=case)

    def _latest(self, run: Any, *fingerprints: str) -> _Row | None:
        query = f"{_COLUMNS} WHERE fingerprint=? ORDER BY created DESC, id DESC LIMIT 1"
        found = [row for name in fingerprints for row in run(query, (name,)) if row[6]]  # what was erased is no more
        return self._read(max(found, key=lambda row: (row[3], row[0]))) if found else None

    def _row(self, run: Any, ticket_id: str) -> _Row:
        found = run(f"{_COLUMNS} WHERE id=?", (ticket_id,))
        if found and found[0][6]:
            return self._read(found[0])
        if found:
            raise ReviewExpired(
                say(
                    "this ticket is closed: someone it was about was erased (GDPR art. 17)",
                    "ce ticket est clos : une personne concernée a été effacée (RGPD art. 17)",
                ),
                where=f"ticket {ticket_id}"[:60],
                todo=say("make the call again without them", "refaites l'appel sans elle"),
            )
        raise ConfigError(
            say("there is no such ticket", "ce ticket n'existe pas"),
            where=f"ticket {ticket_id}"[:60],
            todo=say("see gov.reviews.pending()", "voir gov.reviews.pending()"),
        )

    def _read(self, found: tuple[str, str, str, float, float, float, bytes]) -> _Row:
        """Return a row whose columns agree with what is sealed: nobody approves, renames or prolongs without the key.

        What only closes a ticket (expired, released) needs no key.
        """
        ticket_id, fingerprint, word, created, expires, claimed, kept = found
        where = f"ticket {ticket_id}"
        case = Case.from_bytes(self._box.unlock(kept, _sealed_as(ticket_id, fingerprint), where))
        status = _STATUS.get(word)
        closed = status in (Status.EXPIRED, Status.RELEASED)
        if (
            (created, expires) != (case.created, case.expires)
            or status is None
            or (status is not case.status and not closed)
        ):
            raise damaged(where)
        row = _Row(ticket_id, fingerprint, status, claimed, case)
        now = self._clock()
        if status in _OPEN and case.expires <= now and not _leased(row, now):  # the sweep will say so too
            return row._replace(status=Status.EXPIRED)
        return row

    def _sealed(self, row: _Row) -> bytes:
        return self._box.lock(row.case.to_bytes(), _sealed_as(row.id, row.fingerprint))


def _ticket(row: _Row) -> Ticket:
    case = row.case
    return Ticket(
        id=row.id,
        on=case.on,
        text=case.text,
        roles=case.roles,
        reasons=case.reasons,
        sources=case.sources,
        requester=case.requester,
        purpose=case.purpose,
        job=case.job,
        template=case.template,
        created_at=_spelled(case.created),
        expires_at=_spelled(case.expires),
        status=row.status,
        edited=case.edited,
        note=case.note,
        decided_by=case.decided_by,
        record_id=case.record_id,
    )


def _leased(row: _Row, now: float) -> bool:
    """Whether someone is releasing it, and not taken for dead yet."""
    return row.claimed > now - CLAIM_S


def _sealed_as(ticket_id: str, fingerprint: str) -> str:
    return f"ticket:{ticket_id}:{fingerprint}"


def _kept_as(fingerprint: str) -> str:
    return "reply:" + fingerprint


def _bound(row: _Row) -> str:
    """What an envelope is bound to: its ticket, and the digests of what was decided on."""
    digests = "".join(f"\n{name}={value}" for name, value in sorted(row.case.digests.items()))
    return f"envelope:{row.id}{digests}"


def _expired(ticket_id: str) -> ReviewExpired:
    return ReviewExpired(
        say("this ticket expired", "ce ticket a expiré"),
        where=f"ticket {ticket_id}",
        todo=say("make the call again", "refaites l'appel"),
    )


def _spelled(moment: float) -> str:
    return datetime.fromtimestamp(moment, UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
