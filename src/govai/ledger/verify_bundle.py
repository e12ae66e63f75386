"""Verify a bundle offline, by the same scan as a ledger's: only what the bundle says and who is trusted counts."""

from __future__ import annotations

import lzma
import zipfile
import zlib
from typing import TYPE_CHECKING

from govai.ledger.bundle import opened_bundle, rows_of
from govai.ledger.claims import Claims
from govai.ledger.fault import Fault
from govai.ledger.line import Copies, Line, read_back
from govai.ledger.purges import Purges
from govai.ledger.scanning import Scan, spelled
from govai.ledger.verify import Trust, Verification, ends, result

if TYPE_CHECKING:
    from pathlib import Path

# what reading an archive of someone else's making may raise: encrypted, packed in a way that is not known, cut, no records
_DAMAGED = (
    *(ValueError, KeyError, TypeError, AttributeError, OSError, RuntimeError, EOFError),
    *(zipfile.BadZipFile, zlib.error, lzma.LZMAError),
)


def verify_bundle(path: str | Path, trust: Trust) -> Verification:
    """Verify a bundle.

    Raises:
        ConfigError: it is none.
    """
    kept, notes = read_back(trust.anchors)
    scan, line, copies = Scan(Claims()), Line(), Copies()
    trusted = frozenset(trust.keys)
    purges = Purges(trusted)
    with opened_bundle(path) as archive:
        try:
            _read(archive, line, purges)
            for name, found in kept:
                copies.compare(line, name, found, trusted)
            scan.claims = Claims([*line.checkpoints.values(), *copies.unkept], purges.signed)
            scan.run(rows_of(archive))
        except _DAMAGED as error:
            damaged = Fault("damaged", None, type(error).__name__)
            return result(scan.count, [*scan.faults, damaged], None, notes)
    heads = {chain: (end.seq, end.head) for chain, end in scan.ends.items()}
    faults = [*scan.faults, *(one.fault for one in scan.suspects), *ends(scan, heads, heads)]
    faults += [Fault("outcome_without_intent", outcome) for outcome in scan.early.values()]
    faults += [Fault("purged_silently", record, "", chain, seq) for record, chain, seq in scan.emptied]
    faults += [*line.faults(trust.keys), *copies.faults, *purges.faults]
    if trust.keys and not line.checkpoints:  # who names a signer holds a bundle that was signed
        faults.append(Fault("removed_checkpoint", None, "1"))
    notes += [*line.notes(trust.keys), *copies.notes, *purges.notes(), *trust.notes]
    return result(scan.count, faults, copies.until, notes)


def _read(archive: zipfile.ZipFile, line: Line, purges: Purges) -> None:
    """Read the checkpoints into `line`, and the purges into `purges`."""
    for _, _, identity, _, kind, *_, raw in rows_of(archive):
        if kind not in ("checkpoint", "purge") or (said := spelled(raw)) is None:
            continue
        if kind == "purge":
            purges.add(identity, said["body"])
            continue
        try:
            line.add(identity, said["body"])
        except ValueError:
            line.unread.append(Fault("forged_checkpoint", identity, "?"))
