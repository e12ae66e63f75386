"""What an instrumented process covers, in words: which libraries are governed, which refused, and how to undo it."""

from __future__ import annotations

import importlib.metadata
import importlib.util
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from govai.core.lang import say
from govai.doors.guards import GUARDS
from govai.flow.stacks import LIBRARIES

if TYPE_CHECKING:
    from collections.abc import Callable

_DISTRIBUTIONS = {"grpc": "grpcio", "websocket": "websocket-client"}  # where the name differs from the package's
_STDLIB = frozenset({"http", "socket", "asyncio"})
_GUARDS = tuple({guard.name: guard for guard in GUARDS}.values())


@dataclass(frozen=True, slots=True)
class Described:
    """Whom a process is governed by: the policy's name, the purpose or "", the hosts of the policy's registry."""

    policy: str
    purpose: str
    hosts: tuple[str, ...]


class Coverage:
    """What `instrument` covers. `print(coverage)` says it line by line; it ends with `undo()`, or with its `with` block."""

    def __init__(self, described: Described, blind: Callable[[], frozenset[str]], undo: Callable[[], None]) -> None:
        self._described, self._blind, self._undo = described, blind, undo
        self._active = True

    @property
    def active(self) -> bool:
        """Whether it still governs."""
        return self._active

    @property
    def governed(self) -> tuple[str, ...]:
        """The installed HTTP libraries whose requests to providers are governed."""
        return tuple(name for name in LIBRARIES if _version(name) is not None)

    @property
    def refused(self) -> tuple[str, ...]:
        """The installed libraries that are refused where they go to a provider."""
        return tuple(
            guard.name for guard in _GUARDS if _version(guard.package) is not None and guard.name not in self.blind
        )

    @property
    def blind(self) -> tuple[str, ...]:
        """The loaded libraries whose version govai cannot guard: what they send is not seen."""
        return tuple(sorted(self._blind()))

    @property
    def absent(self) -> tuple[str, ...]:
        """The libraries that are not installed; once they are, they count like the others."""
        named = [(name, name) for name in LIBRARIES] + [(guard.name, guard.package) for guard in _GUARDS]
        return tuple(name for name, package in named if _version(package) is None)

    def undo(self) -> None:
        """Stop governing the process, and put back what was there before. More than once does nothing."""
        self._undo()
        self._active = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.undo()

    def __repr__(self) -> str:
        state = "" if self.active else " undone"
        return f"<Coverage governed={len(self.governed)} refused={len(self.refused)}{state}>"

    def __str__(self) -> str:
        if not self.active:
            return say("this coverage was undone", "cette couverture a été défaite")
        described = self._described
        purpose = say(f", purpose {described.purpose}", f", finalité {described.purpose}") if described.purpose else ""
        hosts = ", ".join(host for host in described.hosts if not host.endswith(".invalid"))
        providers = say(f"{hosts}, and well-known ones", f"{hosts}, et ceux qui sont connus")
        rows = [*self._rows(), (say("providers", "fournisseurs"), providers, "", "")]
        first = max(len(row[0]) for row in rows)
        second, third = (max(len(row[column]) for row in rows[:-1]) for column in (1, 2))
        return "\n".join(
            [
                say(
                    f"govai governs this process: policy {described.policy}{purpose}",
                    f"govai gouverne ce processus : politique {described.policy}{purpose}",
                ),
                *(f"  {a:<{first}}  {b:<{second}}  {c:<{third}}  {d}".rstrip() for a, b, c, d in rows),
            ]
        )

    def _rows(self) -> list[tuple[str, str, str, str]]:
        """Return a row for each library: its state, its name, its version, what to do."""
        governed, refused = say("governed", "gouverné"), say("refused", "refusé")
        blind, absent = say("NOT SEEN", "NON VU"), say("not installed", "non installé")
        other = say("this version is built otherwise", "cette version est faite autrement")
        guards = {guard.name: guard for guard in _GUARDS}
        return [
            *((governed, name, _version(name) or "", "") for name in self.governed),
            *((refused, name, _version(guards[name].package) or "", guards[name].todo) for name in self.refused),
            *((blind, name, _version(guards[name].package) or "", other) for name in self.blind),
            *((absent, name, "", "") for name in self.absent),
        ]


def _version(package: str) -> str | None:
    """Return the installed version of a package, "" if it has none of its own, None if it is not installed."""
    if package in _STDLIB:
        return ""
    try:
        found = importlib.util.find_spec(package) is not None
        return importlib.metadata.version(_DISTRIBUTIONS.get(package, package)) if found else None
    except (importlib.metadata.PackageNotFoundError, ValueError):
        return ""
