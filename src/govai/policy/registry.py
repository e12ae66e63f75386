"""The provider registry: an entry is an account at a host; nothing about it is inferred from a model's name."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from govai.core.errors import ConfigError
from govai.core.lang import say

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date

    from govai.policy.model import ProviderFile

HOSTS = {
    "openai": "api.openai.com",
    "anthropic": "api.anthropic.com",
    "mistral": "api.mistral.ai",
    "google": "generativelanguage.googleapis.com",
}
KEYS = {
    "openai": "OPENAI_API_KEY",
    "anthropic": "ANTHROPIC_API_KEY",
    "mistral": "MISTRAL_API_KEY",
    "google": "GEMINI_API_KEY",
}
_EEA = frozenset(
    "EU EEA AT BE BG HR CY CZ DK EE FI FR DE GR HU IE IT LV LT LU MT NL PL PT RO SK SI ES SE IS LI NO".split()
)
_NO_KEY = "none"  # an SDK wants one even for a server that asks for none
NEAR = frozenset({"127.0.0.1", "localhost", "[::1]"})
_HOST = re.compile(r"(?:[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(?::\d{1,5})?")
_BASE_PATH = re.compile(r"(?:/(?:\*|[\w.~-]*[\w~-][\w.~-]*))*/?")


@dataclass(frozen=True, slots=True)
class Provider:
    """An account at a host.

    Attributes:
        name: of the entry. like: the family of wire formats it speaks. api: which of its interfaces `generate` uses
        (`chat`, `responses`). host: with its port. base_path: prefix of its
        paths; `*` stands for one segment. region: `EU`, `US`, `local`, … retention_days: of inputs at the provider.
        transfer_mechanism, transfer_expires: what a transfer outside the EEA rests on (GDPR ch. V).
        key_source: `env:NAME` or `file:PATH`; "" for the well-known variable at the provider's own host, no key elsewhere.
    """

    name: str
    like: str
    host: str
    base_path: str = ""
    scheme: str = ""
    region: str = ""
    trains_on_inputs: bool | None = None
    retention_days: int | None = None
    dpa: str = ""
    transfer_mechanism: str = ""
    transfer_expires: date | None = None
    key_source: str = ""
    api: str = "chat"

    @property
    def local(self) -> bool:
        """Whether the data stays on premises."""
        return self.region.lower() == "local"

    @property
    def in_eea(self) -> bool:
        """Whether the data stays in the European Economic Area."""
        return self.region.upper().partition("-")[0] in _EEA

    @property
    def base_url(self) -> str:
        """Where its API stands: scheme, host and base path.

        Raises:
            ConfigError: the base path stands for many.
        """
        if "*" in self.base_path:
            raise ConfigError(
                say(
                    f"the base_path of '{self.name}' is {self.base_path}: a * recognises requests, and is nowhere to send one",
                    f"le base_path de « {self.name} » est {self.base_path} : * reconnaît des requêtes, on n'y envoie rien",
                ),
                where=f"providers.{self.name}",
                todo=say(
                    "register an entry without * for generate and embed, or give client=",
                    "déclarez une entrée sans * pour generate et embed, ou donnez client=",
                ),
            )
        near = re.sub(r":\d+$", "", self.host) in NEAR  # the whole name: localhost.example.org is far away
        return f"{self.scheme or ('http' if near else 'https')}://{self.host}{self.base_path.rstrip('/')}"

    def key(self) -> str:
        """Return the API key from where the entry says it is; without a word from it, the well-known variable for the
        provider's own host, a dummy for a local server. A key never goes to a host that it was not meant for.

        Raises:
            ConfigError: it is not there, names the variable or the file; or the entry has to say where it is.
        """
        own = self.host == HOSTS.get(self.like)
        source = self.key_source or (f"env:{KEYS[self.like]}" if own else "")
        if not source and self.local:
            return _NO_KEY
        if not source:
            raise ConfigError(
                say(
                    f"the policy names no API key for '{self.name}', at {self.host}",
                    f"la politique ne nomme pas de clé d'API pour « {self.name} », à {self.host}",
                ),
                where=f"providers.{self.name}",
                todo=say("add api_key: env:NAME to the entry", "ajoutez api_key: env:NOM à l'entrée"),
            )
        kind, _, place = source.partition(":")
        if kind == "env" and os.environ.get(place):
            return os.environ[place]
        if kind == "file" and (key := _read_key(Path(place))):
            return key
        raise ConfigError(
            say(f"there is no API key for '{self.name}'", f"pas de clé d'API pour « {self.name} »"),
            where=source,
            todo=say(f"set {place}", f"définissez {place}"),
        )


def _read_key(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError):  # missing and unreadable are one to the caller, and the content is not shown
        return ""


OFFLINE = Provider(
    name="offline", like="openai", host="offline.invalid", region="local", trains_on_inputs=False, retention_days=0
)


def provider_of(name: str, entry: ProviderFile, where: str) -> Provider:
    """Return the entry of a policy file.

    Raises:
        ConfigError: nothing says which wire format it speaks, or where it is; a host or base path no request can have.
    """
    like = entry.like or name
    host = entry.host or HOSTS.get(like, "")
    if like not in HOSTS or not host:
        raise ConfigError(
            say(f"provider '{name}' speaks no known format", f"le fournisseur « {name} » ne parle aucun format connu"),
            where=where,
            todo=f"like: {' | '.join(HOSTS)}, host: …",
        )
    for given, shape, todo in (
        (host, _HOST, "host: api.example.com, host: 127.0.0.1:8000"),
        (entry.base_path, _BASE_PATH, "base_path: /prefix, base_path: /prefix/*"),
    ):
        if not shape.fullmatch(given):
            key = todo.partition(":")[0]
            raise ConfigError(
                say(
                    f"the {key} of '{name}' can match no request", f"« {key} » de « {name} » ne désigne aucune requête"
                ),
                where=where,
                todo=todo,
            )
    if entry.api != "chat" and like != "openai":
        raise ConfigError(
            say(f"'{like}' has no {entry.api} interface", f"« {like} » n'a pas d'interface {entry.api}"),
            where=where,
            todo=say("leave api out, or say like: openai", "retirez api, ou écrivez like: openai"),
        )
    transfer = entry.transfer
    return Provider(
        name=name,
        like=like,
        host=host.lower(),
        base_path=entry.base_path.rstrip("/"),
        scheme=entry.scheme,
        region=entry.region,
        trains_on_inputs=entry.trains_on_inputs,
        retention_days=entry.retention_days,
        dpa=entry.dpa,
        transfer_mechanism=transfer.mechanism if transfer else "",
        transfer_expires=transfer.expires if transfer else None,
        key_source=entry.api_key,
        api=entry.api,
    )


def locate(providers: Iterable[Provider], host: str, path: str, like: str) -> tuple[Provider, str] | None:
    """Return the entry for a host and path, and the path below its base path; the longest base path wins, then `like`."""
    found = located(providers, host, path)
    return max(found, key=lambda one: one[0].like == like) if found else None


def located(providers: Iterable[Provider], host: str, path: str) -> list[tuple[Provider, str]]:
    """Return all entries for a host and path whose base path is the longest, each with the path below it."""
    host = host.lower()
    found = [(p, rest) for p in providers if p.host == host and (rest := _below(p.base_path, path)) is not None]
    deepest = max((p.base_path.count("/") for p, _rest in found), default=0)
    return [one for one in found if one[0].base_path.count("/") == deepest]


def _below(base: str, path: str) -> str | None:
    if not base:
        return path
    wanted, given = base.split("/"), path.split("/")
    if len(given) <= len(wanted):
        return None
    for w, g in zip(wanted, given, strict=False):
        if w != g and (w != "*" or g in ("", ".", "..") or "%" in g):  # a server would read these as another path
            return None
    return "/" + "/".join(given[len(wanted) :])
