"""aimock, a mock of the providers that others wrote, as a service: started once, on a free port, and asked what arrived."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest

HERE = Path(__file__).parent
HOW = "needs node >= 20 and aimock: npm ci --prefix tests/aimock"


class Aimock:
    """The running service: its `url`, its `host`, and the journal of what arrived."""

    def __init__(self, url: str) -> None:
        self.url, self.host = url, url.removeprefix("http://")

    def arrived(self) -> str:
        """All that arrived since the last `forget`, headers included, as JSON."""
        return httpx2.get(f"{self.url}/__aimock/journal").raise_for_status().text

    def forget(self) -> None:
        httpx2.post(f"{self.url}/__aimock/reset/journal").raise_for_status()


@pytest.fixture(scope="session")
def _service() -> Iterator[Aimock]:
    node = shutil.which("node")
    if node is None or not (HERE / "node_modules/@copilotkit/aimock").is_dir():
        pytest.skip(HOW)
    command = [node, str(HERE / "serve.mjs")]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as running:
        url = running.stdout.readline().strip()
        assert url.startswith("http://"), "aimock did not start: its error stands above"
        yield Aimock(url)
        running.stdin.close()  # it stops when this ends, also when the tests are killed
        running.wait()


@pytest.fixture
def aimock(_service: Aimock) -> Aimock:
    _service.forget()
    return _service


@pytest.fixture
def policy(aimock: Aimock) -> dict:
    """The built-in policy with aimock registered as each of the families."""
    entry = {"host": aimock.host, "region": "EU", "trains_on_inputs": False, "api_key": "env:GOVAI_TEST_KEY"}
    likes = {"a-openai": "openai", "a-anthropic": "anthropic", "a-mistral": "mistral", "a-google": "google"}
    providers = {name: {"like": like, **entry} for name, like in likes.items()}
    providers["a-responses"] = {"like": "openai", "api": "responses", **entry}
    return {"govai": 1, "name": "aimock", "extends": "eu-marketing", "providers": providers}
