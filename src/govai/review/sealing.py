"""Encryption of what tickets keep: AES-256-GCM, bound to the ticket it belongs to (NIST SP 800-38D)."""

from __future__ import annotations

import hmac
import os
from typing import TYPE_CHECKING

from govai.core.errors import PolicyError
from govai.core.keys import all_keys
from govai.core.lang import say

if TYPE_CHECKING:
    from govai.core.protocols import KeyStore

_NONCE = 12  # bytes


class Box:
    """Encrypts under the newest `envelopes` key of a key store, decrypts under any that it still has.

    Raises:
        ConfigError: the key store gives a key of another length.
    """

    def __init__(self, keys: KeyStore) -> None:
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        self._ciphers = tuple(AESGCM(key) for key in all_keys(keys, "envelopes"))
        self._commitments = all_keys(keys, "commitments")[0]

    def lock(self, plain: bytes, bound_to: str) -> bytes:
        """Return `plain` encrypted and bound to a name."""
        nonce = os.urandom(_NONCE)
        return nonce + self._ciphers[0].encrypt(nonce, plain, bound_to.encode("utf-8", "surrogatepass"))

    def unlock(self, box: bytes, bound_to: str, where: str) -> bytes:
        """Return what `lock` took.

        Raises:
            PolicyError: it was changed, belongs elsewhere, or its key is none that the store has.
        """
        from cryptography.exceptions import InvalidTag

        for cipher in self._ciphers:
            try:
                return cipher.decrypt(box[:_NONCE], box[_NONCE:], bound_to.encode("utf-8", "surrogatepass"))
            except (InvalidTag, ValueError, TypeError):  # TypeError: another kind of value was put in its place
                continue
        raise damaged(where)

    def opens(self, box: bytes, bound_to: str) -> bool:
        """Whether `unlock` would."""
        try:
            self.unlock(box, bound_to, "")
        except PolicyError:
            return False
        return True

    def commitment(self, text: str) -> str:
        """Return a keyed digest (HMAC-SHA256): proves a text to who holds the key, tells nothing else."""
        return "hmac-sha256:" + hmac.digest(self._commitments, text.encode("utf-8", "surrogatepass"), "sha256").hex()


def damaged(where: str) -> PolicyError:
    """Return the error of a ticket or reply that is not what was kept."""
    return PolicyError(
        say("what was kept for the review cannot be opened", "ce qui était gardé pour la revue ne peut être ouvert"),
        where=where,
        todo=say(
            "it was changed, or its key is another or retired: check keys=, or make the call again",
            "il a été modifié, ou sa clé est autre ou retirée : vérifiez keys=, ou refaites l'appel",
        ),
    )
