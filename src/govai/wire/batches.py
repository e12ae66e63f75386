"""Batches: many requests at once, whose answers come later. Each provider names the same things in its own way.

It knows where the requests and their answers stand; what is in them is for the formats of single calls to say.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, ClassVar

from govai.core.exchange import Endpoint, Line, Operation, ReplyView, RequestView, Result
from govai.wire.walker import Table, Walk

if TYPE_CHECKING:
    from govai.core.exchange import Path

ID = r"(?P<id>(?!\.{1,2}(?:/|$))[A-Za-z0-9_.-]{1,100})"
_MODEL = r"(?P<model>[A-Za-z0-9_.-]{1,100})"


class Batches:
    """What all of them share: a request without its lines, and answers that are read line by line."""

    request_id_headers: tuple[str, ...] = ()
    top: ClassVar[Table] = {}

    def read_request(self, body: Any) -> RequestView:
        """Return every place of the request that holds text, but for the requests in it."""
        walk = Walk()
        walk.fields((), body, self.top)
        return RequestView(None, stream=False, slots=walk.slots, opaque=walk.opaque, references=walk.references)

    def read_reply(self, body: Any) -> ReplyView:  # noqa: ARG002 -- its answers are read by their own formats
        """Return nothing: the answers in it are read one by one."""
        return ReplyView([])

    def read_event(self, event: Any) -> ReplyView:  # noqa: ARG002 -- batches do not stream
        """Return nothing, likewise."""
        return ReplyView([])


def skip(_walk: Walk, _path: Path, _value: Any) -> None:
    """The requests themselves are read by their own format."""


def _each(table: Table) -> Any:
    return lambda walk, path, value: walk.each(path, value, lambda w, p, one: w.fields(p, one, table))


class AnthropicBatches(Batches):
    """POST /v1/messages/batches, its state, its results."""

    name = "anthropic_batches"
    like = "anthropic"
    endpoints = (
        Endpoint("POST", re.compile(r"/v1/messages/batches"), Operation.SUBMIT),
        Endpoint("GET", re.compile(r"/v1/messages/batches"), Operation.LIST),
        Endpoint("GET", re.compile(rf"/v1/messages/batches/{ID}"), Operation.TRACK),
        Endpoint("DELETE", re.compile(rf"/v1/messages/batches/{ID}"), Operation.LIST),
        Endpoint("POST", re.compile(rf"/v1/messages/batches/{ID}/cancel"), Operation.TRACK),
        Endpoint("GET", re.compile(rf"/v1/messages/batches/{ID}/results"), Operation.RESULTS),
    )
    request_id_headers = ("request-id",)
    top: ClassVar[Table] = {"requests": _each({"custom_id": Walk.data, "params": skip})}

    def lines(self, body: Any, model: str) -> list[Line]:  # noqa: ARG002 -- each request names its own
        """Return the requests, in order."""
        return [
            Line(("requests", at, "params"), ("requests", at, "custom_id"), "/v1/messages")
            for at in range(len(_list(body, "requests")))
        ]

    def results(self, body: Any) -> list[Result]:
        """Return the answers, in order."""
        return [
            Result((at, "result", "message"), (at, "custom_id"))
            for at, one in enumerate(body if isinstance(body, list) else ())
            if isinstance(one, dict) and isinstance(inside(one, "result", "message"), dict)
        ]

    def names(self, body: Any) -> tuple[str, ...]:
        """Return the batch's id."""
        return texts(body, "id")


class GoogleBatches(Batches):
    """POST …/models/M:batchGenerateContent with its requests inline, and the batch's state, which holds the answers."""

    name = "google_batches"
    like = "google"
    endpoints = (
        Endpoint("POST", re.compile(rf"/v1(?:beta|alpha)?/models/{_MODEL}:batchGenerateContent"), Operation.SUBMIT),
        Endpoint("GET", re.compile(r"/v1(?:beta|alpha)?/batches"), Operation.LIST),
        Endpoint("GET", re.compile(rf"/v1(?:beta|alpha)?/batches/{ID}"), Operation.TRACK),
        Endpoint("POST", re.compile(rf"/v1(?:beta|alpha)?/batches/{ID}:cancel"), Operation.TRACK),
        Endpoint("DELETE", re.compile(rf"/v1(?:beta|alpha)?/batches/{ID}"), Operation.LIST),
    )

    def read_request(self, body: Any) -> RequestView:
        """Return every place of the request that holds text, but for the requests in it; files are held by the provider."""
        requests: Table = {"requests": _GOOGLE_LINES}
        config: Table = {
            "requests": lambda walk, path, value: walk.fields(path, value, requests),
            **dict.fromkeys(("fileName", "file_name"), Walk.file_id),
        }
        batch: Table = {
            "displayName": Walk.data,
            "display_name": Walk.data,
            "model": Walk.word,
            "priority": Walk.number,
            **dict.fromkeys(
                ("inputConfig", "input_config"), lambda walk, path, value: walk.fields(path, value, config)
            ),
        }
        walk = Walk()
        walk.fields((), body, {"batch": lambda w, p, v: w.fields(p, v, batch)})
        return RequestView(None, stream=False, slots=walk.slots, references=walk.references)

    def lines(self, body: Any, model: str) -> list[Line]:
        """Return the requests, in order; they are told apart by their place."""
        found = []
        for key in ("inputConfig", "input_config"):  # in both spellings at once they are still looked at
            path: Path = ("batch", key, "requests", "requests")
            held = inside(body, *path)
            endpoint = f"/v1beta/models/{model}:generateContent"
            found += [
                Line((*path, at, "request"), None, endpoint)
                for at in range(len(held if isinstance(held, list) else ()))
            ]
        return found

    def results(self, body: Any) -> list[Result]:
        """Return the answers, in order."""
        found = []
        for outer in _ANSWERED:  # the same answers may stand in both places
            path: Path = (*outer, "inlinedResponses", "inlinedResponses")
            held = inside(body, *path)
            found += [
                Result((*path, at, "response"), None) for at in range(len(held if isinstance(held, list) else ()))
            ]
        return found

    def names(self, body: Any) -> tuple[str, ...]:
        """Return the batch's id, which its name ends with."""
        return tuple(name.rpartition("/")[2] for name in texts(body, "name"))


_ANSWERED: tuple[Path, ...] = (("response",), ("metadata", "output"))
_GOOGLE_LINES = _each({"request": skip, "metadata": Walk.data})


def inside(value: Any, *path: str | int) -> Any:
    """Return what stands at `path` in nested objects, None when there is nothing."""
    for step in path:
        if not isinstance(value, dict):
            return None
        value = value.get(step)
    return value


def _list(body: Any, key: str) -> list[Any]:
    found = body.get(key) if isinstance(body, dict) else None
    return found if isinstance(found, list) else []


def texts(body: Any, *keys: str) -> tuple[str, ...]:
    """Return the texts under these keys of an object, where there are any."""
    if not isinstance(body, dict):
        return ()
    return tuple(body[key] for key in keys if isinstance(body.get(key), str) and body[key])
