"""Records in a NATS JetStream, each acknowledged by the server, which knows one offered again by its `Nats-Msg-Id`."""

from __future__ import annotations

import asyncio
import threading
from typing import TYPE_CHECKING, Any

import orjson

from govai.core.errors import SinkRefused
from govai.core.lang import say
from govai.sinks.linking import Link
from govai.sinks.options import need, shown, split

if TYPE_CHECKING:
    from collections.abc import Coroutine, Sequence

    from govai.core.records import Record

_TIMEOUT_S = 10.0
_REMEMBERED_S = 3600.0  # how long a stream of our making knows a record again
_HEADERS = 256  # bytes of a message beside its line, which the server counts too
_OWN = ("subject", "stream", "name")


class Nats:
    """Publishes each record to a subject; the stream that keeps it is made if no stream does.

    The client is asyncio's: it runs in a thread of its own.

    Args:
        url: `nats://host:4222` or `tls://…`. subject: of every record. stream: its name, if it is to be made.
        name: of the cursor.

    Raises:
        ConfigError: without the package nats-py.
    """

    def __init__(self, url: str, *, subject: str = "govai.records", stream: str = "GOVAI", name: str = "") -> None:
        need("nats", "nats")
        self._url, self._subject, self._stream = url, subject, stream
        self._link = Link(self._connect, _Connection.close, lasting=lambda: (SinkRefused,))
        self._shown = f"{shown(url)}#{subject}"
        self.name = name or self._shown

    def __repr__(self) -> str:
        return f"<Nats {self._shown}>"

    def emit(self, records: Sequence[Record]) -> None:
        """Publish the records.

        Raises:
            SinkRefused: one is larger than the server takes. nats-py's errors: nothing is taken for now.
        """
        lines = [(record.id, orjson.dumps(record.to_json())) for record in records]
        self._link.use(lambda connection: connection.publish(self._subject, lines))

    def close(self, timeout: float) -> None:
        """Close the connection."""
        self._link.close(timeout)

    def _connect(self) -> _Connection:
        return _Connection(self._url, self._subject, self._stream)


class _Connection:
    """One connection in a loop and a thread of its own."""

    def __init__(self, url: str, subject: str, stream: str) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="govai-nats", daemon=True)
        self._thread.start()
        self._client: Any = None
        self._context: Any = None
        try:
            self._run(self._open(url, subject, stream))
        except BaseException:
            self.close()
            raise

    def publish(self, subject: str, lines: Sequence[tuple[str, bytes]]) -> None:
        largest = self._client.max_payload
        if any(len(line) + _HEADERS > largest for _id, line in lines):
            raise SinkRefused(
                say("a record is larger than NATS takes", "un enregistrement dépasse ce que NATS accepte"),
                todo=say(f"max_payload is {largest} bytes", f"max_payload vaut {largest} octets"),
            )
        self._run(self._publish(subject, lines))

    def close(self) -> None:
        try:
            if self._client is not None:
                self._run(self._client.close())
        finally:
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join(_TIMEOUT_S)
            if not self._thread.is_alive():
                self._loop.close()

    def _run(self, work: Coroutine[Any, Any, Any]) -> None:
        asyncio.run_coroutine_threadsafe(asyncio.wait_for(work, _TIMEOUT_S), self._loop).result()

    async def _open(self, url: str, subject: str, stream: str) -> None:
        import nats
        from nats.js.api import StorageType, StreamConfig
        from nats.js.errors import NotFoundError

        # no reconnecting in the background: it would send what was given up, after what came later
        self._client = await nats.connect(
            url, allow_reconnect=False, connect_timeout=_TIMEOUT_S, name="govai", error_cb=_silent
        )
        self._context = self._client.jetstream(timeout=_TIMEOUT_S)
        try:
            await self._context.find_stream_name_by_subject(subject)
        except NotFoundError:
            await self._context.add_stream(
                StreamConfig(name=stream, subjects=[subject], storage=StorageType.FILE, duplicate_window=_REMEMBERED_S)
            )

    async def _publish(self, subject: str, lines: Sequence[tuple[str, bytes]]) -> None:
        """Send all over the one connection, which keeps their order, then wait for every acknowledgement."""
        waiting = [
            await self._context.publish_async(subject, line, headers={"Nats-Msg-Id": record}) for record, line in lines
        ]
        await asyncio.gather(*waiting)


async def _silent(_error: Exception) -> None:
    """What fails is raised where it is waited for; the client would log it with what was sent."""


def from_string(place: str) -> Nats:
    """Return the sink of `nats://host:4222?subject=…&stream=…&name=…`, or `nats:tls://…`."""
    url, options = split("nats", place, _OWN)
    subject, stream = options.get("subject", "govai.records"), options.get("stream", "GOVAI")
    return Nats(url if "://" in url else "nats:" + url, subject=subject, stream=stream, name=options.get("name", ""))
