"""Encryption of what tickets keep: AES-256-GCM, bound to the ticket it belongs to (NIST SP 800-38D)."""

from __future__ import annotations

import hmac
import os
from typing import TYPE_CHECKING

from govai.core.errors import ConfigError, PolicyError
from govai.core.lang import say

if TYPE_CHECKING:
    from govai.core.protocols import KeyStore

_NONCE, _KEY = 12, 32  # bytes


class Box:
    """Encrypts and decrypts under the `envelopes` key of a key store.

    Raises:
        ConfigError: the key store gives a key of another length.
    """

    def __init__(self, keys: KeyStore) -> None:
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        self._cipher = AESGCM(_key(keys, "envelopes"))
        self._commitments = _key(keys, "commitments")

    def lock(self, plain: bytes, bound_to: str) -> bytes:
        """Return `plain` encrypted and bound to a name."""
        nonce = os.urandom(_NONCE)
        return nonce + self._cipher.encrypt(nonce, plain, bound_to.encode("utf-8", "surrogatepass"))

    def unlock(self, box: bytes, bound_to: str, where: str) -> bytes:
        """Return what `lock` took.

        Raises:
            PolicyError: it was changed, belongs elsewhere, or the key is another.
        """
        from cryptography.exceptions import InvalidTag

        try:
            return self._cipher.decrypt(box[:_NONCE], box[_NONCE:], bound_to.encode("utf-8", "surrogatepass"))
        except (InvalidTag, ValueError, TypeError):  # TypeError: another kind of value was put in its place
            pass
        raise damaged(where)

    def commitment(self, text: str) -> str:
        """Return a keyed digest (HMAC-SHA256): proves a text to who holds the key, tells nothing else."""
        return "hmac-sha256:" + hmac.digest(self._commitments, text.encode("utf-8", "surrogatepass"), "sha256").hex()


def damaged(where: str) -> PolicyError:
    """Return the error of a ticket or reply that is not what was kept."""
    return PolicyError(
        say("what was kept for the review cannot be opened", "ce qui était gardé pour la revue ne peut être ouvert"),
        where=where,
        todo=say(
            "it was changed, or the key is another: check keys=, or make the call again",
            "il a été modifié ou la clé a changé : vérifiez keys=, ou refaites l'appel",
        ),
    )


def _key(keys: KeyStore, use: str) -> bytes:
    key = keys.derive(use)
    if isinstance(key, bytes) and len(key) == _KEY:
        return key
    raise ConfigError(
        say(f"the key store gave no key of {_KEY} bytes", f"le magasin de clés n'a pas donné de clé de {_KEY} octets"),
        where=f"keys={type(keys).__name__}",
        todo=f"derive({use!r}) -> {_KEY} bytes",
    )
