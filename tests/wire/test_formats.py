"""The allow-list of endpoints: exact, and nothing that could be read as another path."""

from __future__ import annotations

import pytest

from govai.core.exchange import Operation, WireFormat
from govai.wire.formats import FORMATS, endpoint_of

KNOWN = [
    ("openai", "POST", "/v1/chat/completions", Operation.GENERATE), ("openai", "POST", "/chat/completions", Operation.GENERATE),
    ("openai", "POST", "/openai/v1/chat/completions", Operation.GENERATE), ("openai", "POST", "/openai/deployments/gpt-4.1_eu/chat/completions", Operation.GENERATE),
    ("openai", "GET", "/v1/models", Operation.LIST), ("openai", "GET", "/models", Operation.LIST), ("openai", "GET", "/v1/models/ft:gpt-4o:org::abc", Operation.LIST),
    ("openai", "POST", "/v1/responses", Operation.GENERATE), ("openai", "POST", "/responses", Operation.GENERATE), ("openai", "POST", "/openai/v1/responses", Operation.GENERATE),
    ("openai", "POST", "/openai/responses", Operation.GENERATE), ("openai", "POST", "/openai/deployments/eu/responses", Operation.GENERATE), ("openai", "POST", "/v1/responses/compact", Operation.GENERATE),
    ("openai", "POST", "/v1/responses/input_tokens", Operation.COUNT), ("openai", "GET", "/v1/responses/resp_0a88", Operation.FETCH), ("openai", "DELETE", "/v1/responses/resp_0a88", Operation.FETCH),
    ("openai", "POST", "/v1/responses/resp_0a88/cancel", Operation.FETCH), ("openai", "GET", "/v1/responses/resp_0a88/input_items", Operation.FETCH),
    ("openai", "POST", "/v1/completions", Operation.GENERATE), ("openai", "POST", "/openai/deployments/eu/completions", Operation.GENERATE), ("openai", "POST", "/v1/images/generations", Operation.GENERATE),
    ("openai", "POST", "/v1/moderations", Operation.COUNT),
    ("anthropic", "POST", "/v1/messages", Operation.GENERATE), ("anthropic", "POST", "/v1/messages/count_tokens", Operation.COUNT),
    ("mistral", "POST", "/v1/chat/completions", Operation.GENERATE), ("mistral", "POST", "/v1/agents/completions", Operation.GENERATE), ("mistral", "POST", "/v1/fim/completions", Operation.GENERATE),
    ("mistral", "GET", "/v1/models/mistral-small-latest", Operation.LIST),
    ("mistral", "POST", "/v1/projects/p-1/locations/europe-west4/publishers/mistralai/models/codestral@2405:rawPredict", Operation.GENERATE),
    ("mistral", "POST", "/v1/projects/p-1/locations/europe-west4/publishers/mistralai/models/m:streamRawPredict", Operation.GENERATE),
    ("anthropic", "POST", "/v1/messages/batches", Operation.SUBMIT), ("anthropic", "GET", "/v1/messages/batches/msgbatch_1/results", Operation.RESULTS),
    ("google", "POST", "/v1beta/models/gemini-2.5-flash:batchGenerateContent", Operation.SUBMIT), ("google", "GET", "/v1beta/batches/b-1", Operation.TRACK),
    ("anthropic", "GET", "/v1/models", Operation.LIST), ("anthropic", "GET", "/v1/models/claude-haiku-4-5-20251001", Operation.LIST),
    ("anthropic", "POST", "/v1/projects/p-1/locations/europe-west1/publishers/anthropic/models/claude-sonnet-4@20250514:rawPredict", Operation.GENERATE), ("anthropic", "POST", "/v1/projects/p-1/locations/europe-west1/publishers/anthropic/models/claude-x:streamRawPredict", Operation.GENERATE),
    ("anthropic", "POST", "/v1/projects/p-1/locations/europe-west1/publishers/anthropic/models/count-tokens:rawPredict", Operation.COUNT),
]
REFUSED = [
    ("openai", "GET", "/v1/chat/completions"), ("openai", "GET", "/v1/chat/completions/chatcmpl-1"), ("openai", "GET", "/v1/chat/completions/chatcmpl-1/messages"),
    ("openai", "DELETE", "/v1/models/ft:x"), ("openai", "POST", "/v1/models"),
    ("openai", "GET", "/v1/responses"), ("openai", "GET", "/v1/responses/.."), ("openai", "GET", "/v1/responses/../models"), ("openai", "GET", "/v1/responses/a%2Fb"), ("openai", "PUT", "/v1/responses/resp_1"),
    ("openai", "POST", "/v1/responses/resp_1"), ("openai", "POST", "/v1/responses/../cancel"), ("openai", "GET", "/v1/responses/resp_1/cancel"), ("openai", "POST", "/openai/deployments/../responses"),
    ("openai", "POST", "/v2/chat/completions"), ("openai", "post", "/v1/chat/completions"),
    ("openai", "POST", "/v1/chat/completions/"), ("openai", "POST", "/v1/chat/completions\n"), ("openai", "POST", "//v1/chat/completions"), ("openai", "POST", "v1/chat/completions"),
    ("openai", "POST", "/v1/chat/completions?x=1"), ("openai", "POST", "/v1/chat/completions/.."), ("openai", "POST", "/v1/../v1/chat/completions"),
    ("openai", "POST", "/openai/deployments/../chat/completions"), ("openai", "POST", "/openai/deployments/./chat/completions"), ("openai", "POST", "/openai/deployments//chat/completions"),
    ("openai", "POST", "/openai/deployments/a/b/chat/completions"), ("openai", "POST", "/openai/deployments/a%2Fb/chat/completions"), ("openai", "POST", "/openai/deployments/é/chat/completions"),
    ("openai", "GET", "/v1/models/.."), ("openai", "GET", "/v1/models/."), ("openai", "GET", "/v1/models/a/b"), ("openai", "GET", "/v1/models/a%2fb"), ("openai", "GET", "/v1/models/ana@exemple.fr"),
    ("openai", "GET", "/v1/models/\u0661"), ("openai", "POST", "/v1/messages"), ("anthropic", "POST", "/v1/chat/completions"), ("anthropic", "POST", "/v1/messages/batches/b1"),
    ("anthropic", "POST", "/messages"), ("anthropic", "GET", "/v1/models/.."), ("anthropic", "POST", "/v1/messages/"), ("anthropic", "POST", "/v1/complete"), ("anthropic", "POST", "/v1/files"),
    ("mistral", "POST", "/v1/conversations"), ("mistral", "POST", "/v1/projects/p/locations/../publishers/mistralai/models/m:rawPredict"),
    ("mistral", "POST", "/v1/projects/p/locations/l/publishers/google/models/m:rawPredict"), ("mistral", "POST", "/v1/projects/p/locations/l/publishers/mistralai/models/m:predict"), ("", "POST", "/v1/chat/completions"),
    ("anthropic", "POST", "/v1/projects/p-1/locations/europe-west1/publishers/google/models/g:rawPredict"), ("anthropic", "POST", "/v1/projects/p-1/locations/europe-west1/publishers/mistralai/models/m:rawPredict"), ("anthropic", "POST", "/v1/projects/p-1/locations/europe-west1/publishers/anthropic/models/..:rawPredict"),
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
    assert len({wire.name for wire in formats}) == len(formats)
    known = {"openai": ("x-request-id",), "anthropic": ("request-id",), "mistral": ("mistral-correlation-id",), "google": ()}
    assert [wire.request_id_headers for wire in formats] == [known[wire.like] for wire in formats]
