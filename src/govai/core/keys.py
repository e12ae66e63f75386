"""What every reader of a key store needs: all keys for one use, the one to write with first. It knows no place they are kept."""

from __future__ import annotations

from typing import TYPE_CHECKING

from govai.core.errors import ConfigError
from govai.core.lang import say
from govai.core.protocols import RotatedKeyStore

if TYPE_CHECKING:
    from govai.core.protocols import KeyStore

SIZE = 32  # bytes


def all_keys(keys: KeyStore, use: str) -> tuple[bytes, ...]:
    """Return the keys for one use: the first to write with, then those that earlier data may have been written with.

    Raises:
        ConfigError: the store gives something else than 32 bytes.
    """
    found = (keys.derive(use), *(keys.earlier(use) if isinstance(keys, RotatedKeyStore) else ()))
    if all(isinstance(key, bytes) and len(key) == SIZE for key in found):
        return found
    raise ConfigError(
        say(f"the key store gave no key of {SIZE} bytes", f"le magasin de clés n'a pas donné de clé de {SIZE} octets"),
        where=f"keys={type(keys).__name__}",
        todo=f"derive({use!r}) -> {SIZE} bytes",
    )
