"""Keys from a key management service: the file on disk holds wrapped roots, useless to whoever copies it.

python governed.py
"""

import base64
import subprocess
import sys
import tempfile
from pathlib import Path

import httpx2

import govai
from govai.keys import KmsKeys, wrapped_root


class Http:
    """The whole of a KMS as govai sees it: `unwrap`. `wrap` is for making roots."""

    def __init__(self, url, token):
        self.client = httpx2.Client(base_url=url, headers={"authorization": f"Bearer {token}"}, timeout=10)

    def unwrap(self, wrapped):
        return self._ask("/unwrap", wrapped)

    def wrap(self, plain):
        return self._ask("/wrap", plain)

    def _ask(self, path, key):
        answer = self.client.post(path, json={"key": base64.b64encode(key).decode()})
        answer.raise_for_status()
        return base64.b64decode(answer.json()["key"])


def ask(folder, kms):
    file = folder / "roots.wrapped"
    with govai.Governor(ledger=f"sqlite:///{folder}/ledger.db", keys=KmsKeys(kms, f"file:{file}"), actor="ana") as gov:
        reply = gov.generate(
            "offline:echo", "Write to {name}", data={"name": "Renée"}, purpose="support", key="letter-1"
        )
        print(reply.text, "| calls so far:", len(list(gov.ledger.records(kind="intent"))))


def main():
    service = subprocess.Popen(
        [sys.executable, str(Path(__file__).with_name("service.py")), "let-me-in"], stdout=subprocess.PIPE, text=True
    )
    try:
        kms = Http(service.stdout.readline().strip(), "let-me-in")
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            file = folder / "roots.wrapped"
            file.write_text(wrapped_root(kms) + "\n")
            ask(folder, kms)
            file.write_text(wrapped_root(kms) + "\n" + file.read_text())  # rotated: the newest first, the old one kept
            ask(folder, kms)  # the same call under the old name: not sent again
            try:
                KmsKeys(Http(kms.client.base_url, "stolen"), f"file:{file}")
            except govai.ConfigError as error:
                print(error)
    finally:
        service.terminate()
        service.communicate()


if __name__ == "__main__":
    main()
