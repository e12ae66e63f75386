"""Forms through the official SDKs: sound and pictures only where the policy names them, every text field governed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import openai
import pytest
from mistralai.client.models import File

import govai
from govai.core.scope import Scope
from govai.doors.mistral_family import MistralFamily
from govai.doors.wrapping import close
from govai.flow.transports import GovernedTransport, Governing
from tests.server import SOUND, Server

SAID = "Appel de renee.aubrac@exemple.fr ce matin"
WAV = ("appel.wav", SOUND, "audio/wav")


@pytest.fixture
def gov(policy: dict, server: Server) -> Iterator[govai.Governor]:
    entry = policy["providers"]["near"]
    server.log.clear()
    with govai.Governor({**policy, "providers": {"near": entry, "mistral": {**entry, "like": "mistral"}}, "allow": {"opaque": ["audio", "image"]}}, ledger=":memory:", actor="ana") as governor:
        yield governor


@pytest.fixture
def client(gov: govai.Governor, server: Server) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(base_url=server.url + "/v1", api_key="x", max_retries=0) as bare:
        yield gov.wrap(bare, purpose="win_back")


def post(gov: govai.Governor, server: Server, path: str, **sent: Any) -> httpx2.Response:
    how = Governing(gov._engine, Scope(purpose="win_back"), "openai")
    with httpx2.HTTPTransport() as inner, httpx2.Client(base_url=server.url, transport=GovernedTransport(inner, how)) as http:
        return http.post(path, **sent)


def sent_once(server: Server) -> bytes:
    assert len(server.bodies) == 1
    assert b"renee" not in server.bodies[0]
    return server.bodies[0]


def test_a_transcription_is_governed_and_restored(client: openai.OpenAI, gov: govai.Governor, server: Server) -> None:
    answer = client.audio.transcriptions.create(file=WAV, model="whisper-1", prompt=SAID, language="fr", timestamp_granularities=["word", "segment"], chunking_strategy={"type": "server_vad"})
    assert answer.text == SAID
    raw = sent_once(server)
    assert SOUND in raw and b'filename="appel.wav"' in raw and raw.count(b'name="timestamp_granularities[]"') == 2
    assert int({k.lower(): v for k, v in server.log[0]["headers"].items()}["content-length"]) == len(raw)
    records = list(gov.ledger.records())
    assert [(r.kind, r.body.get("status")) for r in records] == [("intent", None), ("outcome", "completed")]
    assert (records[0].body["model"], records[1].body["usage"]) == ("whisper-1", {"input_tokens": 3, "output_tokens": 4})


async def test_a_transcription_in_asyncio(gov: govai.Governor, server: Server) -> None:
    async with openai.AsyncOpenAI(base_url=server.url + "/v1", api_key="x", max_retries=0) as bare:
        answer = await gov.wrap(bare, purpose="win_back").audio.transcriptions.create(file=WAV, model="whisper-1", prompt=SAID)
    assert answer.text == SAID
    assert SOUND in sent_once(server)


def test_a_transcription_by_mistral(gov: govai.Governor, server: Server) -> None:
    governing = Governing(gov._engine, Scope(purpose="win_back"), "mistral")
    client = MistralFamily().client(gov.policy.provider("mistral"), governing)
    client.audio.transcriptions.complete(model="voxtral", file=File(file_name="renee.aubrac@exemple.fr.wav", content=SOUND), context_bias=["renee.aubrac@exemple.fr", "Ana"], timestamp_granularities=["segment"])
    raw = sent_once(server)
    assert SOUND in raw and raw.count(b'name="context_bias"') == 2 and b"Ana" in raw
    close(client)


def test_pictures_are_edited(client: openai.OpenAI, server: Server) -> None:
    made = client.images.edit(image=[("a.png", SOUND), ("b.png", SOUND)], prompt=SAID, n=1)
    assert made.data and made.data[0].revised_prompt == SAID
    assert sent_once(server).count(SOUND) == 2


def test_speech_comes_back_as_it_is(client: openai.OpenAI, gov: govai.Governor, server: Server) -> None:
    assert client.audio.speech.create(model="tts-1", voice="alloy", input=SAID).content == SOUND
    with client.audio.speech.with_streaming_response.create(model="tts-1", voice="alloy", input="Bonjour") as answer:
        assert b"".join(answer.iter_bytes()) == SOUND
    assert b"renee" not in server.bodies[0]
    assert [(r.body["status"], r.body["error"]) for r in gov.ledger.records() if r.kind == "outcome"] == [("completed", "")] * 2


def test_what_nobody_can_review_is_not_handed_out(policy: dict, server: Server) -> None:
    reviews = [{"id": "heard", "purpose": ["win_back"], "on": "output", "role": "marketing"}]
    with govai.Governor({**policy, "reviews": reviews}, ledger=":memory:", actor="ana") as gov, openai.OpenAI(base_url=server.url + "/v1", api_key="x", max_retries=0) as bare:
        with pytest.raises(govai.Ungoverned, match="review"):
            gov.wrap(bare, purpose="win_back").audio.speech.create(model="tts-1", voice="alloy", input="Bonjour")


def test_sound_is_refused_unless_the_policy_names_it(policy: dict, server: Server) -> None:
    server.log.clear()
    with govai.Governor(policy, ledger=":memory:", actor="ana") as gov, openai.OpenAI(base_url=server.url + "/v1", api_key="x", max_retries=0) as bare:
        client = gov.wrap(bare, purpose="win_back")
        with pytest.raises(govai.Ungoverned, match=r"allow: \{opaque: \[audio\]\}"):
            client.audio.transcriptions.create(file=WAV, model="whisper-1")
        with pytest.raises(govai.Ungoverned, match=r"allow: \{opaque: \[image\]\}"):
            post(gov, server, "/v1/images/variations", files={"image": ("a.png", SOUND)})
        with pytest.raises(govai.Ungoverned, match=r"allow: \{opaque: \[file\]\}"):
            client.files.create(file=("a.txt", b"Zo"), purpose="assistants")
    assert server.log == []


@pytest.mark.parametrize("sent", [
    {"content": b"--b\r\n", "headers": {"content-type": "multipart/form-data; boundary=b"}}, {"content": b"--b--\r\n", "headers": {"content-type": "multipart/form-data"}},
    {"content": b"x", "headers": {"content-type": "multipart/mixed; boundary=b"}}, {"files": [("model", (None, "a")), ("model", (None, "b")), ("file", WAV)]}, {"files": {"file": WAV, "autre": ("x.bin", b"\x00")}},
])
def test_a_form_that_cannot_be_looked_into_is_refused(gov: govai.Governor, server: Server, sent: dict[str, Any]) -> None:
    with pytest.raises(govai.Ungoverned):
        post(gov, server, "/v1/audio/transcriptions", **sent)
    assert server.log == []


def test_a_form_where_json_is_spoken_is_refused(gov: govai.Governor, server: Server) -> None:
    with pytest.raises(govai.Ungoverned):
        post(gov, server, "/v1/chat/completions", files={"messages": (None, "Bonjour")})
    assert server.log == []


@pytest.mark.parametrize("files", [
    {"file": WAV, "prompt": (None, SAID)}, {"file": WAV, "renee.aubrac@exemple.fr": (None, "x")}, {"file": ("renee.aubrac@exemple.fr", SOUND)}, {"file": WAV, "language": (None, "renee.aubrac@exemple.fr")},
    {"file": WAV, "model": (None, "renee.aubrac@exemple.fr")}, {"file": ("a", SOUND, "renee.aubrac@exemple.fr")}, {"file": WAV, "speaker_references": (None, '{"renee.aubrac@exemple.fr": "x"}', "application/json")},
    {"file": ("a", SOUND, "audio/wav", {"X-Nom": "renee.aubrac@exemple.fr"})},
])
def test_nothing_declared_leaves_in_any_place_of_a_form(gov: govai.Governor, server: Server, files: dict[str, Any]) -> None:
    try:
        post(gov, server, "/v1/audio/transcriptions", files=files)
    except govai.GovaiError as error:
        assert "aubrac" not in f"{error}{error!r}"
    assert not any(b"aubrac" in raw for raw in server.bodies)


def test_a_boundary_of_the_callers_never_leaves(gov: govai.Governor, server: Server) -> None:
    post(gov, server, "/v1/audio/transcriptions", files={"prompt": (None, "x")}, headers={"content-type": "multipart/form-data; boundary=0612345678"})
    assert b"0612345678" not in server.bodies[0] and "0612345678" not in str(server.log[0]["headers"])
    for kind in ("multipart/form-data; boundary=zoe; x=renee.aubrac@exemple.fr", "application/json; boundary=renee.aubrac@exemple.fr"):
        with pytest.raises(govai.GovaiError):
            post(gov, server, "/v1/audio/speech", content=b'{"model":"m","input":"x"}', headers={"content-type": kind})
    assert len(server.bodies) == 1


def test_the_same_form_goes_on_once_approved(policy: dict, server: Server, tmp_path: Path) -> None:
    reviews = [{"id": "looked-at", "purpose": ["win_back"], "on": "prompt", "role": "marketing"}]
    strict, url = {**policy, "reviews": reviews, "allow": {"opaque": ["audio"]}}, f"sqlite:///{tmp_path}/x.db"
    server.log.clear()
    with govai.Governor(strict, ledger=url, actor="ana") as gov, govai.Governor(strict, ledger=url, actor="lea") as reviewer:
        with openai.OpenAI(base_url=server.url + "/v1", api_key="x", max_retries=0) as bare:
            client = gov.wrap(bare, purpose="win_back")
            with pytest.raises(govai.ReviewPending) as caught:
                client.audio.transcriptions.create(file=WAV, model="whisper-1", prompt=SAID)
            assert server.log == []
            reviewer.reviews.approve(caught.value.ticket_id)
            with pytest.raises(govai.ConfigError, match="same call again"):
                gov.resume(caught.value.ticket_id)
            assert client.audio.transcriptions.create(file=WAV, model="whisper-1", prompt=SAID).text == SAID
    assert SOUND in sent_once(server)
