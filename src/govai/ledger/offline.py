"""Verify a govai bundle offline: python verify.py BUNDLE.zip PUBLIC-KEYS.pem. Needs Python 3.11 and `cryptography` only.

It reads the records one by one and checks each against its chain, every checkpoint's and purge's signature against the public
keys given (get them from whom you trust, not from the bundle), and every chain against every checkpoint.
"""

import hashlib
import json
import re
import sys
import zipfile
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key


def canonical(value: Any) -> bytes:
    """RFC 8785, for the values that checkpoints hold: text, integers, lists, objects."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def sha256(data: bytes) -> str:
    """SHA-256, hexadecimal."""
    return hashlib.sha256(data).hexdigest()


def root(digests: list[str]) -> str:
    """RFC 9162 section 2.1: the Merkle tree hash over digests."""
    level = [hashlib.sha256(b"\0" + bytes.fromhex(one)).digest() for one in digests]
    while len(level) > 1:
        odd = level[-1:] if len(level) % 2 else []
        level = [hashlib.sha256(b"\1" + a + b).digest() for a, b in zip(level[::2], level[1::2], strict=False)] + odd
    return level[0].hex()


def public_keys(pem: bytes) -> set[str]:
    """The Ed25519 public keys in PEM text, hexadecimal."""
    blocks = re.findall(rb"-----BEGIN PUBLIC KEY-----.+?-----END PUBLIC KEY-----", pem, re.DOTALL)
    loaded = [load_pem_public_key(block) for block in blocks]
    return {key.public_bytes_raw().hex() for key in loaded if isinstance(key, Ed25519PublicKey)}


def signs(one: dict[str, Any]) -> bool:
    """Whether a checkpoint's or a purge's signature is that of the key it names."""
    unsigned = canonical({key: value for key, value in one.items() if key != "signature"})
    try:
        key = Ed25519PublicKey.from_public_bytes(bytes.fromhex(one["key"]))
        key.verify(bytes.fromhex(one["signature"]), unsigned)
    except (InvalidSignature, KeyError, TypeError, ValueError):
        return False
    return True


def chains_of(lines: Any, keys: set[str]) -> tuple[dict[str, list[str]], list[dict[str, Any]], list[str]]:
    """Each chain's digests in order, the checkpoints, and what does not hold."""
    chains: dict[str, list[str]] = {}
    emptied: list[tuple[str, int, str]] = []
    purges: list[tuple[str, int, int]] = []
    checkpoints, wrong = [], []
    for line in lines:
        raw = line.rstrip(b"\n")
        said = json.loads(raw)
        digests = chains.setdefault(said["chain"], [])
        if said["seq"] != len(digests) + 1:
            wrong.append(f"record {said['id']}: sequence {said['seq']} where {len(digests) + 1} belongs")
        if "purged" in said:  # emptied at the end of its retention; its digest is still proven by the checkpoint
            digests.append(said["hash"])
            emptied.append((said["chain"], said["seq"], said["id"]))
            continue
        if said["prev"] != (digests[-1] if digests else ""):
            wrong.append(f"record {said['id']}: names another record before it")
        digests.append(sha256(raw))
        if said["kind"] == "checkpoint":
            checkpoints.append(said["body"])
        if said["kind"] == "purge" and signs(said["body"]) and said["body"]["key"] in keys:
            purges += [(one["chain"], one["from"], one["to"]) for one in said["body"]["purged"]]
        elif said["kind"] == "purge":
            wrong.append(f"record {said['id']}: a purge that is not signed by a key that you gave")
    wrong += [f"record {named}: emptied, and no purge says so" for named in unsaid(emptied, purges)]
    return chains, checkpoints, wrong


def unsaid(emptied: list[tuple[str, int, str]], purges: list[tuple[str, int, int]]) -> list[str]:
    """The ids of emptied records that stand in no range of a purge."""
    left, found = sorted(purges, reverse=True), []
    for chain, seq, named in sorted(emptied):
        while left and (left[-1][0], left[-1][2]) < (chain, seq):
            left.pop()
        if not left or left[-1][0] != chain or left[-1][1] > seq:
            found.append(named)
    return found


def faults_of(chains: dict[str, list[str]], checkpoints: list[dict[str, Any]], keys: set[str]) -> list[str]:
    """What in the checkpoints does not hold."""
    wrong, previous, covered = [], "", dict.fromkeys(chains, 0)
    for number, one in enumerate(sorted(checkpoints, key=lambda one: one["number"]), start=1):
        name = f"checkpoint {one['number']}"
        if not signs(one):
            wrong.append(f"{name}: the signature is not that of its key")
        if one["key"] not in keys:
            wrong.append(f"{name}: signed by a key that you did not give")
        if one["number"] != number or one["previous"] != previous:
            wrong.append(f"{name}: does not follow the one before")
        for span in one["chains"]:
            digests = chains.get(span["chain"], [])[span["from"] - 1 : span["to"]]
            if span["from"] != covered.get(span["chain"], 0) + 1 or len(digests) != span["to"] - span["from"] + 1:
                wrong.append(f"{name}: chain {span['chain']} is not whole")
            elif digests[-1] != span["head"] or root(digests) != span["root"]:
                wrong.append(f"{name}: chain {span['chain']} was rewritten between {span['from']} and {span['to']}")
            covered[span["chain"]] = span["to"]
        previous = sha256(canonical(one))
    if not checkpoints:
        wrong.append("nothing is signed: there is no checkpoint")
    left = {chain: len(digests) - covered[chain] for chain, digests in chains.items()}
    sys.stdout.write(f"records after the last checkpoint, not signed yet: {sum(left.values())}\n")
    return wrong


def main(bundle: str, pem: str) -> int:
    """Verify, print, and return the exit code."""
    keys = public_keys(Path(pem).read_bytes())
    with zipfile.ZipFile(bundle) as archive, archive.open("records.jsonl") as lines:
        chains, checkpoints, wrong = chains_of(lines, keys)
    wrong += faults_of(chains, checkpoints, keys)
    count = sum(len(digests) for digests in chains.values())
    sys.stdout.write(f"{count} records, {len(chains)} chains, {len(checkpoints)} checkpoints\n")
    sys.stdout.write("".join(f"NOT OK: {one}\n" for one in wrong) or "ok: everything holds\n")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2]))
