"""OpenAI's moderations: texts and images in, scores back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from govai.core.exchange import Endpoint, Operation, ReplyView
from govai.wire.openai_paths import below
from govai.wire.openai_requests import OpenAIWalk
from govai.wire.walker import Walk

if TYPE_CHECKING:
    from govai.core.exchange import Path, RequestView


class OpenAIModerations:
    """POST /v1/moderations, also without /v1 and below Azure's prefixes. The text leaves; no text comes back."""

    name = "openai_moderations"
    like = "openai"
    endpoints = (Endpoint("POST", below("/moderations"), Operation.COUNT),)
    request_id_headers = ("x-request-id",)

    def read_request(self, body: Any) -> RequestView:
        """Return every place of the request that holds text; ValueError when it is not an object."""
        if not isinstance(body, dict):
            raise ValueError("it is not an object")  # noqa: TRY004 -- one error for what cannot be read
        walk = _ModerationsWalk()
        walk.fields((), body, {"input": _ModerationsWalk.input, "model": Walk.model})
        return walk.view(body, [{"role": "user", "content": body.get("input")}])

    def read_reply(self, body: Any) -> ReplyView:
        """Return that a complete reply holds no text; ValueError when it is not an object."""
        if not isinstance(body, dict):
            raise ValueError("it is not an object")  # noqa: TRY004 -- one error for what cannot be read
        return ReplyView([])

    def read_event(self, event: Any) -> ReplyView:
        """Moderations do not stream."""
        return self.read_reply(event)


class _ModerationsWalk(OpenAIWalk):
    __slots__ = ()

    def input(self, path: Path, value: Any) -> None:
        """A text, texts, or content parts."""
        self.message = 0
        self.content(path, value)
        self.message = -1
