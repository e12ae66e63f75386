"""The WSGI middleware under Flask, Django and plain WSGI: the scope holds while the body is iterated."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable, Iterator
from typing import Any
from wsgiref.util import setup_testing_defaults
from wsgiref.validate import validator

import pytest
from flask import Flask, Response

import govai
from govai.core.scope import current
from govai.web import Connection, WsgiMiddleware, install, pieces

Recorded = Callable[[], list[tuple[str, str, str]]]


def call(app: Any, path: str = "/", **environ: str) -> tuple[str, dict[str, str], Iterable[bytes]]:
    """Make a request under the standard library's validator of PEP 3333."""
    full: dict[str, Any] = {"PATH_INFO": path, "SCRIPT_NAME": "", "QUERY_STRING": "", "wsgi.input": io.BytesIO(), **environ}
    setup_testing_defaults(full)
    answered: list[Any] = []
    body = validator(app)(full, lambda status, headers, exc=None: answered.extend((status, dict(headers))))
    parts: Any = Peeked(body)  # an application that is a generator starts its answer with its first piece
    return answered[0], answered[1], parts


class Peeked:
    def __init__(self, body: Any) -> None:
        self.body = body
        self.turns = iter(body)
        self.first = [next(self.turns)]

    def __iter__(self) -> Peeked:
        return self

    def __next__(self) -> bytes:
        return self.first.pop() if self.first else next(self.turns)

    def close(self) -> None:
        self.turns.close()


def drain(body: Any) -> bytes:
    try:
        return b"".join(body)
    finally:
        body.close()


def test_bodies_and_their_closing_are_inside_and_nothing_leaks(gov: govai.Governor, recorded: Recorded) -> None:
    def app(environ: Any, start_response: Any) -> Iterator[bytes]:
        start_response("200 OK", [("Content-Type", "text/plain")])
        try:
            for word in ("a", "b"):
                yield gov.generate("offline:echo", word).text.encode()
        finally:
            gov.generate("offline:echo", "closing")

    def named(conn: Connection) -> str | None:
        assert (conn.method, conn.path, conn.query, conn.user, conn.headers["content-type"]) == ("GET", "/é", {"c": "C-1"}, "remote", "x/y")
        return conn.headers.get("X-User")

    governed = WsgiMiddleware(app, governor=gov, purpose="support", actor=named, subject=lambda c: c.query["c"], job="j")
    path = "/é".encode().decode("latin-1")
    both = [call(governed, path, HTTP_X_USER=user, QUERY_STRING="c=C-1", REMOTE_USER="remote", CONTENT_TYPE="x/y")[2] for user in ("lea", "tom")]
    turns = [iter(body) for body in both]
    for _ in range(2):  # two requests of one thread, by turns
        for turn in turns:
            assert next(turn) in (b"a", b"b")
    for body in both:
        body.close()
    assert recorded() == [("support", user, "j") for user in ("lea", "tom", "lea", "tom", "lea", "tom")]
    assert current().purpose == ""


def test_plain_wsgi_answers_with_problems(gov: govai.Governor) -> None:
    def app(environ: Any, start_response: Any) -> list[bytes]:
        text = gov.generate("offline:echo", "{prenom}", data={"prenom": "Renée"}).text
        start_response("200 OK", [("Content-Type", "text/plain")])
        return [text.encode()]

    status, headers, body = call(WsgiMiddleware(app, governor=gov, purpose=lambda c: c.headers.get("x-purpose")))
    assert (status, headers["Content-Type"]) == ("422 Unprocessable Entity", "application/problem+json")
    assert b"GOVAI-P02" in drain(body)
    _status, _headers, body = call(WsgiMiddleware(app, governor=gov, purpose="support"))
    assert drain(body).decode() == "Renée"


def test_a_generator_is_refused_with_its_first_piece(gov: govai.Governor) -> None:
    def app(environ: Any, start_response: Any) -> Iterator[bytes]:
        text = gov.generate("offline:echo", "{prenom}", data={"prenom": "Renée"}).text
        start_response("200 OK", [("Content-Type", "text/plain")])
        yield text.encode()

    status, headers, body = call(WsgiMiddleware(app, governor=gov))
    assert (status, headers["Content-Type"]) == ("422 Unprocessable Entity", "application/problem+json")
    assert b"GOVAI-P02" in drain(body)


def test_an_error_after_the_start_and_a_coroutine_are_not_covered_up(gov: govai.Governor) -> None:
    def app(environ: Any, start_response: Any) -> list[bytes]:
        start_response("200 OK", [("Content-Type", "text/plain")])
        raise govai.Blocked("no")

    with pytest.raises(govai.Blocked):
        call(WsgiMiddleware(app, governor=gov))

    async def later(conn: Connection) -> str:
        return "lea"

    status, _headers, body = call(WsgiMiddleware(app, governor=gov, actor=later))  # type: ignore[arg-type]
    assert status == "500 Internal Server Error" and b"coroutine" not in drain(body)


def flask_app(gov: govai.Governor) -> Flask:
    app = Flask("service")
    install(app)

    @app.get("/<field>")
    def letter(field: str) -> Response:
        row = {"prenom": "Renée", "sante": "diabète"}
        return Response(pieces(gov.stream("offline:echo", f"À {{{field}}} de la part de tous", data=row)), mimetype="text/plain")

    app.wsgi_app = WsgiMiddleware(app.wsgi_app, governor=gov, purpose="support", actor=lambda c: c.headers.get("x-user"))  # type: ignore[method-assign]
    return app


def test_flask_streams_and_refuses_before_a_status(gov: govai.Governor, recorded: Recorded) -> None:
    http = flask_app(gov).test_client()
    answer = http.get("/prenom", headers={"X-User": "lea"})
    assert (answer.status_code, answer.text) == (200, "À Renée de la part de tous")
    refused = http.get("/sante", headers={"X-User": "lea"})
    assert (refused.status_code, refused.json["code"]) == (403, "GOVAI-P03")
    assert recorded() == [("support", "lea", "")]


def test_a_client_that_goes_away_abandons_the_stream(gov: govai.Governor) -> None:
    _status, _headers, body = call(flask_app(gov).wsgi_app, "/prenom")
    next(iter(body))
    body.close()
    gov.ledger.flush()
    assert [r.body["status"] for r in gov.ledger.records(kind="outcome")] == ["abandoned"]
