"""Verify a ledger: is every record what was written, is none missing, and who outside says so?"""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256
from itertools import islice
from typing import TYPE_CHECKING, Any

from govai.core.errors import LedgerUnavailable
from govai.core.lang import say
from govai.ledger.chain import OF_KIND
from govai.ledger.claims import Claims, mismatches
from govai.ledger.fault import Fault
from govai.ledger.line import Copies, Line, confirmed, read_back, untimed
from govai.ledger.parts import Part, scan_in_parts
from govai.ledger.purges import Purges
from govai.ledger.scanning import MOST, Scan, spelled
from govai.storage.opening import open_database

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from govai.core.checkpoints import Anchor
    from govai.core.database import Connection, Database
    from govai.ledger.scanning import Suspect

_OF_KIND = f"SELECT id, bytes FROM records WHERE {OF_KIND} ORDER BY position"  # noqa: S608 -- our words
_ROWS = Part(None, None).query()[0]
_TYPES = (str, int, *[str] * 7, bytes)  # of these columns
_TWICE = "SELECT id FROM records GROUP BY id HAVING count(*)>1 LIMIT 100"
_RANGE = "SELECT hash FROM records WHERE chain=? AND seq BETWEEN ? AND ? ORDER BY seq"


@dataclass(frozen=True, slots=True)
class Verification:
    """What verifying found.

    Attributes:
        ok: everything holds. records: how many were checked. anchored_until: time of the latest checkpoint that an
            anchor's own copy confirms, or None. first_bad: id of the first record that does not hold, or None.
        why: what is wrong, or how far the proof reaches.
        faults: everything that is wrong, by name, at most a hundred. notes: what to know of how it was checked.
    """

    ok: bool
    records: int
    anchored_until: str | None
    first_bad: str | None
    why: str
    faults: tuple[Fault, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Trust:
    """What a verification relies on that is not in the ledger.

    Attributes:
        keys: Ed25519 public keys that may sign, hexadecimal; none: whichever a checkpoint names, which is noted.
        anchors: whose copies are read back. notes: what to say along with the result.
    """

    keys: tuple[str, ...] = ()
    anchors: tuple[Anchor, ...] = ()
    notes: tuple[str, ...] = ()


def verify_connection(connection: Connection, database: Database, trust: Trust | None = None) -> Verification:
    """Verify an open ledger; more connections to its database are opened by other processes where it is large."""
    trust = trust or Trust()
    scan = Scan(Claims())
    values = (TypeError, ValueError, OverflowError)  # of what no ledger holds
    odd: tuple[type[Exception], ...] = (*database.errors, *values)
    try:
        return _verify(connection, database, trust, scan)
    except odd as error:
        damaged = [*_misfits(connection, database.errors), Fault("damaged", None, type(error).__name__)]
        return result(scan.count, [*scan.faults, *damaged][:MOST], None, list(trust.notes))


def _misfits(connection: Connection, errors: tuple[type[Exception], ...]) -> list[Fault]:
    """Return the rows in which a column is of another type than its own: SQLite keeps what it is given."""
    try:
        rows = (row for row in connection.stream(_ROWS) if tuple(map(type, row)) != _TYPES)
        return [Fault("edited", str(row[2])) for row in islice(rows, MOST)]
    except errors:
        return []


def verify_url(url: str, trust: Trust | None = None) -> Verification:
    """Verify the ledger at a URL, without creating or changing it.

    Raises:
        ConfigError: there is no such file. LedgerUnavailable: it does not answer.
    """
    database = open_database(url)
    connection = opened(database)
    try:
        return verify_connection(connection, database, trust)
    finally:
        connection.close()


def opened(database: Database) -> Connection:
    """Open a ledger's database for reading.

    Raises:
        ConfigError: there is none. LedgerUnavailable: it does not answer.
    """
    try:
        return database.connect_reading()
    except database.errors as error:
        kind = type(error).__name__
    raise LedgerUnavailable(
        say(f"the ledger cannot be read ({kind})", f"le registre ne peut être lu ({kind})"), where=database.url
    )


def _verify(connection: Connection, database: Database, trust: Trust, scan: Scan) -> Verification:
    kept, notes = read_back(trust.anchors)  # first: what is anchored later than this was written later, too
    before = _heads(connection)
    trusted = frozenset(trust.keys)
    line, purges, copies = Line.read(connection), Purges.read(connection, trusted), Copies()
    for name, found in kept:
        copies.compare(line, name, found, trusted)
    proven = list(confirmed(trust.anchors, line, _bodies(connection, "anchor")))
    notes += untimed(trust.anchors, line, proven)
    for name, checkpoint in proven:
        copies.compare(line, name, [checkpoint], trusted)
    scan.claims = Claims([*line.checkpoints.values(), *copies.unkept], purges.signed)
    broken = [*line.faults(trust.keys), *copies.faults, *purges.faults]
    if broken or not scan_in_parts(scan, connection, database):
        scan.run(connection.stream(_ROWS))
    faults = [*scan.faults, *(_told(connection, one) for one in scan.suspects), *_unmatched(connection, scan)]
    faults += [*ends(scan, before, _heads(connection)), *broken]
    faults += _emptied(connection, scan, purges)
    faults += [Fault("duplicated", record, record) for (record,) in connection.execute(_TWICE)]
    notes += [*line.notes(trust.keys), *copies.notes, *purges.notes(), *trust.notes]
    return result(scan.count, _in_order(connection, faults), copies.until, notes)


def _heads(connection: Connection) -> dict[str, tuple[int, str]]:
    return {chain: (seq, head) for chain, seq, head in connection.execute("SELECT chain, seq, hash FROM heads")}


def _bodies(connection: Connection, kind: str) -> Iterator[dict[str, Any]]:
    for _, raw in connection.stream(_OF_KIND.format(kind)):
        if isinstance(raw, bytes) and (said := spelled(raw)) is not None:
            yield said["body"]


def _told(connection: Connection, suspect: Suspect) -> Fault:
    """Say what a row is whose bytes spell another record: a copy of it, or it in the wrong place."""
    there = connection.execute("SELECT chain, seq, hash, bytes FROM records WHERE id=?", (suspect.holds,))
    others = [row for row in there if (row[0], row[1]) != (suspect.chain, suspect.seq)]
    where = (suspect.holds, suspect.chain, suspect.seq)
    if any(isinstance(raw, bytes) and sha256(raw).hexdigest() == suspect.real for *_, raw in others):
        return Fault("duplicated", suspect.id, *where)
    if others or suspect.holds == suspect.id:
        return Fault("reordered", suspect.id, *where)
    return suspect.fault


def _unmatched(connection: Connection, scan: Scan) -> Iterator[Fault]:
    """Yield the outcomes whose intent is not there, or had its outcome already."""
    for intent, outcome in list(scan.early.items())[:MOST]:
        there = connection.execute("SELECT id FROM records WHERE id=? AND kind='intent'", (intent,))
        yield Fault("outcome_twice" if there else "outcome_without_intent", outcome)


def ends(scan: Scan, before: dict[str, tuple[int, str]], after: dict[str, tuple[int, str]]) -> Iterator[Fault]:
    """Yield the chains that end elsewhere than their heads, or a checkpoint, say; `before` and `after` the scan."""
    covered = scan.claims.chains()
    for chain in sorted(scan.ends.keys() | before.keys() | covered.keys()):
        end = scan.ends.get(chain)
        least = max(before.get(chain, (0, ""))[0], covered.get(chain, 0))
        if end is None:
            yield Fault("removed_chain", None, chain, chain)
            continue
        for first, last in end.gaps:
            about = str(first) if first == last else f"{first}–{last}"
            yield Fault("deleted", end.id, about, chain, first)
        if end.seq < least:
            yield Fault("cut_tail", end.id, str(least), chain, end.seq)
        elif (end.seq, end.head) not in (before.get(chain), after.get(chain)) and not _grew(
            end.seq, chain, before, after
        ):
            yield Fault("head", end.id, "", chain, end.seq)


def _grew(seq: int, chain: str, before: dict[str, tuple[int, str]], after: dict[str, tuple[int, str]]) -> bool:
    """Whether a chain that is being written was read between two of its heads."""
    return before.get(chain, (0, ""))[0] < seq < after.get(chain, (0, ""))[0]


def _emptied(connection: Connection, scan: Scan, purges: Purges) -> Iterator[Fault]:
    """Yield the rows that are empty without a purge (one made during the scan counts), and purges that do not fit."""
    now = Claims((), Purges.read(connection, purges.trusted).signed) if scan.emptied else scan.claims
    for record, chain, seq in scan.emptied:
        if not now.on(chain).is_purged(seq):
            yield Fault("purged_silently", record, "", chain, seq)

    def hashes(chain: str, first: int, last: int) -> Iterable[str]:
        return (digest for (digest,) in connection.stream(_RANGE, (chain, first, last)))

    yield from (Fault("purge_mismatch", record) for record in mismatches(purges.signed, hashes))


def _in_order(connection: Connection, faults: list[Fault]) -> list[Fault]:
    """Return the faults once each, by where their records stand; those of no record last."""
    found = list(dict.fromkeys(faults))[:MOST]
    places: dict[str | None, int] = {}
    for record in {fault.record for fault in found if fault.record is not None}:
        there = connection.execute("SELECT min(position) FROM records WHERE id=?", (record,))
        places[record] = there[0][0] or 0
    return sorted(found, key=lambda fault: (fault.record is None, places.get(fault.record, 0)))


def result(records: int, faults: list[Fault], until: str | None, notes: list[str]) -> Verification:
    """Return the verification that faults, or none, amount to."""
    if faults:
        first = next((fault for fault in faults if fault.record is not None), faults[0])
        return Verification(False, records, until, first.record, first.words, tuple(faults), tuple(notes))
    if until is None:
        why = say("internal consistency only: no anchor outside", "cohérence interne seulement : pas d'ancrage externe")
    else:
        why = say(f"anchored outside until {until}", f"ancré à l'extérieur jusqu'à {until}")
    return Verification(True, records, until, None, why, (), tuple(notes))
