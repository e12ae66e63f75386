"""From a sink's string to a sink: the kinds there are, and what plug-ins offer by the entry point `govai.sinks`."""

from __future__ import annotations

from importlib import import_module
from operator import attrgetter
from typing import TYPE_CHECKING, Any

from govai.core.errors import ConfigError
from govai.core.lang import say
from govai.core.names import did_you_mean
from govai.core.protocols import Sink

if TYPE_CHECKING:
    from collections.abc import Callable

# kind: the function that makes a sink of what stands after `kind:`, in a module that is loaded only then
KINDS = {
    "amqp": "govai.sinks.rabbitmq:from_string",
    "amqps": "govai.sinks.rabbitmq:from_secure_string",
    "jsonl": "govai.sinks.jsonl:from_string",
    "log": "govai.sinks.log:from_string",
    "memory": "govai.sinks.memory:from_string",
    "nats": "govai.sinks.nats:from_string",
    "openlineage": "govai.sinks.openlineage:from_string",
    "otel": "govai.sinks.otel:Otel.named",
    "postgresql": "govai.sinks.sql:from_postgresql",
    "rabbitmq": "govai.sinks.rabbitmq:from_string",
    "redis": "govai.sinks.redis:from_string",
    "rediss": "govai.sinks.redis:from_secure_string",
    "sqlite": "govai.sinks.sql:from_sqlite",
    "webhook": "govai.sinks.webhook:from_string",
}
_PLACELESS = ("openlineage", "otel")  # whose place may be said in their own variables


def open_sink(spec: str | Sink) -> Sink:
    """Return the sink that a string names, or the sink itself.

    Raises:
        ConfigError: no such kind of sink, naming the nearest; or one that cannot be used as written.
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
    make = _maker(kind)
    made = make(place) if make is not None and (place or kind in _PLACELESS) else None
    if isinstance(made, Sink):
        return made
    raise ConfigError(
        say(f"unknown sink '{kind}:'", f"destination inconnue « {kind}: »")
        if make is None
        else say(f"'{kind}:' names no sink", f"« {kind}: » ne nomme pas de destination"),
        where="sinks=",
        todo=did_you_mean(kind, [*KINDS, *_offered()]) + " (jsonl:PATH)",
    )


def _maker(kind: str) -> Callable[[str], Any] | None:
    if kind in KINDS:
        module, _, function = KINDS[kind].partition(":")
        found: Callable[[str], Any] = attrgetter(function)(import_module(module))
        return found
    point = _offered().get(kind)
    return None if point is None else point.load()


def _offered() -> dict[str, Any]:
    from importlib.metadata import entry_points

    return {point.name: point for point in entry_points(group="govai.sinks")}
