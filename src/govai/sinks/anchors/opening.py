"""From an anchor's string to an anchor: the kinds there are, and what plug-ins offer by the entry point `govai.anchors`."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from govai.core.checkpoints import Anchor
from govai.core.errors import ConfigError
from govai.core.lang import say
from govai.core.names import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Callable

# kind: the class that is made of what stands after `kind:`, in a module that is loaded only then
_KINDS = {
    "file": "govai.sinks.anchors.file:FileAnchor",
    "git": "govai.sinks.anchors.git:GitAnchor",
    "rfc3161": "govai.sinks.anchors.rfc3161:TimestampAnchor",
    "webhook": "govai.sinks.anchors.webhook:WebhookAnchor",
}


def open_anchor(spec: str | Anchor) -> Anchor:
    """Return the anchor that a string names (`file:PATH`, `git:REPOSITORY`, `webhook:URL`, `rfc3161:URL`), or the anchor.

    Raises:
        ConfigError: no such kind of anchor, naming the nearest; or one that cannot be used as written.
    """
    if not isinstance(spec, str):
        if isinstance(spec, Anchor):
            return spec
        raise ConfigError(
            say(f"a {type(spec).__name__} is not an anchor", f"un {type(spec).__name__} n'est pas un ancrage"),
            where="anchors=",
            todo=say("it needs a name and anchor(checkpoint)", "il lui faut name et anchor(checkpoint)"),
        )
    kind, _, place = spec.partition(":")
    make = _maker(kind)
    if make is not None and place:
        made = make(place)
        if isinstance(made, Anchor):
            return made
    raise ConfigError(
        say(f"unknown anchor '{kind}:'", f"ancrage inconnu « {kind}: »"),
        where="anchors=",
        todo=did_you_mean(kind, list(_KINDS)) + " (file:PATH)",
    )


def _maker(kind: str) -> Callable[[str], Any] | None:
    if kind in _KINDS:
        module, _, name = _KINDS[kind].partition(":")
        found: Callable[[str], Any] = getattr(import_module(module), name)
        return found
    from importlib.metadata import entry_points

    for point in entry_points(group="govai.anchors", name=kind):
        offered: Callable[[str], Any] = point.load()
        return offered
    return None
