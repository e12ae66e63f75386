"""A connection to RabbitMQ in a thread of its own: many messages on their way, all confirmed before it says so. Knows no record."""

from __future__ import annotations

import threading
from concurrent.futures import Future
from contextlib import suppress
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

_TIMEOUT_S = 10.0


class Publisher:
    """Publishes to one durable queue, made if it is not there.

    Args:
        url: as pika reads it. queue: its name. type: `quorum` or `classic`.

    Raises:
        pika.exceptions.AMQPError, TimeoutError: it cannot be reached, or refuses the queue.
    """

    def __init__(self, url: str, queue: str, type: str) -> None:  # noqa: A002 -- the broker's word
        import pika

        self._queue, self._type = queue, type
        self._waiting: Future[None] = Future()
        self._unconfirmed: set[int] = set()
        self._sent = 0
        self._channel: Any = None
        asked = pika.URLParameters(url)
        asked.socket_timeout = asked.blocked_connection_timeout = asked.stack_timeout = _TIMEOUT_S
        self._connection = pika.SelectConnection(
            asked,
            on_open_callback=lambda connection: connection.channel(on_open_callback=self._opened),
            on_open_error_callback=self._closed,
            on_close_callback=self._closed,
        )
        self._loop = self._connection.ioloop
        self._thread = threading.Thread(target=self._loop.start, name="govai-rabbitmq", daemon=True)
        self._thread.start()
        try:
            self._waiting.result(_TIMEOUT_S)
        except BaseException:
            self.close()
            raise

    def publish(self, messages: Sequence[tuple[bytes, Any]]) -> None:
        """Return once the broker has confirmed all (body, properties), sent in this order; raises as the class does."""
        done = self._waiting = Future()

        def send() -> None:
            try:
                for body, properties in messages:
                    self._sent += 1
                    self._unconfirmed.add(self._sent)
                    self._channel.basic_publish("", self._queue, body, properties, mandatory=True)
            except Exception as error:  # noqa: BLE001 -- told to whoever waits
                self._fail(error)

        self._loop.add_callback_threadsafe(send)
        done.result(_TIMEOUT_S)

    def close(self) -> None:
        """Close the connection and end the thread."""

        def end() -> None:
            with suppress(Exception):
                self._connection.close()
            self._loop.call_later(1, self._loop.stop)

        with suppress(Exception):
            self._loop.add_callback_threadsafe(end)
        self._thread.join(_TIMEOUT_S)
        if not self._thread.is_alive():
            self._loop.close()

    def _opened(self, channel: Any) -> None:
        self._channel = channel
        channel.add_on_close_callback(self._closed)
        channel.add_on_return_callback(lambda *_: self._fail(RuntimeError("returned")))
        channel.confirm_delivery(self._confirmed)
        arguments = {"x-queue-type": self._type}
        channel.queue_declare(self._queue, durable=True, arguments=arguments, callback=lambda _: self._succeed())

    def _confirmed(self, frame: Any) -> None:
        method, tag = frame.method, frame.method.delivery_tag
        if method.NAME != "Basic.Ack":
            self._fail(RuntimeError("not taken"))
            return
        self._unconfirmed -= {one for one in self._unconfirmed if one <= tag} if method.multiple else {tag}
        if not self._unconfirmed:
            self._succeed()

    def _closed(self, closed: Any, reason: Any) -> None:
        self._fail(reason if isinstance(reason, Exception) else ConnectionError(type(reason).__name__))
        if closed is self._connection:
            self._loop.stop()

    def _succeed(self) -> None:
        if not self._waiting.done():
            self._waiting.set_result(None)

    def _fail(self, error: Exception) -> None:
        if not self._waiting.done():
            self._waiting.set_exception(error)
