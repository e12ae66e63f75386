"""Signing: the key that checkpoints and purges are signed with, and the public keys they are checked by. It knows no ledger."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from govai.core.canonical import canonical
from govai.core.errors import ConfigError
from govai.core.lang import say

if TYPE_CHECKING:
    from collections.abc import Iterable

    from govai.core.checkpoints import Checkpoint
    from govai.core.protocols import KeyStore

USE = "checkpoints"
_PEM = re.compile(rb"-----BEGIN PUBLIC KEY-----.+?-----END PUBLIC KEY-----", re.DOTALL)


class Signer:
    """Signs checkpoints, and the bodies of purges, with the key that a key store derives for them (Ed25519, RFC 8032). Its repr shows nothing of it.

    Attributes:
        key: the public key, hexadecimal.
    """

    __slots__ = ("_private", "key")

    def __init__(self, keys: KeyStore) -> None:
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

        self._private = Ed25519PrivateKey.from_private_bytes(keys.derive(USE))
        self.key = self._private.public_key().public_bytes_raw().hex()

    def __repr__(self) -> str:
        return f"<Signer {self.key[:16]}>"

    def sign(self, checkpoint: Checkpoint) -> Checkpoint:
        """Return the checkpoint with this key and its signature."""
        named = replace(checkpoint, key=self.key)
        return replace(named, signature=self._private.sign(named.unsigned()).hex())

    def signed(self, body: dict[str, Any]) -> dict[str, Any]:
        """Return a record's body with this key, and the signature over the canonical bytes of all the rest."""
        named = {**body, "key": self.key}
        return {**named, "signature": self._private.sign(canonical(named)).hex()}


def public_key(seed: bytes) -> str:
    """Return the public key of a seed of 32 bytes, in hexadecimal."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    return Ed25519PrivateKey.from_private_bytes(seed).public_key().public_bytes_raw().hex()


def is_signed(checkpoint: Checkpoint) -> bool:
    """Whether a checkpoint's signature is that of the key it names; whether to trust that key is another question."""
    return _signs(checkpoint.key, checkpoint.signature, checkpoint.unsigned())


def signer_of(body: dict[str, Any]) -> str | None:
    """Return the key that signed a record's body, None where the signature is not that of the key it names."""
    key, signature = body.get("key"), body.get("signature")
    raw = canonical({name: value for name, value in body.items() if name != "signature"})
    return key if isinstance(key, str) and isinstance(signature, str) and _signs(key, signature, raw) else None


def _signs(key: str, signature: str, raw: bytes) -> bool:
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    try:
        Ed25519PublicKey.from_public_bytes(bytes.fromhex(key)).verify(bytes.fromhex(signature), raw)
    except (InvalidSignature, ValueError):
        return False
    return True


def pem_of(keys: Iterable[str]) -> bytes:
    """Return public keys as PEM (RFC 8410), one after the other.

    Args:
        keys: each in hexadecimal.
    """
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    made = (Ed25519PublicKey.from_public_bytes(bytes.fromhex(key)) for key in keys)
    return b"".join(one.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo) for one in made)


def keys_in(pem: bytes) -> tuple[str, ...]:
    """Return the Ed25519 public keys in PEM text, in hexadecimal.

    Raises:
        ValueError: there is none, or one that is not Ed25519's.
    """
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
    from cryptography.hazmat.primitives.serialization import load_pem_public_key

    found = [load_pem_public_key(block) for block in _PEM.findall(pem)]
    keys = tuple(one.public_bytes_raw().hex() for one in found if isinstance(one, Ed25519PublicKey))
    if not keys or len(keys) != len(found):
        raise ValueError("no Ed25519 public key")
    return keys


def keys_at(path: str | Path) -> tuple[str, ...]:
    """Return the public keys in a file.

    Raises:
        ConfigError: it cannot be read, or holds none.
    """
    try:
        return keys_in(Path(path).read_bytes())
    except OSError as error:
        problem = error.strerror or type(error).__name__
    except ValueError:
        problem = say("it holds no Ed25519 public key", "il ne contient pas de clé publique Ed25519")
    raise ConfigError(
        say(f"the public key cannot be used: {problem}", f"clé publique inutilisable : {problem}"),
        where=str(path),
        todo=say("govai keys public --out FILE writes it", "govai keys public --out FICHIER l'écrit"),
    )
