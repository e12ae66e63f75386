"""Chat completions: what each place of a request is, and where answers and their events hold text."""

from __future__ import annotations

from typing import Any

import pytest

from govai.core.exchange import Channel, Part, ReplySlot, RequestView, SlotKind, ToolCallView, Usage, spell
from govai.wire.openai_chat import OpenAIChat

WIRE = OpenAIChat()
PNG = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="


def read(content: Any = "Bonjour", **extra: Any) -> RequestView:
    return WIRE.read_request({"model": "gpt-5", "messages": [{"role": "user", "content": content}], **extra})


def slots(view: RequestView, kind: SlotKind) -> dict[str, str]:
    return {spell(slot.path): slot.text for slot in view.slots if slot.kind is kind}


def test_a_conversation_with_tools() -> None:
    view = WIRE.read_request({
        "model": "gpt-5", "stream": True, "temperature": 0.2, "max_tokens": 300, "seed": 61234, "n": 2, "user": "zoe", "stop": ["FIN", "STOP"], "service_tier": "flex", "metadata": {"client": "Zoé"},
        "messages": [
            {"role": "system", "content": "Tu écris."},
            {"role": "user", "name": "zoe", "content": [{"type": "text", "text": "Salut"}, {"type": "text", "text": "encore", "cache_control": {"type": "ephemeral", "ttl": "5m"}}]},
            {"role": "assistant", "content": None, "refusal": "non", "tool_calls": [{"id": "call_1", "type": "function", "function": {"name": "chercher", "arguments": "{\"nom\":\"Zoé\"}"}}]},
            {"role": "tool", "tool_call_id": "call_1", "content": "trouvé"},
        ],
        "tools": [{"type": "function", "function": {"name": "chercher", "description": "cherche", "strict": True, "parameters": {"type": "object", "properties": {"nom": {"type": "string"}}}}}],
        "tool_choice": {"type": "function", "function": {"name": "chercher"}},
    })
    assert slots(view, SlotKind.TEXT) == {
        "user": "zoe", "stop[0]": "FIN", "stop[1]": "STOP", "metadata.client": "Zoé", "messages[0].content": "Tu écris.", "messages[1].name": "zoe", "messages[1].content[0].text": "Salut",
        "messages[1].content[1].text": "encore", "messages[2].refusal": "non", "messages[2].tool_calls[0].function.name": "chercher", "messages[2].tool_calls[0].function.arguments": '{"nom":"Zoé"}',
        "messages[3].content": "trouvé", "tools[0].function.name": "chercher", "tools[0].function.description": "cherche", "tool_choice.function.name": "chercher",
    }
    assert slots(view, SlotKind.KEY) == {"metadata.client": "client", "tools[0].function.parameters.properties.nom": "nom"}
    assert slots(view, SlotKind.MODEL) == {"model": "gpt-5"}
    assert slots(view, SlotKind.NUMBER) == {}
    assert set(slots(view, SlotKind.CONTROL).values()) == {"flex", "system", "user", "assistant", "tool", "text", "ephemeral", "5m", "call_1", "function", "object", "string"}
    said = [slot for slot in view.slots if slot.path[0] == "messages" and slot.kind is SlotKind.TEXT]
    assert {slot.path[1]: slot.message for slot in said if slot.path[2] in ("content", "refusal")} == {0: 0, 1: 1, 2: 2, 3: 3}
    apart = [slot.message for slot in said if slot.path[2] not in ("content", "refusal")]  # names and arguments continue no text
    assert len({*apart, 0, 1, 2, 3}) == len(apart) + 4
    assert {slot.message for slot in view.slots if slot.path[0] != "messages"} == {-1}
    assert (view.model, view.stream, view.first_user, view.json_answer) == ("gpt-5", True, "Salut\nencore", False)
    assert (view.opaque, view.references, view.recipients) == ([], [], [])


@pytest.mark.parametrize(("part", "name", "seen"), [
    ({"type": "image_url", "image_url": {"url": "data:image/png;base64," + PNG, "detail": "low"}}, "image", {"low"}),
    ({"type": "image_url", "image_url": {"url": "https://exemple.fr/zoe.png"}}, "image", {"https://exemple.fr/zoe.png"}),
    ({"type": "image_url", "image_url": "https://exemple.fr/zoe.png"}, "image", {"https://exemple.fr/zoe.png"}),
    ({"type": "image_url", "image_url": {"url": "data:text/plain,Zoé"}}, "image", {"data:text/plain,Zoé"}),
    ({"type": "input_image", "image_url": "data:image/png;base64," + PNG}, "image", set()),
    ({"type": "input_audio", "input_audio": {"data": PNG, "format": "wav"}}, "audio", {"wav"}),
    ({"type": "video_url", "video_url": {"url": "https://exemple.fr/zoe.mp4"}}, "video", {"https://exemple.fr/zoe.mp4"}),
    ({"type": "file", "file": {"file_data": PNG, "filename": "zoe.pdf"}}, "file", {"zoe.pdf"}),
    ({"type": "text", "text": "oui", "input_audio": {"data": "ce n'est pas du base64 : Zoé"}}, "audio", {"oui", "ce n'est pas du base64 : Zoé"}),
    ({"image_url": {"url": "https://exemple.fr/zoe.png"}}, "image", {"https://exemple.fr/zoe.png"}),
    ({"type": "input_file"}, "file", set()),
    ({"type": "molecule", "atoms": PNG}, "molecule", {PNG}),
    ({"type": "Zoé Quint", "atoms": PNG}, "unknown", {PNG, "Zoé Quint"}),
    ({"type": "samples", "values": list(range(40))}, "samples", {str(n) for n in range(40)}),
])
def test_what_cannot_be_looked_into_is_named(part: dict[str, Any], name: str, seen: set[str]) -> None:
    view = read([part])
    assert view.opaque == [(name, "messages[0].content[0]")]
    texts = {slot.text for slot in view.slots if slot.path[:3] == ("messages", 0, "content") and slot.kind is not SlotKind.KEY and slot.path[-1] != "type"}
    assert texts | {part["type"]} >= seen if name == "unknown" else texts == seen
    assert PNG not in texts or name in ("molecule", "unknown")


def test_an_unknown_part_that_holds_only_words_can_be_looked_into() -> None:
    view = read([{"type": "quote", "text": "Zoé", "from": {"auteur": "Ana"}, "page": 612}])
    assert view.opaque == []
    assert {"Zoé", "Ana"} <= set(slots(view, SlotKind.TEXT).values())
    assert list(slots(view, SlotKind.NUMBER).values()) == ["612"]
    assert set(slots(view, SlotKind.KEY).values()) == {"from", "auteur", "page"}


@pytest.mark.parametrize("content", [[1, 2, 3], [[1, 2], [3]], ["Zoé", 4], 5, {"ids": [1]}, [{"type": "text", "text": [1, 2]}]])
def test_token_ids_are_opaque(content: Any) -> None:
    view = read(content)
    assert [name for name, _place in view.opaque] == ["tokens"]
    assert slots(view, SlotKind.NUMBER)


@pytest.mark.parametrize(("extra", "name"), [
    ({"store": True}, "store"), ({"previous_response_id": "resp_1"}, "previous_response_id"), ({"conversation": {"id": "conv_1"}}, "conversation"), ({"prompt": {"id": "pmpt_1"}}, "stored_prompt"),
])
def test_what_the_provider_holds_is_a_reference(extra: dict[str, Any], name: str) -> None:
    assert read(**extra).references == [(name, next(iter(extra)))]


def test_nothing_kept_is_no_reference() -> None:
    assert read(store=False, previous_response_id=None, conversation=None).references == []


def test_files_and_earlier_audio_are_references_and_their_ids_are_control() -> None:
    view = WIRE.read_request({"messages": [{"role": "user", "content": [{"type": "file", "file": {"file_id": "file-1"}}]}, {"role": "assistant", "audio": {"id": "audio_1"}}]})
    assert view.references == [("file_id", "messages[0].content[0].file.file_id"), ("audio", "messages[1].audio")]
    assert view.opaque == [("file", "messages[0].content[0]")]
    assert {"file-1", "audio_1"} <= set(slots(view, SlotKind.CONTROL).values())


def test_tools_that_the_provider_runs_are_recipients() -> None:
    view = read(
        web_search_options={"search_context_size": "low", "user_location": {"type": "approximate", "approximate": {"city": "Lyon"}}},
        tools=[{"type": "function", "function": {"name": "f"}}, {"type": "custom", "custom": {"name": "g", "format": {"type": "grammar", "grammar": {"syntax": "lark", "definition": "start: Zoé"}}}}, {"type": "web_search"},
               {"type": "Zoé Quint"}, {"type": 3}],
    )
    assert view.recipients == [("web_search", "web_search_options"), ("web_search", "tools[2]"), ("tool", "tools[3]"), ("tool", "tools[4]")]
    assert {"Lyon", "f", "g", "start: Zoé"} <= set(slots(view, SlotKind.TEXT).values())
    assert slots(view, SlotKind.KEY) == {}


@pytest.mark.parametrize(("form", "json_answer"), [({"type": "json_object"}, True), ({"type": "json_schema", "json_schema": {"name": "x", "schema": {}}}, True), ({"type": "text"}, False), ("Zoé", False)])
def test_whether_the_answer_is_json(form: Any, json_answer: bool) -> None:
    assert read(response_format=form).json_answer is json_answer


def test_token_ids_of_a_bias_are_control_and_longer_digits_are_not() -> None:
    view = read(logit_bias={"50256": -100, "0612345678": 1, "Zoé": 2})
    assert slots(view, SlotKind.KEY) == {"logit_bias.0612345678": "0612345678", "logit_bias.Zoé": "Zoé"}
    assert slots(view, SlotKind.NUMBER) == {"logit_bias.0612345678": "1", "logit_bias.Zoé": "2"}


def test_a_number_where_the_protocol_has_a_word_is_looked_at() -> None:
    view = WIRE.read_request({"model": 612345678, "messages": [{"role": 1, "content": "x", "tool_call_id": 612345679}], "temperature": "Zoé"})
    assert view.model is None
    assert slots(view, SlotKind.NUMBER) == {"model": "612345678", "messages[0].role": "1", "messages[0].tool_call_id": "612345679"}
    assert slots(view, SlotKind.CONTROL) == {"temperature": "Zoé"}


def test_prediction_is_text() -> None:
    assert slots(read(prediction={"type": "content", "content": "Chère Zoé"}), SlotKind.TEXT)["prediction.content"] == "Chère Zoé"


def test_the_sdk_has_no_parameter_that_this_format_does_not_know() -> None:
    from openai.types.chat.completion_create_params import CompletionCreateParamsNonStreaming, CompletionCreateParamsStreaming

    names = {*CompletionCreateParamsStreaming.__annotations__, *CompletionCreateParamsNonStreaming.__annotations__} - {"messages", "model"}
    assert slots(read(**dict.fromkeys(names)), SlotKind.KEY) == {}


def test_a_complete_answer() -> None:
    view = WIRE.read_reply({
        "id": "chatcmpl-1", "model": "gpt-5-2026", "usage": {"prompt_tokens": 12, "completion_tokens": 5, "total_tokens": 17},
        "choices": [
            {"index": 0, "finish_reason": "tool_calls", "logprobs": {"content": [{"token": "Zoé"}]}, "message": {
                "role": "assistant", "content": "Chère Zoé", "refusal": None, "reasoning_content": "elle", "audio": {"id": "a", "data": PNG, "transcript": "dit"},
                "annotations": [{"type": "url_citation", "url_citation": {"title": "Titre", "url": "https://exemple.fr", "start_index": 0, "end_index": 4}}],
                "tool_calls": [{"id": "call_1", "type": "function", "function": {"name": "f", "arguments": '{"a":1}'}}, {"id": "call_2", "type": "custom", "custom": {"name": "g", "input": "brut"}}],
            }},
            {"index": 1, "finish_reason": "stop", "message": {"content": None, "refusal": "non", "function_call": {"name": "h", "arguments": "{}"}}},
        ],
    })
    assert {spell(s.path): (s.text, s.channel.choice, s.channel.part, s.escaped) for s in view.slots} == {
        "choices[0].message.content": ("Chère Zoé", 0, Part.TEXT, False), "choices[0].message.reasoning_content": ("elle", 0, Part.REFUSAL, False),
        "choices[0].message.audio.transcript": ("dit", 0, Part.REFUSAL, False), "choices[0].message.tool_calls[0].function.name": ("f", 0, Part.REFUSAL, False),
        "choices[0].message.tool_calls[0].function.arguments": ('{"a":1}', 0, Part.TOOL, True), "choices[0].message.tool_calls[1].custom.name": ("g", 0, Part.REFUSAL, False),
        "choices[0].message.tool_calls[1].custom.input": ("brut", 0, Part.TOOL, False), "choices[0].message.annotations[0].url_citation.title": ("Titre", 0, Part.REFUSAL, False),
        "choices[0].message.annotations[0].url_citation.url": ("https://exemple.fr", 0, Part.REFUSAL, False), "choices[1].message.refusal": ("non", 1, Part.REFUSAL, False),
        "choices[1].message.function_call.name": ("h", 1, Part.REFUSAL, False), "choices[1].message.function_call.arguments": ("{}", 1, Part.TOOL, True),
    }
    assert all(slot.whole for slot in view.slots)
    assert len({slot.channel for slot in view.slots}) == len(view.slots)
    assert [(tool.id, tool.name) for tool in view.tools] == [("call_1", "f"), ("call_2", "g"), (None, "h")]
    assert (view.id, view.model, view.finish_reason, view.usage, view.terminal, view.error) == ("chatcmpl-1", "gpt-5-2026", "tool_calls", Usage(12, 5), False, None)


def delta(content: dict[str, Any], index: int = 0, finish: str | None = None) -> dict[str, Any]:
    return {"id": "c", "model": "m", "choices": [{"index": index, "delta": content, "finish_reason": finish}]}


def test_events_of_a_stream() -> None:
    first = WIRE.read_event(delta({"role": "assistant", "content": ""}))
    assert (first.slots, first.model, first.id) == ([], "m", "c")
    assert WIRE.read_event(delta({"content": "Zoé"})).slots == [ReplySlot(("choices", 0, "delta", "content"), "Zoé", Channel(0, Part.TEXT, 0), False, False)]
    assert WIRE.read_event(delta({"content": "Ana"}, index=2)).slots[0].channel == Channel(2, Part.TEXT, 0)
    call = WIRE.read_event(delta({"tool_calls": [{"index": 1, "id": "call_1", "function": {"name": "f", "arguments": ""}}]}))
    assert call.tools == [ToolCallView(Channel(0, Part.TOOL, 1), "call_1", "f")]
    more = WIRE.read_event(delta({"tool_calls": [{"index": 1, "function": {"arguments": '{"a'}}]}))
    assert (more.tools, more.slots) == ([], [ReplySlot(("choices", 0, "delta", "tool_calls", 0, "function", "arguments"), '{"a', Channel(0, Part.TOOL, 1), True, False)])
    end = WIRE.read_event(delta({}, finish="stop"))
    assert (end.finish_reason, end.terminal) == ("stop", False)
    assert WIRE.read_event(delta({}, index=1, finish="length")).finish_reason is None
    assert WIRE.read_event({"choices": [], "usage": {"prompt_tokens": 3, "completion_tokens": 4}}).usage == Usage(3, 4)
    done = WIRE.read_event("[DONE]")
    assert (done.terminal, done.slots) == (True, [])


@pytest.mark.parametrize(("error", "name"), [
    ({"message": "Zoé Quint", "type": "server_error", "code": None}, "server_error"), ({"message": "Zoé", "code": "rate_limit_exceeded"}, "rate_limit_exceeded"), ({"code": 502}, "502"),
    ({"code": "Zoé Quint"}, "error"), ("Zoé Quint", "error"), ({"message": "Zoé"}, "error"),
])
def test_an_error_in_a_stream_gives_its_code_and_never_its_message(error: Any, name: str) -> None:
    assert WIRE.read_event({"error": error}).error == name
    assert WIRE.read_reply({"error": error}).error == name


@pytest.mark.parametrize("body", [None, [], "Zoé", 3])
def test_what_is_no_object_is_refused_without_repeating_it(body: Any) -> None:
    for reader in (WIRE.read_reply, WIRE.read_event):
        with pytest.raises(ValueError, match="^it is not an object$"):
            reader(body)


@pytest.mark.parametrize("body", [
    {}, {"choices": None}, {"choices": [None, 3]}, {"choices": [{"message": None}]}, {"choices": [{"message": {"content": 3, "tool_calls": [None, {}, {"function": None}], "annotations": [None, {"url_citation": 3}]}}]},
    {"choices": [{"index": "x", "finish_reason": 3, "message": {"content": [None, {"text": 3}], "audio": {"transcript": None}}}], "usage": 3, "id": 4, "model": 5},
])
def test_an_answer_of_a_strange_shape_holds_no_text(body: dict[str, Any]) -> None:
    assert WIRE.read_reply(body).slots == []
