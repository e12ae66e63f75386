"""Records in a durable queue of RabbitMQ, each confirmed by the broker. A record's id is its message_id: consumers dedupe by it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson

from govai.core.errors import ConfigError
from govai.core.lang import say
from govai.core.names import did_you_mean
from govai.sinks.confirming import Publisher
from govai.sinks.linking import Link, Taken
from govai.sinks.options import need, shown, taken

if TYPE_CHECKING:
    from collections.abc import Sequence

    from govai.core.records import Record

_AT_ONCE = 100  # messages on their way
_OWN = ("queue", "type", "name")
_TYPES = ("quorum", "classic")


class RabbitMQ:
    """Publishes each record as a persistent message to a durable queue, made if it is not there.

    Args:
        url: `amqp://user:password@host:5672/%2F` or `amqps://…`, as pika reads it. queue: its name. type: `quorum` or
            `classic`. name: of the cursor.

    Raises:
        ConfigError: another type; without the package pika.
    """

    def __init__(self, url: str, *, queue: str = "govai.records", type: str = "quorum", name: str = "") -> None:  # noqa: A002 -- the broker's word
        if type not in _TYPES:
            raise ConfigError(
                say(f"a queue is not of type '{type}'", f"une file n'est pas de type « {type} »"),
                where="sinks=",
                todo=did_you_mean(type, _TYPES),
            )
        need("pika", "rabbitmq")
        self._url, self._queue, self._type = url, queue, type
        self._link = Link(self._connect, Publisher.close)
        self._taken = Taken()
        self._shown = f"{shown(url)}#{queue}"
        self.name = name or self._shown

    def __repr__(self) -> str:
        return f"<RabbitMQ {self._shown}>"

    def emit(self, records: Sequence[Record]) -> None:
        """Publish the records, some at a time, and wait for what confirms them; raises pika's error."""
        left = list(self._taken.left(records))

        def publish(publisher: Publisher) -> None:
            while left:
                some = left[:_AT_ONCE]
                publisher.publish([(orjson.dumps(record.to_json()), _properties(record)) for record in some])
                self._taken.note(some)
                del left[:_AT_ONCE]

        self._link.use(publish)
        self._taken.done(records)

    def close(self, timeout: float) -> None:
        """Close the connection."""
        self._link.close(timeout)

    def _connect(self) -> Publisher:
        return Publisher(self._url, self._queue, self._type)


def _properties(record: Record) -> Any:
    import pika

    return pika.BasicProperties(
        message_id=record.id, type=record.kind, content_type="application/json", delivery_mode=2
    )


def from_string(place: str) -> RabbitMQ:
    """Return the sink of `rabbitmq://…?queue=…&type=…&name=…`; other parameters are pika's own."""
    return _from("amqp:" + place)


def from_secure_string(place: str) -> RabbitMQ:
    """Return the sink of `amqps://…`."""
    return _from("amqps:" + place)


def _from(url: str) -> RabbitMQ:
    rest, options = taken(url, _OWN)
    queue, type_ = options.get("queue", "govai.records"), options.get("type", "quorum")
    return RabbitMQ(rest, queue=queue, type=type_, name=options.get("name", ""))
