"""The public halves of the keys that sign checkpoints. It signs nothing, and gives no secret."""

from __future__ import annotations

from typing import TYPE_CHECKING

from govai.core.keys import all_keys
from govai.keys.roots import SIGNING, Keyring, key_id, public_key

if TYPE_CHECKING:
    from collections.abc import Mapping

    from govai.core.protocols import KeyStore


def public_keys(keys: KeyStore) -> dict[str, bytes]:
    """Return the Ed25519 public keys (32 bytes, RFC 8032) by id, today's first, those of retired roots too.

    The seed of each is what its root derives for `checkpoints`.
    """
    publics = map(public_key, all_keys(keys, SIGNING))
    retired = keys.retired if isinstance(keys, Keyring) else {}
    return {key_id(public): public for public in publics} | dict(retired)


def pem(keys: Mapping[str, bytes]) -> str:
    """Return public keys as PEM (SubjectPublicKeyInfo, RFC 8410), each under a line with its id."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    blocks = []
    for name, public in keys.items():
        key = Ed25519PublicKey.from_public_bytes(public)
        blocks.append(f"{name}\n{key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode('ascii')}")
    return "".join(blocks)
