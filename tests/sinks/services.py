"""The real servers that sink tests speak to; where one is not there, its tests are skipped and say how to run them."""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
import json
import threading
from contextlib import contextmanager

import pytest

from govai.core.records import Draft

POSTGRESQL = os.environ.get("GOVAI_TEST_POSTGRESQL", "postgresql://postgres@127.0.0.1:5432/postgres")
REDIS = os.environ.get("GOVAI_TEST_REDIS", "redis://127.0.0.1:6379/0")
RABBITMQ = os.environ.get("GOVAI_TEST_RABBITMQ", "amqp://guest:guest@127.0.0.1:5672/%2F")
NATS = os.environ.get("GOVAI_TEST_NATS", "nats://127.0.0.1:4222")


def needs(url: str, service: str, package: str) -> None:
    """Skip where the service or its client is not there."""
    pytest.importorskip(package, reason=f"needs {package}: pip install -e '.[all]'")
    from urllib.parse import urlsplit

    parts = urlsplit(url)
    try:
        socket.create_connection((parts.hostname, parts.port), 1).close()
    except OSError:
        pytest.skip(f"needs {service} at {parts.hostname}:{parts.port}, or $GOVAI_TEST_{service.upper()} naming another")


def notes(count: int, start: int = 0) -> list[Draft]:
    """Drafts that say which they are."""
    return [Draft("note", f"call-{n}", {"n": n, "purpose": "win_back"}) for n in range(start, start + count)]


class Receiver:
    """A local web server that keeps what is POSTed to it and answers as told.

    `answers`: statuses still to give, the last one stays; 0 cuts the connection. `judge`: a function of the body that
    gives a status instead, or None.
    """

    def __init__(self, port: int = 0) -> None:
        self.answers = [200]
        self.judge = lambda body: None
        self.seen: list[tuple[dict[str, str], bytes]] = []  # what was answered with 2xx
        self.tried: list[tuple[dict[str, str], bytes]] = []
        self.arrived = threading.Semaphore(0)
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *args: object) -> None:
                pass

            def do_POST(self) -> None:
                length = int(self.headers["content-length"])
                raw = self.rfile.read(length)
                if len(raw) < length:  # who sent it was killed meanwhile
                    self.close_connection = True
                    return
                headers = {name.lower(): value for name, value in self.headers.items()}
                outer.tried.append((headers, raw))
                status = outer.judge(raw) or (outer.answers.pop(0) if len(outer.answers) > 1 else outer.answers[0])
                if status:
                    if status < 300:
                        outer.seen.append((headers, raw))
                    self.send_response(status)
                    if 300 <= status < 400:
                        self.send_header("location", f"{outer.url}/elsewhere")
                    self.send_header("content-length", "0")
                    self.end_headers()
                else:
                    self.connection.shutdown(socket.SHUT_RDWR)
                    self.close_connection = True
                outer.arrived.release()

        self._server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
        self._server.daemon_threads = True
        self.port = self._server.server_address[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    @property
    def records(self) -> list[dict]:
        return [record for _headers, raw in self.seen for record in json.loads(raw)["data"]["records"]]


@contextmanager
def receiving() -> Iterator[Receiver]:
    receiver = Receiver()
    try:
        yield receiver
    finally:
        receiver.close()


def until(true, seconds: float = 60.0) -> None:
    """Wait for another process or server, which has no event to wait on here."""
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "it did not come to pass"
        time.sleep(0.02)
