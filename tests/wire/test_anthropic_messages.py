"""Messages: what each place of a request is, and where answers and their events hold text."""

from __future__ import annotations

from typing import Any

import pytest

from govai.core.exchange import Channel, Part, ReplySlot, RequestView, SlotKind, ToolCallView, Usage, spell
from govai.wire.anthropic_messages import AnthropicMessages

WIRE = AnthropicMessages()
PDF = "JVBERi0xLjQKJcOkw7zDtsOfCjIgMCBvYmoKPDwvTGVuZ3RoIDMgMCBSL0ZpbHRlci9GbGF0ZURlY29kZT4+CnN0cmVhbQ=="


def read(content: Any = "Bonjour", **extra: Any) -> RequestView:
    return WIRE.read_request({"model": "claude", "max_tokens": 9, "messages": [{"role": "user", "content": content}], **extra})


def slots(view: RequestView, kind: SlotKind) -> dict[str, str]:
    return {spell(slot.path): slot.text for slot in view.slots if slot.kind is kind}


def test_a_conversation_with_tools() -> None:
    view = WIRE.read_request({
        "model": "claude", "max_tokens": 1000, "stream": True, "system": [{"type": "text", "text": "Tu écris.", "cache_control": {"type": "ephemeral"}}], "stop_sequences": ["FIN"], "metadata": {"user_id": "zoe"},
        "thinking": {"type": "enabled", "budget_tokens": 2000}, "tool_choice": {"type": "tool", "name": "chercher", "disable_parallel_tool_use": True},
        "messages": [
            {"role": "user", "content": "Salut"},
            {"role": "assistant", "content": [{"type": "text", "text": "Oui"}, {"type": "tool_use", "id": "toolu_1", "name": "chercher", "input": {"nom": "Zoé", "age": 42}}]},
            {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "toolu_1", "is_error": False, "content": [{"type": "text", "text": "trouvé"}]}]},
        ],
        "tools": [{"name": "chercher", "description": "cherche", "input_schema": {"type": "object", "properties": {"nom": {"type": "string"}}}, "input_examples": [{"nom": "Ana"}]}],
    })
    assert slots(view, SlotKind.TEXT) == {
        "system[0].text": "Tu écris.", "stop_sequences[0]": "FIN", "metadata.user_id": "zoe", "tool_choice.name": "chercher", "messages[0].content": "Salut", "messages[1].content[0].text": "Oui",
        "messages[1].content[1].name": "chercher", "messages[1].content[1].input.nom": "Zoé", "messages[2].content[0].content[0].text": "trouvé", "tools[0].name": "chercher",
        "tools[0].description": "cherche", "tools[0].input_examples[0].nom": "Ana",
    }
    assert slots(view, SlotKind.NUMBER) == {"messages[1].content[1].input.age": "42"}
    assert set(slots(view, SlotKind.KEY).values()) == {"nom", "age"}
    assert {"toolu_1", "ephemeral", "enabled", "tool", "user", "assistant"} <= set(slots(view, SlotKind.CONTROL).values())
    assert [(slot.path[0], min(slot.message, 99)) for slot in view.slots if slot.kind is SlotKind.TEXT] == [  # 99: a group of its own
        ("system", 0), ("stop_sequences", -1), ("metadata", -1), ("tool_choice", -1), ("messages", 1), ("messages", 2), ("messages", 99), ("messages", 99), ("messages", 3), ("tools", -1), ("tools", -1), ("tools", -1),
    ]
    assert (view.model, view.stream, view.first_user, view.json_answer) == ("claude", True, "Salut", False)
    assert (view.opaque, view.references, view.recipients) == ([], [], [])
    assert not any(slot.signed for slot in view.slots)


@pytest.mark.parametrize("block", [
    {"type": "thinking", "thinking": "Zoé écrit", "signature": "EqQB"}, {"type": "redacted_thinking", "data": "EmwKAhgB"}, {"type": "server_tool_use", "id": "srv_1", "name": "web_search", "input": {"query": "Zoé", "n": 3}},
    {"type": "web_search_tool_result", "tool_use_id": "srv_1", "content": [{"type": "web_search_result", "title": "Zoé", "url": "https://exemple.fr", "encrypted_content": "EqgfCioIARgB"}]},
    {"type": "mcp_tool_use", "id": "m", "name": "lire", "server_name": "crm", "input": {"clé": "Zoé"}}, {"type": "compaction", "content": "résumé", "signature": "EqQB"},
])
def test_what_the_provider_checks_when_it_comes_back_is_signed(block: dict[str, Any]) -> None:
    view = read([{"type": "text", "text": "avant"}, block, {"type": "text", "text": "après"}])
    inside = [slot for slot in view.slots if slot.path[:4] == ("messages", 0, "content", 1)]
    assert len(inside) >= 2
    assert all(slot.signed for slot in inside)
    assert not any(slot.signed for slot in view.slots if slot not in inside)
    assert view.opaque == []


def test_signatures_are_control_and_what_was_thought_is_text() -> None:
    view = read([{"type": "thinking", "thinking": "Zoé", "signature": "EqQB"}])
    assert slots(view, SlotKind.TEXT) == {"messages[0].content[0].thinking": "Zoé"}
    assert slots(view, SlotKind.CONTROL)["messages[0].content[0].signature"] == "EqQB"


@pytest.mark.parametrize(("block", "name", "seen"), [
    ({"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": PDF}}, "image", set()),
    ({"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "Zoé, en clair"}}, "image", {"Zoé, en clair"}),
    ({"type": "image", "source": {"type": "url", "url": "https://exemple.fr/zoe.png"}}, "image", {"https://exemple.fr/zoe.png"}),
    ({"type": "document", "title": "CV", "context": "de Zoé", "source": {"type": "base64", "media_type": "application/pdf", "data": PDF}}, "file", {"CV", "de Zoé"}),
    ({"type": "document", "source": {"type": "url", "url": "https://exemple.fr/zoe.pdf"}}, "file", {"https://exemple.fr/zoe.pdf"}),
    ({"type": "image"}, "image", set()), ({"type": "document", "source": "Zoé"}, "file", {"Zoé"}),
    ({"type": "video", "source": {"type": "base64", "data": PDF}}, "file", {PDF}), ({"type": "text", "text": "oui", "source": {"type": "base64", "data": PDF}}, "file", {"oui", PDF}),
    ({"type": "hologram", "layers": [PDF]}, "hologram", {PDF}), ({"type": "Zoé Quint", "layers": [PDF]}, "unknown", {PDF}),
])
def test_what_cannot_be_looked_into_is_named(block: dict[str, Any], name: str, seen: set[str]) -> None:
    view = read([block])
    assert (name, "messages[0].content[0]") in view.opaque
    texts = {slot.text for slot in view.slots if slot.path[:3] == ("messages", 0, "content") and slot.kind is not SlotKind.KEY and slot.path[-1] not in ("type", "media_type")}
    assert texts == seen | ({"base64"} & texts)


def test_a_document_in_text_can_be_looked_into() -> None:
    for source in ({"type": "text", "media_type": "text/plain", "data": "Zoé"}, {"type": "content", "content": [{"type": "text", "text": "Zoé"}]}, {"type": "content", "content": "Zoé"}):
        view = read([{"type": "document", "source": source, "citations": {"enabled": True}}])
        assert (list(slots(view, SlotKind.TEXT).values()), view.opaque) == (["Zoé"], [])
    view = read([{"type": "document", "source": {"type": "content", "content": [{"type": "image", "source": {"type": "base64", "data": PDF}}]}}])
    assert view.opaque == [("image", "messages[0].content[0].source.content[0]")]


def test_an_image_in_a_tool_result_is_named() -> None:
    assert read([{"type": "tool_result", "tool_use_id": "t", "content": [{"type": "image", "source": {"type": "url", "url": "https://x.fr"}}]}]).opaque == [("image", "messages[0].content[0].content[0]")]


@pytest.mark.parametrize("content", [[1, 2], [[1]], 5, {"ids": [1]}, [{"type": "text", "text": [1]}]])
def test_token_ids_are_opaque(content: Any) -> None:
    assert [name for name, _place in read(content).opaque] == ["tokens"]
    assert [name for name, _place in read(system=content).opaque] == ["tokens"]


@pytest.mark.parametrize(("extra", "references"), [
    ({"container": "container_1"}, [("container", "container")]), ({"container": {"id": "container_1", "skills": [{"skill_id": "pdf"}]}}, [("container", "container")]), ({"container": None}, []),
    ({"thread": {"type": "continue", "previous_message_id": "msg_1"}}, [("thread", "thread")]), ({"diagnostics": {"previous_message_id": "msg_1"}}, [("previous_message_id", "diagnostics.previous_message_id")]),
])
def test_what_the_provider_holds_is_a_reference(extra: dict[str, Any], references: list[tuple[str, str]]) -> None:
    assert read(**extra).references == references


def test_files_are_references() -> None:
    view = read([{"type": "document", "source": {"type": "file", "file_id": "file_1"}}, {"type": "container_upload", "file_id": "file_2"}])
    assert view.references == [("file_id", "messages[0].content[0].source.file_id"), ("file_id", "messages[0].content[1]")]
    assert {"file_1", "file_2"} <= set(slots(view, SlotKind.CONTROL).values())


@pytest.mark.parametrize(("tool", "name"), [
    ({"type": "web_search_20260318", "name": "web_search", "max_uses": 3, "allowed_domains": ["exemple.fr"], "user_location": {"type": "approximate", "city": "Lyon"}}, "web_search"),
    ({"type": "web_fetch_20250910", "name": "web_fetch"}, "web_fetch"), ({"type": "code_execution_20250825", "name": "x"}, "code_execution"), ({"type": "tool_search_tool_bm25_20251119", "name": "x"}, "tool_search"),
    ({"type": "advisor_20260301", "name": "advisor", "model": "claude-other"}, "advisor"), ({"type": "mcp_toolset", "mcp_server_name": "crm"}, "mcp"), ({"type": "browser_toolset_20260801"}, "browser_toolset_20260801"),
    ({"type": "invented"}, "invented"), ({"type": "Zoé Quint"}, "tool"), ({"type": 3}, "tool"),
    ({"type": "custom", "name": "f"}, None), ({"name": "f"}, None), ({"type": None, "name": "f"}, None), ({"type": "bash_20250124", "name": "bash"}, None), ({"type": "text_editor_20250728", "name": "x"}, None),
    ({"type": "computer_20251124", "name": "computer", "display_width_px": 1024}, None), ({"type": "memory_20250818", "name": "memory"}, None), ({"type": "computer_toolset_20260801"}, None),
])
def test_tools_that_the_provider_runs_are_recipients(tool: dict[str, Any], name: str | None) -> None:
    expected = [] if name is None else [(name, "tools[0]")]
    assert read(tools=[tool]).recipients == expected
    added = read([{"type": "tool_addition", "tool": {"type": "tool_definition", "definition": tool}}])
    assert [word for word, _place in added.recipients] == [word for word, _place in expected]


def test_remote_servers_are_recipients() -> None:
    view = read(mcp_servers=[{"type": "url", "url": "https://crm.exemple.fr", "name": "crm"}])
    assert view.recipients == [("mcp", "mcp_servers")]
    assert "https://crm.exemple.fr" in slots(view, SlotKind.TEXT).values()
    assert read(mcp_servers=[]).recipients == []
    assert read([{"type": "tool_addition", "tool": {"type": "mcp_toolset_reference", "server_name": "crm"}}]).recipients == [("mcp", "messages[0].content[0].tool")]


@pytest.mark.parametrize(("extra", "json_answer"), [
    ({"output_config": {"format": {"type": "json_schema", "schema": {"type": "object"}}}}, True), ({"output_format": {"type": "json_schema", "schema": {}}}, True), ({"output_config": {"effort": "low"}}, False), ({}, False),
])
def test_whether_the_answer_is_json(extra: dict[str, Any], json_answer: bool) -> None:
    assert read(**extra).json_answer is json_answer


def test_citations_and_search_results_are_text() -> None:
    view = read([
        {"type": "text", "text": "oui", "citations": [{"type": "char_location", "cited_text": "Zoé", "document_index": 0, "document_title": "CV", "start_char_index": 0, "end_char_index": 3}]},
        {"type": "search_result", "source": "https://exemple.fr", "title": "Ana", "content": [{"type": "text", "text": "Quint"}]},
    ])
    assert sorted(slots(view, SlotKind.TEXT).values()) == sorted(["oui", "Zoé", "CV", "https://exemple.fr", "Ana", "Quint"])
    assert (slots(view, SlotKind.KEY), slots(view, SlotKind.NUMBER), view.opaque) == ({}, {}, [])


def test_other_models_that_may_answer_are_models() -> None:
    assert slots(read(fallbacks=[{"model": "claude-other", "max_tokens": 3}]), SlotKind.MODEL) == {"model": "claude", "fallbacks[0].model": "claude-other"}


def test_on_vertex_the_path_names_the_model() -> None:
    view = WIRE.read_request({"anthropic_version": "vertex-2023-10-16", "max_tokens": 9, "messages": [{"role": "user", "content": "Zoé"}]})
    assert (view.model, slots(view, SlotKind.KEY), slots(view, SlotKind.CONTROL)["anthropic_version"]) == (None, {}, "vertex-2023-10-16")


def test_the_sdk_has_no_parameter_that_this_format_does_not_know() -> None:
    from anthropic.types.beta import message_create_params as beta
    from anthropic.types import message_create_params as stable

    names = {name for module in (stable, beta) for kind in (module.MessageCreateParamsNonStreaming, module.MessageCreateParamsStreaming) for name in kind.__annotations__}
    assert slots(read(**dict.fromkeys(names - {"messages", "model"})), SlotKind.KEY) == {}


def test_a_complete_answer() -> None:
    view = WIRE.read_reply({
        "id": "msg_1", "model": "claude-x", "stop_reason": "tool_use", "usage": {"input_tokens": 12, "output_tokens": 5}, "stop_details": {"type": "refusal", "explanation": "non"},
        "content": [
            {"type": "thinking", "thinking": "elle", "signature": "EqQB"}, {"type": "redacted_thinking", "data": "Emw"},
            {"type": "text", "text": "Chère Zoé", "citations": [{"type": "page_location", "cited_text": "cité", "document_title": "CV"}]},
            {"type": "tool_use", "id": "toolu_1", "name": "f", "input": {"nom": "Zoé", "liste": ["a", {"b": "c"}], "n": 3}}, {"type": "server_tool_use", "name": "web_search", "input": {"query": "q"}},
        ],
    })
    assert {spell(s.path): (s.text, s.channel.part) for s in view.slots} == {
        "content[0].thinking": ("elle", Part.SIGNED), "content[2].text": ("Chère Zoé", Part.TEXT), "content[2].citations[0].cited_text": ("cité", Part.REFUSAL), "content[2].citations[0].document_title": ("CV", Part.REFUSAL),
        "content[3].name": ("f", Part.REFUSAL), "content[3].input.nom": ("Zoé", Part.TOOL), "content[3].input.liste[0]": ("a", Part.TOOL), "content[3].input.liste[1].b": ("c", Part.TOOL), "stop_details.explanation": ("non", Part.REFUSAL),
    }
    assert all(slot.whole and not slot.escaped for slot in view.slots)
    assert view.tools == [ToolCallView(Channel(0, Part.TOOL, 3), "toolu_1", "f", ("content", 3, "input"))]
    assert (view.id, view.model, view.finish_reason, view.usage, view.terminal, view.error) == ("msg_1", "claude-x", "tool_use", Usage(12, 5), False, None)


def block_delta(delta: dict[str, Any], index: int = 1) -> list[ReplySlot]:
    return WIRE.read_event({"type": "content_block_delta", "index": index, "delta": delta}).slots


def test_events_of_a_stream() -> None:
    start = WIRE.read_event({"type": "message_start", "message": {"id": "msg_1", "model": "claude-x", "content": [], "stop_reason": None, "usage": {"input_tokens": 12, "output_tokens": 1}}})
    assert (start.id, start.model, start.usage, start.finish_reason, start.slots) == ("msg_1", "claude-x", Usage(12, 1), None, [])
    assert block_delta({"type": "text_delta", "text": "Zoé"}) == [ReplySlot(("delta", "text"), "Zoé", Channel(0, Part.TEXT, 1), False, False)]
    assert block_delta({"type": "input_json_delta", "partial_json": '{"a'}) == [ReplySlot(("delta", "partial_json"), '{"a', Channel(0, Part.TOOL, 1), True, False)]
    assert block_delta({"type": "thinking_delta", "thinking": "elle"}) == [ReplySlot(("delta", "thinking"), "elle", Channel(0, Part.SIGNED, 1), False, False)]
    assert block_delta({"type": "signature_delta", "signature": "EqQB"}) == []
    cited = block_delta({"type": "citations_delta", "citation": {"type": "char_location", "cited_text": "Zoé", "title": "CV"}})
    assert [(slot.path, slot.text, slot.channel.part, slot.whole) for slot in cited] == [(("delta", "citation", "cited_text"), "Zoé", Part.REFUSAL, True), (("delta", "citation", "title"), "CV", Part.REFUSAL, True)]
    tool = WIRE.read_event({"type": "content_block_start", "index": 2, "content_block": {"type": "tool_use", "id": "toolu_1", "name": "f", "input": {}}})
    assert tool.tools == [ToolCallView(Channel(0, Part.TOOL, 2), "toolu_1", "f", ("content_block", "input"))]
    text = WIRE.read_event({"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": "d"}})
    assert text.slots == [ReplySlot(("content_block", "text"), "d", Channel(0, Part.TEXT, 0), False, False)]
    end = WIRE.read_event({"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": 7}})
    assert (end.finish_reason, end.usage, end.terminal) == ("end_turn", Usage(None, 7), False)
    assert WIRE.read_event({"type": "message_stop"}).terminal
    for quiet in ({"type": "ping"}, {"type": "content_block_stop", "index": 0}, {"type": "later"}, {"type": 3}, {}):
        assert WIRE.read_event(quiet).slots == []


@pytest.mark.parametrize(("error", "name"), [({"type": "overloaded_error", "message": "Zoé"}, "overloaded_error"), ({"type": "Zoé Quint"}, "error"), (None, "error"), ("Zoé", "error")])
def test_an_error_gives_its_type_and_never_its_message(error: Any, name: str) -> None:
    assert WIRE.read_event({"type": "error", "error": error}).error == name
    assert WIRE.read_reply({"type": "error", "error": error}).error == name


@pytest.mark.parametrize("body", [None, [], "Zoé", 3, "[DONE]"])
def test_what_is_no_object_is_refused_without_repeating_it(body: Any) -> None:
    for reader in (WIRE.read_reply, WIRE.read_event):
        with pytest.raises(ValueError, match="^it is not an object$"):
            reader(body)


@pytest.mark.parametrize("body", [
    {}, {"content": None}, {"content": [None, 3, {}, {"type": "text", "text": 3, "citations": [None]}, {"type": "tool_use", "name": 3, "input": 4}, {"type": "thinking"}, {"type": []}]}, {"usage": 3, "id": 4, "stop_details": 5},
    {"type": "message_start", "message": None}, {"type": "content_block_start", "content_block": None}, {"type": "content_block_delta", "delta": None}, {"type": "content_block_delta", "delta": {"type": "text_delta", "text": 3}},
    {"type": "content_block_delta", "delta": {"type": []}}, {"type": "message_delta", "delta": None}, {"type": "content_block_delta", "index": "x", "delta": {"type": "citations_delta", "citation": None}},
])
def test_an_answer_of_a_strange_shape_holds_no_text(body: dict[str, Any]) -> None:
    assert WIRE.read_reply(body).slots == []
    assert WIRE.read_event(body).slots == []
