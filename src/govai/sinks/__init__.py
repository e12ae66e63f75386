"""Sinks: where records also go. They read from the ledger; a sink that is down delays nobody.

Each is loaded when it is first named: none of their clients is imported before.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from govai.core.errors import SinkRefused as SinkRefused
    from govai.core.errors import SinkUnavailable as SinkUnavailable
    from govai.sinks.jsonl import Jsonl as Jsonl
    from govai.sinks.log import Log as Log
    from govai.sinks.memory import Memory as Memory
    from govai.sinks.nats import Nats as Nats
    from govai.sinks.openlineage import OpenLineage as OpenLineage
    from govai.sinks.otel import Otel as Otel
    from govai.sinks.rabbitmq import RabbitMQ as RabbitMQ
    from govai.sinks.redis import Redis as Redis
    from govai.sinks.sql import Sql as Sql
    from govai.sinks.webhook import Webhook as Webhook

_HOME = {
    "Jsonl": "govai.sinks.jsonl",
    "Log": "govai.sinks.log",
    "Memory": "govai.sinks.memory",
    "Nats": "govai.sinks.nats",
    "OpenLineage": "govai.sinks.openlineage",
    "Otel": "govai.sinks.otel",
    "RabbitMQ": "govai.sinks.rabbitmq",
    "Redis": "govai.sinks.redis",
    "SinkRefused": "govai.core.errors",
    "SinkUnavailable": "govai.core.errors",
    "Sql": "govai.sinks.sql",
    "Webhook": "govai.sinks.webhook",
}

__all__ = sorted(_HOME)  # noqa: PLE0605 -- one table names them  # pyright: ignore[reportUnsupportedDunderAll]


def __getattr__(name: str) -> Any:
    if name in _HOME:
        found = getattr(import_module(_HOME[name]), name)
        globals()[name] = found
        return found
    raise AttributeError(f"module 'govai.sinks' has no attribute {name!r}")


def __dir__() -> list[str]:
    return __all__
