"""Receivers that others wrote, each started on a free port, and how each is asked what it has."""

from __future__ import annotations

import base64
import importlib.util
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import httpx2
import pytest

from tests.sinks.otel.conftest import Told, everything, told  # noqa: F401 -- fixtures

HERE = Path(__file__).parent
PATIENCE_S = 120  # both read in half a gigabyte of libraries


class Shown(NamedTuple):
    """A span as a receiver shows it."""

    name: str
    trace: str
    parent: str
    error: bool
    attributes: dict[str, Any]


class Receiver:
    """A server of its own, and its API."""

    module = ""
    healthy = ""

    def __init__(self, place: Path) -> None:
        with socket.socket() as free, socket.socket() as other:
            free.bind(("127.0.0.1", 0))
            other.bind(("127.0.0.1", 0))
            self.port, self.grpc = free.getsockname()[1], other.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self.place, self.log = place, place / "log"
        self.client = httpx2.Client(base_url=self.url, timeout=60, trust_env=False)

    def command(self) -> tuple[list[str], dict[str, str]]:
        raise NotImplementedError

    def spans(self, traces: Iterable[str]) -> dict[str, Shown]:
        """Return what it has of these traces, by span id (all ids in hex)."""
        raise NotImplementedError

    def __enter__(self) -> Receiver:
        arguments, environment = self.command()
        with self.log.open("wb") as log:
            self._process = subprocess.Popen([sys.executable, "-m", *arguments], cwd=self.place, env={**os.environ, **environment}, stdout=log, stderr=log, start_new_session=True)
        end = time.monotonic() + PATIENCE_S
        while not self._up():
            if self._process.poll() is not None or time.monotonic() > end:
                self.__exit__()
                pytest.fail(f"{self.module} did not start:\n{self.log.read_text('utf-8', 'replace')[-3000:]}")
            time.sleep(0.2)  # another process's start: there is nothing to wait on
        return self

    def __exit__(self, *exc: object) -> None:
        self.client.close()
        os.killpg(self._process.pid, signal.SIGKILL)  # its own session: with all that it started
        self._process.wait()

    def _up(self) -> bool:
        try:
            return self.client.get(self.healthy).is_success
        except httpx2.TransportError:
            return False


class MLflow(Receiver):
    module = "mlflow"
    healthy = "/health"

    def command(self) -> tuple[list[str], dict[str, str]]:
        arguments = ["mlflow", "server", "--backend-store-uri", f"sqlite:///{self.place}/mlflow.db", "--host", "127.0.0.1", "--port", str(self.port), "--workers", "1"]
        return arguments, {"MLFLOW_DISABLE_TELEMETRY": "true", "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false"}

    def spans(self, traces: Iterable[str]) -> dict[str, Shown]:
        found = {}
        for trace in traces:
            answer = self.client.get("/api/3.0/mlflow/traces/get", params={"trace_id": f"tr-{trace}"})
            assert answer.is_success, answer.text
            for span in answer.json()["trace"]["spans"]:
                attributes = {pair["key"]: _plain(pair["value"]) for pair in span["attributes"]}
                parent = base64.b64decode(span.get("parent_span_id", "")).hex()
                error = span.get("status", {}).get("code") == "STATUS_CODE_ERROR"
                key = base64.b64decode(span["span_id"]).hex()
                assert key not in found, "a span is there twice"
                found[key] = Shown(span["name"], trace, parent, error, attributes)
        return found


class Phoenix(Receiver):
    module = "phoenix"
    healthy = "/healthz"

    def command(self) -> tuple[list[str], dict[str, str]]:
        said = {"PHOENIX_WORKING_DIR": str(self.place), "PHOENIX_HOST": "127.0.0.1", "PHOENIX_PORT": str(self.port), "PHOENIX_GRPC_PORT": str(self.grpc), "PHOENIX_TELEMETRY_ENABLED": "false"}
        return ["phoenix.server.main", "serve"], said

    def spans(self, traces: Iterable[str]) -> dict[str, Shown]:
        answer = self.client.get("/v1/projects/default/spans", params={"limit": 1000})
        found = {}
        for span in answer.json()["data"] if answer.is_success else []:
            where = span["context"]
            assert where["span_id"] not in found, "a span is there twice"
            found[where["span_id"]] = Shown(span["name"], where["trace_id"], span["parent_id"] or "", span["status_code"] == "ERROR", span["attributes"])
        return {key: shown for key, shown in found.items() if shown.trace in set(traces)}


def _plain(value: dict[str, Any]) -> Any:
    kind, said = next(iter(value.items()))
    return [_plain(one) for one in said["values"]] if kind == "array_value" else said


@pytest.fixture(scope="session", params=[MLflow, Phoenix], ids=lambda kind: kind.module)
def receiver(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Receiver]:
    if importlib.util.find_spec(request.param.module) is None:
        pytest.skip(f"needs the receivers' environment: .ci/receivers makes it and runs this ({request.param.module})")
    with request.param(tmp_path_factory.mktemp(request.param.module)) as running:
        yield running
