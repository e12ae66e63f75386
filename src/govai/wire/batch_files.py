"""Batches of OpenAI and Mistral: requests as JSON lines in an uploaded file, or inline, and their answers likewise.

A file of another purpose cannot be looked into: it is opaque.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, ClassVar

from govai.core.exchange import Endpoint, Line, Operation, RequestView, Result
from govai.wire.batches import ID, Batches, inside, skip, texts
from govai.wire.multipart import Form, read_form, split_lines
from govai.wire.openai_paths import below
from govai.wire.walker import Table, Walk

if TYPE_CHECKING:
    from govai.core.exchange import Path

_LINE: Table = {"custom_id": Walk.data, "method": Walk.word, "url": Walk.word, "body": skip}
_EXPIRY: Table = {"anchor": Walk.word, "seconds": Walk.number}
_FIELDS: Table = {"purpose": Walk.word, "visibility": Walk.word, "expiry": Walk.word, "expires_after": Walk.word}


class OpenAIBatches(Batches):
    """POST /v1/files with a batch's requests, POST /v1/batches, how it stands, the files of its answers."""

    name = "openai_batches"
    like = "openai"
    endpoints: tuple[Endpoint, ...] = (
        Endpoint("POST", below("/files"), Operation.TRACK),
        Endpoint("GET", below("/files"), Operation.LIST),
        Endpoint("GET", below("/files/{id}"), Operation.LIST),
        Endpoint("DELETE", below("/files/{id}"), Operation.LIST),
        Endpoint("GET", below("/files/{id}/content"), Operation.RESULTS),
        Endpoint("POST", below("/batches"), Operation.TRACK),
        Endpoint("GET", below("/batches"), Operation.LIST),
        Endpoint("GET", below("/batches/{id}"), Operation.TRACK),
        Endpoint("POST", below("/batches/{id}/cancel"), Operation.TRACK),
    )
    request_id_headers = ("x-request-id",)
    top: ClassVar[Table] = {
        "input_file_id": Walk.word,
        "endpoint": Walk.word,
        "completion_window": Walk.word,
        "metadata": Walk.data,
        "output_expires_after": lambda walk, path, value: walk.fields(path, value, _EXPIRY),
    }

    def read_request(self, body: Any) -> RequestView:
        """Return every place of the request that holds text, but for the requests in it; a batch's file is opened into its lines.

        Raises:
            ValueError: a batch's file that is not JSON lines.
        """
        if not isinstance(body, Form):
            view = super().read_request(body)
            view.batches = self._asked(body)
            return view
        is_batch = body.fields().get("purpose") == "batch"
        if is_batch:
            split_lines(body)
        walk = Walk()
        read_form(walk, body, _FIELDS, {"file": "file"}, frozenset())
        for index, part in enumerate(body):
            if "lines" in part:
                walk.each((index, "lines"), part["lines"], lambda w, path, one: w.fields(path, one, _LINE))
        return RequestView(None, stream=False, slots=walk.slots, opaque=walk.opaque)

    def files(self, body: Any) -> list[Any]:
        """Return the files that a job takes its requests from."""
        return _listed(inside(body, "input_file_id"))

    def _asked(self, body: Any) -> list[str]:
        files = self.files(body)
        if not all(isinstance(one, str) for one in files):
            raise ValueError("a file is named by something else than a text")
        return files

    def lines(self, body: Any, model: str) -> list[Line]:  # noqa: ARG002 -- each request names its own
        """Return the requests, in order."""
        if not isinstance(body, Form):
            return []
        return [
            Line((index, "lines", at, "body"), (index, "lines", at, "custom_id"), self.endpoint_of(line))
            for index, part in enumerate(body)
            for at, line in enumerate(part.get("lines", ()))
        ]

    def endpoint_of(self, line: Any) -> str:
        """Return the path that a line is for."""
        return str(inside(line, "url")) if inside(line, "method") == "POST" else ""

    def results(self, body: Any) -> list[Result]:
        """Return the answers, in order."""
        return _answers(body, ())

    def names(self, body: Any) -> tuple[str, ...]:
        """Return the batch's id and its files'."""
        return texts(body, "id", "input_file_id", "output_file_id", "error_file_id")


def _listed(given: Any) -> list[Any]:
    return given if isinstance(given, list) else [] if given is None else [given]


def _agent(walk: Walk, path: Path, value: Any) -> None:
    """An agent that the provider holds, with words of its own."""
    if value is not None:
        walk.references.append(("agent_id", "agent_id"))
    walk.word(path, value)


class MistralBatches(OpenAIBatches):
    """POST /v1/files with a batch's requests, POST /v1/batch/jobs, also with the requests inline, and their answers."""

    name = "mistral_batches"
    like = "mistral"
    endpoints = (
        Endpoint("POST", re.compile("/v1/files"), Operation.TRACK),
        Endpoint("GET", re.compile("/v1/files"), Operation.LIST),
        Endpoint("GET", re.compile(rf"/v1/files/{ID}"), Operation.LIST),
        Endpoint("DELETE", re.compile(rf"/v1/files/{ID}"), Operation.LIST),
        Endpoint("GET", re.compile(rf"/v1/files/{ID}/content"), Operation.RESULTS),
        Endpoint("POST", re.compile("/v1/batch/jobs"), Operation.TRACK),
        Endpoint("GET", re.compile("/v1/batch/jobs"), Operation.LIST),
        Endpoint("GET", re.compile(rf"/v1/batch/jobs/{ID}"), Operation.TRACK),
        Endpoint("POST", re.compile(rf"/v1/batch/jobs/{ID}/cancel"), Operation.TRACK),
    )
    request_id_headers = ("mistral-correlation-id",)
    top: ClassVar[Table] = {
        "input_files": Walk.words,
        "endpoint": Walk.word,
        "model": Walk.model,
        "agent_id": _agent,
        "metadata": Walk.data,
        "timeout_hours": Walk.number,
        "requests": lambda walk, path, value: walk.each(path, value, lambda w, p, one: w.fields(p, one, _LINE)),
    }

    def files(self, body: Any) -> list[Any]:
        """Return the files that a job takes its requests from."""
        return _listed(inside(body, "input_files"))

    def _asked(self, body: Any) -> list[str]:
        files = super()._asked(body)
        if inside(body, "requests") is not None and (files or not isinstance(body["requests"], list)):
            raise ValueError("its requests are no list, or files come with them")
        return files

    def lines(self, body: Any, model: str) -> list[Line]:
        """Return the requests, in order: those of a file are for what their shape says, as the job comes later."""
        inline = inside(body, "requests")
        if not isinstance(inline, list):
            return super().lines(body, model)
        endpoint = str(inside(body, "endpoint"))
        return [Line(("requests", at, "body"), ("requests", at, "custom_id"), endpoint) for at in range(len(inline))]

    def endpoint_of(self, line: Any) -> str:
        """Return the path that a line is for, by its shape."""
        for key, path in (
            ("messages", "/v1/chat/completions"),
            ("prompt", "/v1/fim/completions"),
            ("input", "/v1/embeddings"),
        ):
            if inside(line, "body", key) is not None:
                return path
        return ""

    def results(self, body: Any) -> list[Result]:
        """Return the answers, in order."""
        inline = inside(body, "outputs")
        return _answers(inline, ("outputs",)) if isinstance(inline, list) else _answers(body, ())

    def names(self, body: Any) -> tuple[str, ...]:
        """Return the job's id and its files'."""
        return (
            *texts(body, "id", "output_file", "error_file"),
            *(one for one in self.files(body) if isinstance(one, str)),
        )


def _answers(lines: Any, path: Path) -> list[Result]:
    return [
        Result((*path, at, "response", "body"), (*path, at, "custom_id"))
        for at, line in enumerate(lines if isinstance(lines, list) else ())
        if isinstance(inside(line, "response", "body"), dict)
    ]
