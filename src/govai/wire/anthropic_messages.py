"""Anthropic messages, and counting their tokens."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from govai.core.exchange import Endpoint, Operation
from govai.wire import anthropic_replies, anthropic_requests
from govai.wire.google_paths import vertex

if TYPE_CHECKING:
    from govai.core.exchange import ReplyView, RequestView

_VERTEX_COUNT = vertex("anthropic", "count-tokens")
_VERTEX = vertex("anthropic")


class AnthropicMessages:
    """POST /v1/messages, POST /v1/messages/count_tokens; the same on Vertex AI; the list of models."""

    name = "anthropic_messages"
    like = "anthropic"
    endpoints = (
        Endpoint("POST", re.compile(r"/v1/messages"), Operation.GENERATE),
        Endpoint("POST", re.compile(r"/v1/messages/count_tokens"), Operation.COUNT),
        Endpoint("GET", re.compile(r"/v1/models(?:/(?!\.{1,2}$)[A-Za-z0-9_.:-]{1,100})?"), Operation.LIST),
        Endpoint("POST", re.compile(_VERTEX_COUNT + ":rawPredict"), Operation.COUNT),
        Endpoint("POST", re.compile(_VERTEX + ":rawPredict"), Operation.GENERATE),
        Endpoint("POST", re.compile(_VERTEX + ":streamRawPredict"), Operation.GENERATE, streams=True),
    )
    request_id_headers = ("request-id",)

    def read_request(self, body: Any) -> RequestView:
        """Return every place of the request that holds text; ValueError when it is not a request of this format."""
        return anthropic_requests.read_request(body)

    def read_reply(self, body: Any) -> ReplyView:
        """Return every place of a complete reply that holds text; ValueError when it is not an object."""
        return anthropic_replies.read_reply(body)

    def read_event(self, event: Any) -> ReplyView:
        """Return every place of one stream event that holds text; ValueError when it is not an object."""
        return anthropic_replies.read_event(event)
