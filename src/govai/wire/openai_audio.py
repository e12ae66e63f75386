"""Audio: transcription and translation, as OpenAI and Mistral do them, and OpenAI's speech. Sound cannot be looked into."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, ClassVar

from govai.core.exchange import Channel, Endpoint, Operation, Part, ReplySlot, ReplyView, RequestView, Usage, spell
from govai.wire.answers import an_object, count, error_name, text_or_none
from govai.wire.multipart import Form, read_form
from govai.wire.openai_paths import below
from govai.wire.walker import Table, Walk

if TYPE_CHECKING:
    from govai.core.exchange import Path

_TEXT = Channel(0, Part.TEXT)
# What repeats the text, in pieces with their times or at the end of a stream: restored, not the reply's text once more.
_AGAIN, _SEGMENTS, _WORDS = 1, 10_000, 10_000_000  # channel numbers
_SEVERAL = frozenset({"context_bias", "timestamp_granularities"})


class OpenAITranscription:
    """POST /v1/audio/transcriptions, /v1/audio/translations, also without /v1 and below Azure's deployments."""

    name = "openai_transcription"
    like = "openai"
    endpoints: tuple[Endpoint, ...] = (
        Endpoint("POST", below(r"/audio/(?:transcriptions|translations)"), Operation.GENERATE),
    )
    request_id_headers: tuple[str, ...] = ("x-request-id",)

    def read_request(self, body: Any) -> RequestView:
        """Return every place of the form or object that holds text; ValueError when it is neither."""
        walk = _AudioWalk()
        if isinstance(body, Form):
            read_form(walk, body, _TRANSCRIPTION, {"file": "audio"}, _SEVERAL)
            view = walk.view(body.fields(), [])
            view.stream = body.fields().get("stream", "").lower() == "true"
            return view
        walk.fields((), an_object(body), _TRANSCRIPTION)
        return walk.view(body, [])

    def read_reply(self, body: Any) -> ReplyView:
        """Return what was heard; ValueError when it is not an object."""
        view = _about(an_object(body))
        _heard(view, body, "text", _TEXT, whole=True)
        for list_of, key, first in (("segments", "text", _SEGMENTS), ("words", "word", _WORDS)):
            pieces = body.get(list_of)
            for at, piece in enumerate(pieces if isinstance(pieces, list) else ()):
                if isinstance(piece, dict) and isinstance(piece.get(key), str):
                    channel = Channel(0, Part.REFUSAL, first + at)
                    view.slots.append(ReplySlot((list_of, at, key), piece[key], channel))
        return view

    def read_event(self, event: Any) -> ReplyView:
        """Return what one event of a stream says was heard; ValueError when it is not an object."""
        if event == "[DONE]":
            return ReplyView([], terminal=True)
        kind = an_object(event).get("type")
        if kind in ("transcript.text.done", "transcription.done"):
            view = self.read_reply(event)
            view.slots = [slot._replace(channel=_again(slot.channel)) for slot in view.slots]
            view.terminal = True
            return view
        view = _about(event)
        if kind == "transcript.text.delta":
            _heard(view, event, "delta", _TEXT, whole=False)
        elif kind == "transcription.text.delta":
            _heard(view, event, "text", _TEXT, whole=False)
        else:  # a segment: what it says comes as pieces of text too
            _heard(view, event, "text", Channel(0, Part.REFUSAL, _SEGMENTS), whole=True)
        return view


class MistralTranscription(OpenAITranscription):
    """POST /v1/audio/transcriptions of Mistral: a form, or JSON with the address of the audio."""

    name = "mistral_transcription"
    like = "mistral"
    endpoints = (Endpoint("POST", re.compile("/v1/audio/transcriptions"), Operation.GENERATE),)
    request_id_headers = ("mistral-correlation-id",)


class OpenAISpeech:
    """POST /v1/audio/speech: text leaves, and sound comes back as it is."""

    name = "openai_speech"
    like = "openai"
    endpoints = (Endpoint("POST", below("/audio/speech"), Operation.RENDER),)
    request_id_headers = ("x-request-id",)

    def read_request(self, body: Any) -> RequestView:
        """Return every place of the request that holds text; ValueError when it has no input."""
        if not isinstance(body, dict) or "input" not in body:
            raise ValueError("it has no input")
        walk = _AudioWalk()
        walk.fields((), body, _SPEECH)
        view = walk.view(body, [])
        view.stream = body.get("stream_format") == "sse"
        return view

    def read_reply(self, body: Any) -> ReplyView:
        """Return what an answer says beside the sound; ValueError when it is not an object."""
        return _about(an_object(body))

    def read_event(self, event: Any) -> ReplyView:
        """Return usage, and whether the sound is complete; ValueError when it is not an object."""
        view = self.read_reply(event)
        view.terminal = event.get("type") == "speech.audio.done"
        return view


class _AudioWalk(Walk):
    __slots__ = ()
    settings_table: ClassVar[Table] = dict.fromkeys(
        "type prefix_padding_ms silence_duration_ms threshold".split(), Walk.settings
    )

    def said(self, path: Path, value: Any) -> None:
        """Words, or several lots of them: each is about something else."""
        for at, text in enumerate(value) if isinstance(value, list) else ((None, value),):
            self.message = len(self.slots)  # a number that no other has
            self.data(path if at is None else (*path, at), text)
        self.message = -1

    def sound(self, path: Path, value: Any) -> None:
        """Audio by its address or its bytes."""
        if value:
            self.opaque.append(("audio", spell(path)))
        if isinstance(value, str):
            self.url(path, value)
        else:
            self.data(path, value)

    def voice(self, path: Path, value: Any) -> None:
        if isinstance(value, dict):
            self.fields(path, value, {"id": Walk.word})
        else:
            self.word(path, value)


def _about(body: dict[str, Any]) -> ReplyView:
    usage, error = body.get("usage"), body.get("error")
    view = ReplyView([], model=text_or_none(body.get("model")), error=error_name(error) if error else None)
    if isinstance(usage, dict):
        asked = usage.get("input_tokens", usage.get("prompt_tokens"))
        view.usage = Usage(count(asked), count(usage.get("output_tokens", usage.get("completion_tokens"))))
    return view


def _again(channel: Channel) -> Channel:
    return Channel(channel.choice, Part.REFUSAL, channel.number + _AGAIN)


def _heard(view: ReplyView, body: dict[str, Any], key: str, channel: Channel, *, whole: bool) -> None:
    text = body.get(key)
    if isinstance(text, str) and text:
        view.slots.append(ReplySlot((key,), text, channel, whole=whole))


_TRANSCRIPTION: Table = {
    **dict.fromkeys("prompt keywords context_bias known_speaker_names".split(), _AudioWalk.said),
    **dict.fromkeys("known_speaker_references speaker_references file_url".split(), _AudioWalk.sound),
    **dict.fromkeys("language languages response_format include timestamp_granularities".split(), Walk.words),
    **dict.fromkeys("stream temperature diarize".split(), Walk.number),
    "chunking_strategy": Walk.settings,
    "file_id": Walk.file_id,
    "model": Walk.model,
}
_SPEECH: Table = {
    **dict.fromkeys(("input", "instructions"), _AudioWalk.said),
    **dict.fromkeys(("response_format", "stream_format"), Walk.word),
    "speed": Walk.number,
    "voice": _AudioWalk.voice,
    "model": Walk.model,
}
