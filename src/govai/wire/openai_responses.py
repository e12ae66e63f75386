"""OpenAI Responses: answers made, fetched, cancelled, deleted, compacted; what they were asked; tokens counted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from govai.core.exchange import Endpoint, Operation
from govai.wire import responses_replies, responses_requests
from govai.wire.openai_paths import below

if TYPE_CHECKING:
    from govai.core.exchange import ReplyView, RequestView


class OpenAIResponses:
    """POST /v1/responses and what belongs to it, also without /v1 and below Azure's prefixes.

    An answer also repeats its request (`instructions`, `tools`, …). That is left as the provider got it: it says what
    was sent. `input_items` gives the input back to be sent again, and is restored like an answer.
    """

    name = "openai_responses"
    like = "openai"
    endpoints = (
        Endpoint("POST", below("/responses"), Operation.GENERATE),
        Endpoint("POST", below("/responses/compact"), Operation.GENERATE),
        Endpoint("POST", below("/responses/input_tokens"), Operation.COUNT),
        Endpoint("GET", below("/responses/{id}"), Operation.FETCH),
        Endpoint("GET", below("/responses/{id}/input_items"), Operation.FETCH),
        Endpoint("POST", below("/responses/{id}/cancel"), Operation.FETCH),
        Endpoint("DELETE", below("/responses/{id}"), Operation.FETCH),
    )
    request_id_headers = ("x-request-id",)

    def read_request(self, body: Any) -> RequestView:
        """Return every place of the request that holds text; ValueError when it is not a request of this format."""
        return responses_requests.read_request(body)

    def read_reply(self, body: Any) -> ReplyView:
        """Return every place of a complete reply that holds text; ValueError when it is not an object."""
        return responses_replies.read_reply(body)

    def read_event(self, event: Any) -> ReplyView:
        """Return every place of one stream event that holds text; ValueError when it is not an object."""
        return responses_replies.read_event(event)
