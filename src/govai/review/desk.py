"""The desk: tickets in the ledger's database, durable, decided once, released once."""

from __future__ import annotations

import json
import sqlite3
import threading
import time
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from govai.core.errors import ConfigError, LedgerUnavailable, PolicyError, ReviewExpired
from govai.core.lang import say
from govai.core.names import did_you_mean
from govai.core.records import new_id
from govai.review.sealing import Box
from govai.review.tickets import Filing, Status, Ticket

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from govai.core.protocols import KeyStore, Verdict

CLAIM_S = 120.0  # a release that was begun and not finished may be taken over after so long
KEEP_S = 72 * 3600
GROUPS = ("template", "purpose", "requester", "role", "job")
_OPEN = (Status.PENDING, Status.APPROVED)

_TABLES = """
CREATE TABLE IF NOT EXISTS tickets(
    id TEXT PRIMARY KEY, fingerprint TEXT NOT NULL, status TEXT NOT NULL, created REAL NOT NULL, expires REAL NOT NULL,
    claimed REAL NOT NULL DEFAULT 0, about TEXT NOT NULL, text BLOB NOT NULL, envelope BLOB) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS tickets_by_call ON tickets(fingerprint, created);
CREATE INDEX IF NOT EXISTS tickets_by_status ON tickets(status, expires);
CREATE TABLE IF NOT EXISTS kept_replies(fingerprint TEXT PRIMARY KEY, expires REAL NOT NULL, payload BLOB) WITHOUT ROWID;
"""


class Desk:
    """Keeps tickets. Safe between threads and processes.

    Args:
        database: the ledger's file, or `:memory:`. keys: encrypt texts and envelopes. clock: seconds since the epoch.
    """

    def __init__(self, database: str, keys: KeyStore, clock: Callable[[], float] = time.time) -> None:
        self._path, self._keys, self._clock = database, keys, clock
        self._lock = threading.RLock()
        self._connection: sqlite3.Connection | None = None
        self._box: Box | None = None

    def file(self, filing: Filing) -> Ticket:
        """Return the open ticket of this very call, filing it if there is none."""
        with self._transaction() as run:
            found = self._latest(run, filing.fingerprint)
            if found is not None and found.status in (*_OPEN, Status.REJECTED):
                return found
            ticket_id, now = new_id(), self._clock()
            expires = now + min(need.expires_s for need in filing.needs)
            about = {
                "on": filing.on,
                "roles": sorted({need.role for need in filing.needs}),
                "self_review": all(need.self_review for need in filing.needs),
                "reasons": filing.reasons,
                "sources": filing.sources,
                "requester": filing.requester,
                "purpose": filing.purpose,
                "job": filing.job,
                "template": filing.template,
                "digests": dict(filing.digests),
                "approved": {},
                "edited": False,
                "note": "",
            }
            text = self._boxed().lock(filing.text.encode("utf-8", "surrogatepass"), "text:" + ticket_id)
            envelope = self._boxed().lock(filing.envelope, _bound(ticket_id, about))
            values = (
                ticket_id,
                filing.fingerprint,
                Status.PENDING.value,
                now,
                expires,
                json.dumps(about),
                text,
                envelope,
            )
            run(
                "INSERT INTO tickets(id,fingerprint,status,created,expires,about,text,envelope) VALUES(?,?,?,?,?,?,?,?)",
                values,
            )
            return self._get(run, ticket_id)

    def find(self, fingerprint: str) -> Ticket | None:
        """Return the latest ticket of a call, or None."""
        with self._transaction() as run:
            return self._latest(run, fingerprint)

    def get(self, ticket_id: str) -> Ticket:
        """Return a ticket; ConfigError when there is none of that id."""
        with self._transaction() as run:
            return self._get(run, ticket_id)

    def pending(self, *, role: str = "", job: str = "", group_by: str = "") -> list[Ticket]:
        """Return the tickets that wait, oldest first, those of a group adjacent.

        Raises:
            ConfigError: nothing to group by of that name, naming the nearest.
        """
        if group_by and group_by not in GROUPS:
            raise ConfigError(
                say(f"tickets have no '{group_by}'", f"les tickets n'ont pas de « {group_by} »"),
                where="group_by=",
                todo=did_you_mean(group_by, GROUPS),
            )
        with self._transaction() as run:
            rows = run("SELECT id FROM tickets WHERE status=? ORDER BY created, id", (Status.PENDING.value,)).fetchall()
            tickets = [self._get(run, row[0]) for row in rows]
        wanted = [t for t in tickets if (not role or role in t.roles) and (not job or t.job == job)]
        if not group_by:
            return wanted
        first = {key: at for at, key in reversed(list(enumerate(getattr(t, group_by) for t in wanted)))}
        return sorted(wanted, key=lambda t: first[getattr(t, group_by)])

    def decide(self, ticket_id: str, actor: str, roles: Sequence[str], verdict: Verdict) -> Ticket:
        """Take a verdict. Each role must approve; one rejection rejects.

        Raises:
            PolicyError: the requester decides on their own request, the role is another, or it is decided already.
            ReviewExpired: too late.
        """
        with self._transaction() as run:
            ticket = self._get(run, ticket_id)
            about = self._about(run, ticket_id)
            self._may_decide(ticket, about, actor, roles)
            held = ticket.roles if about["self_review"] else [role for role in ticket.roles if role in roles]
            about["approved"] |= {role: actor for role in held if role not in about["approved"]}
            about["note"] = verdict.note
            status = Status.PENDING
            if not verdict.approved:
                status, about["rejected_by"] = Status.REJECTED, actor
            elif set(about["approved"]) >= set(ticket.roles):
                status = Status.APPROVED
            if verdict.approved and verdict.text is not None and verdict.text != ticket.text:
                about["edited"] = True
                about["approved"] = dict.fromkeys(held, actor)  # whoever approved before saw another text
                status = Status.APPROVED if set(about["approved"]) >= set(ticket.roles) else Status.PENDING
                raw = verdict.text.encode("utf-8", "surrogatepass")
                run("UPDATE tickets SET text=? WHERE id=?", (self._boxed().lock(raw, "text:" + ticket_id), ticket_id))
            run("UPDATE tickets SET status=?, about=? WHERE id=?", (status.value, json.dumps(about), ticket_id))
            if status is Status.REJECTED:
                run("UPDATE tickets SET envelope=NULL WHERE id=?", (ticket_id,))
            return self._get(run, ticket_id)

    def check(self, ticket_id: str, actor: str, roles: Sequence[str]) -> Ticket:
        """Raise what `decide` would raise; return the ticket."""
        with self._transaction() as run:
            ticket = self._get(run, ticket_id)
            self._may_decide(ticket, self._about(run, ticket_id), actor, roles)
            return ticket

    def envelope(self, ticket_id: str) -> bytes:
        """Return what a ticket keeps, decrypted.

        Raises:
            ReviewExpired: it was destroyed. PolicyError: it was changed, or the key is another.
        """
        with self._transaction() as run:
            self._get(run, ticket_id)
            (box,) = run("SELECT envelope FROM tickets WHERE id=?", (ticket_id,)).fetchone()
            about = self._about(run, ticket_id)
        if box is None:
            raise ReviewExpired(
                say("what the ticket kept is destroyed", "le contenu du ticket est détruit"),
                where=f"ticket {ticket_id}",
                todo=say("make the call again", "refaites l'appel"),
            )
        return self._boxed().unlock(box, _bound(ticket_id, about))

    def claim(self, ticket_id: str) -> bool:
        """Begin to release an approved ticket; True for exactly one caller, until that one is taken for dead."""
        with self._transaction() as run:
            self._get(run, ticket_id)
            now = self._clock()
            query = "UPDATE tickets SET claimed=? WHERE id=? AND status=? AND claimed<?"
            return bool(run(query, (now, ticket_id, Status.APPROVED.value, now - CLAIM_S)).rowcount)

    def released(self, ticket_id: str) -> None:
        """The ticket was released: what it kept is destroyed."""
        with self._transaction() as run:
            run("UPDATE tickets SET status=?, envelope=NULL WHERE id=?", (Status.RELEASED.value, ticket_id))

    def keep_reply(self, fingerprint: str, payload: bytes, ttl_s: int = KEEP_S) -> None:
        """Keep a released reply, encrypted, for `ttl_s` seconds."""
        box = self._boxed().lock(payload, "reply:" + fingerprint)
        with self._transaction() as run:
            run("INSERT OR REPLACE INTO kept_replies VALUES(?,?,?)", (fingerprint, self._clock() + ttl_s, box))

    def kept_reply(self, fingerprint: str) -> bytes | None:
        """Return a kept reply, None when nothing was ever kept under this name.

        Raises:
            ReviewExpired: it is no longer kept; the call was answered once and is not sent again.
        """
        with self._transaction() as run:
            found = run("SELECT payload FROM kept_replies WHERE fingerprint=?", (fingerprint,)).fetchone()
        if found is None:
            return None
        if found[0] is None:
            raise ReviewExpired(
                say(
                    "this key was answered, and its reply is no longer kept",
                    "cette clé a eu sa réponse, qui n'est plus gardée",
                ),
                where="key=",
                todo=say("use another key to ask again", "utilisez une autre clé pour redemander"),
            )
        return self._boxed().unlock(found[0], "reply:" + fingerprint)

    def close(self) -> None:
        """Close the database."""
        with self._lock:
            if self._connection is not None:
                self._connection.close()
                self._connection = None

    def _boxed(self) -> Box:
        if self._box is None:
            self._box = Box(self._keys)
        return self._box

    @contextmanager
    def _transaction(self) -> Iterator[Any]:
        with self._lock:
            try:
                if self._connection is None:
                    self._connection = _connect(self._path)
                run = self._connection.execute
                run("BEGIN IMMEDIATE")
                self._expire(run)
                try:
                    yield run
                except BaseException:
                    run("ROLLBACK")
                    raise
                run("COMMIT")
            except sqlite3.Error as error:
                problem = type(error).__name__
            else:
                return
        raise LedgerUnavailable(
            say(f"the review desk cannot be used ({problem})", f"le bureau de revue est indisponible ({problem})"),
            todo=say(
                "mend the disk, the rights or the lock, and call again", "réparez le disque, les droits ou le verrou"
            ),
        )

    def _expire(self, run: Any) -> None:
        now = self._clock()
        query = "UPDATE tickets SET status=?, envelope=NULL WHERE status IN (?,?) AND expires<=?"
        run(query, (Status.EXPIRED.value, *(status.value for status in _OPEN), now))
        run("UPDATE kept_replies SET payload=NULL WHERE expires<=? AND payload IS NOT NULL", (now,))

    def _latest(self, run: Any, fingerprint: str) -> Ticket | None:
        query = "SELECT id FROM tickets WHERE fingerprint=? ORDER BY created DESC, id DESC LIMIT 1"
        found = run(query, (fingerprint,)).fetchone()
        return self._get(run, found[0]) if found else None

    def _about(self, run: Any, ticket_id: str) -> dict[str, Any]:
        (about,) = run("SELECT about FROM tickets WHERE id=?", (ticket_id,)).fetchone()
        return dict(json.loads(about))

    def _get(self, run: Any, ticket_id: str) -> Ticket:
        found = run("SELECT status, created, expires, about, text FROM tickets WHERE id=?", (ticket_id,)).fetchone()
        if found is None:
            raise ConfigError(
                say("there is no such ticket", "ce ticket n'existe pas"),
                where=f"ticket {ticket_id}"[:60],
                todo=say("see gov.reviews.pending()", "voir gov.reviews.pending()"),
            )
        status, created, expires, raw, text = found
        about = json.loads(raw)
        decided = [
            *dict.fromkeys(about["approved"].values()),
            *([about["rejected_by"]] if "rejected_by" in about else []),
        ]
        return Ticket(
            id=ticket_id,
            on=about["on"],
            text=self._boxed().unlock(text, "text:" + ticket_id).decode("utf-8", "surrogatepass"),
            roles=tuple(about["roles"]),
            reasons=tuple(about["reasons"]),
            sources=tuple(about["sources"]),
            requester=about["requester"],
            purpose=about["purpose"],
            job=about["job"],
            template=about["template"],
            created_at=_spelled(created),
            expires_at=_spelled(expires),
            status=Status(status),
            edited=about["edited"],
            note=about["note"],
            decided_by=tuple(dict.fromkeys(decided)),
        )

    def _may_decide(self, ticket: Ticket, about: dict[str, Any], actor: str, roles: Sequence[str]) -> None:
        where = f"ticket {ticket.id}"
        if ticket.status is Status.EXPIRED:
            raise ReviewExpired(
                say("this ticket expired", "ce ticket a expiré"),
                where=where,
                todo=say("make the call again", "refaites l'appel"),
            )
        if ticket.status is not Status.PENDING:
            raise PolicyError(
                say(f"this ticket is already {ticket.status.value}", f"ce ticket est déjà {ticket.status.value}"),
                where=where,
            )
        if actor == ticket.requester and not about["self_review"]:
            raise PolicyError(
                say("no one approves their own request", "personne n'approuve sa propre demande"),
                where=where,
                todo=say(
                    "have someone else decide: gov.bind(actor=…)",
                    "faites décider quelqu'un d'autre : gov.bind(actor=…)",
                ),
            )
        if not about["self_review"] and not set(roles) & set(ticket.roles):
            raise PolicyError(
                say(f"this needs the role '{ticket.role}'", f"il faut le rôle « {ticket.role} »"),
                where=where,
                todo=say(
                    f"people: {{{ticket.roles[0]}: [{actor}, …]}} in the policy",
                    f"people: {{{ticket.roles[0]}: [{actor}, …]}}",
                ),
            )


def _connect(path: str) -> sqlite3.Connection:
    connection = sqlite3.connect(path, timeout=5.0, isolation_level=None, check_same_thread=False)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")
    connection.execute("PRAGMA secure_delete=ON")
    connection.executescript(_TABLES)
    return connection


def _bound(ticket_id: str, about: dict[str, Any]) -> str:
    """What an envelope is bound to: its ticket, and the digests of what was decided on."""
    return "envelope:" + ticket_id + ":" + json.dumps(about["digests"], sort_keys=True)


def _spelled(moment: float) -> str:
    return datetime.fromtimestamp(moment, UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
