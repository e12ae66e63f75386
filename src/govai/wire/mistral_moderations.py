"""Mistral's moderation and classification of texts and of conversations: text leaves, and scores come back."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from govai.core.exchange import Endpoint, Operation, ReplyView, RequestView
from govai.wire import openai_replies
from govai.wire.mistral_chat import MESSAGE, MistralWalk
from govai.wire.walker import Table, Walk

if TYPE_CHECKING:
    from govai.core.exchange import Path


class MistralModerations:
    """POST /v1/moderations, /v1/classifications and their chat variants."""

    name = "mistral_moderations"
    like = "mistral"
    endpoints = (Endpoint("POST", re.compile(r"/v1/(?:chat/)?(?:moderations|classifications)"), Operation.COUNT),)
    request_id_headers = ("mistral-correlation-id",)

    def read_request(self, body: Any) -> RequestView:
        """Return every place of the request that holds text; ValueError when it has no input, or is nested too deep."""
        if not isinstance(body, dict) or "input" not in body:
            raise ValueError("it has no input")
        walk = _Walk()
        walk.fields((), body, _TOP)
        return walk.view(body, [])

    def read_reply(self, body: Any) -> ReplyView:
        """Return the model; scores hold no text. ValueError when it is not an object."""
        return openai_replies.read_reply(body)

    def read_event(self, event: Any) -> ReplyView:
        """Scores are never streamed; ValueError when it is not an object."""
        return openai_replies.read_event(event)


class _Walk(MistralWalk):
    __slots__ = ()

    def given(self, path: Path, value: Any) -> None:
        """A text, a message or a conversation, or several of them, nested as the caller likes."""
        if isinstance(value, list):
            self.each(path, value, _Walk.given)
        elif isinstance(value, dict) and "messages" in value:
            self.fields(path, value, {"messages": _Walk.given})
        else:
            self.message += 1
            if isinstance(value, dict):
                self.fields(path, value, MESSAGE)
            else:
                self.prose(path, value)


_TOP: Table = {"model": Walk.model, "metadata": Walk.data, "input": _Walk.given}
