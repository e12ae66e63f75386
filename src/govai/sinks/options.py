"""What stands after the `?` in a sink's string, and what stands in a URL that nobody needs to see. It knows no sink."""

from __future__ import annotations

from importlib.util import find_spec
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, urlencode, urlsplit

from govai.core.errors import ConfigError
from govai.core.lang import say
from govai.core.names import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Collection

_HERE = ("localhost", "127.0.0.1", "::1")
_UNITS = {"": 1, "KB": 1_000, "MB": 1_000_000, "GB": 1_000_000_000}


def split(kind: str, place: str, known: Collection[str]) -> tuple[str, dict[str, str]]:
    """Return what stands before the `?`, and the options after it.

    Raises:
        ConfigError: an option that is not known, naming the nearest.
    """
    before, _, query = place.partition("?")
    options = dict(parse_qsl(query, keep_blank_values=True))
    for name in options:
        if name not in known:
            told = name if name.isidentifier() else "…"  # it may be the rest of a password with a ? in it
            raise ConfigError(
                say(f"unknown option '{told}' of {kind}:", f"option inconnue « {told} » de {kind}:"),
                where="sinks=",
                todo=did_you_mean(told, known),
            )
    return before, options


def taken(url: str, known: Collection[str]) -> tuple[str, dict[str, str]]:
    """Return a URL without the options that are ours, and these; the others are its own."""
    address, _, query = url.partition("?")
    given = parse_qsl(query, keep_blank_values=True)
    rest = urlencode([(name, value) for name, value in given if name not in known])
    ours = {name: value for name, value in given if name in known}
    return f"{address}?{rest}" if rest else address, ours


def whole(options: dict[str, str], name: str, default: int) -> int:
    """Return an option that is a number from 1, with KB, MB or GB if it is a size.

    Raises:
        ConfigError: it is none.
    """
    text = options.get(name)
    if text is None:
        return default
    digits = text.rstrip("KMGBkmgb")
    unit = _UNITS.get(text[len(digits) :].upper())
    if digits.isascii() and digits.isdigit() and unit and int(digits) > 0:
        return int(digits) * unit
    raise ConfigError(
        say(f"'{name}' is not a number from 1", f"« {name} » n'est pas un nombre à partir de 1"),
        where="sinks=",
        todo=f"{name}=100",
    )


def yes(options: dict[str, str], name: str) -> bool:
    """Return whether an option says `yes`.

    Raises:
        ConfigError: it says neither `yes` nor `no`.
    """
    text = options.get(name, "no")
    if text in ("yes", "no"):
        return text == "yes"
    raise ConfigError(
        say(f"'{name}' is neither yes nor no", f"« {name} » n'est ni yes ni no"), where="sinks=", todo=f"{name}=yes"
    )


def shown(url: str) -> str:
    """Return a URL without user, password, query and fragment: what may stand in a name or an error."""
    address = url.partition("?")[0].partition("#")[0]
    scheme, _, place = address.partition("//")
    server, slash, path = place.partition("/")
    told, port = server.rpartition("@")[2], server.rpartition("]")[2].partition(":")[2]
    if (
        "@" not in server and port and ("@" in url or "%40" in url)
    ):  # a password with ?, # or / in it, which a URL ends at
        return f"{scheme}//…"
    return f"{scheme}//{told}{slash}{path}"


def is_guarded(url: str) -> bool:
    """Whether a URL is https with a host and, if any, a port; or http to this machine."""
    try:
        parts = urlsplit(url)
        host, _port = parts.hostname, parts.port  # reading the port checks it
    except ValueError:
        return False
    return bool(host) and (parts.scheme == "https" or (parts.scheme == "http" and host in _HERE))


def need(module: str, extra: str) -> None:
    """Check that a client is installed, without importing it.

    Raises:
        ConfigError: it is not; it says what to install.
    """
    try:
        there = find_spec(module) is not None
    except ImportError:
        there = False
    if not there:
        raise ConfigError(
            say(f"this sink needs the package {module}", f"cette destination demande le paquet {module}"),
            where="sinks=",
            todo=say(f"install govai with the extra '{extra}'", f"installez govai avec l'extra « {extra} »"),
        )
