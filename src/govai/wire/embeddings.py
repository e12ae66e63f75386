"""Embeddings as OpenAI and Mistral make them: each text leaves by itself, and only numbers come back."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from govai.core.exchange import Endpoint, Operation, ReplyView, RequestView
from govai.wire import openai_replies
from govai.wire.openai_paths import below
from govai.wire.walker import Table, Walk

if TYPE_CHECKING:
    from govai.core.exchange import Path


class OpenAIEmbeddings:
    """POST /v1/embeddings, also without /v1 and below Azure's deployments."""

    name = "openai_embeddings"
    like = "openai"
    endpoints: tuple[Endpoint, ...] = (Endpoint("POST", below("/embeddings"), Operation.EMBED),)
    request_id_headers: tuple[str, ...] = ("x-request-id",)

    def read_request(self, body: Any) -> RequestView:
        """Return every place of the request that holds text; ValueError when it has no input."""
        if not isinstance(body, dict) or "input" not in body:
            raise ValueError("it has no input")
        walk = TextsWalk()
        walk.fields((), body, _TOP)
        return walk.view(body, [])

    def read_reply(self, body: Any) -> ReplyView:
        """Return usage and model; a vector holds no text. ValueError when it is not an object."""
        return openai_replies.read_reply(body)

    def read_event(self, event: Any) -> ReplyView:
        """Embeddings are never streamed; ValueError when it is not an object."""
        return openai_replies.read_event(event)


class MistralEmbeddings(OpenAIEmbeddings):
    """POST /v1/embeddings of Mistral."""

    name = "mistral_embeddings"
    like = "mistral"
    endpoints = (Endpoint("POST", re.compile("/v1/embeddings"), Operation.EMBED),)
    request_id_headers = ("mistral-correlation-id",)


class TextsWalk(Walk):
    """Reads an input of one text or several, each about something else."""

    __slots__ = ()

    def texts(self, path: Path, value: Any) -> None:
        several = isinstance(value, list) and any(isinstance(item, str) for item in value)
        for number, (at, text) in enumerate(
            [((*path, i), t) for i, t in enumerate(value)] if several else [(path, value)]
        ):
            self.message = number
            self.prose(at, text)
        self.message = -1


_TOP: Table = {
    **dict.fromkeys(("encoding_format", "output_dtype"), Walk.word),
    **dict.fromkeys(("dimensions", "output_dimension"), Walk.number),
    **dict.fromkeys(("user", "metadata"), Walk.data),
    "model": Walk.model,
    "input": TextsWalk.texts,
}
