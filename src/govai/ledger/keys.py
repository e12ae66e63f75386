"""Key stores: secret keys live outside the ledger, in the environment or a file, and are never shown."""

from __future__ import annotations

import base64
import binascii
import hmac
import os
import secrets
import stat
from pathlib import Path

from govai.core.errors import ConfigError
from govai.core.lang import say
from govai.core.protocols import KeyStore

SIZE = 32  # bytes
_MAKE = "python -c 'import secrets; print(secrets.token_hex(32))'"


class RootKey:
    """Keys derived from one root (HMAC-SHA256 of the use). Its repr shows nothing of it."""

    __slots__ = ("_root", "_source")

    def __init__(self, root: bytes, source: str) -> None:
        self._root, self._source = root, source

    def __repr__(self) -> str:
        return f"<RootKey {self._source}>"

    def derive(self, use: str) -> bytes:
        """Return the 32-byte key for one use."""
        return hmac.digest(self._root, b"govai/" + use.encode(), "sha256")


def open_keys(spec: str | KeyStore | None, ledger_path: str) -> KeyStore:
    """Return a key store.

    Args:
        spec: `env:NAME` (32 bytes in hexadecimal or base64), `file:PATH`, a KeyStore, or None: a file beside the ledger.
        ledger_path: the ledger's file, or `:memory:` (then a key that lives as long as the process).

    Raises:
        ConfigError: no key there, not 32 bytes, or a file that others may read.
    """
    if spec is None:
        if ledger_path == ":memory:":
            return RootKey(secrets.token_bytes(SIZE), ":memory:")
        return _from_file(Path(ledger_path + ".key"))
    if not isinstance(spec, str):
        if isinstance(spec, KeyStore):
            return spec
        raise _wrong(type(spec).__name__)
    kind, _, place = spec.partition(":")
    if kind == "env" and place:
        return _from_environment(place)
    if kind == "file" and place:
        return _from_file(Path(place))
    raise _wrong(kind or "''")


def _wrong(given: str) -> ConfigError:
    return ConfigError(
        say(f"{given} is not a key store", f"{given} n'est pas un magasin de clés"),
        where="keys=",
        todo="env:NAME, file:PATH, KeyStore",
    )


def _from_environment(name: str) -> RootKey:
    root = _read(os.environ.get(name, ""))
    if root is None:
        raise ConfigError(
            say("the variable holds no key of 32 bytes", "la variable ne contient pas de clé de 32 octets"),
            where=f"env:{name}",
            todo=say(f"make one: {_MAKE}", f"créez-en une : {_MAKE}"),
        )
    return RootKey(root, f"env:{name}")


def _from_file(path: Path) -> RootKey:
    try:
        if not path.exists():
            _create(path)
        open_to = stat.S_IMODE(path.stat().st_mode) & 0o077
        root = _read(path.read_text(encoding="ascii"))
    except (OSError, UnicodeDecodeError) as error:
        problem = type(error).__name__
    else:
        if os.name == "posix" and open_to:
            problem = say("others may read it", "d'autres peuvent la lire")
        elif root is None:
            problem = say("it holds no key of 32 bytes", "elle ne contient pas de clé de 32 octets")
        else:
            return RootKey(root, f"file:{path}")
    raise ConfigError(
        say(f"the key file cannot be used: {problem}", f"fichier de clé inutilisable : {problem}"),
        where=f"file:{path}",
        todo=say(f"chmod 600 it, or make one: {_MAKE}", f"chmod 600, ou créez-en un : {_MAKE}"),
    )


def _create(path: Path) -> None:
    """Write a new key so that two processes that start together end with the same one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f"{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w", encoding="ascii") as file:
        file.write(secrets.token_hex(SIZE) + "\n")
        file.flush()
        os.fsync(file.fileno())
    try:
        os.link(draft, path)
    except FileExistsError:
        pass
    finally:
        draft.unlink()


def _read(text: str) -> bytes | None:
    text = text.strip()
    for decode in (bytes.fromhex, lambda t: base64.b64decode(t, validate=True)):
        try:
            root = decode(text)
        except (ValueError, binascii.Error):
            continue
        if len(root) == SIZE:
            return root
    return None
