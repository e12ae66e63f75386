"""From a sink's string to a sink: `jsonl:PATH`, and what plug-ins offer by the entry point `govai.sinks`."""

from __future__ import annotations

from govai.core.errors import ConfigError
from govai.core.lang import say
from govai.core.names import did_you_mean
from govai.core.protocols import Sink
from govai.sinks.jsonl import Jsonl


def open_sink(spec: str | Sink) -> Sink:
    """Return the sink that a string names, or the sink itself.

    Raises:
        ConfigError: no such kind of sink, naming the nearest.
    """
    if not isinstance(spec, str):
        if isinstance(spec, Sink):
            return spec
        raise ConfigError(
            say(f"a {type(spec).__name__} is not a sink", f"un {type(spec).__name__} n'est pas une destination"),
            where="sinks=",
            todo=say(
                "it needs a name, emit(records) and close(timeout)", "il lui faut name, emit(records) et close(timeout)"
            ),
        )
    kind, _, place = spec.partition(":")
    if kind == "jsonl" and place:
        return Jsonl(place)
    if kind == "openlineage":
        from govai.sinks.openlineage import from_string

        return from_string(place)
    from importlib.metadata import entry_points

    offered = {point.name: point for point in entry_points(group="govai.sinks")}
    if kind in offered:
        made = offered[kind].load()(place)
        if isinstance(made, Sink):
            return made
    raise ConfigError(
        say(f"unknown sink '{kind}:'", f"destination inconnue « {kind}: »"),
        where="sinks=",
        todo=did_you_mean(kind, ["jsonl", "openlineage", *offered]) + " (jsonl:PATH)",
    )
