"""A governor for tests: in memory, with a key of its own, and every provider of its policy answered in process."""

from __future__ import annotations

import dataclasses
import hashlib
import weakref
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any, Literal

from govai.governor.governor import Governor
from govai.keys.roots import RootKey
from govai.policy import registry
from govai.policy.policy import BUILTIN, Policy
from govai.testing.intercepting import installed
from govai.testing.provider import Provider

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from govai.core.protocols import Detector, ReviewHook, Sink

_KEY = hashlib.sha256(b"govai.testing").digest()  # the same placeholders in every run


def governor(
    policy: str | Path | Mapping[str, Any] | Policy | None = None,
    *,
    provider: Provider | None = None,
    sinks: Sequence[str | Sink] = (),
    detectors: Sequence[Detector] = (),
    review: Literal["queue", "ask"] | ReviewHook = "queue",
    mode: Literal["enforce", "observe"] = "enforce",
    actor: str = "tester",
) -> Governor:
    """Return a Governor for a test: nothing it does leaves the process or is written to disk.

    Every provider entry of its policy is answered by `provider`, for all clients of the process, until it is closed:
    use it in a `with` block. No API key is read. Settings of the surroundings (`govai.yaml`, …) do not hold.

    Args:
        policy: as for Governor; None: the built-in `eu-marketing`.
        provider: what answers; None: one that echoes.
        sinks, detectors, review, mode, actor: as for Governor.

    Raises:
        ConfigError: as for Governor.
    """
    answering = provider or Provider()
    loaded = Policy.load(BUILTIN if policy is None else policy)
    keyed = {name: _keyless(entry) for name, entry in loaded.providers.items()}
    made = _Governor(
        dataclasses.replace(loaded, providers=keyed),
        ledger=":memory:",
        sinks=sinks,
        detectors=detectors,
        review=review,
        mode=mode,
        keys=RootKey(_KEY, "govai.testing"),
        actor=actor,
    )
    for entry in keyed.values():
        if isinstance(entry, _Keyless):
            answering.answer_for(entry.host, entry.like)
    made.plug(answering)
    return made


class _Governor(Governor):
    """Uninstalls its provider when it, or any view of it, is closed, or when the last of them is gone."""

    def plug(self, provider: Provider) -> None:
        stack = ExitStack()
        stack.enter_context(installed(provider))
        self._plug = _Plug()
        self._unplug = weakref.finalize(self._plug, stack.close)

    def close(self) -> None:
        try:
            super().close()
        finally:
            self._unplug()


class _Plug:
    """Lives as long as the governor or a view of it."""


class _Keyless(registry.Provider):
    """A provider entry whose key nobody needs."""

    __slots__ = ()

    def key(self) -> str:
        return "test"


def _keyless(entry: registry.Provider) -> registry.Provider:
    if entry is registry.OFFLINE:
        return entry
    return _Keyless(**{one.name: getattr(entry, one.name) for one in dataclasses.fields(entry)})
