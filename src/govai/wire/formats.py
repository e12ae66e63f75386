"""The wire formats there are, and the allow-list of endpoints: what is not on it is refused."""

from __future__ import annotations

from typing import TYPE_CHECKING

from govai.wire.anthropic_messages import AnthropicMessages
from govai.wire.embeddings import MistralEmbeddings, OpenAIEmbeddings
from govai.wire.mistral_chat import MistralChat
from govai.wire.mistral_moderations import MistralModerations
from govai.wire.openai_audio import MistralTranscription, OpenAISpeech, OpenAITranscription
from govai.wire.openai_chat import OpenAIChat
from govai.wire.openai_image_edits import OpenAIImageEdits

if TYPE_CHECKING:
    import re

    from govai.core.exchange import Endpoint, WireFormat

FORMATS: tuple[WireFormat, ...] = (
    OpenAIChat(),
    OpenAIEmbeddings(),
    OpenAITranscription(),
    OpenAISpeech(),
    OpenAIImageEdits(),
    AnthropicMessages(),
    MistralChat(),
    MistralEmbeddings(),
    MistralModerations(),
    MistralTranscription(),
)


def endpoint_of(like: str, method: str, path: str) -> tuple[WireFormat, Endpoint, re.Match[str]] | None:
    """Return the format and the endpoint that a request goes to, and how its path matched; None when no format knows it.

    Args:
        like: the family of servers. method: of HTTP. path: below the provider entry's base path, still percent-encoded.
    """
    for wire in FORMATS:
        if wire.like != like:
            continue
        for endpoint in wire.endpoints:
            if endpoint.method == method and (match := endpoint.path.fullmatch(path)):
                return wire, endpoint, match
    return None
