"""The ASGI middleware over real frameworks: each request its own names, everywhere it runs, and errors as answers."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx2
import pytest
from starlette.applications import Starlette
from starlette.background import BackgroundTask
from starlette.concurrency import run_in_threadpool
from starlette.middleware import Middleware
from starlette.middleware.base import BaseHTTPMiddleware
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, StreamingResponse
from starlette.routing import Route, WebSocketRoute

import govai
from govai.core.scope import current
from govai.web import Connection, GovernMiddleware

Recorded = Callable[[], list[tuple[str, str, str]]]


def client(app: Any) -> httpx2.AsyncClient:
    return httpx2.AsyncClient(transport=httpx2.ASGITransport(app=app), base_url="http://service")


def names() -> dict[str, str]:
    held = current()
    return {"purpose": held.purpose, "actor": held.actor, "subject": held.subject, "job": held.job, "session": held.session}


async def test_strings_callables_and_coroutines_name_what_holds(gov: govai.Governor) -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        await JSONResponse(names())(scope, receive, send)

    async def looked_up(conn: Connection) -> str | None:
        await asyncio.sleep(0)
        return conn.query.get("customer")

    governed = GovernMiddleware(
        app, purpose=lambda conn: conn.headers["X-Purpose"], actor=lambda conn: conn.headers.get("x-user"),
        subject=looked_up, job="letters", session=lambda conn: f"{conn.method} {conn.path}",
    )
    govai.configure(gov)  # whose policy knows the purposes, as the middleware was given none
    async with client(governed) as http:
        full = await http.get("/a b?customer=C-1", headers={"X-Purpose": "support", "X-User": "lea"})
        bare = await http.get("/", headers={"x-purpose": ""})
    assert full.json() == {"purpose": "support", "actor": "lea", "subject": "C-1", "job": "letters", "session": "GET /a b"}
    assert bare.json() == {"purpose": "", "actor": "", "subject": "", "job": "letters", "session": "GET /"}
    assert names()["job"] == ""


async def test_a_header_sent_twice_is_no_ones_name(gov: govai.Governor) -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        await JSONResponse(names())(scope, receive, send)

    async with client(GovernMiddleware(app, governor=gov, actor=lambda conn: conn.headers["x-user"])) as http:
        answer = await http.get("/", headers=[("X-User", "lea"), ("x-user", "mallory")])
    assert answer.json()["actor"] == "lea, mallory"


async def test_threads_background_tasks_bodies_and_other_middleware_are_inside(gov: govai.Governor, recorded: Recorded) -> None:
    def ask() -> None:
        gov.generate("offline:echo", "hello")

    async def endpoint(request: Request) -> StreamingResponse:
        ask()
        await run_in_threadpool(ask)
        await asyncio.create_task(gov.agenerate("offline:echo", "hello"))

        async def body() -> Any:
            await gov.agenerate("offline:echo", "hello")
            yield b"."

        return StreamingResponse(body(), background=BackgroundTask(ask))

    async def passing(request: Request, call_next: Any) -> Any:
        return await call_next(request)

    app = Starlette(routes=[Route("/", endpoint)], middleware=[
        Middleware(GovernMiddleware, governor=gov, purpose="support", actor=lambda conn: conn.headers["x-user"], job="j"),
        Middleware(BaseHTTPMiddleware, dispatch=passing),
    ])
    async with client(app) as http:
        assert (await http.get("/", headers={"x-user": "lea"})).text == "."
    assert recorded() == [("support", "lea", "j")] * 5
    assert {r.body["actor"]["identity"] for r in gov.ledger.records(kind="intent")} == {"claimed"}


async def test_requests_at_once_keep_their_names_apart(gov: govai.Governor, recorded: Recorded) -> None:
    waiting = asyncio.Barrier(20)

    async def endpoint(request: Request) -> PlainTextResponse:
        await waiting.wait()  # all are inside before the first goes on
        reply = await gov.agenerate("offline:echo", request.headers["x-user"])
        return PlainTextResponse(reply.text)

    app = Starlette(routes=[Route("/", endpoint)], middleware=[
        Middleware(GovernMiddleware, governor=gov, purpose=lambda c: c.headers["x-purpose"], actor=lambda c: c.headers["x-user"])
    ])
    said = [("support" if n % 2 else "win_back", f"user{n}") for n in range(20)]
    async with client(app) as http:
        await asyncio.gather(*(http.get("/", headers={"x-purpose": p, "x-user": u}) for p, u in said))
    assert sorted(recorded()) == sorted((p, u, "") for p, u in said)


async def test_no_purpose_and_an_unknown_one_are_refused(gov: govai.Governor, recorded: Recorded) -> None:
    async def endpoint(request: Request) -> PlainTextResponse:
        return PlainTextResponse((await gov.agenerate("offline:echo", "{prenom}", data={"prenom": "Renée"})).text)

    app = Starlette(routes=[Route("/", endpoint)], middleware=[Middleware(GovernMiddleware, governor=gov, purpose=lambda c: c.headers.get("x-purpose"))])
    async with client(app) as http:
        for purpose, code in (("", "GOVAI-P02"), ("suport", "GOVAI-P01")):
            answer = await http.get("/", headers={"x-purpose": purpose})
            assert (answer.status_code, answer.json()["code"]) == (422, code)
            assert answer.headers["content-type"] == "application/problem+json"
        assert (await http.get("/", headers={"x-purpose": "support"})).text == "Renée"
    assert [purpose for purpose, _actor, _job in recorded()] == ["support"]


async def test_what_its_author_mistook_is_told_at_once_or_breaks(gov: govai.Governor, caplog: pytest.LogCaptureFixture) -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        await JSONResponse(names())(scope, receive, send)

    with pytest.raises(govai.ConfigError, match="suport"):
        GovernMiddleware(app, governor=gov, purpose="suport")
    async with client(GovernMiddleware(app, governor=gov, actor=lambda conn: conn.headers["x-user"])) as http:
        with pytest.raises(KeyError):
            await http.get("/")
    async with client(GovernMiddleware(app, governor=gov, actor=lambda conn: 7)) as http:  # type: ignore[arg-type]
        with caplog.at_level(logging.ERROR, "govai.web"):
            answer = await http.get("/")
    assert (answer.status_code, set(answer.json())) == (500, {"type", "title", "status", "code"})
    assert "actor= gave a int" in caplog.text


async def test_an_error_after_the_start_is_not_covered_up(gov: govai.Governor) -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        raise govai.Blocked("no")

    async with client(GovernMiddleware(app, governor=gov)) as http:
        with pytest.raises(govai.Blocked):
            await http.get("/")


async def test_websockets_have_a_scope_and_lifespan_passes(gov: govai.Governor) -> None:
    from starlette.websockets import WebSocket

    seen: list[dict[str, str]] = []

    async def socket(websocket: WebSocket) -> None:
        await websocket.accept()
        seen.append(names())
        await websocket.close()

    async def lifespan(app: Any) -> Any:
        seen.append(names())
        yield

    from contextlib import asynccontextmanager

    app = Starlette(routes=[WebSocketRoute("/ws", socket)], lifespan=asynccontextmanager(lifespan))
    governed = GovernMiddleware(app, governor=gov, purpose="support", actor=lambda c: c.headers["x-user"])

    async def receive() -> dict[str, Any]:
        return incoming.pop(0)

    async def send(message: Any) -> None:
        sent.append(message["type"])

    incoming, sent = [{"type": "lifespan.startup"}, {"type": "lifespan.shutdown"}], []
    await governed({"type": "lifespan", "state": {}}, receive, send)
    incoming = [{"type": "websocket.connect"}]
    await governed({"type": "websocket", "path": "/ws", "query_string": b"", "headers": [(b"x-user", b"lea")]}, receive, send)
    assert [one["actor"] for one in seen] == ["", "lea"]
    assert sent == ["lifespan.startup.complete", "lifespan.shutdown.complete", "websocket.accept", "websocket.close"]


async def test_a_websocket_gets_no_answer_of_http(gov: govai.Governor) -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        raise govai.Blocked("no")

    async def send(message: Any) -> None:
        raise AssertionError(message["type"])

    with pytest.raises(govai.Blocked):
        await GovernMiddleware(app, governor=gov)({"type": "websocket", "headers": []}, send, send)


def test_the_middleware_brings_in_no_framework() -> None:
    import subprocess
    import sys

    code = "import sys; from govai.web import GovernMiddleware, WsgiMiddleware, problem, tasks, pieces; print(sorted({'starlette', 'fastapi', 'django', 'flask', 'celery', 'anyio'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip() == "[]"
    code = "import sys, govai; print([name for name in sys.modules if name.startswith('govai.web')])"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip() == "[]"


def test_public_names_exist() -> None:
    import govai.web

    for name in govai.web.__all__:
        assert getattr(govai.web, name) is not None
    reference = (Path(__file__).parents[2] / "docs/reference/python.md").read_text("utf-8")
    assert [name for name in govai.web.__all__ if f"`{name}" not in reference] == []
    assert set(dir(govai.web)) == set(govai.web.__all__)
    with pytest.raises(AttributeError, match="nothing"):
        govai.web.nothing
