"""Encryption of what tickets keep: AES-256-GCM, bound to the ticket it belongs to (NIST SP 800-38D)."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from govai.core.errors import PolicyError
from govai.core.lang import say

if TYPE_CHECKING:
    from govai.core.protocols import KeyStore

_NONCE = 12  # bytes


class Box:
    """Encrypts and decrypts under the `envelopes` key of a key store."""

    def __init__(self, keys: KeyStore) -> None:
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        self._cipher = AESGCM(keys.derive("envelopes"))

    def lock(self, plain: bytes, bound_to: str) -> bytes:
        """Return `plain` encrypted and bound to a name."""
        nonce = os.urandom(_NONCE)
        return nonce + self._cipher.encrypt(nonce, plain, bound_to.encode())

    def unlock(self, box: bytes, bound_to: str) -> bytes:
        """Return what `lock` took.

        Raises:
            PolicyError: it was changed, belongs elsewhere, or the key is another.
        """
        from cryptography.exceptions import InvalidTag

        try:
            return self._cipher.decrypt(box[:_NONCE], box[_NONCE:], bound_to.encode())
        except (InvalidTag, ValueError):
            pass
        raise PolicyError(
            say("what the ticket keeps cannot be opened", "le contenu du ticket ne peut être ouvert"),
            todo=say(
                "it was changed, or the key is another: check keys=",
                "il a été modifié ou la clé a changé : vérifiez keys=",
            ),
        )
