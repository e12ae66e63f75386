"""Django by its WSGI and its ASGI application: scopes around views and streamed bodies, errors as problems."""

from __future__ import annotations

import io
import re
import sys
import types
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from wsgiref.util import setup_testing_defaults

import django
import httpx2
import pytest
from django.conf import settings
from django.http import HttpResponse, StreamingHttpResponse
from django.urls import path

import govai
from govai.web import GovernMiddleware, WsgiMiddleware, pieces

Recorded = Callable[[], list[tuple[str, str, str]]]


def ask(request: Any, field: str) -> Any:
    row = {"prenom": "Renée", "sante": "diabète"}
    return HttpResponse(govai.generate("offline:echo", f"À {{{field}}}", data=row).text)


async def aask(request: Any, field: str) -> Any:
    row = {"prenom": "Renée", "sante": "diabète"}
    return HttpResponse((await govai.agenerate("offline:echo", f"À {{{field}}}", data=row)).text)


def stream(request: Any) -> Any:
    return StreamingHttpResponse(pieces(govai.stream("offline:echo", "un deux trois")), content_type="text/plain")


def waits(request: Any) -> Any:
    raise govai.ReviewPending("wait", ticket_id="t1")


@pytest.fixture(scope="module", autouse=True)
def _django() -> Iterator[None]:
    urls = types.ModuleType("urls_of_the_test")
    urls.urlpatterns = [path("ask/<field>", ask), path("aask/<field>", aask), path("stream", stream), path("waits", waits)]  # type: ignore[attr-defined]
    sys.modules[urls.__name__] = urls
    settings.configure(
        ROOT_URLCONF=urls.__name__, MIDDLEWARE=["govai.web.django.Problems"], ALLOWED_HOSTS=["*"], SECRET_KEY="x",
        GOVAI_TICKET_URL="/reviews/{ticket_id}", LOGGING_CONFIG=None,
    )
    django.setup()
    yield
    del sys.modules[urls.__name__]


def wsgi(gov: govai.Governor, where: str) -> tuple[int, dict[str, str], str]:
    from django.core.wsgi import get_wsgi_application

    govai.configure(gov)
    return answered(WsgiMiddleware(get_wsgi_application(), governor=gov, purpose="support", actor=lambda c: c.headers.get("x-user")), where)


def answered(app: Any, where: str) -> tuple[int, dict[str, str], str]:
    environ: dict[str, Any] = {"PATH_INFO": where, "HTTP_X_USER": "lea", "wsgi.input": io.BytesIO()}
    setup_testing_defaults(environ)
    started: list[Any] = []
    body: Any = app(environ, lambda status, headers, exc=None: started.extend((status, dict(headers))))
    text = b"".join(body).decode()
    body.close()
    return int(started[0][:3]), started[1], text


def test_wsgi(gov: govai.Governor, recorded: Recorded) -> None:
    assert wsgi(gov, "/ask/prenom")[2] == "À Renée"
    assert wsgi(gov, "/aask/prenom")[2] == "À Renée"
    assert wsgi(gov, "/stream")[2] == "un deux trois"
    assert recorded() == [("support", "lea", "")] * 3
    status, headers, text = wsgi(gov, "/ask/sante")
    assert (status, headers["Content-Type"]) == (403, "application/problem+json") and "GOVAI-P03" in text
    status, headers, _text = wsgi(gov, "/waits")
    assert (status, headers["Location"]) == (202, "/reviews/t1")


def test_the_wsgi_file_of_the_how_to(gov: govai.Governor, recorded: Recorded) -> None:
    govai.configure(gov)
    (code,) = re.findall(r"```py\n(.*?)```", (Path(__file__).parents[2] / "docs/how-to/serve.md").read_text("utf-8"), re.DOTALL)
    namespace: dict[str, Any] = {}
    exec(compile(code, "wsgi.py", "exec"), namespace)
    assert answered(namespace["application"], "/ask/prenom")[2] == "À Renée"
    assert recorded() == [("support", "lea", "site")]


async def test_asgi(gov: govai.Governor, recorded: Recorded) -> None:
    from django.core.asgi import get_asgi_application

    govai.configure(gov)
    app = GovernMiddleware(get_asgi_application(), governor=gov, purpose="support", actor=lambda c: c.headers.get("x-user"))
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app=app), base_url="http://service") as http:
        for where in ("/ask/prenom", "/aask/prenom"):
            assert (await http.get(where, headers={"x-user": "lea"})).text == "À Renée"
        refused = await http.get("/aask/sante")
    assert recorded() == [("support", "lea", "")] * 2
    assert (refused.status_code, refused.json()["code"]) == (403, "GOVAI-P03")
