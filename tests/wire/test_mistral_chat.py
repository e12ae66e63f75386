"""Mistral's completions: what each place of a request is, and where answers and their events hold text."""

from __future__ import annotations

from typing import Any

import pytest
from mistralai.client import models

from govai.core.exchange import Channel, Part, ReplySlot, RequestView, SlotKind, ToolCallView, Usage, spell
from govai.wire.mistral_chat import MistralChat

WIRE = MistralChat()
PNG = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="


def read(content: Any = "Bonjour", **extra: Any) -> RequestView:
    return WIRE.read_request({"model": "m", "messages": [{"role": "user", "content": content}], **extra})


def slots(view: RequestView, kind: SlotKind) -> dict[str, str]:
    return {spell(slot.path): slot.text for slot in view.slots if slot.kind is kind}


def test_a_conversation_with_tools() -> None:
    view = WIRE.read_request({
        "model": "mistral-large", "stream": True, "temperature": 0.2, "random_seed": 61234, "stop": ["FIN"], "metadata": {"client": "Zoé"}, "prompt_cache_key": "zoe", "safe_prompt": True, "prompt_mode": "reasoning",
        "guardrails": [{"block_on_error": True, "moderation_llm_v2": {"action": "block", "custom_category_thresholds": {"pii": 0.5}}}],
        "messages": [
            {"role": "system", "content": [{"type": "text", "text": "Tu écris."}]},
            {"role": "user", "content": "Salut"},
            {"role": "assistant", "content": [{"type": "thinking", "thinking": [{"type": "text", "text": "elle"}, {"type": "tool_reference", "tool": "web_search", "title": "Titre"}], "closed": True}, {"type": "text", "text": "oui"}], "prefix": False,
             "tool_calls": [{"id": "c1", "index": 0, "type": "function", "function": {"name": "chercher", "arguments": {"nom": "Zoé"}}}, {"function": {"name": "f", "arguments": "{}"}}]},
            {"role": "tool", "name": "chercher", "tool_call_id": "c1", "content": "trouvé"},
        ],
        "tools": [{"type": "function", "function": {"name": "chercher", "description": "cherche", "strict": True, "parameters": {"type": "object", "properties": {"nom": {"type": "string"}}}}}],
        "tool_choice": {"type": "function", "function": {"name": "chercher"}}, "prediction": {"type": "content", "content": "Chère Zoé"},
    })
    assert slots(view, SlotKind.TEXT) == {
        "stop[0]": "FIN", "metadata.client": "Zoé", "prompt_cache_key": "zoe", "messages[0].content[0].text": "Tu écris.", "messages[1].content": "Salut", "messages[2].content[0].thinking[0].text": "elle",
        "messages[2].content[0].thinking[1].tool": "web_search", "messages[2].content[0].thinking[1].title": "Titre", "messages[2].content[1].text": "oui",
        "messages[2].tool_calls[0].function.name": "chercher", "messages[2].tool_calls[0].function.arguments.nom": "Zoé", "messages[2].tool_calls[1].function.name": "f", "messages[2].tool_calls[1].function.arguments": "{}",
        "messages[3].name": "chercher", "messages[3].content": "trouvé", "tools[0].function.name": "chercher", "tools[0].function.description": "cherche", "tool_choice.function.name": "chercher", "prediction.content": "Chère Zoé",
    }
    assert slots(view, SlotKind.KEY) == {"metadata.client": "client", "messages[2].tool_calls[0].function.arguments.nom": "nom", "tools[0].function.parameters.properties.nom": "nom"}
    said = [slot for slot in view.slots if slot.path[0] == "messages" and slot.kind is SlotKind.TEXT]
    assert {slot.path[1]: slot.message for slot in said if slot.path[2] == "content"} == {0: 0, 1: 1, 2: 2, 3: 3}
    apart = [slot.message for slot in said if slot.path[2] != "content"]  # names and arguments continue no text
    assert len({*apart, 0, 1, 2, 3}) == len(apart) + 4
    assert (view.model, view.stream, view.first_user, view.json_answer) == ("mistral-large", True, "Salut", False)
    assert (view.opaque, view.references, view.recipients) == ([], [], [])


@pytest.mark.parametrize(("part", "name", "seen"), [
    ({"type": "image_url", "image_url": {"url": "data:image/png;base64," + PNG, "detail": "low"}}, "image", {"low"}),
    ({"type": "image_url", "image_url": "https://exemple.fr/zoe.png"}, "image", {"https://exemple.fr/zoe.png"}),
    ({"type": "document_url", "document_url": "https://exemple.fr/zoe.pdf", "document_name": "zoe"}, "file", {"https://exemple.fr/zoe.pdf", "zoe"}),
    ({"type": "input_audio", "input_audio": PNG}, "audio", set()),
    ({"type": "input_audio", "input_audio": {"data": PNG, "format": "wav"}}, "audio", {"wav"}),
    ({"type": "input_audio", "input_audio": "https://exemple.fr/zoe.wav"}, "audio", {"https://exemple.fr/zoe.wav"}),
    ({"type": "resource_link", "uri": "https://exemple.fr/zoe", "metadata": {"de": "Ana"}}, "file", {"https://exemple.fr/zoe", "Ana"}),
    ({"image_url": "https://exemple.fr/zoe.png"}, "image", {"https://exemple.fr/zoe.png"}),
    ({"type": "molecule", "atoms": PNG}, "molecule", {PNG}),
])
def test_what_cannot_be_looked_into_is_named(part: dict[str, Any], name: str, seen: set[str]) -> None:
    view = read([part])
    assert view.opaque == [(name, "messages[0].content[0]")]
    assert {slot.text for slot in view.slots if slot.path[:3] == ("messages", 0, "content") and slot.kind is not SlotKind.KEY and slot.path[-1] != "type"} == seen


def test_an_image_within_a_resource_is_named_too() -> None:
    view = read([{"type": "resource", "uri": "https://exemple.fr", "content": [{"type": "image_url", "image_url": "https://exemple.fr/zoe.png"}]}])
    assert [name for name, _place in view.opaque] == ["image"]
    view = read([{"type": "resource", "uri": "https://exemple.fr", "content": {"type": "image_url", "image_url": "https://exemple.fr/zoe.png"}}])
    assert [name for name, _place in view.opaque] == ["image"]


def test_what_a_resource_points_to_is_seen_even_where_it_looks_like_base64() -> None:
    view = read([{"type": "resource", "uri": "Zoe", "content": {"type": "text", "text": "Ana"}}])
    assert view.opaque == []
    assert "Zoe" in slots(view, SlotKind.CONTROL).values()


def test_signed_thinking_may_not_change_and_unsigned_may() -> None:
    view = read([{"type": "thinking", "signature": PNG, "thinking": [{"type": "text", "text": "Zoé"}]}, {"type": "thinking", "thinking": [{"type": "text", "text": "Ana"}]}, {"type": "text", "text": "oui"}])
    assert {slot.text: slot.signed for slot in view.slots if slot.kind is SlotKind.TEXT} == {"Zoé": True, "Ana": False, "oui": False}


def test_a_file_an_agent_and_a_connector_are_held_by_the_provider() -> None:
    view = WIRE.read_request({"agent_id": "ag_1", "messages": [{"role": "user", "content": [{"type": "file", "file_id": "f_1"}]}], "tools": [{"type": "connector", "connector_id": "co_1", "authorization": {"type": "api-key", "value": "sésame"}}]})
    assert view.references == [("agent_id", "agent_id"), ("file_id", "messages[0].content[0].file_id"), ("connector_id", "tools[0].connector_id")]
    assert view.opaque == [("file", "messages[0].content[0]")]
    assert view.recipients == [("connector", "tools[0]")]
    assert {"ag_1", "f_1", "co_1"} <= set(slots(view, SlotKind.CONTROL).values())
    assert "sésame" in slots(view, SlotKind.TEXT).values()
    assert view.model is None


def test_tools_that_the_provider_runs_are_recipients() -> None:
    view = read(tools=[{"function": {"name": "f", "parameters": {}}}, {"type": "web_search"}, {"type": "document_library", "library_ids": ["l_1"], "tool_configuration": {"include": ["x"]}}, {"type": "Zoé Quint"}])
    assert view.recipients == [("web_search", "tools[1]"), ("document_library", "tools[2]"), ("tool", "tools[3]")]
    assert slots(view, SlotKind.KEY) == {}


def test_what_stands_around_the_place_to_fill_in_is_two_texts() -> None:
    view = WIRE.read_request({"model": "codestral", "prompt": "def zoé(", "suffix": "return ana", "stream": True, "max_tokens": 9})
    assert [(slot.text, slot.message) for slot in view.slots if slot.kind is SlotKind.TEXT] == [("def zoé(", 0), ("return ana", 1)]
    assert (view.model, view.first_user, view.stream) == ("codestral", "def zoé(", True)
    assert WIRE.read_request({"model": "codestral", "prompt": [1, 2]}).opaque == [("tokens", "prompt")]


@pytest.mark.parametrize("content", [[1, 2, 3], 5, {"ids": [1]}, [{"type": "text", "text": [1, 2]}]])
def test_token_ids_are_opaque(content: Any) -> None:
    view = read(content)
    assert {name for name, _place in view.opaque} == {"tokens"}
    assert slots(view, SlotKind.NUMBER)


@pytest.mark.parametrize(("form", "json_answer"), [({"type": "json_object"}, True), ({"type": "json_schema", "json_schema": {"name": "x", "schema": {}}}, True), ({"type": "text"}, False), ("Zoé", False)])
def test_whether_the_answer_is_json(form: Any, json_answer: bool) -> None:
    assert read(response_format=form).json_answer is json_answer


def fields(model: Any) -> set[str]:
    return {field.alias or name for name, field in model.model_fields.items()}


@pytest.mark.parametrize("request_model", [models.ChatCompletionRequest, models.ChatCompletionStreamRequest, models.AgentsCompletionRequest, models.FIMCompletionRequest])
def test_the_sdk_has_no_parameter_that_this_format_does_not_know(request_model: Any) -> None:
    assert slots(read(**dict.fromkeys(fields(request_model) - {"messages", "model"})), SlotKind.KEY) == {}


@pytest.mark.parametrize("message", [models.UserMessage, models.AssistantMessage, models.SystemMessage, models.ToolMessage])
def test_the_sdk_has_no_message_that_this_format_does_not_know(message: Any) -> None:
    assert slots(WIRE.read_request({"messages": [dict.fromkeys(fields(message))]}), SlotKind.KEY) == {}


@pytest.mark.parametrize("chunk", [
    models.TextChunk, models.ImageURLChunk, models.DocumentURLChunk, models.ReferenceChunk, models.FileChunk, models.ThinkChunk, models.AudioChunk, models.ToolReferenceChunk, models.ResourceChunk, models.ResourceLinkChunk,
])
def test_the_sdk_has_no_chunk_that_this_format_does_not_know(chunk: Any) -> None:
    view = read([{**dict.fromkeys(fields(chunk)), "type": chunk.model_fields["type"].default}])
    assert slots(view, SlotKind.KEY) == {}


@pytest.mark.parametrize("tool", [models.Tool, models.WebSearchTool, models.CodeInterpreterTool, models.ImageGenerationTool, models.DocumentLibraryTool, models.CustomConnector])
def test_the_sdk_has_no_tool_that_this_format_does_not_know(tool: Any) -> None:
    assert slots(read(tools=[dict.fromkeys(fields(tool))]), SlotKind.KEY) == {}


def test_a_complete_answer() -> None:
    view = WIRE.read_reply({
        "id": "cmpl-1", "model": "mistral-large-2", "usage": {"prompt_tokens": 12, "completion_tokens": 5, "total_tokens": 17},
        "choices": [{"index": 0, "finish_reason": "tool_calls", "message": {
            "role": "assistant", "content": [{"type": "thinking", "thinking": [{"type": "text", "text": "elle"}, {"type": "text", "text": "vit"}]}, {"type": "text", "text": "Chère Zoé"}, {"type": "reference", "reference_ids": [1]}, {"type": "text", "text": "bien"}],
            "tool_calls": [{"id": "c1", "index": 0, "function": {"name": "f", "arguments": '{"a":1}'}}, {"id": "c2", "index": 1, "function": {"name": "g", "arguments": {"à": ["Zoé", {"b": "Ana"}]}}}],
        }}],
    })
    assert {spell(s.path).removeprefix("choices[0].message."): (s.text, s.channel.part, s.escaped) for s in view.slots} == {
        "content[0].thinking[0].text": ("elle", Part.SIGNED, False), "content[0].thinking[1].text": ("vit", Part.SIGNED, False), "content[1].text": ("Chère Zoé", Part.TEXT, False), "content[3].text": ("bien", Part.TEXT, False),
        "tool_calls[0].function.name": ("f", Part.REFUSAL, False), "tool_calls[0].function.arguments": ('{"a":1}', Part.TOOL, True), "tool_calls[1].function.name": ("g", Part.REFUSAL, False),
        "tool_calls[1].function.arguments.à[0]": ("Zoé", Part.TOOL, False), "tool_calls[1].function.arguments.à[1].b": ("Ana", Part.TOOL, False),
    }
    assert len({slot.channel for slot in view.slots if slot.channel.part is not Part.TOOL}) == 6
    assert view.tools == [ToolCallView(Channel(0, Part.TOOL, 0), "c1", "f"), ToolCallView(Channel(0, Part.TOOL, 1), "c2", "g", ("choices", 0, "message", "tool_calls", 1, "function", "arguments"))]
    assert (view.id, view.model, view.finish_reason, view.usage, view.terminal, view.error) == ("cmpl-1", "mistral-large-2", "tool_calls", Usage(12, 5), False, None)


def delta(content: dict[str, Any], finish: str | None = None) -> dict[str, Any]:
    return {"id": "c", "model": "m", "choices": [{"index": 0, "delta": content, "finish_reason": finish}]}


def test_events_of_a_stream_continue_each_other_in_chunks_and_in_strings() -> None:
    text = Channel(0, Part.TEXT, 0)
    assert WIRE.read_event(delta({"content": "Zo"})).slots == [ReplySlot(("choices", 0, "delta", "content"), "Zo", text, False, False)]
    assert WIRE.read_event(delta({"content": [{"type": "thinking", "thinking": [{"type": "text", "text": "elle"}]}, {"type": "text", "text": "é"}]})).slots == [
        ReplySlot(("choices", 0, "delta", "content", 0, "thinking", 0, "text"), "elle", Channel(0, Part.SIGNED, 0), False, False),
        ReplySlot(("choices", 0, "delta", "content", 1, "text"), "é", text, False, False),
    ]
    call = WIRE.read_event(delta({"content": "", "tool_calls": [{"index": 1, "id": "c1", "function": {"name": "f", "arguments": ""}}]}))
    assert call.tools == [ToolCallView(Channel(0, Part.TOOL, 1), "c1", "f")]
    more = WIRE.read_event(delta({"content": "", "tool_calls": [{"index": 1, "function": {"name": "", "arguments": '{"a'}}]}))
    assert (more.tools, more.slots) == ([], [ReplySlot(("choices", 0, "delta", "tool_calls", 0, "function", "arguments"), '{"a', Channel(0, Part.TOOL, 1), True, False)])
    assert WIRE.read_event(delta({}, finish="stop")).finish_reason == "stop"
    assert WIRE.read_event("[DONE]").terminal


@pytest.mark.parametrize(("error", "name"), [
    ({"object": "error", "message": "Zoé Quint", "type": "invalid_model", "code": "1500"}, "invalid_model"), ({"detail": [{"msg": "Zoé"}]}, "error"), ({"message": "Unauthorized", "request_id": "r"}, "error"), ({"error": {"code": 502}}, "502"),
])
def test_an_error_gives_its_type_and_never_its_message(error: Any, name: str) -> None:
    assert WIRE.read_event(error).error == name
    assert WIRE.read_reply(error).error == name
    assert WIRE.read_reply({**error, "choices": []}).error == (name if "error" in error else None)


@pytest.mark.parametrize("body", [None, [], "Zoé", 3])
def test_what_is_no_object_is_refused_without_repeating_it(body: Any) -> None:
    for reader in (WIRE.read_reply, WIRE.read_event, WIRE.read_request):
        with pytest.raises(ValueError, match="^it is not an object$"):
            reader(body)


@pytest.mark.parametrize("body", [
    {}, {"choices": [{"message": {"content": [None, {"text": 3, "thinking": 4}, {"thinking": [None, {"text": 5}]}], "tool_calls": [None, {}, {"function": {"arguments": {"n": 3}}}]}}]},
])
def test_an_answer_of_a_strange_shape_holds_no_text(body: dict[str, Any]) -> None:
    assert WIRE.read_reply(body).slots == []
