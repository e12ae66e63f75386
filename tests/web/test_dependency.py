"""The FastAPI dependency: a governor of the request, and a scope that wrapped clients follow, sync and async."""

from collections.abc import Callable
from typing import Annotated, Any

import httpx2
import pytest
from fastapi import BackgroundTasks, Depends, FastAPI
from openai import OpenAI

import govai
from govai.web import GovernMiddleware, governor, install, streaming
from tests.server import Server

Recorded = Callable[[], list[tuple[str, str, str]]]


async def get(app: Any, path: str, **headers: str) -> httpx2.Response:
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app=app), base_url="http://service") as http:
        return await http.get(path, headers={f"x-{name}": value for name, value in headers.items()})


async def test_sync_and_async_endpoints_bodies_tasks_and_wrapped_clients(gov: govai.Governor, server: Server, recorded: Recorded) -> None:
    app = FastAPI()
    support = governor(gov, purpose="support", actor=lambda conn: conn.headers.get("x-user"))
    Gov = Annotated[govai.Governor, Depends(support)]
    client = gov.wrap(OpenAI(api_key="sk-x", base_url=f"{server.url}/v1"))

    def sync(gov: Gov) -> str:
        return gov.generate("offline:echo", "x").text

    async def later(gov: Gov, background: BackgroundTasks) -> str:
        background.add_task(gov.generate, "offline:echo", "x")
        return (await gov.agenerate("offline:echo", "x")).text

    async def streamed(gov: Gov) -> Any:
        return await streaming(gov.astream("offline:echo", "a b c"))

    def wrapped(gov: Gov) -> str:
        return client.chat.completions.create(model="echo", messages=[{"role": "user", "content": "x"}]).choices[0].message.content or ""

    for endpoint, count in ((sync, 1), (later, 2), (streamed, 1), (wrapped, 1)):
        app.get(f"/{endpoint.__name__}", response_model=None)(endpoint)
        answer = await get(app, f"/{endpoint.__name__}", user=endpoint.__name__)
        assert (answer.status_code, answer.text) == (200, "a b c" if endpoint is streamed else '"x"')
        assert recorded()[-count:] == [("support", endpoint.__name__, "")] * count


async def test_the_middlewares_governor_and_names_hold_where_nothing_else_is_said(gov: govai.Governor, recorded: Recorded) -> None:
    app = FastAPI()

    @app.get("/{rest:path}")
    async def endpoint(gov: Annotated[govai.Governor, Depends(governor(actor=lambda c: c.headers.get("x-agent"), job="j"))]) -> str:
        return f"{gov.reviews._actor} " + (await gov.agenerate("offline:echo", "x")).text

    governed = GovernMiddleware(app, governor=gov, purpose="support", actor=lambda c: c.headers.get("x-user"))
    assert (await get(governed, "/", user="lea")).json() == "lea x"
    assert (await get(governed, "/", user="lea", agent="bot")).json() == "bot x"
    assert recorded() == [("support", "lea", "j"), ("support", "bot", "j")]


async def test_another_purpose_than_the_middlewares_is_refused(gov: govai.Governor, recorded: Recorded) -> None:
    app = FastAPI()
    install(app)

    @app.get("/")
    def endpoint(gov: Annotated[govai.Governor, Depends(governor(purpose="reporting"))]) -> str:
        return gov.generate("offline:echo", "x").text

    answer = await get(GovernMiddleware(app, governor=gov, purpose="support"), "/")
    assert (answer.status_code, answer.json()["code"]) == (422, "GOVAI-P01")
    assert recorded() == []
    with pytest.raises(govai.ConfigError, match="reportin"):
        governor(gov, purpose="reportin")
