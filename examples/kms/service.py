"""A small key management service: one key of its own, AES key wrap (RFC 3394), a token to be let in. It stands in for yours.

python service.py TOKEN          prints its address, then serves until it is stopped
"""

import base64
import hmac
import json
import os
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from cryptography.hazmat.primitives.keywrap import InvalidUnwrap, aes_key_unwrap, aes_key_wrap

KEY = os.urandom(32)  # never leaves this process; a real service keeps it in hardware
TOKEN = sys.argv[1]


class Service(BaseHTTPRequestHandler):
    def do_POST(self):
        if not hmac.compare_digest(self.headers.get("authorization", ""), f"Bearer {TOKEN}"):
            return self.answer(403, {"error": "who are you?"})
        given = base64.b64decode(json.loads(self.rfile.read(int(self.headers["content-length"])))["key"])
        try:
            made = {"/wrap": aes_key_wrap, "/unwrap": aes_key_unwrap}[self.path](KEY, given)
        except InvalidUnwrap:
            return self.answer(400, {"error": "this was not wrapped here, or it was changed"})
        return self.answer(200, {"key": base64.b64encode(made).decode()})

    def answer(self, status, body):
        raw = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("content-length", str(len(raw)))
        self.end_headers()
        self.wfile.write(raw)

    def log_message(self, *args):
        pass


with ThreadingHTTPServer(("127.0.0.1", 0), Service) as server:
    print(f"http://127.0.0.1:{server.server_port}", flush=True)
    server.serve_forever()
