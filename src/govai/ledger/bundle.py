"""Bundles: a ledger in one ZIP file that verifies offline, with the public key and nothing else."""

from __future__ import annotations

import hashlib
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import orjson

from govai.core.canonical import canonical
from govai.core.errors import ConfigError
from govai.core.lang import say
from govai.core.records import now
from govai.core.version import VERSION
from govai.ledger import offline
from govai.ledger.exporting import replacing
from govai.ledger.signing import pem_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from govai.core.database import Connection

SCHEMA = "govai.bundle/1"
RECORDS, KEYS, MANIFEST = "records.jsonl", "public-keys.pem", "manifest.json"
_LONGEST = 64 * 1024 * 1024  # bytes of a record; what is longer is not read whole, and spells none
_ROWS = "SELECT chain, seq, id, hash, bytes FROM records ORDER BY position"
_README = """\
A ledger of AI calls, exported by govai {version} at {time}: {count} records.

records.jsonl     one record a line, as it was hashed (RFC 8785); a purged one keeps its place and digest only.
                  The checkpoints are records too: each signs where every chain stood (Ed25519).
public-keys.pem   the keys they are signed by, as the ledger says. Trust the copy you got another way, not this one.
manifest.json     what is in here, with digests.
verify.py         checks all of it; a hundred lines, to read before running.

    pip install cryptography
    python verify.py {name} public-keys.pem

or, with govai:

    govai ledger verify --bundle {name} --public-key public-keys.pem

What it proves: no record that a checkpoint covers was changed, removed, added or moved since it was signed, as far as the
signing key was not in the hands of who would do so. Compare the last checkpoint with an anchor's copy to be sure of that.
"""


@dataclass(frozen=True, slots=True)
class Bundle:
    """What was written: the file, how many records, how many checkpoints."""

    path: Path
    records: int
    checkpoints: int


class _Digesting:
    """Writes into a member of the archive and digests what it writes."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file, self.hash, self.size = file, hashlib.sha256(), 0

    def write(self, data: bytes) -> None:
        self._file.write(data)
        self.hash.update(data)
        self.size += len(data)


def write_bundle(connection: Connection, path: str | Path, keys: Sequence[str]) -> Bundle:
    """Write a bundle of a ledger (mode 0600), whole or not at all, in flat memory.

    Raises:
        ConfigError: it cannot be written there.
    """
    place = Path(path)
    with replacing(place) as file, zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, compresslevel=3) as archive:
        return _written(connection, archive, place, keys)


def _written(connection: Connection, archive: zipfile.ZipFile, place: Path, keys: Sequence[str]) -> Bundle:
    count = checkpoints = 0
    with archive.open(RECORDS, "w", force_zip64=True) as file:
        records = _Digesting(file)
        for chain, seq, identity, digest, raw in connection.stream(_ROWS):
            emptied = {"chain": chain, "hash": digest, "id": identity, "purged": True, "seq": seq}
            records.write((bytes(raw) if isinstance(raw, bytes) and raw else canonical(emptied)) + b"\n")
            count += 1
            checkpoints += isinstance(raw, bytes) and b'"kind":"checkpoint"' in raw
    made, pem = now(), pem_of(keys)
    script = Path(offline.__file__).read_bytes()
    archive.writestr(KEYS, pem)
    archive.writestr("verify.py", script)
    archive.writestr("README.txt", _README.format(version=VERSION, time=made, count=count, name=place.name))
    manifest = {
        "schema": SCHEMA,
        "version": f"govai/{VERSION}",
        "time": made,
        "records": count,
        "files": {
            RECORDS: records.hash.hexdigest(),
            KEYS: hashlib.sha256(pem).hexdigest(),
            "verify.py": hashlib.sha256(script).hexdigest(),
        },
    }
    archive.writestr(MANIFEST, orjson.dumps(manifest, option=orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS))
    return Bundle(place, count, checkpoints)


def rows_of(archive: zipfile.ZipFile) -> Iterator[tuple[Any, ...]]:
    """Yield the rows that a bundle's lines spell: their columns are what the bytes say; `prev` closes an emptied one's.

    Raises:
        ValueError: a line spells neither a record nor an emptied one.
    """
    with archive.open(RECORDS) as lines:
        while line := lines.readline(_LONGEST):
            raw = line.rstrip(b"\n")
            said = orjson.loads(raw)
            if not isinstance(said, dict):
                raise ValueError("not a record")  # noqa: TRY004 -- what a file holds, not how we are called
            if said.get("purged") is True:
                yield (said["chain"], said["seq"], said["id"], "", "", "", "", "", said["hash"], b"")
                continue
            body = said.get("body")
            purpose = str(body.get("purpose", "")) if isinstance(body, dict) else ""
            columns = (said.get(name) for name in ("chain", "seq", "id", "time", "kind", "call_id", "intent_id"))
            yield (*columns, purpose, hashlib.sha256(raw).hexdigest(), raw)


def opened_bundle(path: str | Path) -> zipfile.ZipFile:
    """Open a bundle.

    Raises:
        ConfigError: it is none.
    """
    try:
        archive = zipfile.ZipFile(path)
        if RECORDS in archive.namelist():
            return archive
        archive.close()
    except (OSError, zipfile.BadZipFile):
        pass
    raise ConfigError(
        say("this is not a ledger's bundle", "ceci n'est pas l'archive d'un registre"),
        where=str(path),
        todo="govai ledger export --bundle FILE",
    )
