"""The same promises against a server that others wrote: canaries never arrive, answers come back restored, errors are the SDKs' own."""

from __future__ import annotations

import json
from typing import Any

import anthropic
import openai
import pytest
from google.genai import errors as google_errors
from mistralai.client.errors import SDKError
from pydantic import BaseModel

import govai
from tests.aimock.conftest import Aimock
from tests.doors.kinds import KINDS, Kind, close

CANARY = "jeanne.quinzemai@exemple.fr"
TEXT = f"Écris à {CANARY}, puis encore à « {CANARY} » : « ça va ? »\nMerci."
NAMES = ["openai", "aopenai", "azure", "anthropic", "aanthropic", "mistral", "amistral", "google", "agoogle"]
MODELS = ["a-openai", "a-responses", "a-anthropic", "a-mistral", "a-google"]


def nothing_of_hers_in(arrived: str) -> bool:
    """Whether something arrived, and of her nothing: not a part of the address, in no spelling of JSON."""
    return "Zq" in arrived and "quinzemai" not in arrived.casefold() and "jeanne" not in arrived.casefold()


@pytest.fixture(params=NAMES)
def kind(request: pytest.FixtureRequest) -> Kind:
    return KINDS[request.param]


@pytest.fixture
async def client(kind: Kind, aimock: Aimock, gov: govai.Governor) -> Any:
    bare = kind.make(aimock.url)
    yield gov.wrap(bare, purpose="support")
    await close(bare)


async def test_a_canary_never_arrives_and_comes_back(kind: Kind, client: Any, aimock: Aimock, gov: govai.Governor) -> None:
    assert await kind.ask(client, TEXT, "echo-1000") == TEXT
    assert nothing_of_hers_in(aimock.arrived())
    assert [r.kind for r in gov.ledger.records()] == ["intent", "outcome"]


@pytest.mark.parametrize("size", [1, 2, 3, 5, 8, 13, 1000])
async def test_a_stream_is_restored_wherever_it_is_cut(kind: Kind, client: Any, aimock: Aimock, gov: govai.Governor, size: int) -> None:
    assert await kind.ask(client, TEXT, f"echo-{size}", True) == TEXT
    assert nothing_of_hers_in(aimock.arrived())
    (outcome,) = gov.ledger.records(kind="outcome")
    assert outcome.body["status"] == "completed"


@pytest.mark.filterwarnings("ignore:Inheritance class AiohttpClientSession:DeprecationWarning")  # google's own, not wrapped
@pytest.mark.parametrize("status", [400, 401, 404, 429, 503])
@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
async def test_an_error_is_the_one_that_the_sdk_raises_itself(kind: Kind, client: Any, aimock: Aimock, status: int, stream: bool) -> None:
    bare = kind.make(aimock.url)
    raised = []
    for one in (bare, client):
        one = one.with_options(max_retries=0) if hasattr(one, "with_options") else one
        with pytest.raises((openai.APIStatusError, anthropic.APIStatusError, SDKError, google_errors.APIError)) as caught:
            await kind.ask(one, "Bonjour", f"status-{status}", stream)
        raised.append((type(caught.value), getattr(caught.value, "status_code", None) or caught.value.code, str(caught.value)))
    await close(bare)
    assert raised[0] == raised[1]
    assert raised[0][1] == status


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize("size", [1, 3, 8, 1000])
async def test_our_own_calls_over_every_provider(gov: govai.Governor, aimock: Aimock, name: str, size: int) -> None:
    asked = {"data": {"email": CANARY}, "purpose": "support"}
    prompt = "Écris à {email}, puis encore à « {email} » : « ça va ? »\nMerci."
    async with gov:
        assert gov.generate(f"{name}:echo-{size}", prompt, **asked).text == TEXT
        with gov.stream(f"{name}:echo-{size}", prompt, **asked) as stream:
            assert "".join(stream) == stream.reply.text == TEXT
        assert (await gov.agenerate(f"{name}:echo-{size}", prompt, **asked)).text == TEXT
        async with gov.astream(f"{name}:echo-{size}", prompt, **asked) as astream:
            assert "".join([piece async for piece in astream]) == TEXT
        assert nothing_of_hers_in(aimock.arrived())
        assert [r.body["status"] for r in gov.ledger.records(kind="outcome")] == ["completed"] * 4
        assert gov.ledger.verify().ok


@pytest.mark.filterwarnings("ignore:FUNCTION_CALL is not a valid FinishReason:UserWarning")  # aimock says so, Google does not
@pytest.mark.parametrize("name", [name for name in MODELS if name != "a-mistral"])  # its SDK wants the name in each piece of a tool call, aimock gives it once
@pytest.mark.parametrize("size", [1, 3, 1000])
def test_a_tool_that_may_receive_it_gets_it_and_another_does_not(gov: govai.Governor, aimock: Aimock, name: str, size: int) -> None:
    def mail(to: str) -> None:
        """Send a message."""

    asked = {"data": {"email": CANARY}, "purpose": "support"}
    for receives in (["user.contact"], []):
        tools = [govai.tool(mail, receives=receives)]
        whole = gov.generate(f"{name}:tool-{size}", "{email}", tools=tools, **asked)
        with gov.stream(f"{name}:tool-{size}", "{email}", tools=tools, **asked) as stream:
            for _piece in stream:
                continue
        for reply in (whole, stream.reply):
            (call,) = reply.tool_calls
            assert call.name == "mail"
            assert (call.arguments == {"to": CANARY}) is bool(receives), reply
            assert receives or call.arguments["to"].startswith("Zq")
    assert nothing_of_hers_in(aimock.arrived())


def test_structured_answers_are_restored(gov: govai.Governor, aimock: Aimock) -> None:
    class Letter(BaseModel):
        to: str

    prompt = json.dumps({"to": "{email}"}).replace('{"', '{{"').replace('"}', '"}}')
    for name in MODELS:
        reply = gov.generate(f"{name}:echo-3", prompt, data={"email": CANARY}, purpose="support", schema=Letter)
        assert reply.parsed == Letter(to=CANARY)
    assert nothing_of_hers_in(aimock.arrived())


def test_embeddings(gov: govai.Governor, aimock: Aimock) -> None:  # of OpenAI: Google's batches it does not know, of Mistral's answer it leaves out the id
    vectors = gov.embed("a-openai:embed", [TEXT, "Bonjour"], purpose="support")
    assert [len(vector) for vector in vectors] == [3, 3]
    arrived = aimock.arrived()
    assert "Bonjour" in arrived and "quinzemai" not in arrived
