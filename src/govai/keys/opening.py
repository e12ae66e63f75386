"""From what a setting says to a key store: a variable, a file, a store of your own, or the default file beside the ledger."""

from __future__ import annotations

import os
import secrets
from pathlib import Path

from govai.core.errors import ConfigError
from govai.core.keys import SIZE
from govai.core.lang import say
from govai.core.protocols import KeyStore
from govai.keys import spelling
from govai.keys.files import create, read_private, unusable
from govai.keys.roots import Keyring, RootKey, State

_MAKE = "python -c 'import secrets; print(secrets.token_hex(32))'"
_NO_KEY = ("it holds no key of 32 bytes", "il ne contient pas de clé de 32 octets")


def open_keys(spec: str | KeyStore | None, ledger_path: str) -> KeyStore:
    """Return a key store.

    Args:
        spec: `env:NAME`, `file:PATH` (see `spelling`), a KeyStore, or None: a file beside the ledger, made with the ledger.
        ledger_path: the ledger's file; `:memory:` (then a key that lives as long as the process); "" for a server.

    Raises:
        ConfigError: no key there, not 32 bytes, a file that others may read, a ledger whose key is gone.
    """
    if spec is None:
        return _default(ledger_path)
    if not isinstance(spec, str):
        if isinstance(spec, KeyStore):
            return spec
        raise _wrong(type(spec).__name__)
    kind, _, place = spec.partition(":")
    if kind == "env" and place:
        return _from_environment(place)
    if kind == "file" and place:
        return _named_file(Path(place), ledger_path)
    raise _wrong(kind or "''")


def beside(ledger_path: str) -> Path:
    """Return where the default key file of a ledger's file lies."""
    return Path(ledger_path + ".key")


def lies_beside(ledger_path: str) -> str:
    """Return what a reader of a ledger should know of where its key lies, "" where there is nothing to say."""
    if ledger_path in ("", ":memory:") or not beside(ledger_path).exists():
        return ""
    return say(
        "the key lies beside the ledger: who copies the folder has both",
        "la clé est à côté du registre : qui copie le dossier a les deux",
    )


def _default(ledger_path: str) -> KeyStore:
    if ledger_path == ":memory:":
        return Keyring([(RootKey(secrets.token_bytes(SIZE), ledger_path), "", State.CURRENT)], ledger_path)
    if not ledger_path:
        raise ConfigError(
            say(
                "a ledger on a server has no folder for its key",
                "un registre sur serveur n'a pas de dossier pour sa clé",
            ),
            where="keys=",
            todo=say("say where it is: env:NAME or file:PATH", "dites où elle est : env:NOM ou file:CHEMIN"),
        )
    return _named_file(beside(ledger_path), ledger_path)


def _named_file(path: Path, ledger_path: str) -> KeyStore:
    """Return the store of a file, made where the ledger is new as well."""
    if not path.exists():
        # a new key for an old ledger would find no ticket, no kept reply and nobody's records, and say nothing
        ledger = Path(ledger_path or ".")
        if ledger.exists() and ledger.stat().st_size and not path.exists():
            raise unusable(path, say("the ledger is there, its key is not", "le registre est là, pas sa clé"))
        create(path, spelling.write((spelling.new(),)))
    return _from_file(path)


def _wrong(given: str) -> ConfigError:
    return ConfigError(
        say(f"{given} is not a key store", f"{given} n'est pas un magasin de clés"),
        where="keys=",
        todo="env:NAME, file:PATH, KeyStore",
    )


def _from_environment(name: str) -> Keyring:
    text = os.environ.get(name, "")
    try:
        if text.strip():
            return spelling.keyring(spelling.read(text), f"env:{name}")
    except ValueError:
        pass
    raise ConfigError(
        say("the variable holds no key of 32 bytes", "la variable ne contient pas de clé de 32 octets"),
        where=f"env:{name}",
        todo=say(f"make one: {_MAKE}", f"créez-en une : {_MAKE}"),
    )


def _from_file(path: Path) -> Keyring:
    text = read_private(path)
    try:
        if text.strip():
            return spelling.keyring(spelling.read(text), f"file:{path}")
    except ValueError:
        pass
    raise unusable(path, say(*_NO_KEY))
