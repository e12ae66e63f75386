"""Attacks through the official SDKs: what they let a caller add to a request, and the parts of their surface that nobody looks into.

Nothing of it leaves, each is tried once, and the refusal is govai's own.
"""

from __future__ import annotations

import io
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import anthropic
import httpx2
import openai
import pytest
from google import genai
from google.genai import types
from mistralai.client import Mistral

import govai

MAIL, PHONE = "renee.aubrac@exemple.fr", "06 12 34 56 78"
USER: list[Any] = [{"role": "user", "content": "Bonjour"}]
FILE = ("a.jsonl", io.BytesIO(b'{"note": "renee.aubrac@exemple.fr"}'))


class Wire:
    """Answers every request with an empty object, and counts them."""

    def __init__(self) -> None:
        self.received: list[bytes] = []

    def __call__(self, request: httpx2.Request) -> httpx2.Response:
        self.received.append(request.url.raw_path + repr(request.headers.raw).encode() + request.read())
        return httpx2.Response(200, json={})


@pytest.fixture
def wire() -> Wire:
    return Wire()


@pytest.fixture
def wrapped(policy: dict, wire: Wire) -> Iterator[Callable[[str], Any]]:
    entry = {"host": "ai.example", "region": "EU", "trains_on_inputs": False, "api_key": "env:GOVAI_TEST_KEY"}
    rules = {**policy, "providers": {like: {"like": like, **entry} for like in ("openai", "anthropic", "mistral", "google")}}
    with govai.Governor(rules, ledger=":memory:", actor="ana") as gov, httpx2.Client(transport=httpx2.MockTransport(wire)) as http:
        clients: dict[str, Callable[[], Any]] = {
            "openai": lambda: openai.OpenAI(base_url="https://ai.example/v1", api_key="sk-x", max_retries=2, http_client=http),
            "anthropic": lambda: anthropic.Anthropic(base_url="https://ai.example", api_key="sk-x", max_retries=2, http_client=http),
            "mistral": lambda: Mistral(server_url="https://ai.example", api_key="k", client=http),
            "google": lambda: genai.Client(api_key="k", http_options=types.HttpOptions(base_url="https://ai.example", httpx_client=http)),
        }
        yield lambda name: gov.wrap(clients[name](), purpose="support")
        refusals = list(gov.ledger.records(kind="refusal"))
        assert len(refusals) <= 1  # a blocked call is never retried
        assert "aubrac" not in str([record.body for record in gov.ledger.records()])


def chat(client: Any, **more: Any) -> Any:
    return client.chat.completions.create(model="m", messages=USER, **more)


def message(client: Any, **more: Any) -> Any:
    return client.messages.create(model="m", max_tokens=9, messages=USER, **more)


SMUGGLED: dict[str, tuple[str, Callable[[Any], Any]]] = {
    "openai extra_headers": ("openai", lambda c: chat(c, extra_headers={"X-Note": MAIL})), "openai a header of its own": ("openai", lambda c: chat(c, extra_headers={"X-Stainless-OS": PHONE})), "openai Host": ("openai", lambda c: chat(c, extra_headers={"Host": "evil.example"})),
    "openai extra_query": ("openai", lambda c: chat(c, extra_query={"note": MAIL})), "openai default_headers": ("openai", lambda c: chat(c.with_options(default_headers={"accept-language": MAIL}))), "openai default_query": ("openai", lambda c: chat(c.with_options(default_query={MAIL: "1"}))),
    "openai id": ("openai", lambda c: c.responses.retrieve(MAIL)), "openai path": ("openai", lambda c: c.post(f"/customers/{MAIL}", cast_to=object)), "openai retrieve stream": ("openai", lambda c: c.responses.retrieve("resp_1", stream=True)),
    "openai organization": ("openai", lambda c: chat(c.with_options(organization=MAIL))),
    "anthropic extra_headers": ("anthropic", lambda c: message(c, extra_headers={"anthropic-beta": MAIL})), "anthropic extra_query": ("anthropic", lambda c: message(c, extra_query={"a": MAIL})), "anthropic betas": ("anthropic", lambda c: c.beta.messages.create(model="m", max_tokens=9, messages=USER, betas=[MAIL])),
    "anthropic batch": ("anthropic", lambda c: c.messages.batches.retrieve(MAIL.replace("@", "_") + "0612345678")), "mistral http_headers": ("mistral", lambda c: c.chat.complete(model="m", messages=USER, http_headers={"x-note": MAIL})),
    "google headers": ("google", lambda c: c.models.generate_content(model="m", contents="x", config={"http_options": {"headers": {"x-note": MAIL}}})), "google model": ("google", lambda c: c.models.generate_content(model=MAIL, contents="x")),
}
UNGOVERNED: dict[str, tuple[str, Callable[[Any], Any]]] = {
    "conversations": ("openai", lambda c: c.conversations.create(items=USER)), "conversation items": ("openai", lambda c: c.conversations.items.list("conv_1")), "vector stores": ("openai", lambda c: c.vector_stores.create(name=MAIL)), "search": ("openai", lambda c: c.vector_stores.search("vs_1", query=MAIL)),
    "uploads": ("openai", lambda c: c.uploads.create(bytes=1, filename=MAIL, mime_type="text/plain", purpose="batch")), "parts": ("openai", lambda c: c.uploads.parts.create("u", data=b"x")), "containers": ("openai", lambda c: c.containers.create(name=MAIL)), "evals": ("openai", lambda c: c.evals.list()),
    "fine tuning": ("openai", lambda c: c.fine_tuning.jobs.create(model="m", training_file="file-1")), "files": ("openai", lambda c: c.files.create(file=FILE, purpose="assistants")), "user data": ("openai", lambda c: c.files.create(file=FILE, purpose="user_data")), "content": ("openai", lambda c: c.files.content("file-1")),
    "batches": ("openai", lambda c: c.batches.create(input_file_id="file-1", endpoint="/v1/chat/completions", completion_window="24h")), "stored": ("openai", lambda c: c.chat.completions.list()), "stored messages": ("openai", lambda c: c.chat.completions.messages.list("c")),
    "anthropic files": ("anthropic", lambda c: c.beta.files.upload(file=FILE)), "anthropic skills": ("anthropic", lambda c: c.beta.skills.create(files=[FILE])), "anthropic results": ("anthropic", lambda c: c.messages.batches.results("b")),
    "google files": ("google", lambda c: c.files.upload(file=io.BytesIO(MAIL.encode()), config={"mime_type": "text/plain"})), "google caches": ("google", lambda c: c.caches.create(model="m", config={"contents": MAIL})), "google interactions": ("google", lambda c: c.interactions.create(model="m", input=MAIL)),
    "mistral agents": ("mistral", lambda c: c.beta.agents.create(model="m", name=MAIL)), "mistral conversations": ("mistral", lambda c: c.beta.conversations.start(inputs=MAIL, model="m")), "mistral libraries": ("mistral", lambda c: c.beta.libraries.create(name=MAIL)),
    "mistral ocr": ("mistral", lambda c: c.ocr.process(model="m", document={"type": "document_url", "document_url": "https://x.example/a.pdf"})), "mistral jobs": ("mistral", lambda c: c.batch.jobs.create(endpoint="/v1/chat/completions", model="m", input_files=["file-1"])),
    "mistral files": ("mistral", lambda c: c.files.upload(file={"file_name": "a.txt", "content": MAIL.encode()}, purpose="ocr")), "assistants": ("openai", lambda c: c.beta.assistants.create(model="m", instructions=MAIL)), "threads": ("openai", lambda c: c.beta.threads.create(messages=USER)),
}


@pytest.mark.parametrize("attack", SMUGGLED)
def test_what_an_sdk_lets_a_caller_add_is_looked_at(wrapped: Callable[[str], Any], wire: Wire, attack: str) -> None:
    name, do = SMUGGLED[attack]
    refused(do, wrapped(name))
    assert wire.received == []


@pytest.mark.parametrize("attack", UNGOVERNED)
def test_a_part_of_an_sdk_that_nobody_looks_into_is_refused(wrapped: Callable[[str], Any], wire: Wire, attack: str) -> None:
    name, do = UNGOVERNED[attack]
    assert isinstance(refused(do, wrapped(name)), govai.Ungoverned)
    assert wire.received == []


def refused(do: Callable[[Any], Any], client: Any) -> govai.GovaiError:
    with warnings.catch_warnings(), pytest.raises(govai.GovaiError) as caught:
        warnings.simplefilter("ignore", DeprecationWarning)  # the SDK's own, of parts that it gives up
        made = do(client)
        for _ in made if hasattr(made, "__next__") else ():
            pass
    for one in filter(None, (caught.value, caught.value.__cause__, caught.value.__context__)):
        assert "aubrac" not in f"{one} {one!r} {one.args}" and "12 34" not in str(one)
    return caught.value


@pytest.mark.parametrize(("extra", "held"), [({"note": MAIL}, b"note"), ({MAIL: 1}, b":1"), ({"metadata": {"a": MAIL}}, b"metadata"), ({"messages": [{"role": "user", "content": MAIL}]}, b"messages"), ({"user": MAIL}, b"user"), ({"x": [{"y": {MAIL: [MAIL]}}]}, b'"y"')])
def test_what_an_extra_body_adds_is_governed(wrapped: Callable[[str], Any], wire: Wire, extra: dict[str, Any], held: bytes) -> None:
    chat(wrapped("openai"), extra_body=extra)
    (raw,) = wire.received
    assert held in raw and b"aubrac" not in raw
