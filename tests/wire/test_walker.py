"""The law of requests: every string and every key of the caller's is seen, whatever the shape of the body."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from govai.core.exchange import Path, RequestView, SlotKind, WireFormat
from govai.wire import anthropic_requests, mistral_chat, openai_requests, responses_items, responses_requests, responses_tools, walker
from govai.wire.anthropic_messages import AnthropicMessages
from govai.wire.codec import put
from govai.wire.mistral_chat import MistralChat
from govai.wire.openai_chat import OpenAIChat
from govai.wire.openai_responses import OpenAIResponses
from govai.wire.walker import Walk, named, spelled

MESSAGES_FORMATS = (OpenAIChat(), AnthropicMessages(), MistralChat())
FORMATS = (*MESSAGES_FORMATS, OpenAIResponses())
TABLED = (openai_requests, responses_items, responses_requests, responses_tools, anthropic_requests, mistral_chat, walker)
PROTOCOL_NUMBERS = frozenset(
    "n seed temperature top_p top_k max_tokens max_completion_tokens presence_penalty frequency_penalty logprobs top_logprobs stream parallel_tool_calls index "
    "expires_at start_index end_index minLength maxLength minItems maxItems minProperties maxProperties minContains maxContains budget_tokens value total remaining max_uses random_seed top_k min_tokens repetition_penalty prompt_logprobs top_prompt_logprobs safe_prompt prefix closed "
    "max_content_tokens max_characters display_width_px display_height_px display_number enabled document_index start_char_index end_char_index start_page_number end_page_number "
    "start_block_index end_block_index search_result_index return_code num_lines start_line total_lines background max_output_tokens max_tool_calls "
    "compact_threshold score_threshold embedding_weight text_weight max_num_results display_width display_height frame_count frame_duration_ms output_compression partial_images "
    "score x y scroll_x scroll_y timeout_ms max_output_length exit_code 42".split()
)


def vocabulary() -> list[str]:
    """Every key that a table of any format, or the schema's, knows."""
    tables = [v for module in TABLED for v in vars(module).values() if isinstance(v, dict) and v and all(isinstance(k, str) for k in v)]
    tables += [openai_requests.OpenAIWalk.settings_table, responses_tools.ToolsWalk.settings_table, anthropic_requests._AnthropicWalk.settings_table, mistral_chat.MistralWalk.settings_table]
    return sorted({key for table in tables for key in table if key.isidentifier() or key.startswith("$")} - {"__builtins__", "__name__"})


TYPES = st.sampled_from(
    "text image_url input_audio file refusal image document tool_use tool_result thinking redacted_thinking server_tool_use web_search_tool_result search_result base64 url "
    "content function custom json_schema web_search_20250305 tool_addition tool_definition compaction container_upload object string mcp_toolset "
    "message input_text input_image input_file function_call function_call_output reasoning shell_call computer_call_output program image_generation_call file_search document_url reference tool_reference resource resource_link".split()
)
KEYS = st.sampled_from(vocabulary()) | st.sampled_from(["clé Zoé", "42", "1234567890"])
LEAVES = st.none() | st.booleans() | st.text(alphabet="Zoé ù", max_size=9).map("é ".__add__) | st.integers(10**8, 10**12) | TYPES.map(lambda word: word + " é")
BODIES = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=4) | st.builds(lambda d, t: {**d, "type": t}, st.dictionaries(KEYS, inner, max_size=4), TYPES),
    max_leaves=25,
)
CONTENTS = BODIES | st.lists(st.builds(lambda d, t: {**d, "type": t}, st.dictionaries(KEYS, BODIES, max_size=4), TYPES), max_size=3)
MESSAGES = st.lists(st.builds(lambda extra, content: {"role": "user", "content": content, **extra}, st.dictionaries(KEYS, BODIES, max_size=2), CONTENTS), max_size=3)
ITEMS = CONTENTS | st.lists(st.builds(lambda extra, kind: {**extra, "type": kind}, st.dictionaries(KEYS, BODIES, max_size=4), TYPES), max_size=3)
REQUESTS = st.builds(lambda messages, items, extra: {**extra, "messages": messages, "input": items}, MESSAGES, ITEMS, st.dictionaries(KEYS, CONTENTS, max_size=4))


def places(value: Any, path: Path = ()) -> list[tuple[Path, Any, bool]]:
    """Every leaf as (path, value, False) and every key as (path with it, key, True)."""
    found: list[tuple[Path, Any, bool]] = []
    if isinstance(value, dict):
        for key, item in value.items():
            found += [((*path, key), key, True), *places(item, (*path, key))]
    elif isinstance(value, list):
        for index, item in enumerate(value):
            found += places(item, (*path, index))
    elif value is not None and not isinstance(value, bool):
        found.append((path, value, False))
    return found


def last_key(path: Path) -> str:
    return next((step for step in reversed(path) if isinstance(step, str)), "")


def unseen(body: Any, view: RequestView) -> list[tuple[Path, Any, bool]]:
    """What stands in the body and is neither in a slot nor of the protocol."""
    keys = {slot.path for slot in view.slots if slot.kind is SlotKind.KEY}
    texts = {slot.path: slot.text for slot in view.slots if slot.kind is not SlotKind.KEY}
    known = set(vocabulary())
    missing = []
    for path, value, is_key in places(body):
        if is_key:
            fine = path in keys or value in known or value == "42"
        elif isinstance(value, str):
            fine = texts.get(path) == value
        else:
            fine = texts.get(path) == str(value) or last_key(path) in PROTOCOL_NUMBERS
        if not fine:
            missing.append((path, value, is_key))
    return missing


@pytest.mark.parametrize("wire", MESSAGES_FORMATS, ids=lambda wire: wire.name)
@given(body=REQUESTS)
def test_every_string_key_and_number_is_seen_whatever_the_shape(wire: WireFormat, body: dict[str, Any]) -> None:
    before = copy.deepcopy(body)
    view = wire.read_request(body)
    assert body == before
    assert unseen(body, view) == []
    assert len({(slot.path, slot.kind is SlotKind.KEY) for slot in view.slots}) == len(view.slots)  # no place twice


@pytest.mark.parametrize("wire", MESSAGES_FORMATS, ids=lambda wire: wire.name)
@given(body=REQUESTS)
def test_each_slot_says_what_stands_at_its_path_and_can_be_put_back(wire: WireFormat, body: dict[str, Any]) -> None:
    for slot in wire.read_request(body).slots:
        at: Any = body
        for step in slot.path[:-1]:
            at = at[step]
        if slot.kind is SlotKind.KEY:
            assert slot.text == slot.path[-1] and slot.path[-1] in at
        elif slot.kind is SlotKind.NUMBER:
            assert spelled(at[slot.path[-1]]) == slot.text
        else:
            assert at[slot.path[-1]] == slot.text
    texts = [slot for slot in wire.read_request(body).slots if slot.kind is SlotKind.TEXT]
    for number, slot in enumerate(texts):
        put(body, slot.path, f"é {number}")
    assert [slot.text for slot in wire.read_request(body).slots if slot.kind is SlotKind.TEXT] == [f"é {number}" for number in range(len(texts))]


@pytest.mark.parametrize("wire", MESSAGES_FORMATS, ids=lambda wire: wire.name)
@pytest.mark.parametrize("body", [None, [], "Zoé", 3, {}, {"messages": None}, {"messages": {"Zoé": 1}}, {"messages": "Zoé"}, {"messages": ["Zoé"]}, {"messages": [{}, None]}])
def test_what_is_not_a_request_is_refused_without_repeating_it(wire: WireFormat, body: Any) -> None:
    with pytest.raises(ValueError) as caught:
        wire.read_request(body)
    assert "Zoé" not in str(caught.value)


def nested(shape: str, depth: int) -> Any:
    value: Any = "é"
    for _ in range(depth):
        value = {
            "list": [value], "dict": {"x": value}, "tool_result": [{"type": "tool_result", "content": value}], "document": [{"type": "document", "source": {"type": "content", "content": value}}],
            "server": [{"type": "mcp_tool_result", "content": value}], "schema": {"items": value}, "all": {"allOf": [value]}, "named": {"properties": {"a": value}},
            "format": {"format": value}, "grammar": {"grammar": value}, "settings": {"trigger": value}, "edits": {"edits": [value]}, "allowed": {"allowed_tools": value},
            "approximate": {"approximate": value}, "citations": [[value]], "call": [{"function": value}], "unknown": [{"type": "x", "content": value}],
        }[shape]
    return value


@pytest.mark.parametrize("wire", MESSAGES_FORMATS, ids=lambda wire: wire.name)
@pytest.mark.parametrize("shape", "list dict tool_result document server schema all named format grammar settings edits allowed approximate citations call unknown".split())
def test_what_is_nested_too_deep_is_refused_and_never_overflows(wire: WireFormat, shape: str) -> None:
    deep = nested(shape, 3000)
    for key in ("system", "metadata", "extra", "tool_choice", "response_format", "output_config", "context_management", "web_search_options", "stream_options", "thinking"):
        with pytest.raises(ValueError, match="nested too deep"):
            wire.read_request({"messages": [], key: deep})
    for body in (
        {"messages": [{"content": deep}]}, {"messages": [{"tool_calls": deep}]}, {"messages": [], "tools": [{"type": "function", "function": {"parameters": deep}}]},
        {"messages": [], "tools": [{"input_schema": deep, "citations": deep}]}, {"messages": [{"content": [{"type": "text", "citations": deep}]}]},
        {"messages": [], "input": deep}, {"messages": [], "input": [{"output": deep}]}, {"messages": [], "input": [{"action": deep}]}, {"messages": [], "input": [{"tools": deep}]}, {"messages": [], "text": {"format": {"schema": deep}}},
    ):
        with pytest.raises(ValueError, match="nested too deep"):
            wire.read_request(body)
    shallow = {"messages": [{"content": nested(shape, 8)}]}
    assert unseen(shallow, wire.read_request(shallow)) == []


def schema_slots(schema: Any) -> dict[str, list[str]]:
    walk = Walk()
    walk.schema((), schema)
    return {kind.value: [slot.text for slot in walk.slots if slot.kind is kind] for kind in SlotKind}


def test_a_schema_gives_its_names_and_texts_and_keeps_its_own_words() -> None:
    found = schema_slots({
        "type": "object", "title": "Client", "description": "de Zoé", "additionalProperties": False, "required": ["nom", "âge"], "$defs": {"type": {"type": ["string", "null"], "enum": ["Zoé", 3]}},
        "properties": {"nom": {"$ref": "#/$defs/type"}, "âge": {"type": "integer", "minimum": 18, "maximum": 612345678, "maxLength": 123456}, "title": {"const": "Quint", "default": 7, "examples": [{"ville": "Lyon"}]}},
        "x-note": {"auteur": "Ana"}, "anyOf": [{"pattern": "^Z"}, True], "minimum": "Zoé", "items": 612,
    })
    assert sorted(found["key"]) == sorted(["type", "nom", "âge", "title", "ville", "x-note", "auteur"])
    assert sorted(found["text"]) == sorted(["Client", "de Zoé", "nom", "âge", "Zoé", "Quint", "Lyon", "Ana", "^Z", "Zoé"])
    assert sorted(found["control"]) == sorted(["object", "string", "null", "integer", "#/$defs/type"])
    assert sorted(found["number"]) == sorted(["3", "612345678", "7", "612"])


@pytest.mark.parametrize(("kind", "name"), [("web_search", "web_search"), ("Ana Dupont", "tool"), ("ana@exemple.fr", "tool"), (None, "tool"), (3, "tool"), ("x" * 65, "tool")])
def test_only_a_word_names_what_is_refused(kind: Any, name: str) -> None:
    assert named(kind, "tool") == name


@pytest.mark.parametrize(("number", "text"), [(1, "1"), (0.5, "0.5"), (1e22, "1e+22"), (10**30, "1" + "0" * 30)])
def test_numbers_are_spelled_as_json_does(number: float, text: str) -> None:
    assert spelled(number) == text
