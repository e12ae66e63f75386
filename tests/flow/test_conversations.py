"""What an agent sends back after a tool was called: a tool's name stands beside a text, and is no part of it."""

from __future__ import annotations

from typing import Any

import httpx2
import pytest

from govai.testing import Provider, governor

MAIL = "ana@exemple.fr"
ASKED = {"role": "user", "content": "Cherche"}
CALL = {"id": "call00000", "type": "function", "function": {"name": "lookup", "arguments": "{}"}}
RESULT = {"role": "tool", "tool_call_id": "call00000"}

CHAT: dict[str, list[dict[str, Any]]] = {
    "a text before the call": [ASKED, {"role": "assistant", "content": f"à {MAIL}", "tool_calls": [CALL]}],
    "arguments before the name": [ASKED, {"role": "assistant", "tool_calls": [{**CALL, "function": {"arguments": f"à {MAIL}", "name": "lookup"}}]}],
    "a result before the name": [ASKED, {"role": "assistant", "tool_calls": [CALL]}, {**RESULT, "content": f"à {MAIL}", "name": "lookup"}],
}
RESPONSES: dict[str, list[dict[str, Any]]] = {
    "a text before the call": [{"type": "message", "role": "assistant", "content": f"à {MAIL}"}, {"type": "function_call", "call_id": "c", "name": "lookup", "arguments": "{}"}],
    "an input before the name": [{"type": "custom_tool_call", "call_id": "c", "input": f"à {MAIL}", "name": "lookup"}],
}
CASES = [
    *(pytest.param(f"https://{host}/v1/chat/completions", {"messages": said}, id=f"{host}: {what}") for host in ("api.openai.com", "api.mistral.ai") for what, said in CHAT.items()),
    *(pytest.param("https://api.openai.com/v1/responses", {"input": [ASKED, *said]}, id=f"responses: {what}") for what, said in RESPONSES.items()),
]


@pytest.mark.parametrize(("url", "body"), CASES)
def test_an_address_beside_a_tools_name_leaves_the_name_alone(url: str, body: dict[str, Any]) -> None:
    provider = Provider()
    with governor(provider=provider) as gov, gov.instrument(purpose="support", quiet=True):
        assert httpx2.post(url, json={"model": "m", **body}).status_code == 200
    provider.assert_never_saw(MAIL)
    assert provider.last.text.count("lookup") == str(body).count("lookup")
