"""Where the text stands in a generateContent request. Knows nothing of answers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from govai.core.exchange import spell
from govai.wire.google_contents import as_messages, turns
from govai.wire.google_spelling import both, field_of, inside, several, snake
from govai.wire.google_tools import TOOL_CONFIG, ToolsWalk
from govai.wire.walker import Table, Walk

if TYPE_CHECKING:
    from govai.core.exchange import Path, RequestView

_JSON = "application/json"


def read_request(body: Any) -> RequestView:
    """Return every place of the request that holds text; the path names the model and asks for a stream.

    Raises:
        ValueError: not an object, no contents, a content that is not an object, nested too deep.
    """
    if not isinstance(body, dict):
        raise ValueError("it is not an object")  # noqa: TRY004 -- one error for what cannot be read
    inner = field_of(body, "generateContentRequest")  # counting tokens may nest a whole request
    contents = turns(body.get("contents") if inner is None else field_of(inner, "contents"))
    walk = _RequestWalk()
    walk.fields((), body, _TOP)
    return walk.view({}, as_messages(contents))


class _RequestWalk(ToolsWalk):
    __slots__ = ()
    settings_table: ClassVar[Table] = both(
        {
            **ToolsWalk.settings_table,
            **dict.fromkeys(
                "category threshold method includeThoughts thinkingLevel aspectRatio imageSize personGeneration prominentPeople "
                "outputMimeType imageOutputOptions mimeType delivery resolution duration echoTargetLanguage targetLanguageCode "
                "languageCode languageCodes languageAuto languageHints wordTimestamp diarization mode autoMode manualMode "
                "modelRoutingPreference featureSelectionPreference promptTemplateName responseTemplateName".split(),
                Walk.settings,
            ),
            **dict.fromkeys(
                "thinkingBudget outputCompressionQuality compressionQuality bitRate sampleRate".split(), Walk.number
            ),
            **dict.fromkeys("customVocabulary adaptationPhrases sourceText gcsUri".split(), Walk.data),
            "modelName": Walk.model,
        }
    )

    def system(self, path: Path, content: Any) -> None:
        self.message = 0
        self.content(path, content)
        self.message = -1

    def mime_type(self, path: Path, value: Any) -> None:
        self.json_answer = self.json_answer or (isinstance(value, str) and value.strip().lower() == _JSON)
        self.word(path, value)

    def voice_sample(self, path: Path, value: Any) -> None:
        self.opaque.append(("audio", spell(path)))
        self.blob(path, value)

    def reference(self, path: Path, value: Any) -> None:
        """Something that Google holds already, or is to hold from now on (`store`)."""
        if value:
            self.references.append((snake(str(path[-1])), spell(path)))
        self.word(path, value)

    def destination(self, path: Path, value: Any) -> None:
        """A place to which Google writes the answer."""
        if value is not None:
            self.recipients.append((snake(str(path[-1])), spell(path)))
        self.data(path, value)


_FORMATS = several(
    {
        "text": inside(
            {
                "mimeType": _RequestWalk.mime_type,
                **dict.fromkeys(("jsonSchema", "schema"), ToolsWalk.schema),
            }
        ),
        **dict.fromkeys(("audio", "image", "video"), Walk.settings),
    }
)
_VOICE: Table = {
    "voice": Walk.word,
    "prebuiltVoiceConfig": inside({"voiceName": Walk.word}),
    "replicatedVoiceConfig": inside(
        {
            "mimeType": Walk.word,
            **dict.fromkeys(("voiceSampleAudio", "consentAudio"), _RequestWalk.voice_sample),
            "voiceConsentSignature": inside({"signature": Walk.word}),
        }
    ),
}
_CONFIG: Table = {
    **dict.fromkeys(
        "temperature topP topK candidateCount maxOutputTokens presencePenalty frequencyPenalty seed logprobs".split(),
        Walk.number,
    ),
    **dict.fromkeys(
        "responseLogprobs responseModalities mediaResolution audioTimestamp enableAffectiveDialog "
        "enableEnhancedCivicAnswers".split(),
        Walk.words,
    ),
    **dict.fromkeys(
        "thinkingConfig imageConfig routingConfig modelConfig modelSelectionConfig translationConfig "
        "audioTranscriptionConfig".split(),
        Walk.settings,
    ),
    **dict.fromkeys("responseSchema responseJsonSchema _responseJsonSchema".split(), ToolsWalk.schema),
    "responseMimeType": _RequestWalk.mime_type,
    "responseFormat": _FORMATS,
    "stopSequences": Walk.data,
    "speechConfig": inside(
        {
            "languageCode": Walk.word,
            "voiceConfig": inside(_VOICE),
            "multiSpeakerVoiceConfig": inside(
                {"speakerVoiceConfigs": several({"speaker": Walk.data, "voiceConfig": inside(_VOICE)})}
            ),
        }
    ),
}
_TOP: Table = both(
    {
        "contents": _RequestWalk.contents,
        "systemInstruction": _RequestWalk.system,
        "tools": _RequestWalk.tools,
        "toolConfig": inside(TOOL_CONFIG),
        "generationConfig": inside(_CONFIG),
        "model": Walk.model,
        "labels": Walk.data,
        "serviceTier": Walk.word,
        **dict.fromkeys(("safetySettings", "modelArmorConfig"), Walk.settings),
        **dict.fromkeys(("cachedContent", "continuationToken", "store"), _RequestWalk.reference),
        "outputConfig": _RequestWalk.destination,
        "generateContentRequest": lambda walk, path, value: walk.fields(path, value, _TOP),
    }
)
