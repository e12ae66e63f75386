"""The clients people already have: the same type, native objects, every request through the policy."""

from __future__ import annotations

import json

import anthropic
import openai
import pytest

import govai
from tests.server import Server


@pytest.mark.parametrize(
    "route",
    [lambda c: c.responses.create(model="m", input="x", previous_response_id="resp_1"), lambda c: c.responses.create(model="m", input="x", store=True), lambda c: c.responses.create(model="m", input="x", tools=[{"type": "code_interpreter", "container": {"type": "auto"}}]), lambda c: c.moderations.create(input=[{"type": "image_url", "image_url": {"url": "https://exemple.fr/a.png"}}]),
     lambda c: c.responses.retrieve("resp_1"), lambda c: c.files.create(file=b"x", purpose="assistants"), lambda c: c.images.edit(image=b"x", prompt="x"), lambda c: c.completions.create(model="m", prompt=[1, 2, 3]),
     lambda c: c.chat.completions.retrieve("x"), lambda c: c.post("/chat/completions", cast_to=object, content=b"\x00"), lambda c: c.realtime.connect(model="m"),
     lambda c: c.responses.connect(), lambda c: c.chat.completions.create(model="m", messages=[{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}}]}]),
     lambda c: c.chat.completions.create(model="m", messages=[{"role": "user", "content": "x"}], web_search_options={}),
     lambda c: c.chat.completions.create(model="m", messages=[{"role": "user", "content": "x"}], store=True)],
)
def test_what_cannot_be_governed_is_refused_and_says_what_to_do(gov: govai.Governor, server: Server, route) -> None:
    with openai.OpenAI(base_url=server.url + "/v1", api_key="x") as bare:
        wrapped = gov.wrap(bare, purpose="support")
        server.log.clear()
        with pytest.raises(govai.Ungoverned) as caught:
            route(wrapped)
        assert "—" in str(caught.value)
        assert server.log == []


def test_prompts_of_completions_images_and_moderations_leave_protected_and_their_answers_come_back_restored(gov: govai.Governor, server: Server) -> None:
    said = "Un portrait de ana@exemple.fr"
    with openai.OpenAI(base_url=server.url + "/v1", api_key="x") as bare:
        wrapped = gov.wrap(bare, purpose="support")
        server.log.clear()
        assert wrapped.completions.create(model="m", prompt=said).choices[0].text == said
        (image,) = wrapped.images.generate(prompt=said).data
        assert (image.revised_prompt, image.b64_json) == (said, "iVBO")
        assert wrapped.moderations.create(input=said).results == []
        assert wrapped.responses.create(model="echo", input=said).output_text == said
        assert wrapped.responses.parse(model="echo", input=said).output_text == said
    assert len(server.log) == 5
    assert not any(b"ana@" in raw for raw in server.bodies)
    assert [r.kind for r in gov.ledger.records()] == ["intent", "outcome"] * 5


def test_embeddings_leave_text_by_text_and_come_back_as_they_are(gov: govai.Governor, server: Server) -> None:
    with openai.OpenAI(base_url=server.url + "/v1", api_key="x") as bare:
        server.log.clear()
        made = gov.wrap(bare, purpose="support").embeddings.create(model="m", input=["ana@exemple.fr", "Bonjour"])
        assert [len(one.embedding) for one in made.data] == [2, 2]
        with pytest.raises(govai.Ungoverned, match="tokens"):
            gov.wrap(bare, purpose="support").embeddings.create(model="m", input=[[1, 2], [3]])
    assert len(server.bodies) == 1 and b"ana" not in server.bodies[0] and b"Bonjour" in server.bodies[0]
    (outcome,) = gov.ledger.records(kind="outcome")
    assert (outcome.body["status"], outcome.body["model"], outcome.body["usage"]["input_tokens"]) == ("completed", "m", 3)


def test_model_lists_pass(gov: govai.Governor, server: Server) -> None:
    with openai.OpenAI(base_url=server.url + "/v1", api_key="x") as bare:
        assert list(gov.wrap(bare).models.list()) == []


def test_a_redirect_to_another_host_is_refused(gov: govai.Governor, server: Server) -> None:
    with openai.OpenAI(base_url=server.url + "/v1", api_key="x", max_retries=0) as bare, pytest.raises(govai.Ungoverned, match="redirects"):
        gov.wrap(bare, purpose="support").chat.completions.create(model="redirect", messages=[{"role": "user", "content": "x"}])


def test_an_unregistered_host_gets_no_personal_data(server: Server) -> None:
    with govai.Governor(ledger=":memory:") as gov, openai.OpenAI(base_url=server.url + "/v1", api_key="x") as bare:
        wrapped = gov.wrap(bare, purpose="support")
        with pytest.raises(govai.Blocked, match="is not in policy"):
            wrapped.chat.completions.create(model="echo", messages=[{"role": "user", "content": "ana@exemple.fr"}])


def test_gzip_bodies_are_looked_into_and_other_codings_refused(gov: govai.Governor, server: Server) -> None:
    import gzip

    raw = json.dumps({"model": "echo", "messages": [{"role": "user", "content": "à ana@exemple.fr"}]}).encode()
    with openai.OpenAI(base_url=server.url + "/v1", api_key="x", max_retries=0) as bare:
        wrapped = gov.wrap(bare, purpose="support")
        send = lambda content, coding: wrapped._client.post(server.url + "/v1/chat/completions", content=content, headers={"content-type": "application/json", "content-encoding": coding})
        assert "ana@exemple.fr" in send(gzip.compress(raw), "gzip").text
        assert b"ana@" not in server.bodies[-1]
        for content, coding in ((raw, "br"), (b"junk", "gzip"), (gzip.compress(raw) + b"tail", "gzip")):
            with pytest.raises(govai.Ungoverned, match="looked into"):
                send(content, coding)


def test_a_duplicate_json_key_hides_nothing(gov: govai.Governor, server: Server) -> None:
    raw = b'{"model":"echo","messages":[{"role":"user","content":"ana@exemple.fr","content":"ok"}]}'
    with openai.OpenAI(base_url=server.url + "/v1", api_key="x") as bare:
        gov.wrap(bare, purpose="support")._client.post(server.url + "/v1/chat/completions", content=raw, headers={"content-type": "application/json"})
    assert b"ana@" not in server.bodies[-1]


@pytest.mark.parametrize("where", ["header", "query", "role", "model", "number", "url"])
def test_personal_data_where_nothing_can_be_rewritten_refuses_the_call(gov: govai.Governor, server: Server, where: str) -> None:
    with openai.OpenAI(base_url=server.url + "/v1", api_key="x") as bare:
        wrapped = gov.wrap(bare, purpose="support")
        kwargs = {"model": "echo", "messages": [{"role": "user", "content": "x"}]}
        extra = {
            "header": {"extra_headers": {"x-customer": "ana@exemple.fr"}},
            "query": {"extra_query": {"c": "ana@exemple.fr"}},
            "role": {"messages": [{"role": "ana@exemple.fr", "content": "x"}]},
            "model": {"model": "ana@exemple.fr"},
            "number": {"extra_body": {"data": {"card": 4111111111111111}}},
            "url": {"extra_query": {"ana@exemple.fr": "1"}},
        }[where]
        server.log.clear()
        with pytest.raises(govai.Blocked):
            wrapped.chat.completions.create(**{**kwargs, **extra})
        assert server.log == []


def test_an_abandoned_stream_is_recorded_as_such(gov: govai.Governor, server: Server) -> None:
    with openai.OpenAI(base_url=server.url + "/v1", api_key="x") as bare:
        wrapped = gov.wrap(bare, purpose="support")
        stream = wrapped.chat.completions.create(model="echo-1", messages=[{"role": "user", "content": "une longue réponse"}], stream=True)
        next(iter(stream))
        stream.close()
    (outcome,) = gov.ledger.records(kind="outcome")
    assert outcome.body["status"] in ("abandoned", "completed")


def test_error_bodies_stay_protected(gov: govai.Governor, server: Server) -> None:
    with openai.OpenAI(base_url=server.url + "/v1", api_key="x", max_retries=0) as bare, pytest.raises(openai.BadRequestError) as caught:
        gov.wrap(bare, purpose="support").chat.completions.create(model="status-400", messages=[{"role": "user", "content": "ana@exemple.fr"}])
    assert "ana@" not in str(caught.value)


def test_a_subclass_with_its_own_init_fails_loudly(gov: govai.Governor, server: Server) -> None:
    class Own(openai.OpenAI):
        def __init__(self, place: str) -> None:
            super().__init__(base_url=place, api_key="x")

    with Own(server.url) as bare, pytest.raises(govai.ConfigError, match="cannot be copied"):
        gov.wrap(bare)


def test_a_protected_number_in_json_data_refuses_the_call_naming_its_field(gov: govai.Governor, server: Server) -> None:
    with openai.OpenAI(base_url=server.url + "/v1", api_key="x") as bare, govai.scope(purpose="support", data={"solde": 1234.5}):
        wrapped = gov.wrap(bare)
        for extra in ({"messages": [{"role": "user", "content": '{"solde": 1234.5}'}]}, {"extra_body": {"data": {"n": 1234.5}}}):
            server.log.clear()
            with pytest.raises(govai.Blocked, match="'solde'"):
                wrapped.chat.completions.create(**{"model": "echo", "messages": [{"role": "user", "content": "x"}], **extra})
            assert server.log == []
        reply = wrapped.chat.completions.create(model="echo", messages=[{"role": "user", "content": '{"solde": "1234.5"}'}])
        assert reply.choices[0].message.content == '{"solde": "1234.5"}' and b"1234" not in server.bodies[-1]


def test_a_refused_model_name_is_not_recorded(gov: govai.Governor, server: Server) -> None:
    with openai.OpenAI(base_url=server.url + "/v1", api_key="x") as bare, pytest.raises(govai.Blocked):
        gov.wrap(bare, purpose="support").chat.completions.create(model="ana@exemple.fr", messages=[{"role": "user", "content": "x"}])
    assert "ana@" not in json.dumps([r.to_json() for r in gov.ledger.records()])


def test_counting_tokens_is_governed_and_needs_no_output_review(policy: dict, server: Server) -> None:
    policy["reviews"] = [{"id": "r", "purpose": "newsletter", "on": "output", "role": "marketing"}]
    with govai.Governor(policy, ledger=":memory:", actor="ana") as gov, anthropic.Anthropic(base_url=server.url, api_key="x") as bare:
        gov.wrap(bare, purpose="newsletter").messages.count_tokens(model="echo", messages=[{"role": "user", "content": "ana@exemple.fr"}])
        assert b"ana@" not in server.bodies[-1]
        assert [r.body.get("operation") for r in gov.ledger.records(kind="intent")] == ["count"]


@pytest.mark.parametrize(
    "extra",
    [{"extra_headers": {"Idempotency-Key": "Diazmarchand-42"}}, {"extra_headers": {"User-Agent": "Diazmarchand"}}, {"extra_headers": {"OpenAI-Project": "Diazmarchand"}},
     {"extra_headers": {"X-Stainless-Other": "Diazmarchand"}}, {"seed": 48291734}, {"extra_body": {"tools": [{"type": "function", "function": {"name": "x", "parameters": {"type": "string", "minLength": 48291734}}}]}}],
)
def test_declared_values_do_not_leave_in_protocol_places(gov: govai.Governor, server: Server, extra: dict) -> None:
    with openai.OpenAI(base_url=server.url + "/v1", api_key="x") as bare, govai.scope(purpose="support", data={"nom": "Diazmarchand", "client_id": 48291734}):
        server.log.clear()
        with pytest.raises(govai.Blocked):
            gov.wrap(bare).chat.completions.create(model="echo", messages=[{"role": "user", "content": "x"}], **extra)
        assert server.log == []
