"""What `govai ledger verify`, `checkpoint`, `proof` and `export` do. It prints; the ledger decides."""

from __future__ import annotations

from typing import TYPE_CHECKING

import orjson
import typer

from govai.core.errors import ConfigError
from govai.core.lang import say

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from govai.governor.governor import Governor
    from govai.ledger.verify import Verification


def verified(url: str, bundle: Path | None, anchors: Sequence[str], keys: Sequence[Path], *, as_json: bool) -> int:
    """Verify a ledger or a bundle, say what was found, and return the exit code."""
    from govai.governor.configuration import discover
    from govai.keys.opening import lies_beside
    from govai.ledger.signing import keys_at
    from govai.ledger.verify import Trust, verify_url
    from govai.ledger.verify_bundle import verify_bundle
    from govai.sinks.anchors.opening import open_anchor
    from govai.storage.opening import open_database

    beside = lies_beside(open_database(url).path) if bundle is None else ""
    trusted = tuple(key for path in keys for key in keys_at(path))
    known = anchors or (() if bundle is not None else discover().values.get("anchors", ()))
    trust = Trust(trusted, tuple(open_anchor(one) for one in known), (beside,) if beside else ())
    found = verify_url(url, trust) if bundle is None else verify_bundle(bundle, trust)
    typer.echo(_as_json(found) if as_json else _in_words(found))
    return 0 if found.ok else 1


def checkpointed(url: str, anchors: Sequence[str]) -> None:
    """Make a checkpoint and have it anchored."""
    with _governor(url, anchors) as gov:
        made = gov.ledger.checkpoint()
        gov.ledger.flush()
    if made is None:
        typer.echo(say("nothing happened since the last checkpoint", "rien depuis le dernier point de contrôle"))
        return
    count = made.count
    typer.echo(
        say(
            f"checkpoint {made.number} of {made.time}: {count} records since the one before; digest {made.digest}",
            f"point de contrôle {made.number} du {made.time} : {count} enregistrements depuis le précédent ; {made.digest}",
        )
    )


def write_proof(url: str, record: str, out: Path) -> None:
    """Write the proof of a record into a file."""
    from govai.ledger.proof import prove
    from govai.ledger.verify import opened
    from govai.storage.opening import open_database

    connection = opened(open_database(url))
    try:
        proof = prove(connection, record)
    finally:
        connection.close()
    _write(out, proof.to_bytes())
    number, time = proof.checkpoint.number, proof.checkpoint.time
    typer.echo(say(f"proven by checkpoint {number} of {time}", f"prouvé par le point de contrôle {number} du {time}"))


def proof_holds(file: Path, public_key: Path) -> bool:
    """Say whether a proof holds."""
    from govai.ledger.proof import Proof

    try:
        proof = Proof.from_bytes(file.read_bytes())
    except OSError as error:
        problem = error.strerror or type(error).__name__
    else:
        holds = proof.check(public_key)
        time = proof.checkpoint.time
        good = say(f"ok: in the ledger when it was signed, {time}", f"ok : au registre quand il fut signé, {time}")
        typer.echo(good if holds else say("NOT OK: the proof does not hold", "ALTÉRÉ : la preuve ne tient pas"))
        return holds
    raise ConfigError(say(f"the proof cannot be read: {problem}", f"preuve illisible : {problem}"), where=str(file))


def exported(url: str, bundle: Path) -> None:
    """Write a bundle."""
    with _governor(url, ()) as gov:
        made = gov.ledger.export_bundle(bundle)
    typer.echo(
        say(
            f"{made.records} records, {made.checkpoints} checkpoints: {made.path}",
            f"{made.records} enregistrements, {made.checkpoints} points de contrôle : {made.path}",
        )
    )


def _governor(url: str, anchors: Sequence[str]) -> Governor:
    from govai.governor.governor import Governor
    from govai.ledger.verify import opened
    from govai.storage.opening import open_database

    opened(open_database(url)).close()  # a ledger that is not there is an error, not a new ledger
    return Governor(ledger=url, anchors=list(anchors) or None)


def _as_json(found: Verification) -> str:
    faults = [fault.to_json() for fault in found.faults]
    names = ("ok", "records", "anchored_until", "first_bad", "why")
    said = {**{name: getattr(found, name) for name in names}, "faults": faults, "notes": list(found.notes)}
    return orjson.dumps(said, option=orjson.OPT_INDENT_2).decode()


def _in_words(found: Verification) -> str:
    notes = [f"  ({note})" for note in found.notes]
    if found.ok:
        count = found.records
        first = say(f"ok: {count} records hold; {found.why}", f"ok : {count} enregistrements intacts ; {found.why}")
        return "\n".join([first, *notes])
    none = say("(none in particular)", "(aucun en particulier)")
    lines = [
        say(
            f"NOT OK: record {fault.record or none}: {fault.words} [{fault.code}]",
            f"ALTÉRÉ : enregistrement {fault.record or none} : {fault.words} [{fault.code}]",
        )
        for fault in found.faults
    ]
    until = found.anchored_until
    if until is not None:
        notes.insert(0, say(f"  (anchored until {until})", f"  (ancré jusqu'à {until})"))
    return "\n".join([*lines, *notes])


def _write(path: Path, content: bytes) -> None:
    try:
        path.write_bytes(content)
    except OSError as error:
        problem = error.strerror or type(error).__name__
    else:
        return
    raise ConfigError(
        say(f"the file cannot be written: {problem}", f"fichier non inscriptible : {problem}"), where=str(path)
    )
