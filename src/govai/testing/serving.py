"""The provider on a local port, for clients that take a URL and nothing else."""

from __future__ import annotations

import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

from govai.testing.arriving import Request

if TYPE_CHECKING:
    from govai.testing.provider import Provider
    from govai.testing.replying import Sent

HOST_HEADER = "x-govai-testing-host"  # the host a redirected request was for


class Server:
    """Serves on 127.0.0.1, on a free port, until closed."""

    def __init__(self, provider: Provider) -> None:
        self._http = _Http(("127.0.0.1", 0), _handler(provider))
        self.host = f"127.0.0.1:{self._http.server_port}"
        self.url = f"http://{self.host}"
        self._thread = threading.Thread(
            target=self._http.serve_forever, kwargs={"poll_interval": 0.01}, name="govai-testing", daemon=True
        )
        self._thread.start()

    def close(self) -> None:
        """Stop; connections that are open are dropped."""
        self._http.shutdown()
        self._thread.join()
        self._http.server_close()


class _Http(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False  # a client that keeps its connection open must not keep the test

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that goes away is no news."""


def _handler(provider: Provider) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 -- as the base spells it
            """Say nothing: a line of the log would hold a path."""

        def _serve(self) -> None:
            body = self._chunked() if "chunked" in self.headers.get("transfer-encoding", "") else self._sized()
            path, _, query = self.path.partition("?")
            headers = {name.lower(): value for name, value in self.headers.items()}
            host = headers.pop(HOST_HEADER, headers.get("host", ""))
            request = Request(self.command, host, path, query, headers, body)
            self._send(provider.reply(request))

        do_GET = do_POST = do_DELETE = do_PATCH = do_PUT = _serve  # noqa: N815 -- names of the standard library

        def _sized(self) -> bytes:
            return self.rfile.read(int(self.headers.get("content-length") or 0))

        def _chunked(self) -> bytes:
            body = b""
            while size := int(self.rfile.readline().split(b";")[0], 16):
                body += self.rfile.read(size)
                self.rfile.readline()
            self.rfile.readline()
            return body

        def _send(self, sent: Sent) -> None:
            if sent.delay:
                time.sleep(sent.delay)
            self.send_response(sent.status)
            for name, value in sent.headers.items():
                self.send_header(name, value)
            self.send_header("transfer-encoding", "chunked")
            self.end_headers()
            for piece in filter(None, sent.pieces):
                self.wfile.write(f"{len(piece):x}\r\n".encode() + piece + b"\r\n")
                self.wfile.flush()
            if sent.cut:
                self.close_connection = True
            else:
                self.wfile.write(b"0\r\n\r\n")

    return Handler
