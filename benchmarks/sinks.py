"""Sinks: records a second into each, and what a dead or slow one costs a call. Needs the servers that it names; others are left out.

`python -m benchmarks.sinks`
"""

from __future__ import annotations

import base64
import os
import secrets
import socket
import tempfile
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import govai
from benchmarks import measuring
from benchmarks.bench_ledger import _BODY
from govai.core.records import Draft, new_id
from govai.ledger.store import Ledger
from govai.sinks.opening import open_sink

COUNT = 5_000
_MARK = secrets.token_hex(4)


class _Taker(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def log_message(self, *args: object) -> None:
        pass

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["content-length"]))
        self.send_response(200)
        self.send_header("content-length", "0")
        self.end_headers()


def _specs(folder: Path, hook: str) -> dict[str, str]:
    return {
        "jsonl": f"jsonl:{folder}/out.jsonl",
        "jsonl, rotating at 1 MB, gzip": f"jsonl:{folder}/turn.jsonl?max_bytes=1MB&gzip=yes",
        "log": f"log:bench.{_MARK}",
        "sqlite": f"sqlite:///{folder}/sink.db",
        "postgresql": f"postgresql://postgres@127.0.0.1:5432/postgres?table=bench_{_MARK}",
        "webhook, 100 a request": f"webhook:{hook}/in",
        "webhook, 1 a request": f"webhook:{hook}/in?batch=1&name=one",
        "nats": f"nats://127.0.0.1:4222?subject=bench.{_MARK}&stream=bench_{_MARK}",
        "redis": f"redis://127.0.0.1:6379/0?stream=bench-{_MARK}",
        "rabbitmq, quorum": f"rabbitmq://guest:guest@127.0.0.1:5672/%2F?queue=bench-{_MARK}",
        "rabbitmq, classic": f"rabbitmq://guest:guest@127.0.0.1:5672/%2F?queue=bench-c-{_MARK}&type=classic",
    }


def _there(spec: str) -> bool:
    parts = urlsplit(spec)
    if not parts.port:
        return True
    try:
        socket.create_connection((parts.hostname, parts.port), 1).close()
    except OSError:
        return False
    return True


def _rate(url: str, spec: str) -> float:
    """Records a second from a full ledger into a sink, the outbox and its cursor included."""
    sink = open_sink(spec)
    ledger = Ledger(url)
    start = time.perf_counter()
    ledger.attach(sink)
    ledger.flush(300)
    took = time.perf_counter() - start
    (state,) = [one for one in ledger.sinks() if one.name == sink.name]
    assert state.behind == 0, state
    ledger.close()
    return COUNT / took


def _clear() -> None:
    import asyncio
    from contextlib import suppress

    with suppress(Exception):
        import psycopg

        with psycopg.connect("postgresql://postgres@127.0.0.1:5432/postgres", autocommit=True) as connection:
            connection.execute(f"DROP TABLE IF EXISTS bench_{_MARK}")
    with suppress(Exception):
        import redis

        redis.Redis().delete(f"bench-{_MARK}", f"{{bench-{_MARK}}}:seen")
    with suppress(Exception):
        import pika

        channel = pika.BlockingConnection(pika.URLParameters("amqp://guest:guest@127.0.0.1:5672/%2F")).channel()
        channel.queue_delete(f"bench-{_MARK}")
        channel.queue_delete(f"bench-c-{_MARK}")
        channel.connection.close()

    async def stream() -> None:
        import nats

        client = await nats.connect("nats://127.0.0.1:4222")
        await client.jetstream().delete_stream(f"bench_{_MARK}")
        await client.close()

    with suppress(Exception):
        asyncio.run(stream())


class _Slow:
    """Takes a second for whatever it gets."""

    name = "slow"

    def emit(self, records: Any) -> None:
        threading.Event().wait(1)

    def close(self, timeout: float) -> None:
        pass


def _calls(folder: Path, rounds: int) -> dict[str, float]:
    sinks: dict[str, list[Any]] = {
        "none": [],
        "jsonl": [f"jsonl:{folder}/calls.jsonl"],
        "dead": ["webhook:http://127.0.0.1:9/in"],
        "slow": [_Slow()],
    }
    governors = {
        name: govai.Governor(ledger=f"sqlite:///{folder}/calls-{name}.db", sinks=given) for name, given in sinks.items()
    }
    try:
        return measuring.by_turns(
            {name: lambda gov=gov: gov.generate("offline:echo", "Trois slogans") for name, gov in governors.items()},
            rounds,
        )
    finally:
        for gov in governors.values():
            gov.close()


def main(rounds: int = 300) -> None:
    os.environ["GOVAI_WEBHOOK_SECRET"] = "whsec_" + base64.b64encode(secrets.token_bytes(32)).decode()
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Taker)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        url = f"sqlite:///{folder}/ledger.db"
        with_records = Ledger(url)
        for _ in range(COUNT // 500):
            with_records.commit([Draft("intent", new_id(), _BODY) for _ in range(500)])
        with_records.close()
        measuring.title(f"sinks, {COUNT:,} records of 1 KB from a SQLite ledger, the cursor moved with each 500")
        for kind, spec in _specs(folder, f"http://127.0.0.1:{server.server_address[1]}").items():
            if _there(spec):
                measuring.said(kind, f"{_rate(url, spec):,.0f} /s")
            else:
                measuring.said(kind, "no server")
        took = _calls(folder, rounds)
        measuring.title(f"a call with a sink, ledger on disk, {rounds} rounds by turns, medians")
        measuring.said("no sink", f"{took['none'] * 1e6:,.0f} µs")
        for kind in ("jsonl", "dead", "slow"):
            measuring.at_most(f"{kind} sink × no sink", took[kind] / took["none"], 1.1, "×")
    server.shutdown()
    _clear()


if __name__ == "__main__":
    main()
