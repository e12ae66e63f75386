"""The wire formats there are, and the allow-list of endpoints: what is not on it is refused."""

from __future__ import annotations

from typing import TYPE_CHECKING

from govai.wire.anthropic_messages import AnthropicMessages
from govai.wire.batch_files import MistralBatches, OpenAIBatches
from govai.wire.batches import AnthropicBatches, GoogleBatches
from govai.wire.embeddings import MistralEmbeddings, OpenAIEmbeddings
from govai.wire.google_embeddings import GoogleEmbeddings
from govai.wire.google_generate import GoogleGenerate
from govai.wire.google_images import GoogleImages
from govai.wire.mistral_chat import MistralChat
from govai.wire.mistral_moderations import MistralModerations
from govai.wire.openai_audio import MistralTranscription, OpenAISpeech, OpenAITranscription
from govai.wire.openai_chat import OpenAIChat
from govai.wire.openai_completions import OpenAICompletions
from govai.wire.openai_image_edits import OpenAIImageEdits
from govai.wire.openai_images import OpenAIImages
from govai.wire.openai_moderations import OpenAIModerations
from govai.wire.openai_responses import OpenAIResponses

if TYPE_CHECKING:
    import re

    from govai.core.exchange import Endpoint, WireFormat

FORMATS: tuple[WireFormat, ...] = (
    OpenAIChat(),
    OpenAIResponses(),
    OpenAICompletions(),
    OpenAIImages(),
    OpenAIModerations(),
    OpenAIEmbeddings(),
    OpenAITranscription(),
    OpenAISpeech(),
    OpenAIImageEdits(),
    OpenAIBatches(),
    AnthropicMessages(),
    AnthropicBatches(),
    MistralChat(),
    MistralEmbeddings(),
    MistralModerations(),
    MistralTranscription(),
    MistralBatches(),
    GoogleGenerate(),
    GoogleEmbeddings(),
    GoogleImages(),
    GoogleBatches(),
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


def governed_for(like: str) -> list[str]:
    """Return what is governed for a family of servers, in the formats' own words: `chat`, `image edits`, `batches`."""
    return [wire.name.removeprefix(f"{like}_").replace("_", " ") for wire in FORMATS if wire.like == like]


def format_named(name: str) -> WireFormat:
    """Return the format of a name that a format gave; KeyError when there is none."""
    return _NAMED[name]


_NAMED = {wire.name: wire for wire in FORMATS}
