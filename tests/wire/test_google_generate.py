"""generateContent: what each place of a request is, in both spellings, and where answers and their events hold text."""

from __future__ import annotations

import base64
import copy
import json
import typing
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from govai.core.exchange import Channel, Operation, Part, ReplySlot, RequestView, SlotKind, ToolCallView, Usage, spell
from govai.wire import google_contents, google_requests, google_tools, walker
from govai.wire.codec import put
from govai.wire.formats import endpoint_of
from govai.wire.google_generate import GoogleGenerate
from govai.wire.google_spelling import snake
from tests.wire.test_walker import places

WIRE = GoogleGenerate()
BLOB = base64.b64encode("Zoé Quint habite au 3 rue des Lilas à Lyon, en clair".encode()).decode()


def read(*parts: Any, **extra: Any) -> RequestView:
    return WIRE.read_request({"contents": [{"role": "user", "parts": list(parts) or [{"text": "Bonjour"}]}], **extra})


def slots(view: RequestView, kind: SlotKind) -> dict[str, str]:
    return {spell(slot.path): slot.text for slot in view.slots if slot.kind is kind}


def snaked(value: Any) -> Any:
    """The same JSON with every key in its other spelling."""
    if isinstance(value, dict):
        return {snake(key): snaked(item) for key, item in value.items()}
    return [snaked(item) for item in value] if isinstance(value, list) else value


REQUEST: dict[str, Any] = {
    "systemInstruction": {"parts": [{"text": "Tu écris."}]}, "labels": {"equipe": "crm"}, "safetySettings": [{"category": "HARM_CATEGORY_HARASSMENT", "threshold": "BLOCK_NONE"}],
    "contents": [
        {"role": "user", "parts": [{"text": "Salut"}, {"text": "toi"}]},
        {"role": "model", "parts": [{"text": "je pense", "thought": True}, {"functionCall": {"id": "c1", "name": "chercher", "args": {"nom": "Zoé", "age": 42}}, "thoughtSignature": "EqQB"}]},
        {"role": "user", "parts": [{"functionResponse": {"id": "c1", "name": "chercher", "response": {"dit": "trouvé"}}}]},
        {"parts": [{"executableCode": {"language": "PYTHON", "code": "print('Ana')"}}, {"codeExecutionResult": {"outcome": "OUTCOME_OK", "output": "Ana"}}]},
    ],
    "tools": [{"functionDeclarations": [{"name": "chercher", "description": "cherche", "parameters": {"type": "OBJECT", "properties": {"nom": {"type": "STRING", "description": "le nom", "maxLength": "9"}}, "propertyOrdering": ["nom"], "anyOf": [{"type": "NULL"}]}}]}],
    "toolConfig": {"functionCallingConfig": {"mode": "ANY", "allowedFunctionNames": ["chercher"]}, "retrievalConfig": {"latLng": {"latitude": 45.7}}},
    "generationConfig": {"temperature": 0.5, "maxOutputTokens": 100, "stopSequences": ["FIN"], "thinkingConfig": {"includeThoughts": True, "thinkingBudget": 500}, "responseModalities": ["TEXT"], "speechConfig": {"voiceConfig": {"prebuiltVoiceConfig": {"voiceName": "Kore"}}}},
}
TEXTS = {
    "system_instruction.parts[0].text": "Tu écris.", "labels.equipe": "crm", "contents[0].parts[0].text": "Salut", "contents[0].parts[1].text": "toi", "contents[1].parts[0].text": "je pense",
    "contents[1].parts[1].function_call.name": "chercher", "contents[1].parts[1].function_call.args.nom": "Zoé", "contents[2].parts[0].function_response.name": "chercher", "contents[2].parts[0].function_response.response.dit": "trouvé",
    "contents[3].parts[0].executable_code.code": "print('Ana')", "contents[3].parts[1].code_execution_result.output": "Ana", "tools[0].function_declarations[0].name": "chercher",
    "tools[0].function_declarations[0].description": "cherche", "tools[0].function_declarations[0].parameters.properties.nom.description": "le nom", "tools[0].function_declarations[0].parameters.property_ordering[0]": "nom",
    "tool_config.function_calling_config.allowed_function_names[0]": "chercher", "generation_config.stop_sequences[0]": "FIN",
}


@pytest.mark.parametrize("body", [REQUEST, snaked(REQUEST)], ids=["camel", "snake"])
def test_a_conversation_with_tools_in_both_spellings(body: dict[str, Any]) -> None:
    view = WIRE.read_request(body)
    assert {snake(place): text for place, text in slots(view, SlotKind.TEXT).items()} == TEXTS
    assert {snake(place): text for place, text in slots(view, SlotKind.NUMBER).items()} == {"contents[1].parts[1].function_call.args.age": "42", "tool_config.retrieval_config.lat_lng.latitude": "45.7"}
    assert sorted(slots(view, SlotKind.KEY).values()) == ["age", "dit", "equipe", "nom", "nom"]
    assert {"user", "model", "c1", "EqQB", "PYTHON", "OBJECT", "STRING", "ANY", "Kore", "TEXT"} <= set(slots(view, SlotKind.CONTROL).values())
    groups = {snake(spell(slot.path)): slot.message for slot in view.slots if slot.kind is SlotKind.TEXT}
    assert [groups[place] for place in ("system_instruction.parts[0].text", "contents[0].parts[0].text", "contents[0].parts[1].text", "contents[1].parts[0].text")] == [0, 1, 1, 2]
    assert len({group for place, group in groups.items() if ".function_" in place and place.startswith("contents")}) == 4
    assert (view.model, view.stream, view.first_user, view.json_answer) == (None, False, "Salut\ntoi", False)
    assert (view.opaque, view.references, view.recipients) == ([], [], [])
    assert not any(slot.signed for slot in view.slots)


def test_one_object_stands_for_a_list_of_one() -> None:
    view = WIRE.read_request({"contents": {"parts": {"text": "Zoé"}}, "systemInstruction": {"parts": {"text": "Ana"}}, "tools": {"functionDeclarations": {"name": "f"}}})
    assert sorted(slots(view, SlotKind.TEXT).values()) == ["Ana", "Zoé", "f"]
    assert (view.first_user, view.recipients) == ("Zoé", [])


@pytest.mark.parametrize("spelling", [lambda part: part, snaked], ids=["camel", "snake"])
@pytest.mark.parametrize(("part", "name"), [
    ({"inlineData": {"mimeType": "image/png", "data": BLOB}}, "image"), ({"inlineData": {"mimeType": "AUDIO/wav", "data": BLOB}}, "audio"), ({"inlineData": {"mimeType": "video/mp4", "data": BLOB}}, "video"),
    ({"inlineData": {"mimeType": "text/plain", "data": BLOB}}, "file"), ({"inlineData": {"data": BLOB}}, "file"), ({"inlineData": {"mimeType": 3, "data": BLOB}}, "file"), ({"inlineData": BLOB}, "file"),
    ({"inlineData": {"mimeType": "text/plain", "data": "Zoé, en clair"}}, "file"), ({"fileData": {"mimeType": "image/png", "fileUri": "https://exemple.fr/zoe.png"}}, "image"),
    ({"functionResponse": {"name": "f", "parts": [{"inlineData": {"mimeType": "image/png", "data": BLOB}}]}}, "image"), ({"hologramData": {"layers": [BLOB]}}, "unknown"),
])
def test_what_cannot_be_looked_into_is_named(part: dict[str, Any], name: str, spelling: Any) -> None:
    view = read({"text": "oui"}, spelling(part))
    assert [what for what, _place in view.opaque] == [name]
    assert view.opaque[0][1].startswith("contents[0].parts[1]")
    if "clair" in str(part):
        assert "Zoé, en clair" in slots(view, SlotKind.CONTROL).values()


@pytest.mark.parametrize(("uri", "held"), [
    ("https://exemple.fr/x.png", False), ("https://www.youtube.com/watch?v=1", False), ("https://generativelanguage.googleapis.com/v1beta/files/abc", True), ("gs://seau/x.png", True), ("files/abc", True), (None, True),
])
def test_a_file_that_google_holds_is_a_reference(uri: str | None, held: bool) -> None:
    view = read({"fileData": {"mimeType": "image/png", "fileUri": uri}})
    assert view.references == ([("file_id", "contents[0].parts[0].fileData")] if held else [])
    assert [what for what, _place in view.opaque] == ["image"]


@pytest.mark.parametrize("part", [5, [1, 2], {"text": [1, 2]}])
def test_token_ids_are_opaque(part: Any) -> None:
    assert [what for what, _place in read(part).opaque] == ["tokens"]


@pytest.mark.parametrize(("extra", "found"), [
    ({"cachedContent": "cachedContents/1"}, "cached_content"), ({"cached_content": "cachedContents/1"}, "cached_content"), ({"continuationToken": "abc"}, "continuation_token"), ({"store": True}, "store"), ({"store": False}, None),
])
def test_what_google_holds_is_a_reference(extra: dict[str, Any], found: str | None) -> None:
    assert [name for name, _place in read(**extra).references] == ([found] if found else [])


@pytest.mark.parametrize(("tool", "name"), [
    ({"googleSearch": {}}, "google_search"), ({"google_search": {}}, "google_search"), ({"googleSearchRetrieval": {"dynamicRetrievalConfig": {"mode": "MODE_DYNAMIC"}}}, "google_search_retrieval"), ({"urlContext": {}}, "url_context"),
    ({"codeExecution": {}}, "code_execution"), ({"googleMaps": {"enableWidget": True}}, "google_maps"), ({"computerUse": {"environment": "ENVIRONMENT_BROWSER"}}, "computer_use"), ({"fileSearch": {"fileSearchStoreNames": ["x"]}}, "file_search"),
    ({"retrieval": {"vertexAiSearch": {"datastore": "x"}}}, "retrieval"), ({"mcpServers": [{"name": "crm"}]}, "mcp_servers"), ({"enterpriseWebSearch": {}}, "enterprise_web_search"), ({"invented": {}}, "invented"), ({"Zoé Quint": {}}, "tool"),
    ({"googleSearch": None}, None), ({"functionDeclarations": [{"name": "f"}]}, None),
])
def test_tools_that_google_runs_are_recipients(tool: dict[str, Any], name: str | None) -> None:
    assert read(tools=[tool]).recipients == ([] if name is None else [(name, "tools[0]")])


def test_an_answer_written_elsewhere_has_a_recipient() -> None:
    assert read(outputConfig={"outputUriPrefix": "gs://seau"}).recipients == [("output_config", "outputConfig")]


@pytest.mark.parametrize(("config", "json_answer"), [
    ({"responseMimeType": "application/json"}, True), ({"response_mime_type": "application/json"}, True), ({"responseFormat": [{"text": {"mimeType": "application/json", "jsonSchema": {}}}]}, True), ({"responseMimeType": "text/x.enum"}, False), ({}, False),
])
def test_whether_the_answer_is_json(config: dict[str, Any], json_answer: bool) -> None:
    assert read(generationConfig=config).json_answer is json_answer


def test_a_voice_is_opaque() -> None:
    voice = {"replicatedVoiceConfig": {"mimeType": "audio/wav", "voiceSampleAudio": BLOB}}
    assert [what for what, _place in read(generationConfig={"speechConfig": {"multiSpeakerVoiceConfig": {"speakerVoiceConfigs": [{"speaker": "Zoé", "voiceConfig": voice}]}}}).opaque] == ["audio"]


def test_counting_tokens_may_nest_a_whole_request() -> None:
    view = WIRE.read_request({"generateContentRequest": {"model": "models/gemini-x", **REQUEST}})
    assert {snake(place).removeprefix("generate_content_request.") for place in slots(view, SlotKind.TEXT)} == set(TEXTS)
    assert (view.first_user, view.model, slots(view, SlotKind.MODEL)) == ("Salut\ntoi", None, {"generateContentRequest.model": "models/gemini-x"})
    assert [what for what, _place in read(generateContentRequest={"contents": [{"parts": [{"inline_data": {"data": BLOB}}]}]}).opaque] == ["file"]


@pytest.mark.parametrize("body", [None, [], "Zoé", {}, {"contents": []}, {"contents": "Zoé"}, {"contents": [3]}, {"generateContentRequest": {}}, {"generateContentRequest": 3}])
def test_what_is_no_request_is_refused_without_repeating_it(body: Any) -> None:
    with pytest.raises(ValueError, match=r"^(it is not an object|it has no contents|a content is not an object)$"):
        WIRE.read_request(body)


def test_the_sdk_has_no_field_that_this_format_does_not_know() -> None:
    """Every field of every type that a request holds, filled with one of each, in both spellings."""
    from google.genai import types
    from pydantic import BaseModel

    def filled(annotation: Any, depth: int = 0) -> Any:
        for one in (annotation, *typing.get_args(annotation)):
            if isinstance(one, type) and issubclass(one, BaseModel):
                if depth > 5:
                    return None
                return {field.alias or name: filled(field.annotation, depth + 1) for name, field in one.model_fields.items() if name not in ("http_options", "additional_properties")}
            if one is not annotation and (found := filled(one, depth)) is not None:
                return [found] if typing.get_origin(annotation) is list else found
        return None

    for part, name in ((types.Part, "parts"), (types.Tool, "tools")):
        body = {"contents": [{"parts": [filled(part)]}]} if name == "parts" else {"contents": [{"parts": []}], "tools": [{"functionDeclarations": filled(part)["functionDeclarations"]}]}
        for one in (body, snaked(body)):
            keys = slots(WIRE.read_request(one), SlotKind.KEY)
            assert [place for place in keys if "properties" not in place and "defs" not in place] == []
    config = {**filled(types.GenerationConfig), "imageConfig": filled(types.ImageConfig), "modelConfig": filled(types.ModelSelectionConfig)}
    rest = {"safetySettings": [filled(types.SafetySetting)], "toolConfig": filled(types.ToolConfig), "modelArmorConfig": filled(types.ModelArmorConfig)}
    for one in ({"generationConfig": config, **rest}, snaked({"generationConfig": config, **rest})):
        assert [place for place in slots(read(**one), SlotKind.KEY) if "properties" not in place and "defs" not in place] == []


def vocabulary() -> list[str]:
    tables = [v for module in (google_contents, google_requests, google_tools, walker) for v in vars(module).values() if isinstance(v, dict) and v and all(isinstance(k, str) for k in v)]
    tables += [google_requests._RequestWalk.settings_table]
    return sorted({key for table in tables for key in table if key.isidentifier() or key.startswith("$")} - {"__builtins__", "__name__"})


KEYS = st.sampled_from(vocabulary()) | st.sampled_from(["clé Zoé", "42"])
LEAVES = st.none() | st.booleans() | st.text(alphabet="Zoé ù", max_size=9).map("é ".__add__) | st.integers(10**8, 10**12)
BODIES = st.recursive(LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=4), max_leaves=12)
CONTENTS = st.lists(st.builds(lambda extra, parts: {**extra, "parts": parts}, st.dictionaries(KEYS, LEAVES, max_size=1), st.lists(st.dictionaries(KEYS, BODIES, max_size=3), max_size=2)), min_size=1, max_size=2)
REQUESTS = st.builds(lambda extra, contents: {**extra, "contents": contents}, st.dictionaries(KEYS, BODIES, max_size=3), CONTENTS).filter(lambda body: not {"generateContentRequest", "generate_content_request"} & body.keys())


@given(REQUESTS)
def test_every_string_long_number_and_key_of_the_callers_is_seen_and_can_be_put_back(body: dict[str, Any]) -> None:
    before = copy.deepcopy(body)
    view = WIRE.read_request(body)
    assert body == before
    seen = {slot.path for slot in view.slots}
    known = set(vocabulary())
    for path, value, is_key in places(body):
        if is_key:
            assert path in seen or value in known
        else:
            assert path in seen, (path, value)
    for slot in view.slots:
        if slot.kind is SlotKind.TEXT:
            put(body, slot.path, slot.text)
    assert body == before


def candidate(*parts: Any, **extra: Any) -> dict[str, Any]:
    return {"candidates": [{"content": {"role": "model", "parts": list(parts)}, **extra}]}


def test_a_complete_answer() -> None:
    view = WIRE.read_reply({
        "responseId": "r1", "modelVersion": "gemini-x", "usageMetadata": {"promptTokenCount": 12, "candidatesTokenCount": 5, "thoughtsTokenCount": 7, "toolUsePromptTokenCount": 2},
        **candidate(
            {"text": "elle", "thought": True, "thoughtSignature": "EqQB"}, {"text": "Chère "}, {"text": "Zoé"}, {"functionCall": {"id": "c1", "name": "f", "args": {"nom": "Zoé", "liste": ["a", {"b": "c"}], "n": 3}}, "thoughtSignature": "EqQC"}, {"functionCall": {"name": "g"}},
            {"executableCode": {"code": "print(1)"}}, {"codeExecutionResult": {"output": "1"}}, {"inlineData": {"data": BLOB}},
            finishReason="STOP", finishMessage="fini", citationMetadata={"citations": [{"title": "CV", "uri": "https://x.fr", "startIndex": 1}]},
            groundingMetadata={"webSearchQueries": ["q"], "groundingChunks": [{"web": {"title": "T", "uri": "https://y.fr"}}], "groundingSupports": [{"segment": {"text": "Zoé", "endIndex": 3}}], "searchEntryPoint": {"renderedContent": "<div>", "sdkBlob": "eA=="}},
        ),
    })
    here = "candidates[0].content.parts"
    assert [(spell(s.path), s.text, s.channel.part) for s in view.slots] == [
        (f"{here}[0].text", "elle", Part.SIGNED), (f"{here}[1].text", "Chère ", Part.TEXT), (f"{here}[2].text", "Zoé", Part.TEXT), (f"{here}[3].functionCall.name", "f", Part.REFUSAL), (f"{here}[3].functionCall.args.nom", "Zoé", Part.TOOL),
        (f"{here}[3].functionCall.args.liste[0]", "a", Part.TOOL), (f"{here}[3].functionCall.args.liste[1].b", "c", Part.TOOL), (f"{here}[4].functionCall.name", "g", Part.REFUSAL), (f"{here}[5].executableCode.code", "print(1)", Part.REFUSAL),
        (f"{here}[6].codeExecutionResult.output", "1", Part.REFUSAL), ("candidates[0].finishMessage", "fini", Part.REFUSAL), ("candidates[0].citationMetadata.citations[0].title", "CV", Part.REFUSAL), ("candidates[0].citationMetadata.citations[0].uri", "https://x.fr", Part.REFUSAL),
        ("candidates[0].groundingMetadata.webSearchQueries[0]", "q", Part.REFUSAL), ("candidates[0].groundingMetadata.groundingChunks[0].web.title", "T", Part.REFUSAL), ("candidates[0].groundingMetadata.groundingChunks[0].web.uri", "https://y.fr", Part.REFUSAL),
        ("candidates[0].groundingMetadata.groundingSupports[0].segment.text", "Zoé", Part.REFUSAL), ("candidates[0].groundingMetadata.searchEntryPoint.renderedContent", "<div>", Part.REFUSAL),
    ]
    assert all(slot.whole and not slot.escaped for slot in view.slots)
    call = ("candidates", 0, "content", "parts", 3, "functionCall", "args")
    assert view.tools == [ToolCallView(Channel(0, Part.TOOL, 3), "c1#EqQC", "f", call), ToolCallView(Channel(0, Part.TOOL, 4), "", "g", (*call[:4], 4, *call[5:]))]
    assert (view.id, view.model, view.finish_reason, view.usage, view.terminal, view.error) == ("r1", "gemini-x", "STOP", Usage(14, 12), False, None)


def test_other_candidates_are_other_choices() -> None:
    view = WIRE.read_reply({"candidates": [{"content": {"parts": [{"text": "a"}]}, "finishReason": "STOP"}, {"content": {"parts": [{"text": "b"}]}, "finishReason": "SAFETY"}]})
    assert [(slot.text, slot.channel.choice) for slot in view.slots] == [("a", 0), ("b", 1)]
    assert view.finish_reason == "STOP"
    assert WIRE.read_event({"candidates": [{"index": 1, "content": {"parts": [{"text": "b"}]}}]}).slots[0].channel.choice == 1


def test_a_blocked_prompt_says_why() -> None:
    for reader in (WIRE.read_reply, WIRE.read_event):
        view = reader({"promptFeedback": {"blockReason": "SAFETY", "blockReasonMessage": "non"}})
        assert (view.finish_reason, [(s.text, s.channel.part) for s in view.slots]) == ("SAFETY", [("non", Part.REFUSAL)])
    assert view.terminal
    assert WIRE.read_event({"candidates": [{"finishReason": 1}]}).finish_reason == "1"


def test_events_of_a_stream_continue_each_other() -> None:
    here = ("candidates", 0, "content", "parts", 0)
    assert WIRE.read_event(candidate({"text": "Zoé"})).slots == [ReplySlot((*here, "text"), "Zoé", Channel(0, Part.TEXT), False, False)]
    assert WIRE.read_event(candidate({"text": "elle", "thought": True})).slots == [ReplySlot((*here, "text"), "elle", Channel(0, Part.SIGNED), False, False)]
    last = WIRE.read_event(candidate({"text": ""}, finishReason="MAX_TOKENS"))
    assert (last.slots, last.terminal, last.finish_reason) == ([], True, "MAX_TOKENS")
    assert not WIRE.read_event(candidate({"text": "a"})).terminal
    pieces = [WIRE.read_event(candidate({"functionCall": {"name": "f", "willContinue": True}})), WIRE.read_event(candidate({"functionCall": {"partialArgs": [{"jsonPath": "$.a", "stringValue": "Zo"}], "willContinue": True}}))]
    assert (pieces[0].tools[0].channel, [(s.text, s.channel, s.whole) for s in pieces[1].slots]) == (Channel(0, Part.TOOL, 0), [("Zo", Channel(0, Part.TOOL, 0), False)])


def test_a_stream_without_sse_is_a_list_that_is_read_as_one() -> None:
    view = WIRE.read_reply([candidate({"text": "Zo"}), candidate({"text": "é"}), candidate({"functionCall": {"name": "f"}}), candidate({"functionCall": {"name": "g"}}, finishReason="STOP")])
    assert [(slot.path[0], slot.text, slot.channel, slot.whole) for slot in view.slots[:2]] == [(0, "Zo", Channel(0, Part.TEXT), False), (1, "é", Channel(0, Part.TEXT), False)]
    assert len({tool.channel for tool in view.tools}) == 2
    assert view.finish_reason == "STOP"


@pytest.mark.parametrize(("error", "name"), [({"code": 429, "status": "RESOURCE_EXHAUSTED", "message": "Zoé"}, "RESOURCE_EXHAUSTED"), ({"code": 500}, "500"), ({"status": "Zoé Quint"}, "error"), (None, "error"), ("Zoé", "error")])
def test_an_error_gives_its_status_and_never_its_message(error: Any, name: str) -> None:
    assert WIRE.read_event({"error": error}).error == name
    assert WIRE.read_reply({"error": error}).error == name


@pytest.mark.parametrize("body", [None, "Zoé", 3, "[DONE]", [3]])
def test_what_is_no_object_is_refused_without_repeating_it(body: Any) -> None:
    for reader in (WIRE.read_reply, WIRE.read_event):
        with pytest.raises(ValueError, match="^it is not an object$"):
            reader(body)


@pytest.mark.parametrize("body", [
    {}, {"candidates": None}, {"candidates": [None, 3, {}, {"content": None}, {"content": {"parts": None}}, {"content": {"parts": [None, 3, {"text": 3, "functionCall": 4, "executableCode": 5}, {"functionCall": {"name": 3, "args": 4, "partialArgs": [5, {"stringValue": 6}]}}]}}]},
    {"usageMetadata": 3, "responseId": 4, "modelVersion": 5, "promptFeedback": 6}, {"promptFeedback": {"blockReason": [], "blockReasonMessage": 4}}, {"candidates": [{"finishReason": [], "finishMessage": 3, "citationMetadata": 4, "index": "x"}]}, {"usageMetadata": {"promptTokenCount": "x"}},
])
def test_an_answer_of_a_strange_shape_holds_no_text(body: dict[str, Any]) -> None:
    assert WIRE.read_reply(body).slots == []
    assert WIRE.read_event(json.loads(json.dumps(body))).slots == []


P = "/v1/projects/p-1/locations/europe-west1"


@pytest.mark.parametrize(("path", "operation", "streams", "model"), [
    ("/v1beta/models/gemini-2.5-pro:generateContent", Operation.GENERATE, False, "gemini-2.5-pro"), ("/v1/models/g:generateContent", Operation.GENERATE, False, "g"), ("/v1alpha/models/g:streamGenerateContent", Operation.GENERATE, True, "g"),
    ("/v1beta/tunedModels/mine-1:generateContent", Operation.GENERATE, False, "tunedModels/mine-1"), ("/v1beta/models/g:countTokens", Operation.COUNT, False, "g"), (f"{P}/publishers/google/models/g@001:generateContent", Operation.GENERATE, False, "g@001"),
    (f"{P}/publishers/google/models/g%40001:streamGenerateContent", Operation.GENERATE, True, "g%40001"), (f"{P}/endpoints/123:generateContent", Operation.GENERATE, False, "123"), ("/v1beta1/publishers/google/models/g:generateContent", Operation.GENERATE, False, "g"),
    ("/v1beta/models/g:embedContent", Operation.EMBED, False, "g"), ("/v1beta/models/g:batchEmbedContents", Operation.EMBED, False, "g"), (f"{P}/publishers/google/models/text-embedding-005:predict", Operation.EMBED, False, "text-embedding-005"),
    ("/v1beta/models/imagen-4.0-generate-001:predict", Operation.GENERATE, False, "imagen-4.0-generate-001"), (f"{P}/publishers/google/models/imagegeneration@006:predict", Operation.GENERATE, False, "imagegeneration@006"),
])
def test_known_paths(path: str, operation: Operation, streams: bool, model: str) -> None:
    found = endpoint_of("google", "POST", path)
    assert found is not None
    assert (found[1].operation, found[1].streams, found[2]["model"]) == (operation, streams, model)
    assert found[2].groupdict().get("project") == ("p-1" if "projects" in path else None)


@pytest.mark.parametrize("path", ["/v1beta/models", "/v1beta/models/g", "/v1beta/tunedModels", f"{P}/publishers/google/models/g", "/v1beta1/publishers/google/models", f"{P}/models/1"])
def test_lists(path: str) -> None:
    found = endpoint_of("google", "GET", path)
    assert found is not None and found[1].operation is Operation.LIST


@pytest.mark.parametrize("path", [
    "/v1beta/models/g:bidiGenerateContent", "/v1beta/cachedContents", "/v1beta/files", "/upload/v1beta/files", "/v2/models/g:generateContent", "/v1beta/models/../g:generateContent", "/v1beta/models/..:generateContent", "/v1beta/models/.:generateContent",
    "/v1beta/models/a/b:generateContent", "/v1beta/models/a%2Fb:generateContent", "/v1beta/models/g:generateContent/", "/v1beta/models/g:generateContent\n", "/models/g:generateContent", "/v1beta/models/é:generateContent", "/v1beta/models/g:generateAnswer", "/v1beta/tunedModels/..:generateContent",
    f"{P}/publishers/anthropic/models/c:rawPredict", f"{P}/publishers/mistralai/models/m:rawPredict", f"{P}/publishers/anthropic/models/c:generateContent", f"{P}/publishers/google/models/veo-3:predictLongRunning", f"{P}/endpoints/1:predict", f"{P}/publishers/google/models/g:predict",
    "/v1/projects/../locations/l/publishers/google/models/g:generateContent", "/v1/projects/p/locations/../publishers/google/models/g:generateContent",
])
def test_everything_else_is_unknown(path: str) -> None:
    assert endpoint_of("google", "POST", path) is None
