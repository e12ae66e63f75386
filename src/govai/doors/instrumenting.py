"""Govern a whole process: every httpx2 and httpx client in it, and refusals where another library goes to a provider.

The attributes of other libraries are replaced once per process, while anything is instrumented; what they do is asked of
the governor that instrumented last. Requests to hosts that are no provider's are never touched.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from govai.core.errors import Ungoverned
from govai.core.lang import say
from govai.doors.coverage import Coverage, Described
from govai.doors.guards import GUARDS
from govai.doors.patching import Patch, Patches
from govai.flow import recording
from govai.flow.asked import asked_here, notice
from govai.flow.leaving import leaves_for
from govai.flow.stacks import LIBRARIES, stack_of
from govai.flow.transports import AsyncGoverned, Governed, Governing
from govai.policy.hosts import ProviderHosts, bare

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType

    from govai.core.scope import Scope
    from govai.doors.guards import Guard
    from govai.flow.engine import Engine

_GOOGLE = "google.genai._api_client"


@dataclass(frozen=True, slots=True, eq=False)
class _Door:
    """One instrumentation: how it governs, and for which hosts."""

    governing: Governing
    hosts: ProviderHosts


class _Process:
    """What is instrumented in this process: the doors that are open, the last one first in effect."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._doors: tuple[_Door, ...] = ()
        self._patches: Patches | None = None

    @property
    def door(self) -> _Door | None:
        """The door in effect; None when nothing is instrumented, and then what is left of our patches does nothing."""
        doors = self._doors
        return doors[-1] if doors else None

    def open(self, door: _Door) -> None:
        with self._lock:
            self._doors = (*self._doors, door)
            if self._patches is None:
                self._patches = Patches(_tasks())
                try:
                    self._patches.apply()
                except BaseException:
                    self._stop()
                    raise

    def close(self, door: _Door) -> None:
        with self._lock:
            self._doors = tuple(one for one in self._doors if one is not door)
            if not self._doors:
                self._stop()

    def blind(self) -> frozenset[str]:
        """Return the guards that found nothing to guard in the version of their library that is loaded."""
        patches = self._patches
        empty = patches.nothing_in() if patches else frozenset()
        return frozenset(guard.name for guard in GUARDS if guard.module in empty)

    def _stop(self) -> None:
        patches, self._patches, self._doors = self._patches, None, ()
        if patches is not None:
            patches.undo()


_process = _Process()


def instrument(engine: Engine, defaults: Scope, *, quiet: bool) -> Coverage:
    """Govern this process's calls to model providers until `undo`; the last one that instruments is in effect."""
    door = _Door(Governing(engine, defaults, door="instrument"), ProviderHosts(engine.policy.providers.values()))
    _process.open(door)
    described = Described(engine.policy.name, defaults.purpose, tuple(door.hosts))
    coverage = Coverage(described, _process.blind, partial(_process.close, door))
    if not quiet:
        print(coverage)  # noqa: T201 -- it says what it covers, and what not
    return coverage


def _tasks() -> dict[str, Callable[[ModuleType], list[Patch]]]:
    tasks: dict[str, Callable[[ModuleType], list[Patch]]] = {name: partial(_govern_library, name) for name in LIBRARIES}
    tasks |= {guard.module: partial(guard.install, refuse=_refuse) for guard in GUARDS}
    tasks[_GOOGLE] = _keep_off_aiohttp
    return tasks


def _govern_library(name: str, library: ModuleType) -> list[Patch]:
    """Have the clients of an HTTP library choose a governed transport for providers' hosts."""
    if library.__name__ != name:  # `httpx` may be another name of httpx2
        return []
    if not hasattr(library.Client, "_transport_for_url"):
        raise Ungoverned(
            say(f"this version of {name} cannot be governed", f"cette version de {name} ne peut être gouvernée"),
            where="instrument()",
            todo=say("wrap the client instead", "enveloppez plutôt le client"),
        )
    stack = stack_of(library)
    return [
        Patch(library.Client, "_transport_for_url", partial(_choosing, stack.transport)),
        Patch(library.AsyncClient, "_transport_for_url", partial(_choosing, stack.async_transport)),
    ]


def _choosing(govern: Callable[[Any, Governing], Any], found: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    """Return a client's choice of a transport, governed for providers' hosts.

    A governed transport has no state of its own: one is made for each request, and nobody needs to close it.
    """

    def _transport_for_url(client: Any, url: Any) -> Any:
        chosen, door = found(client, url), _process.door
        if door is None or isinstance(chosen, (Governed, AsyncGoverned)):
            return chosen
        host = url.netloc.decode("ascii").rpartition("@")[2]
        return govern(chosen, door.governing) if host in door.hosts else chosen

    return _transport_for_url


def _refuse(guard: Guard, host: str) -> None:
    door = _process.door
    if door is None or host not in door.hosts or leaves_for(bare(host)):
        return
    how = door.governing
    error = Ungoverned(
        say(f"{guard.name} would go around govai", f"{guard.name} contournerait govai"), where=host, todo=guard.todo
    )
    asked = asked_here(how.defaults, how.door, {})
    refusal = recording.refusal(how.engine, asked, None, None, None, error)
    how.engine.ledger.enqueue(refusal)
    asked.trace.ledger, asked.trace.record_id, asked.trace.refusal = how.engine.ledger.url, refusal.id, str(error)
    notice(asked)
    raise error


def _keep_off_aiohttp(genai: ModuleType) -> list[Patch]:
    """Keep google-genai's asyncio calls on its HTTP client: with aiohttp installed they would go around it.

    A client that is made meanwhile is not prepared for aiohttp, and so stays on its HTTP client for good.
    """

    if not (hasattr(genai, "has_aiohttp") and hasattr(genai.BaseApiClient, "_use_aiohttp")):
        return []  # another version: where it takes aiohttp, it is refused

    def staying(found: Callable[[Any], bool]) -> Callable[[Any], bool]:
        def _use_aiohttp(client: Any) -> bool:
            if not hasattr(client, "_async_client_session_request_args"):
                client._use_aiohttp = lambda: False  # noqa: SLF001 -- google-genai offers no public way
            return found(client)

        return _use_aiohttp

    off = Patch(genai, "has_aiohttp", lambda _found: False)
    return [off, Patch(genai.BaseApiClient, "_use_aiohttp", staying)]
