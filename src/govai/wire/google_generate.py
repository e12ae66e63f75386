"""Google's generateContent, as the Gemini API and Vertex AI speak it, and counting its tokens."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from govai.core.exchange import Endpoint, Operation
from govai.wire import google_replies, google_requests
from govai.wire.google_paths import LISTS, paths

if TYPE_CHECKING:
    from govai.core.exchange import ReplyView, RequestView


class GoogleGenerate:
    """POST …/models/M:generateContent, :streamGenerateContent, :countTokens; the list of models.

    With `?alt=sse` a stream is one of events; without, it is a JSON list, which is read once it is complete.
    """

    name = "google_generate"
    like = "google"
    endpoints = (
        *(Endpoint("POST", path, Operation.GENERATE) for path in paths("generateContent")),
        *(Endpoint("POST", path, Operation.GENERATE, streams=True) for path in paths("streamGenerateContent")),
        *(Endpoint("POST", path, Operation.COUNT) for path in paths("countTokens")),
        *(Endpoint("GET", path, Operation.LIST) for path in LISTS),
    )
    request_id_headers: tuple[str, ...] = ()  # the answer's own `responseId` is all there is

    def read_request(self, body: Any) -> RequestView:
        """Return every place of the request that holds text; ValueError when it is not a request of this format."""
        return google_requests.read_request(body)

    def read_reply(self, body: Any) -> ReplyView:
        """Return every place of a complete reply that holds text; ValueError when it is no answer."""
        return google_replies.read_reply(body)

    def read_event(self, event: Any) -> ReplyView:
        """Return every place of one stream event that holds text; ValueError when it is not an object."""
        return google_replies.read_event(event)
