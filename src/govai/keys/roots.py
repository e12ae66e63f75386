"""Roots and what is derived from them. A root is never shown: not by repr, not in an error, not by pickling."""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Never

from govai.core.errors import ConfigError
from govai.core.lang import say

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

SIGNING = "checkpoints"  # the use whose key is the seed of an Ed25519 key (RFC 8032)


class State(StrEnum):
    """What a root is for."""

    CURRENT = "current"  # what is written is written with it
    EARLIER = "earlier"  # what was written with it is read
    NEXT = "next"  # read with already, written with after the next rotation
    RETIRED = "retired"  # gone; only its public key is left, for the signatures it made


class RootKey:
    """Keys derived from one root: HMAC-SHA256 of the use. A key store of its own.

    A root is 32 random bytes, so this is a key derivation function as it stands (NIST SP 800-108, RFC 5869 section 3.3).

    Args:
        root: 32 random bytes. source: where it came from, for the repr.
    """

    __slots__ = ("_root", "_source")

    def __init__(self, root: bytes, source: str) -> None:
        self._root, self._source = root, source

    def __repr__(self) -> str:
        return f"<RootKey {self._source}>"

    def __reduce__(self) -> Never:
        raise TypeError("a key does not leave its process")

    def derive(self, use: str) -> bytes:
        """Return the 32-byte key for one use."""
        return hmac.digest(self._root, b"govai/" + use.encode(), "sha256")

    @property
    def public(self) -> bytes:
        """The Ed25519 public key (32 bytes) under which this root's signatures verify."""
        return public_key(self.derive(SIGNING))

    @property
    def id(self) -> str:
        """The root's name, which tells nothing of it: see `key_id`."""
        return key_id(self.public)


@dataclass(frozen=True, slots=True)
class Root:
    """A root in a store: its id, when it was made (RFC 3339, "" where nobody wrote it down), what it is for."""

    id: str
    made: str
    state: State


class Keyring:
    """A key store of one or more roots: writes with the first, reads with any.

    Args:
        roots: (root, when it was made, what for), the one to write with first. source: where they came from, for the repr.
        retired: (public key, when its root was made) of roots that are gone.

    Raises:
        ConfigError: there is no root to write with.
    """

    __slots__ = ("_retired", "_roots", "_source")

    def __init__(
        self,
        roots: Sequence[tuple[RootKey, str, State]],
        source: str,
        retired: Sequence[tuple[bytes, str]] = (),
    ) -> None:
        if not roots or roots[0][2] is not State.CURRENT:
            raise ConfigError(
                say("there is no root to write with", "il n'y a pas de racine pour écrire"),
                where=source,
                todo=say("govai keys rotate FILE", "govai keys rotate FICHIER"),
            )
        self._roots, self._source, self._retired = tuple(roots), source, tuple(retired)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self._source}: {len(self._roots)}>"

    def __reduce__(self) -> Never:
        raise TypeError("keys do not leave their process")

    @property
    def source(self) -> str:
        """Where the roots came from: `file:PATH`, `env:NAME`, …"""
        return self._source

    def derive(self, use: str) -> bytes:
        """Return the 32-byte key to write with for one use."""
        return self._roots[0][0].derive(use)

    def earlier(self, use: str) -> tuple[bytes, ...]:
        """Return the 32-byte keys of the other roots for one use."""
        return tuple(root.derive(use) for root, _made, _state in self._roots[1:])

    @property
    def roots(self) -> tuple[Root, ...]:
        """What may be told of the roots, retired ones last."""
        live = (Root(root.id, made, state) for root, made, state in self._roots)
        return (*live, *(Root(key_id(public), made, State.RETIRED) for public, made in self._retired))

    @property
    def retired(self) -> Mapping[str, bytes]:
        """The Ed25519 public keys of retired roots, by id."""
        return {key_id(public): public for public, _made in self._retired}

    def root(self, root_id: str) -> RootKey | None:
        """Return one root that is not retired, as a key store of its own."""
        return next((root for root, _made, _state in self._roots if root.id == root_id), None)


def public_key(seed: bytes) -> bytes:
    """Return the Ed25519 public key (32 bytes) of a seed (32 bytes)."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    return Ed25519PrivateKey.from_private_bytes(seed).public_key().public_bytes_raw()


def key_id(public: bytes) -> str:
    """Return the name of a public key: 16 hexadecimal digits of its SHA-256."""
    return hashlib.sha256(public).hexdigest()[:16]
