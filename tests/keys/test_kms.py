"""Wrapped roots: a real service of our own over HTTP opens them once; without it they open nothing."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.keywrap import aes_key_unwrap, aes_key_wrap

import govai
from govai.core.errors import ConfigError
from govai.keys import KmsKeys, open_keys, public_keys, spelling, wrapped_root

ROOT = Path(__file__).parents[2]


class KeyWrap:
    """AES key wrap (RFC 3394), in process."""

    def __init__(self) -> None:
        self.key, self.asked = os.urandom(32), 0

    def wrap(self, plain: bytes) -> bytes:
        return aes_key_wrap(self.key, plain)

    def unwrap(self, wrapped: bytes) -> bytes:
        self.asked += 1
        return aes_key_unwrap(self.key, wrapped)


class Gcm:
    """AES-GCM, as services that bind a context do it."""

    def __init__(self) -> None:
        self.cipher = AESGCM(os.urandom(32))

    def wrap(self, plain: bytes) -> bytes:
        nonce = os.urandom(12)
        return nonce + self.cipher.encrypt(nonce, plain, b"govai")

    def unwrap(self, wrapped: bytes) -> bytes:
        return self.cipher.decrypt(wrapped[:12], wrapped[12:], b"govai")


@pytest.mark.parametrize("service", [KeyWrap, Gcm])
def test_a_rotation_of_wrapped_roots_reads_what_was_written(tmp_path: Path, service, monkeypatch: pytest.MonkeyPatch) -> None:
    kms, file, url = service(), tmp_path / "wrapped", f"sqlite:///{tmp_path}/l.db"
    file.write_text(wrapped_root(kms) + "\n")
    for _ in range(3):
        with govai.Governor(ledger=url, keys=KmsKeys(kms, f"file:{file}")) as gov:
            assert gov.generate("offline:echo", "à {p}", data={"p": "Renée"}, purpose="support", key="k").text == "à Renée"
            assert len(list(gov.ledger.records(kind="intent"))) == 1
        file.write_text(wrapped_root(kms) + "\n" + file.read_text())
    monkeypatch.setenv("WRAPPED", file.read_text().replace("\n", ","))
    ring = KmsKeys(kms, "env:WRAPPED")
    assert public_keys(ring) == public_keys(KmsKeys(kms, f"file:{file}")) and len(ring.roots) == 4
    assert [line.kept for line in spelling.read(file.read_text())]
    assert KmsKeys(kms, [line.kept for line in spelling.read(file.read_text())]).derive("x") == ring.derive("x")


def test_a_root_is_unwrapped_once_and_not_shown(tmp_path: Path) -> None:
    kms = KeyWrap()
    ring = KmsKeys(kms, [kms.wrap(b"r" * 32)])
    [ring.derive(use) for use in ("a", "b", "c")]
    assert kms.asked == 1 and "rrrr" not in repr(ring) and open_keys(ring, ":memory:") is ring


def test_what_cannot_be_unwrapped_is_a_clear_error_without_a_key(tmp_path: Path) -> None:
    kms, other = KeyWrap(), KeyWrap()
    good, changed = kms.wrap(b"r" * 32), bytearray(kms.wrap(b"r" * 32))
    changed[5] ^= 1
    cases = [([other.wrap(b"r" * 32)], "root 1"), ([good, bytes(changed)], "root 2"), ([kms.wrap(b"r" * 24)], "not 32 bytes"), ([], "no root to write with"), ("env:NOTHING_HERE", "no wrapped root"), (f"file:{tmp_path}/none", "FileNotFoundError"), ("vault:x", "file:PATH"), ("", "file:PATH")]
    for wrapped, says in cases:
        with pytest.raises(ConfigError) as caught:
            KmsKeys(kms, wrapped)
        assert says in str(caught.value) and "rrrr" not in str(caught.value)


def test_the_example_runs_over_http() -> None:
    done = subprocess.run([sys.executable, str(ROOT / "examples/kms/governed.py")], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.count("Write to Renée | calls so far: 1\n") == 2 and "did not unwrap root 1 (HTTPStatusError)" in done.stdout
