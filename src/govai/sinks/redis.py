"""Records in a Redis Stream, each once by its id: what was added is remembered beside the stream, in one script with the adding."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson

from govai.sinks.linking import Link
from govai.sinks.options import need, shown, taken, whole

if TYPE_CHECKING:
    from collections.abc import Sequence

    from govai.core.records import Record

_TIMEOUT_S = 10
_OWN = ("stream", "maxlen", "name")
_REMEMBERED_S = 7 * 24 * 3600  # how long a record offered twice is known again
_AT_ONCE = 100  # records a script's call: nobody else is served meanwhile

# KEYS: the stream, the set of ids added. ARGV: seconds to remember, the stream's length (0: any), then id and record.
_ADD = """
local now = tonumber(redis.call('TIME')[1])
for i = 3, #ARGV, 6 do
  if redis.call('ZADD', KEYS[2], 'NX', now, ARGV[i]) == 1 then
    local made = {'id', ARGV[i], 'kind', ARGV[i+1], 'chain', ARGV[i+2], 'seq', ARGV[i+3], 'call_id', ARGV[i+4], 'record', ARGV[i+5]}
    if ARGV[2] == '0' then
      redis.call('XADD', KEYS[1], '*', unpack(made))
    else
      redis.call('XADD', KEYS[1], 'MAXLEN', '~', ARGV[2], '*', unpack(made))
    end
  end
end
redis.call('ZREMRANGEBYSCORE', KEYS[2], '-inf', now - tonumber(ARGV[1]))
"""


class Redis:
    """Adds each record to a stream: fields `id`, `kind`, `chain`, `seq`, `call_id`, and `record` (JSON).

    A record offered again within seven days is not added again. How durable an addition is, Redis' own configuration says.

    Args:
        url: `redis://host:6379/0`, `rediss://…`, as redis-py reads it. stream: its key. maxlen: of the stream, about;
            0: as long as it gets. name: of the cursor.

    Raises:
        ConfigError: without the package redis.
    """

    def __init__(self, url: str, *, stream: str = "govai:records", maxlen: int = 0, name: str = "") -> None:
        need("redis", "redis")
        self._url, self._stream, self._maxlen = url, stream, maxlen
        self._link: Link[Any] = Link(self._connect, lambda client: client.close())
        self._shown = f"{shown(url)}#{stream}"
        self.name = name or self._shown

    def __repr__(self) -> str:
        return f"<Redis {self._shown}>"

    def emit(self, records: Sequence[Record]) -> None:
        """Add what was not added yet; raises redis-py's error."""
        for start in range(0, len(records), _AT_ONCE):
            some = records[start : start + _AT_ONCE]
            self._link.use(lambda client, some=some: self._add(client, some))  # type: ignore[misc]

    def close(self, timeout: float) -> None:
        """Close the connection."""
        self._link.close(timeout)

    def _connect(self) -> Any:
        import redis

        return redis.Redis.from_url(self._url, socket_timeout=_TIMEOUT_S, socket_connect_timeout=_TIMEOUT_S)

    def _add(self, client: Any, records: Sequence[Record]) -> None:
        # in a cluster both keys must lie in one slot: braces in a key say which part of it chooses the slot
        beside = f"{self._stream}:seen" if "{" in self._stream else f"{{{self._stream}}}:seen"
        values: list[Any] = [_REMEMBERED_S, self._maxlen]
        for record in records:
            values += [record.id, record.kind, record.chain, record.seq, record.call_id, orjson.dumps(record.to_json())]
        client.eval(_ADD, 2, self._stream, beside, *values)


def from_string(place: str) -> Redis:
    """Return the sink of `redis://…?stream=…&maxlen=…&name=…`; other parameters are redis-py's own."""
    return _from("redis:" + place)


def from_secure_string(place: str) -> Redis:
    """Return the sink of `rediss://…`."""
    return _from("rediss:" + place)


def _from(url: str) -> Redis:
    rest, options = taken(url, _OWN)
    stream, name = options.get("stream", "govai:records"), options.get("name", "")
    return Redis(rest, stream=stream, maxlen=whole(options, "maxlen", 0), name=name)
