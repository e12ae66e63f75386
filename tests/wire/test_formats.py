"""The allow-list of endpoints: exact, and nothing that could be read as another path."""

from __future__ import annotations

import pytest

from govai.core.exchange import Operation, WireFormat
from govai.wire.formats import FORMATS, endpoint_of

KNOWN = [
    ("openai", "POST", "/v1/chat/completions", Operation.GENERATE), ("openai", "POST", "/chat/completions", Operation.GENERATE),
    ("openai", "POST", "/openai/v1/chat/completions", Operation.GENERATE), ("openai", "POST", "/openai/deployments/gpt-4.1_eu/chat/completions", Operation.GENERATE),
    ("openai", "GET", "/v1/models", Operation.LIST), ("openai", "GET", "/models", Operation.LIST), ("openai", "GET", "/v1/models/ft:gpt-4o:org::abc", Operation.LIST),
    ("anthropic", "POST", "/v1/messages", Operation.GENERATE), ("anthropic", "POST", "/v1/messages/count_tokens", Operation.COUNT),
    ("anthropic", "GET", "/v1/models", Operation.LIST), ("anthropic", "GET", "/v1/models/claude-haiku-4-5-20251001", Operation.LIST),
    ("anthropic", "POST", "/v1/projects/p-1/locations/europe-west1/publishers/anthropic/models/claude-sonnet-4@20250514:rawPredict", Operation.GENERATE), ("anthropic", "POST", "/v1/projects/p-1/locations/europe-west1/publishers/anthropic/models/claude-x:streamRawPredict", Operation.GENERATE),
    ("anthropic", "POST", "/v1/projects/p-1/locations/europe-west1/publishers/anthropic/models/count-tokens:rawPredict", Operation.COUNT),
]
REFUSED = [
    ("openai", "GET", "/v1/chat/completions"), ("openai", "GET", "/v1/chat/completions/chatcmpl-1"), ("openai", "GET", "/v1/chat/completions/chatcmpl-1/messages"),
    ("openai", "DELETE", "/v1/models/ft:x"), ("openai", "POST", "/v1/models"), ("openai", "POST", "/v1/responses"), ("openai", "POST", "/v1/embeddings"),
    ("openai", "POST", "/v1/completions"), ("openai", "POST", "/v1/files"), ("openai", "POST", "/v2/chat/completions"), ("openai", "post", "/v1/chat/completions"),
    ("openai", "POST", "/v1/chat/completions/"), ("openai", "POST", "/v1/chat/completions\n"), ("openai", "POST", "//v1/chat/completions"), ("openai", "POST", "v1/chat/completions"),
    ("openai", "POST", "/v1/chat/completions?x=1"), ("openai", "POST", "/v1/chat/completions/.."), ("openai", "POST", "/v1/../v1/chat/completions"),
    ("openai", "POST", "/openai/deployments/../chat/completions"), ("openai", "POST", "/openai/deployments/./chat/completions"), ("openai", "POST", "/openai/deployments//chat/completions"),
    ("openai", "POST", "/openai/deployments/a/b/chat/completions"), ("openai", "POST", "/openai/deployments/a%2Fb/chat/completions"), ("openai", "POST", "/openai/deployments/é/chat/completions"),
    ("openai", "GET", "/v1/models/.."), ("openai", "GET", "/v1/models/."), ("openai", "GET", "/v1/models/a/b"), ("openai", "GET", "/v1/models/a%2fb"), ("openai", "GET", "/v1/models/ana@exemple.fr"),
    ("openai", "GET", "/v1/models/\u0661"), ("openai", "POST", "/v1/messages"), ("anthropic", "POST", "/v1/chat/completions"), ("anthropic", "POST", "/v1/messages/batches"),
    ("anthropic", "POST", "/messages"), ("anthropic", "GET", "/v1/models/.."), ("anthropic", "POST", "/v1/messages/"), ("anthropic", "POST", "/v1/complete"), ("anthropic", "POST", "/v1/files"),
    ("anthropic", "POST", "/v1/projects/p-1/locations/europe-west1/publishers/google/models/g:rawPredict"), ("anthropic", "POST", "/v1/projects/p-1/locations/europe-west1/publishers/mistralai/models/m:rawPredict"), ("anthropic", "POST", "/v1/projects/p-1/locations/europe-west1/publishers/anthropic/models/..:rawPredict"),
    ("mistral", "POST", "/v1/chat/completions"), ("", "POST", "/v1/chat/completions"),
]


@pytest.mark.parametrize(("like", "method", "path", "operation"), KNOWN)
def test_known_endpoints(like: str, method: str, path: str, operation: Operation) -> None:
    found = endpoint_of(like, method, path)
    assert found is not None
    wire, endpoint, _match = found
    assert (wire.like, endpoint.operation) == (like, operation)
    assert endpoint in wire.endpoints


@pytest.mark.parametrize(("like", "method", "path"), REFUSED)
def test_everything_else_is_unknown(like: str, method: str, path: str) -> None:
    assert endpoint_of(like, method, path) is None


def test_every_format_has_a_name_of_its_own_and_says_where_the_request_id_stands() -> None:
    formats: tuple[WireFormat, ...] = FORMATS
    assert [(wire.name, wire.like, wire.request_id_headers) for wire in formats] == [
        ("openai_chat", "openai", ("x-request-id",)), ("anthropic_messages", "anthropic", ("request-id",)),
        ("google_generate", "google", ()), ("google_embeddings", "google", ()), ("google_images", "google", ()),
    ]
