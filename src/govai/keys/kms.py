"""Roots that a key management service keeps wrapped: unwrapped once, when the store is made. It knows no service by name."""

from __future__ import annotations

import base64
import os
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from govai.core.errors import ConfigError
from govai.core.keys import SIZE
from govai.core.lang import say
from govai.keys import spelling
from govai.keys.roots import Keyring, RootKey, State

if TYPE_CHECKING:
    from collections.abc import Sequence

    from govai.keys.spelling import Line


class Kms(Protocol):
    """A service that holds a key of its own and opens what was closed with it. Retries and time limits are its own."""

    def unwrap(self, wrapped: bytes) -> bytes:
        """Return what was wrapped; raise if it was changed or wrapped by another key."""
        ...


class WrappingKms(Kms, Protocol):
    """One that also closes: needed to make roots, not to use them."""

    def wrap(self, plain: bytes) -> bytes:
        """Return `plain` (32 bytes) encrypted and authenticated under the service's key."""
        ...


class KmsKeys(Keyring):
    """A key store whose roots lie wrapped in a file, a variable or in the code; nobody reads them without the service.

    Args:
        kms: unwraps each root once, now. wrapped: `file:PATH` or `env:NAME` (a line each in base64, as `wrapped_root`
            writes them, the one to write with first), or the wrapped roots themselves. They need not be secret.

    Raises:
        ConfigError: nothing there, the service did not open one, or what it opened is not 32 bytes.
    """

    __slots__ = ()

    def __init__(self, kms: Kms, wrapped: str | Sequence[bytes]) -> None:
        source = wrapped if isinstance(wrapped, str) else f"{len(wrapped)} wrapped"
        lines = _lines(wrapped)
        live = [line for line in lines if line.state is not State.RETIRED]
        roots = [(_unwrapped(kms, line, at, source), line.made, line.state) for at, line in enumerate(live, start=1)]
        super().__init__(roots, source, [(one.kept, one.made) for one in lines if one.state is State.RETIRED])


def wrapped_root(kms: WrappingKms) -> str:
    """Return a new root as a line for the file or variable of a `KmsKeys`; the root itself is shown to nobody."""
    line = spelling.new()
    return f"{base64.b64encode(kms.wrap(line.kept)).decode('ascii')} {line.made}"


def _lines(wrapped: str | Sequence[bytes]) -> tuple[Line, ...]:
    if not isinstance(wrapped, str):
        return tuple(spelling.Line(one, state=State.EARLIER if at else State.CURRENT) for at, one in enumerate(wrapped))
    kind, _, place = wrapped.partition(":")
    text, problem = "", say("it holds no wrapped root", "il ne contient pas de racine enveloppée")
    try:
        if kind == "file":
            text = Path(place).read_text(encoding="ascii")
        elif kind == "env":
            text = os.environ.get(place, "")
        lines = spelling.read(text)
    except (OSError, ValueError) as error:
        problem = f"{problem} ({type(error).__name__})"
    else:
        if lines:
            return lines
    raise ConfigError(problem, where=wrapped if kind in ("file", "env") else "wrapped=", todo="file:PATH, env:NAME")


def _unwrapped(kms: Kms, line: Line, number: int, source: str) -> RootKey:
    try:
        root = kms.unwrap(line.kept)
    except Exception as error:
        raise ConfigError(
            say(
                f"the KMS did not unwrap root {number} ({type(error).__name__})",
                f"le KMS n'a pas ouvert la racine {number} ({type(error).__name__})",
            ),
            where=source,
            todo=say(
                "check its rights and its network, and that the key it was wrapped with was not destroyed",
                "vérifiez ses droits, le réseau, et que la clé d'enveloppe n'a pas été détruite",
            ),
        ) from error
    if isinstance(root, bytes) and len(root) == SIZE:
        return RootKey(root, source)
    raise ConfigError(
        say(f"what the KMS unwrapped is not {SIZE} bytes", f"ce que le KMS a ouvert ne fait pas {SIZE} octets"),
        where=source,
        todo=say(f"wrap {SIZE} random bytes: govai.keys.wrapped_root(kms)", f"enveloppez {SIZE} octets aléatoires"),
    )
