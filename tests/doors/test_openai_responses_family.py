"""`api: responses`: the same calls as over chat, through the other interface of the openai SDK."""

from __future__ import annotations

import json

import openai
import pytest
from pydantic import BaseModel

import govai
from govai.core.errors import ConfigError, PolicyError
from govai.policy.policy import Policy
from tests.server import Server


class Answer(BaseModel):
    name: str


def mail(to: str) -> None:
    """Send a message."""


def posted(server: Server) -> dict:
    assert server.log[-1]["path"] == "/r/v1/responses"
    return json.loads(server.bodies[-1])


def test_a_conversation_with_tools_becomes_items(gov: govai.Governor, server: Server) -> None:
    gov.generate(
        "answers:echo", purpose="support", system="Réponds", temperature=0.5, max_tokens=20, schema=None, tools=[mail],
        messages=[
            govai.Message("system", "Sois brève"), govai.Message("user", "Écris"), govai.Message("assistant", "Oui", (govai.ToolCall("c1", "mail", {"to": "é"}), govai.ToolCall("c2", "mail", {}))),
            govai.Message("tool", "parti", tool_call_id="c1"), govai.Message("tool", "parti aussi", tool_call_id="c2"),
        ],
    )
    body = posted(server)
    (tool,) = body.pop("tools")
    assert (tool["type"], tool["name"], tool["strict"], list(tool["parameters"]["properties"])) == ("function", "mail", False, ["to"])
    assert body == {
        "model": "echo", "store": False, "instructions": "Réponds", "temperature": 0.5, "max_output_tokens": 20,
        "input": [
            {"role": "system", "content": "Sois brève"}, {"role": "user", "content": "Écris"}, {"role": "assistant", "content": "Oui"},
            {"type": "function_call", "call_id": "c1", "name": "mail", "arguments": '{"to": "é"}'}, {"type": "function_call", "call_id": "c2", "name": "mail", "arguments": "{}"},
            {"type": "function_call_output", "call_id": "c1", "output": "parti"}, {"type": "function_call_output", "call_id": "c2", "output": "parti aussi"},
        ],
    }


@pytest.mark.parametrize("size", [1, 3, 1000])
def test_a_structured_answer_is_escaped_in_every_telling(gov: govai.Governor, server: Server, size: int) -> None:
    said = dict(prompt=lambda c: '{"name": "' + c.prenom + '"}', data={"prenom": 'Re"née\\'}, purpose="win_back", schema=Answer)
    assert gov.generate(f"answers:echo-{size}", **said).parsed == Answer(name='Re"née\\')
    assert posted(server)["text"]["format"] == {"type": "json_schema", "name": "Answer", "strict": True, "schema": {**Answer.model_json_schema(), "additionalProperties": False}}
    with gov.stream(f"answers:echo-{size}", **said) as stream:
        assert json.loads("".join(stream)) == {"name": 'Re"née\\'}
    assert stream.reply.parsed == Answer(name='Re"née\\')


@pytest.mark.parametrize(("receives", "restored"), [((), False), (("user.contact",), True)])
def test_a_tool_call_is_announced_once_however_often_a_stream_tells_it(gov: govai.Governor, receives: tuple, restored: bool) -> None:
    with gov.stream("answers:tool", "ana@exemple.fr", purpose="support", tools=[govai.tool(mail, receives=receives)]) as stream:
        assert list(stream) == []
    (call,) = stream.reply.tool_calls
    assert (call.id, call.name) == ("c1", "mail")
    assert (call.arguments["to"] == "ana@exemple.fr") is restored


async def test_a_response_that_says_it_failed_is_an_error_in_every_way(gov: govai.Governor, server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("govai.doors.attempting._backoff", lambda _state: 0.0)
    with pytest.raises(govai.ProviderUnavailable) as caught:
        gov.generate("answers:fail-server_error", "bonjour ana@exemple.fr", purpose="support")
    assert "server_error" in str(caught.value) and "ana@" not in repr(caught.value) + str(caught.value)
    with pytest.raises(govai.ProviderUnavailable):
        await gov.agenerate("answers:fail-server_error", "bonjour", purpose="support")
    with gov.stream("answers:fail-server_error", "bonjour", purpose="support") as stream, pytest.raises(govai.ProviderUnavailable):
        list(stream)
    async with gov.astream("answers:fail-server_error", "bonjour", purpose="support") as astream:
        with pytest.raises(govai.ProviderUnavailable):
            [piece async for piece in astream]
    assert {r.body["status"] for r in gov.ledger.records(kind="outcome")} == {"failed"}
    assert isinstance(stream._opened[2], openai.Stream)
    await gov.aclose()


@pytest.mark.parametrize(("code", "kind"), [("invalid_prompt", govai.InvalidRequest), ("bio_policy", govai.InvalidRequest), ("image_too_large", govai.InvalidRequest), ("vector_store_timeout", govai.ProviderUnavailable), ("rate_limit_exceeded", govai.RateLimited)])
def test_a_failed_response_says_whether_the_request_is_at_fault(gov: govai.Governor, server: Server, code: str, kind: type, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("govai.doors.attempting._backoff", lambda _state: 0.0)
    server.log.clear()
    with pytest.raises(kind) as caught:
        gov.generate(f"answers:fail-{code}", "bonjour")
    assert type(caught.value) is kind
    assert len(server.log) == (1 if kind is govai.InvalidRequest else 3)


def test_a_ticket_of_a_wrapped_client_resumes_over_its_own_interface(policy: dict, server: Server) -> None:
    policy["reviews"] = [{"id": "look", "purpose": "reporting", "on": "prompt", "role": "data"}]
    with govai.Governor(policy, ledger=":memory:", actor="ana") as gov, openai.OpenAI(base_url=server.url + "/v1", api_key="x") as bare:
        with pytest.raises(govai.ReviewPending) as caught:
            gov.wrap(bare, purpose="reporting").responses.create(model="echo", input="Écris à ana@exemple.fr")
        gov.bind(actor="ines").reviews.approve(caught.value.ticket_id)
        reply = gov.resume(caught.value.ticket_id)
        assert (reply.text, reply.provider) == ("Écris à ana@exemple.fr", "near")
        assert server.log[-1]["path"] == "/v1/responses"


def test_a_reviewer_sees_each_text_once_and_an_edit_stands_wherever_the_text_is_told(policy: dict, server: Server) -> None:
    policy["reviews"] = [{"id": "published", "purpose": "newsletter", "on": "output", "role": "marketing"}]
    with govai.Governor(policy, ledger=":memory:", actor="ana") as gov, openai.OpenAI(base_url=server.url + "/r/v1", api_key="x") as bare:
        client = gov.wrap(bare, purpose="newsletter")

        def call() -> tuple[list[str], str]:
            with client.responses.stream(model="echo-3", input="Écris à ana@exemple.fr") as events:
                told = [e.delta if e.type == "response.output_text.delta" else e.text for e in events if e.type.startswith("response.output_text.")]
                return told, events.get_final_response().output_text

        with pytest.raises(govai.ReviewPending) as caught:
            call()
        reviewer = gov.bind(actor="lea")
        (ticket,) = reviewer.reviews.pending()
        assert ticket.text.count("Écris") == 1
        reviewer.reviews.approve(caught.value.ticket_id, text="Tout autre chose")
        told, final = call()
        assert ("".join(told[:-1]), told[-1], final) == ("Tout autre chose",) * 3


@pytest.mark.parametrize(("entry", "says"), [({"like": "openai", "api": "response"}, "'responses'"), ({"like": "anthropic", "api": "responses"}, "like: openai")])
def test_an_interface_that_does_not_exist_is_a_mistake_with_its_place(entry: dict, says: str) -> None:
    with pytest.raises(ConfigError, match=says) as caught:
        Policy.load({"govai": 1, "name": "t", "providers": {"near": {"host": "h", **entry}}})
    assert "providers.near" in caught.value.where


async def test_vectors_come_in_the_order_of_the_texts_whatever_the_client() -> None:
    import httpx2

    from govai.doors.offline import OfflineFamily, OfflineTransport
    from govai.doors.openai_family import OpenAIFamily

    made = {"base_url": "https://offline.invalid/v1", "api_key": "x"}
    texts = ["un", "deux", "un"]
    with openai.OpenAI(http_client=httpx2.Client(transport=OfflineTransport()), **made) as client, httpx2.Client(transport=OfflineTransport()) as plain:
        one = OpenAIFamily().vectors(OpenAIFamily().embed(client, "demo", texts, 5.0))
        two = OfflineFamily().vectors(OfflineFamily().embed(plain, "demo", texts, 5.0))
    async with openai.AsyncOpenAI(http_client=httpx2.AsyncClient(transport=OfflineTransport()), **made) as aclient, httpx2.AsyncClient(transport=OfflineTransport()) as aplain:
        three = OpenAIFamily().vectors(await OpenAIFamily().embed(aclient, "demo", texts, 5.0))
        four = OfflineFamily().vectors(await OfflineFamily().embed(aplain, "demo", texts, 5.0))
    assert one == two == three == four
    assert one[0] == one[2] != one[1]
    assert all(len(vector) == 16 and abs(sum(x * x for x in vector) - 1) < 1e-9 for vector in one)


def test_a_model_that_is_not_there_is_the_same_error_for_embeddings() -> None:
    import httpx2

    from govai.doors.offline import OfflineFamily, OfflineTransport

    with httpx2.Client(transport=OfflineTransport()) as client, pytest.raises(Exception) as caught:  # noqa: PT011
        OfflineFamily().embed(client, "ecko", ["x"], 5.0)
    assert isinstance(OfflineFamily().translate(caught.value, "offline"), govai.InvalidRequest)


def test_anthropic_has_no_embeddings() -> None:
    from govai.doors.anthropic_family import AnthropicFamily

    with pytest.raises(ConfigError, match="no embeddings"):
        AnthropicFamily().embed(None, "m", ["x"], 1.0)


def test_policy_errors_stay_policy_errors(gov: govai.Governor) -> None:
    sealed = govai.seal({"prenom": "Ana"})
    with pytest.raises(PolicyError, match="dead, cut or altered"):
        gov.generate("answers:echo", f"Écris à {f'{sealed.prenom}'[:-1]}", purpose="win_back")
