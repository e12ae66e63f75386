"""OpenAI chat completions, as OpenAI and the many servers that speak it do."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from govai.core.exchange import Endpoint, Operation
from govai.wire import openai_replies, openai_requests
from govai.wire.openai_paths import below

if TYPE_CHECKING:
    from govai.core.exchange import ReplyView, RequestView


class OpenAIChat:
    """POST /v1/chat/completions, also without /v1 and below Azure's deployments; the list of models."""

    name = "openai_chat"
    like = "openai"
    endpoints = (
        Endpoint("POST", below("/chat/completions"), Operation.GENERATE),
        Endpoint("GET", re.compile(r"(?:/v1)?/models(?:/(?!\.{1,2}$)[A-Za-z0-9_.:-]{1,100})?"), Operation.LIST),
    )
    request_id_headers = ("x-request-id",)

    def read_request(self, body: Any) -> RequestView:
        """Return every place of the request that holds text; ValueError when it is not a request of this format."""
        return openai_requests.read_request(body)

    def read_reply(self, body: Any) -> ReplyView:
        """Return every place of a complete reply that holds text; ValueError when it is not an object."""
        return openai_replies.read_reply(body)

    def read_event(self, event: Any) -> ReplyView:
        """Return every place of one stream event that holds text; `event` is the str `[DONE]` at the end."""
        return openai_replies.read_event(event)
