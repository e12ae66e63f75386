"""Audio: what a form or an object says beside the sound, and where answers and their events hold what was heard."""

from __future__ import annotations

from typing import Any, get_type_hints

import pytest
from mistralai.client.models import AudioTranscriptionRequest
from openai.types.audio import speech_create_params, transcription_create_params, translation_create_params

from govai.core.exchange import Channel, Operation, Part, RequestView, SlotKind, Usage, spell
from govai.wire.formats import endpoint_of
from govai.wire.multipart import Form
from govai.wire.openai_audio import MistralTranscription, OpenAISpeech, OpenAITranscription

HEARD, SPEECH = OpenAITranscription(), OpenAISpeech()
SOUND = {"name": "file", "filename": "zoé.wav", "type": "audio/wav", "bytes": b"\x00\x01"}
SAID = Channel(0, Part.TEXT, 0)


def form(*parts: dict[str, Any], **fields: str) -> Form:
    return Form([{"name": name, "value": value} for name, value in fields.items()] + list(parts))


def slots(view: RequestView, kind: SlotKind) -> dict[str, str]:
    return {spell(slot.path): slot.text for slot in view.slots if slot.kind is kind}


def test_a_form_with_sound() -> None:
    view = HEARD.read_request(form({"name": "include[]", "value": "logprobs"}, {"name": "chunking_strategy[type]", "value": "server_vad"}, SOUND, model="whisper-1", prompt="Appel de Zoé", language="fr", stream="true", temperature="0"))
    assert slots(view, SlotKind.TEXT) == {"[1].value": "Appel de Zoé", "[7].filename": "zoé.wav"}
    assert slots(view, SlotKind.CONTROL) == {"[2].value": "fr", "[3].value": "true", "[4].value": "0", "[5].value": "logprobs", "[6].value": "server_vad", "[7].type": "audio/wav"}
    assert slots(view, SlotKind.MODEL) == {"[0].value": "whisper-1"}
    assert [slot.text for slot in view.slots if slot.message >= 0] == ["Appel de Zoé"]
    assert (view.model, view.stream, view.opaque, view.references) == ("whisper-1", True, [("audio", "file")], [])
    assert HEARD.read_request(form(SOUND, stream="false")).stream is False


@pytest.mark.parametrize(("body", "opaque", "references"), [
    ({"model": "voxtral", "file_url": "https://exemple.fr/zoe.wav", "language": "fr"}, [("audio", "file_url")], []),
    ({"model": "voxtral", "file_id": "f_1", "context_bias": ["Zoé", "Ana"]}, [], [("file_id", "file_id")]),
    (form(file_url="https://exemple.fr/zoe.wav"), [("audio", "[0].value")], []),
    (form(known_speaker_references="data:audio/wav;base64,AAAA"), [("audio", "[0].value")], []),
])
def test_sound_by_its_address_or_its_id(body: Any, opaque: list, references: list) -> None:
    view = MistralTranscription().read_request(body)
    assert (view.opaque, view.references) == (opaque, references)
    assert len({slot.message for slot in view.slots if slot.message >= 0}) == len([slot for slot in view.slots if slot.message >= 0])
    assert any("zoe.wav" in slot.text for slot in view.slots) is bool(opaque and "zoe" in str(body))


def test_a_field_nobody_knows_is_seen_and_a_second_model_is_refused() -> None:
    view = HEARD.read_request(form(SOUND, autre="Zoé"))
    assert {"autre", "Zoé"} <= set(slots(view, SlotKind.TEXT).values())
    with pytest.raises(ValueError, match="^a field is given twice$"):
        HEARD.read_request(form({"name": "model", "value": "b"}, model="a"))


@pytest.mark.parametrize("body", [None, [], "Zoé", 3])
def test_what_is_neither_form_nor_object_is_refused_without_repeating_it(body: Any) -> None:
    for reader in (HEARD.read_request, HEARD.read_reply, HEARD.read_event, SPEECH.read_reply, SPEECH.read_event):
        with pytest.raises(ValueError, match="^it is not an object$"):
            reader(body)
    with pytest.raises(ValueError, match="^it has no input$"):
        SPEECH.read_request(body)


def test_what_is_spoken_is_seen() -> None:
    view = SPEECH.read_request({"model": "tts-1", "input": "Bonjour Zoé", "instructions": "comme Ana", "voice": {"id": "voice_1"}, "response_format": "mp3", "speed": 1.2, "stream_format": "sse"})
    assert slots(view, SlotKind.TEXT) == {"input": "Bonjour Zoé", "instructions": "comme Ana"}
    assert slots(view, SlotKind.KEY) == {}
    assert (view.model, view.stream, view.opaque) == ("tts-1", True, [])
    assert SPEECH.read_event({"type": "speech.audio.delta", "audio": "AAAA"}).terminal is False
    done = SPEECH.read_event({"type": "speech.audio.done", "usage": {"input_tokens": 3, "output_tokens": 4}})
    assert (done.terminal, done.usage, done.slots) == (True, Usage(3, 4), [])


def test_the_sdks_have_no_parameter_that_these_formats_do_not_know() -> None:
    openai = {*transcription_create_params.TranscriptionCreateParamsStreaming.__annotations__, *transcription_create_params.TranscriptionCreateParamsNonStreaming.__annotations__, *get_type_hints(translation_create_params.TranslationCreateParams)}
    openai |= set(get_type_hints(transcription_create_params.TranscriptionCreateParamsBase))
    for wire, names in ((HEARD, openai), (MistralTranscription(), set(AudioTranscriptionRequest.model_fields)), (SPEECH, set(get_type_hints(speech_create_params.SpeechCreateParams)))):
        assert len(names) > 5
        assert slots(wire.read_request(dict.fromkeys(names - {"file"})), SlotKind.KEY) == {}


def test_a_transcription_is_restored_in_its_pieces_too() -> None:
    view = HEARD.read_reply({"text": "Bonjour Zoé", "language": "fr", "segments": [{"id": 0, "text": "Bonjour"}, {"text": "Zoé"}, None], "words": [{"word": "Zoé", "start": 0.1}], "usage": {"input_tokens": 3, "output_tokens": 4, "type": "tokens"}})
    assert [(spell(slot.path), slot.text, slot.channel.part) for slot in view.slots] == [("text", "Bonjour Zoé", Part.TEXT), ("segments[0].text", "Bonjour", Part.REFUSAL), ("segments[1].text", "Zoé", Part.REFUSAL), ("words[0].word", "Zoé", Part.REFUSAL)]
    assert len({slot.channel for slot in view.slots}) == 4
    assert (view.usage, view.terminal) == (Usage(3, 4), False)
    assert HEARD.read_reply({"text": "x", "model": "voxtral", "usage": {"prompt_tokens": 3, "completion_tokens": 4}}).usage == Usage(3, 4)


@pytest.mark.parametrize(("delta", "done"), [
    ({"type": "transcript.text.delta", "delta": "Zo"}, {"type": "transcript.text.done", "text": "Zoé", "usage": {"input_tokens": 3, "output_tokens": 4}}),
    ({"type": "transcription.text.delta", "text": "Zo"}, {"type": "transcription.done", "text": "Zoé", "model": "m", "segments": [{"text": "Zoé"}], "usage": {"prompt_tokens": 3, "completion_tokens": 4}}),
])
def test_a_stream_says_the_text_once(delta: dict, done: dict) -> None:
    piece = HEARD.read_event(delta)
    assert [(slot.text, slot.channel, slot.whole) for slot in piece.slots] == [("Zo", SAID, False)]
    end = HEARD.read_event(done)
    assert (end.terminal, end.usage) == (True, Usage(3, 4))
    assert {slot.channel.part for slot in end.slots} == {Part.REFUSAL}
    assert [slot.text for slot in end.slots] == ["Zoé"] * len(end.slots)
    assert HEARD.read_event("[DONE]").terminal
    segment = HEARD.read_event({"type": "transcription.segment", "text": "Zoé", "start": 0, "end": 1})
    assert [(slot.text, slot.channel.part, slot.whole) for slot in segment.slots] == [("Zoé", Part.REFUSAL, True)]
    assert HEARD.read_event({"type": "transcription.language", "audio_language": "fr"}).slots == []


@pytest.mark.parametrize(("like", "path", "operation"), [
    ("openai", "/v1/audio/transcriptions", Operation.GENERATE), ("openai", "/audio/translations", Operation.GENERATE), ("openai", "/openai/deployments/w/audio/transcriptions", Operation.GENERATE),
    ("openai", "/v1/audio/speech", Operation.RENDER), ("mistral", "/v1/audio/transcriptions", Operation.GENERATE), ("openai", "/v1/images/edits", Operation.RENDER), ("openai", "/v1/images/variations", Operation.RENDER),
    ("mistral", "/v1/audio/speech", None), ("mistral", "/v1/audio/transcriptions/realtime", None), ("openai", "/v1/audio/voices", None), ("openai", "/v1/uploads", None),
])
def test_where_they_are_asked_for(like: str, path: str, operation: Operation | None) -> None:
    found = endpoint_of(like, "POST", path)
    assert (found and found[1].operation) is operation
