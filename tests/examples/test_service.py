"""The example service as its users meet it: real processes, real sockets, one ledger."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx2
import pytest

from govai.ledger.store import Ledger

ROOT = Path(__file__).parents[2]
MAELLE = {"customer_id": "FID-20260117"}
PATIENCE_S = 60.0


def until(true: Callable[[], Any], what: str) -> Any:
    """Ask again until it is true: what other processes do has no event to wait for."""
    end = time.monotonic() + PATIENCE_S
    while not (answer := true()):
        assert time.monotonic() < end, what
        threading.Event().wait(0.02)
    return answer


class Place:
    """A folder with one ledger, and the processes that were started in it."""

    def __init__(self, folder: Path, **more: str) -> None:
        self.folder = folder
        self.env = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "src")]), "PYTHONUNBUFFERED": "1", **more}
        self.ledger_url = f"sqlite:///{folder}/.govai/service.db"
        self.url = ""

    @contextmanager
    def running(self, *command: str) -> Iterator[Path]:
        log = self.folder / f"{command[0]}.log"
        with log.open("wb") as out:
            process = subprocess.Popen([sys.executable, "-m", *command], cwd=self.folder, env=self.env, stdout=out, stderr=out)
            try:
                yield log
            finally:
                process.send_signal(signal.SIGTERM)
                process.wait(PATIENCE_S)

    @contextmanager
    def serving(self, *options: str) -> Iterator[Place]:
        with self.running("uvicorn", "examples.service.app:app", "--port", "0", *options) as log:
            self.url = until(lambda: re.search(r"running on (http://[\d.:]+)", log.read_text()), "uvicorn starts")[1]
            until(lambda: "Application startup complete" in log.read_text(), "the application starts")
            yield self

    def records(self, kind: str) -> list[Any]:
        ledger = Ledger(self.ledger_url)
        try:
            return list(ledger.records(kind=kind))
        finally:
            ledger.close()

    def govai(self, *command: str) -> str:
        done = subprocess.run([sys.executable, "-m", "govai.cli", *command, "--ledger", self.ledger_url], capture_output=True, text=True, check=True, env=self.env)
        return done.stdout


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    with Place(tmp_path_factory.mktemp("service")).serving("--workers", "2") as place:
        yield place


@pytest.fixture
def http(service: Place) -> Iterator[httpx2.Client]:
    with httpx2.Client(base_url=service.url, timeout=PATIENCE_S) as client:
        yield client


def who(user: str, purpose: str = "") -> dict[str, str]:
    return {"x-user": user, "x-purpose": purpose}


def test_a_letter_at_once_and_piece_by_piece(http: httpx2.Client) -> None:
    written = http.post("/write", json=MAELLE, headers=who("ana", "win_back")).json()
    assert written["text"].startswith("Bonjour Maëlle,") and written["record_id"]
    with http.stream("GET", "/stream/FID-20260117", headers=who("ana", "win_back")) as answer:
        pieces = list(answer.iter_text())
    assert "".join(pieces) == written["text"]
    events = http.post("/stream", json=MAELLE, headers=who("ana", "win_back")).text
    assert events.startswith("data: Bonjour \n\ndata: Maëlle,\ndata: \ndata: \n\n") and "\n\nevent: end\ndata: {" in events
    assert http.get("/stream/nobody", headers=who("ana", "win_back")).status_code == 404


def test_what_is_refused_is_no_broken_stream(service: Place, http: httpx2.Client) -> None:
    order = {**MAELLE, "wish": "IBAN FR76 3000 6000 0112 3456 7890 189"}
    for path in ("/write", "/stream"):
        answer = http.post(path, json=order, headers=who("bank", "win_back"))
        assert (answer.status_code, answer.headers["content-type"]) == (403, "application/problem+json")
        assert answer.json()["code"] == "GOVAI-P03" and "no-bank-details" in answer.json()["rules"]
        assert "3000" not in answer.text
    assert http.get("/stream/FID-20260117", headers=who("bank")).json()["code"] == "GOVAI-P02"
    assert http.get("/stream/FID-20260117", headers=who("bank", "spam")).status_code == 422
    assert [r for r in service.records("intent") if r.body["actor"]["id"] == "bank"] == []


def test_a_newsletter_is_read_by_someone_else_first(http: httpx2.Client) -> None:
    answer = http.post("/write", json=MAELLE, headers=who("ana", "newsletter"))
    ticket = answer.headers["location"]
    assert answer.status_code == 202 and ticket == "/reviews/" + answer.json()["ticket_id"]
    assert http.get("/stream/FID-20260117", headers=who("ana", "newsletter")).status_code == 202
    shown = http.get(ticket).json()
    assert "Maëlle" not in shown["text"] and shown["requester"] == "ana"
    assert http.post(ticket, headers=who("ana")).status_code == 202
    assert http.put(ticket, json={"approve": True}, headers=who("ana")).status_code == 422
    assert http.put(ticket, json={"approve": True}, headers=who("lea")).status_code == 200
    assert http.post(ticket, headers=who("ana")).json()["text"].startswith("Bonjour Maëlle,")
    assert http.post(ticket, headers=who("ana")).status_code == 409
    assert http.post("/reviews/none", headers=who("ana")).status_code == 404
    assert http.get(ticket).status_code == 404


def test_requests_at_once_over_two_processes_keep_apart_and_the_chains_hold(service: Place, http: httpx2.Client) -> None:
    said: list[tuple[str, str]] = []

    def ask(number: int) -> None:
        name = (f"user{number}", ("win_back", "support", "reporting")[number % 3])
        path = "/write" if number % 2 else "/stream"
        assert http.post(path, json=MAELLE, headers=who(*name)).status_code == 200
        said.append(name)

    def both_wrote() -> bool:
        with ThreadPoolExecutor(8) as pool:
            list(pool.map(ask, range(len(said), len(said) + 24)))
        return len({r.chain for r in service.records("intent") if r.body["actor"]["id"].startswith("user")}) >= 2

    until(both_wrote, "the kernel gives both workers something to do")
    mine = [r for r in service.records("intent") if r.body["actor"]["id"].startswith("user")]
    assert sorted((r.body["actor"]["id"], r.body["purpose"]) for r in mine) == sorted(said)
    assert {r.body["job"] for r in mine} == {"letters"}
    assert service.govai("ledger", "verify").startswith("ok: ")
    outcomes = {r.intent_id: r.body["status"] for r in service.records("outcome")}
    assert {outcomes[r.id] for r in mine if r.id in outcomes} == {"completed"}


def test_a_task_runs_elsewhere_for_the_same_person_and_purpose(service: Place, http: httpx2.Client) -> None:
    with service.running("celery", "-A", "examples.service.tasks", "worker", "--pool", "solo"):
        assert http.post("/later", json=MAELLE, headers=who("tasker", "support")).status_code == 202
        (record,) = until(lambda: [r for r in service.records("intent") if r.body["actor"]["id"] == "tasker"], "the task runs")
    assert (record.body["purpose"], record.body["job"]) == ("support", "letters")
    assert record.chain not in {r.chain for r in service.records("intent") if r.body["actor"]["id"] != "tasker"}
    assert json.loads(service.govai("ledger", "show", "--purpose", "support", "--limit", "1"))["body"]["purpose"] == "support"


@contextmanager
def slow_provider() -> Iterator[str]:
    """A provider that says one word, and the next only when nobody listens any more."""
    over = threading.Event()

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *args: object) -> None:
            pass

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["content-length"]))
            chunk = {"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "m"}
            delta = {**chunk, "choices": [{"index": 0, "delta": {"role": "assistant", "content": "Bonjour"}, "finish_reason": None}]}
            self.send_response(200)
            self.send_header("content-type", "text/event-stream")
            self.end_headers()
            self.wfile.write(b"data: " + json.dumps(delta).encode() + b"\n\n")
            self.wfile.flush()
            over.wait(PATIENCE_S)

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        try:
            yield f"127.0.0.1:{server.server_port}"
        finally:
            over.set()
            server.shutdown()


def test_a_browser_that_leaves_is_recorded_as_abandoned(tmp_path: Path) -> None:
    with slow_provider() as host:
        policy = tmp_path / "policy.yaml"
        entry = {"like": "openai", "host": host, "region": "local", "trains_on_inputs": False, "api_key": "env:GOVAI_TEST_KEY"}
        policy.write_text(json.dumps({"govai": 1, "name": "slow", "extends": "eu-marketing", "providers": {"slow": entry}}))
        place = Place(tmp_path, SERVICE_POLICY=str(policy), SERVICE_MODEL="slow:m")
        with place.serving(), httpx2.Client(base_url=place.url, timeout=PATIENCE_S) as http:
            with http.stream("GET", "/stream/FID-20260117", headers=who("ana", "win_back")) as answer:
                assert next(answer.iter_text()) == "Bonjour"
            (outcome,) = until(lambda: place.records("outcome"), "the stream is closed while its provider still waits")
        assert outcome.body["status"] == "abandoned"
        assert place.govai("ledger", "verify").startswith("ok: ")
