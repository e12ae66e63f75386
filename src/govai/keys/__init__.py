"""Key stores: secret keys live outside the ledger, in a file, the environment or a KMS, and are never shown.

    from govai.keys import KmsKeys

    gov = govai.Governor(keys=KmsKeys(kms, "file:/etc/govai/root.wrapped"))

Names are imported when first used; `import govai` imports none of it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from govai.keys.kms import Kms as Kms
    from govai.keys.kms import KmsKeys as KmsKeys
    from govai.keys.kms import WrappingKms as WrappingKms
    from govai.keys.kms import wrapped_root as wrapped_root
    from govai.keys.opening import open_keys as open_keys
    from govai.keys.roots import Keyring as Keyring
    from govai.keys.roots import RootKey as RootKey
    from govai.keys.signing import public_keys as public_keys

_HOMES = {
    "govai.keys.kms": "Kms KmsKeys WrappingKms wrapped_root",
    "govai.keys.opening": "open_keys",
    "govai.keys.roots": "Keyring RootKey",
    "govai.keys.signing": "public_keys",
}
_HOME = {name: module for module, names in _HOMES.items() for name in names.split()}
__all__ = sorted(_HOME)  # noqa: PLE0605 -- one table names them  # pyright: ignore[reportUnsupportedDunderAll]


def __getattr__(name: str) -> Any:
    from importlib import import_module

    if name not in _HOME:
        raise AttributeError(f"module 'govai.keys' has no attribute '{name}'")
    value = globals()[name] = getattr(import_module(_HOME[name]), name)
    return value


def __dir__() -> list[str]:
    return list(__all__)
