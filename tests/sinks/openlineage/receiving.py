"""A local receiver of OpenLineage events, with the moods of a real one: it fails, cuts connections, is slow."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


class Receiver:
    """`moods` is consumed one a request (`500`, `cut`, `take_and_cut`, a status, a function that is called first); then all is taken."""

    def __init__(self, moods: Iterable[Any] = ()) -> None:
        self.events: list[dict[str, Any]] = []
        self.requests: list[tuple[str, dict[str, str]]] = []
        self.moods = list(moods)
        self._lock = threading.Lock()
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *args: object) -> None:
                pass

            def do_GET(self) -> None:
                self.do_POST()

            def do_POST(self) -> None:
                raw = self.rfile.read(int(self.headers.get("content-length", 0)))
                with outer._lock:
                    outer.requests.append((f"{self.command} {self.path}", dict(self.headers)))
                    mood = outer.moods.pop(0) if outer.moods else 201
                if isinstance(mood, Callable):
                    mood = mood() or 201
                if mood in (201, "take_and_cut") and self.command == "POST":
                    with outer._lock:
                        outer.events.append(json.loads(raw))
                if mood in ("cut", "take_and_cut"):
                    self.close_connection = True
                    self.connection.shutdown(2)
                    return
                self.send_response(mood)
                if mood == 301:
                    self.send_header("location", "/elsewhere")
                self.send_header("content-length", "0")
                self.end_headers()

        self._http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._http.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._http.server_address[1]}"
        self._thread = threading.Thread(target=self._http.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)

    def __enter__(self) -> Receiver:
        self._thread.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self._http.shutdown()
        self._http.server_close()
        self._thread.join()
