"""Streaming to a browser: refused before a status, closed with the answer, exact in both media types."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import anyio
import httpx2
import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.routing import Route

import govai
from govai.web import install, streaming
from govai.web.responses import _event
from tests.server import Server


def statuses(gov: govai.Governor) -> list[str]:
    gov.ledger.flush()
    return [record.body["status"] for record in gov.ledger.records(kind="outcome")]


def service(gov: govai.Governor, media_type: Any, model: str = "near:echo-3", **more: Any) -> Starlette:
    async def endpoint(request: Request) -> Any:
        row = {"prenom": "Renée", "note": (await request.body()).decode()}
        return await streaming(gov.astream(model, "À {prenom} : {note}", data=row, purpose="support", **more), media_type=media_type)

    app = Starlette(routes=[Route("/", endpoint, methods=["POST"])])
    install(app)
    return app


async def post(app: Any, text: str) -> httpx2.Response:
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app=app), base_url="http://service") as http:
        return await http.post("/", content=text.encode())


def events(text: str) -> list[tuple[str, str]]:
    """Read an event stream as a browser does (HTML, section 9.2.6)."""
    found = []
    for block in text.split("\n\n")[:-1]:
        lines = [line.partition(": ") for line in block.split("\n")]
        name = next((value for key, _, value in lines if key == "event"), "message")
        found.append((name, "\n".join(value for key, _, value in lines if key == "data")))
    return found


async def test_text_is_restored_and_complete(gov: govai.Governor, server: Server) -> None:
    answer = await post(service(gov, "text/plain"), "deux\n\nlignes")
    assert (answer.status_code, answer.text) == (200, "À Renée : deux\n\nlignes")
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    assert statuses(gov) == ["completed"]


async def test_events_are_pieces_and_an_end_with_the_record(gov: govai.Governor, server: Server) -> None:
    answer = await post(service(gov, "text/event-stream"), "deux\n\nlignes")
    assert answer.headers["content-type"].startswith("text/event-stream")
    *pieces, (name, said) = events(answer.text)
    assert "".join(text for _name, text in pieces) == "À Renée : deux\n\nlignes" and len(pieces) > 3
    (intent,) = gov.ledger.records(kind="intent")
    assert (name, json.loads(said)) == ("end", {"record_id": intent.id})


@given(st.text())
def test_an_event_holds_any_text(text: str) -> None:
    normal = text.replace("\r\n", "\n").replace("\r", "\n")
    assert events(_event("", text).decode()) == [("message", normal)]


async def test_a_refusal_comes_before_any_status(gov: govai.Governor, server: Server) -> None:
    for media_type in ("text/plain", "text/event-stream"):
        app = service(gov, media_type, tools=[{"type": "web_search"}])
        assert (await post(app, "x")).status_code in (403, 422, 500)

    async def endpoint(request: Request) -> Any:
        return await streaming(gov.astream("offline:echo", "{sante}", data={"sante": "diabète"}, purpose="support"))

    app = Starlette(routes=[Route("/", endpoint, methods=["POST"])])
    install(app)
    answer = await post(app, "")
    assert (answer.status_code, answer.json()["code"]) == (403, "GOVAI-P03")
    assert statuses(gov) == []


class Browser:
    """One connection over plain ASGI: it goes away after some pieces, as the server would tell it."""

    def __init__(self, pieces: int) -> None:
        self.left, self.gone, self.body = pieces, asyncio.Event(), b""

    async def receive(self) -> dict[str, Any]:
        await self.gone.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: Any) -> None:
        self.body += message.get("body", b"")
        if message["type"] == "http.response.body":
            self.left -= 1
        if self.left == 0:
            self.gone.set()
            await asyncio.Event().wait()  # the buffer is full and nobody reads


class Raising(Browser):
    """A server of ASGI 2.4: sending to a client that went away raises."""

    async def send(self, message: Any) -> None:
        if message["type"] == "http.response.body":
            raise OSError("gone")


@pytest.mark.parametrize("browser", [Browser, Raising])
@pytest.mark.parametrize("media_type", ["text/plain", "text/event-stream"])
async def test_a_client_that_goes_away_abandons_the_stream(gov: govai.Governor, server: Server, browser: Any, media_type: Any) -> None:
    for _ in range(3):
        one = browser(2)
        response = await streaming(gov.astream("offline:echo", "many small pieces"), media_type=media_type)
        await response({"type": "http"}, one.receive, one.send)
    async with asyncio.timeout(10):  # nothing is left running: what was dropped ends by itself
        await asyncio.gather(*(asyncio.all_tasks() - {asyncio.current_task()}))
    assert statuses(gov) == ["abandoned"] * 3


async def test_a_cancelled_request_abandons_the_stream(gov: govai.Governor, server: Server) -> None:
    one = Browser(1)
    one.gone.set = lambda: None  # type: ignore[method-assign]
    response = await streaming(gov.astream("offline:echo", "many small pieces"))
    serving = asyncio.create_task(response({"type": "http"}, one.receive, one.send))
    while one.left:
        await asyncio.sleep(0)
    serving.cancel()
    with pytest.raises(asyncio.CancelledError):
        await serving
    assert statuses(gov) == ["abandoned"]


class Dawdling:
    """A stream that needs a turn of the loop to close."""

    closed = False

    async def __aenter__(self) -> Dawdling:
        return self

    async def __aiter__(self) -> Any:
        yield "x"

    async def __aexit__(self, *exc: object) -> None:
        await asyncio.sleep(0)
        self.closed = True


async def test_a_stream_is_closed_also_where_the_middleware_around_it_gave_up() -> None:
    one, stream = Browser(1), Dawdling()
    response = await streaming(stream)  # type: ignore[arg-type]
    async with anyio.create_task_group() as around:  # as Starlette's BaseHTTPMiddleware has one
        one.gone.set = around.cancel_scope.cancel  # type: ignore[method-assign]
        await response({"type": "http"}, one.receive, one.send)
    assert stream.closed


async def test_what_fails_on_the_way_is_an_event_or_breaks_the_text_off(gov: govai.Governor, server: Server) -> None:
    start = b'data: {"id":"c","object":"chat.completion.chunk","created":1,"model":"m","choices":[{"index":0,"delta":{"content":"Bon"},"finish_reason":null}]}\n\n'
    server.replies["broken"] = (200, {"content-type": "text/event-stream"}, start + b'data: {"error":{"message":"overloaded","type":"server_error"}}\n\n')
    from openai import AsyncOpenAI

    native = AsyncOpenAI(api_key="sk-x", base_url=f"{server.url}/c/broken/v1")
    gov = govai.Governor(_with_path(gov, server), ledger=":memory:", actor="ana")

    def stream() -> Any:
        return gov.astream("near:m", "x", client=native)

    one = Browser(-1)
    response = await streaming(stream(), media_type="text/event-stream")
    await response({"type": "http"}, one.receive, one.send)
    *_pieces, (name, said) = events(one.body.decode())
    assert name == "error" and json.loads(said)["code"].startswith("GOVAI-")
    two = Browser(-1)
    with pytest.raises(govai.GovaiError):
        await (await streaming(stream()))({"type": "http"}, two.receive, two.send)
    assert one.body.startswith(b"data: Bon\n\n") and two.body == b"Bon"
    assert "completed" not in statuses(gov)
    await native.close()
    await gov.aclose()


def _with_path(gov: govai.Governor, server: Server) -> dict[str, Any]:
    entry = {"like": "openai", "host": server.host, "base_path": "/c/*", "region": "EU", "trains_on_inputs": False, "api_key": "env:GOVAI_TEST_KEY"}
    return {"govai": 1, "name": "paths", "extends": "eu-marketing", "providers": {"near": entry}}
