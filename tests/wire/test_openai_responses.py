"""Responses: what each place of a request is, and where answers and every event of their streams hold text."""

from __future__ import annotations

import typing
from collections.abc import Iterator
from typing import Any

import pytest

from govai.core.exchange import Part, ReplyView, RequestView, SlotKind, Usage, spell
from govai.wire.openai_responses import OpenAIResponses

WIRE = OpenAIResponses()
PNG = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="


def read(given: Any = "Bonjour", **extra: Any) -> RequestView:
    return WIRE.read_request({"model": "gpt-5", "input": given, **extra})


def slots(view: RequestView, kind: SlotKind) -> dict[str, str]:
    return {spell(slot.path): slot.text for slot in view.slots if slot.kind is kind}


def texts(view: RequestView) -> set[str]:
    return set(slots(view, SlotKind.TEXT).values())


def test_a_conversation_with_tools() -> None:
    view = read(
        [
            {"role": "user", "content": "Salut"},
            {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "encore", "prompt_cache_breakpoint": {"mode": "explicit", "ttl": "30m"}}]},
            {"type": "reasoning", "id": "rs_1", "summary": [{"type": "summary_text", "text": "elle hésite"}], "encrypted_content": "gAAA-b", "status": "completed"},
            {"type": "function_call", "id": "fc_1", "call_id": "call_1", "name": "chercher", "arguments": '{"nom":"Zoé"}', "status": "completed"},
            {"type": "function_call_output", "call_id": "call_1", "output": "trouvé"},
            {"type": "function_call_output", "call_id": "call_2", "output": [{"type": "input_text", "text": "aussi"}]},
            {"type": "message", "id": "msg_1", "role": "assistant", "status": "completed", "phase": "final_answer", "content": [
                {"type": "output_text", "text": "Bien", "logprobs": [], "annotations": [{"type": "url_citation", "title": "Titre", "url": "https://exemple.fr", "start_index": 0, "end_index": 4}]}, {"type": "refusal", "refusal": "non"}]},
        ],
        instructions="Tu écris.", stream=True, store=False, background=True, max_output_tokens=300, temperature=0.2, user="zoe", metadata={"client": "Zoé"}, include=["reasoning.encrypted_content"],
        reasoning={"effort": "low", "summary": "auto"}, truncation="auto", prompt_cache_key="clé", safety_identifier="qui", context_management=[{"type": "compaction", "compact_threshold": 9}],
        tools=[{"type": "function", "name": "chercher", "description": "cherche", "strict": True, "parameters": {"type": "object", "properties": {"nom": {"type": "string"}}}}],
        tool_choice={"type": "function", "name": "chercher"}, text={"format": {"type": "text"}, "verbosity": "low"},
    )
    assert slots(view, SlotKind.TEXT) == {
        "instructions": "Tu écris.", "user": "zoe", "metadata.client": "Zoé", "prompt_cache_key": "clé", "safety_identifier": "qui", "input[0].content": "Salut", "input[1].content[0].text": "encore",
        "input[2].summary[0].text": "elle hésite", "input[3].name": "chercher", "input[3].arguments": '{"nom":"Zoé"}', "input[4].output": "trouvé", "input[5].output[0].text": "aussi",
        "input[6].content[0].text": "Bien", "input[6].content[0].annotations[0].title": "Titre", "input[6].content[0].annotations[0].url": "https://exemple.fr", "input[6].content[1].refusal": "non",
        "tools[0].name": "chercher", "tools[0].description": "cherche", "tool_choice.name": "chercher",
    }
    assert slots(view, SlotKind.KEY) == {"metadata.client": "client", "tools[0].parameters.properties.nom": "nom"}
    assert slots(view, SlotKind.NUMBER) == {}
    assert {slot.text for slot in view.slots if slot.signed} == {"gAAA-b"}
    said = [slot for slot in view.slots if slot.path[0] == "input" and slot.kind is SlotKind.TEXT]
    apart = [slot.message for slot in said if slot.path[2] in ("name", "arguments")]  # they continue no text
    assert {slot.path[1]: slot.message for slot in said if slot.message not in apart} == {n: n + 1 for n in range(7) if n != 3}
    assert len({*apart, *range(8)}) == 8 + 2
    assert [slot.message for slot in view.slots if slot.path == ("instructions",)] == [0]
    assert (view.model, view.stream, view.first_user, view.json_answer) == ("gpt-5", True, "Salut", False)
    assert (view.opaque, view.references, view.recipients) == ([], [], [])


@pytest.mark.parametrize(("given", "first"), [("Zoé", "Zoé"), ([{"role": "developer", "content": "x"}, {"role": "user", "content": [{"type": "input_text", "text": "Zoé"}, {"type": "input_text", "text": "Ana"}]}], "Zoé\nAna"), (None, ""), ([], "")])
def test_the_first_user_text_names_the_conversation(given: Any, first: str) -> None:
    assert read(given).first_user == first


@pytest.mark.parametrize(("part", "name", "seen", "references"), [
    ({"type": "input_image", "detail": "low", "image_url": "data:image/png;base64," + PNG, "file_id": None}, "image", {"low"}, []),
    ({"type": "input_image", "image_url": "https://exemple.fr/zoe.png"}, "image", {"https://exemple.fr/zoe.png"}, []),
    ({"type": "input_image", "file_id": "file-1"}, "image", {"file-1"}, ["file_id"]),
    ({"type": "input_file", "file_data": PNG, "filename": "zoe.pdf"}, "file", {"zoe.pdf"}, []),
    ({"type": "input_file", "file_url": "https://exemple.fr/zoe.pdf"}, "file", {"https://exemple.fr/zoe.pdf"}, []),
    ({"type": "input_audio", "input_audio": {"data": PNG, "format": "wav"}}, "audio", {"wav"}, []),
    ({"type": "input_text", "text": "oui", "image_url": "https://exemple.fr/zoe.png"}, "image", {"oui", "https://exemple.fr/zoe.png"}, []),
    ({"type": "input_file"}, "file", set(), []),
    ({"type": "output_text", "text": "oui", "logprobs": [{"token": "o"}]}, "tokens", {"oui", "o"}, []),
    ({"type": "molecule", "atoms": PNG}, "molecule", {PNG}, []),
])
def test_what_cannot_be_looked_into_is_named(part: dict[str, Any], name: str, seen: set[str], references: list[str]) -> None:
    for place, given in (("input[0].content[0]", {"role": "user", "content": [part]}), ("input[0].output[0]", {"type": "function_call_output", "call_id": "c", "output": [part]})):
        view = read([given])
        assert {(what, where.removesuffix(".logprobs")) for what, where in view.opaque} == {(name, place)}
        assert [what for what, _ in view.references] == references
        found = {slot.text for slot in view.slots if len(slot.path) > 3 and slot.path[0] == "input" and slot.kind is not SlotKind.KEY and slot.path[-1] != "type"}
        assert found == seen


@pytest.mark.parametrize("given", [[1, 2, 3], 5, [[1, 2]], [{"role": "user", "content": [1, 2]}], [{"role": "user", "content": 7}]])
def test_token_ids_are_opaque(given: Any) -> None:
    view = read(given)
    assert {what for what, _ in view.opaque} == {"tokens"}
    assert slots(view, SlotKind.NUMBER)


@pytest.mark.parametrize(("item", "opaque", "seen"), [
    ({"type": "computer_call_output", "call_id": "c", "output": {"type": "computer_screenshot", "image_url": "data:image/png;base64," + PNG}, "acknowledged_safety_checks": [{"id": "s", "code": "x", "message": "Zoé"}]}, ["image"], {"Zoé"}),
    ({"type": "computer_call", "call_id": "c", "action": {"type": "type", "text": "Zoé"}}, [], {"Zoé"}),
    ({"type": "computer_call", "call_id": "c", "action": {"type": "drag", "path": [{"x": 1, "y": 2}]}}, [], set()),
    ({"type": "web_search_call", "id": "w", "action": {"type": "search", "query": "Zoé", "sources": [{"type": "url", "url": "https://exemple.fr"}]}}, [], {"Zoé", "https://exemple.fr"}),
    ({"type": "file_search_call", "id": "f", "queries": ["Zoé"], "results": [{"file_id": "file-1", "filename": "a.txt", "text": "Ana", "score": 0.5, "attributes": {"ville": "Lyon"}}]}, [], {"Zoé", "a.txt", "Ana", "Lyon"}),
    ({"type": "code_interpreter_call", "id": "c", "container_id": "cntr_1", "code": "print('Zoé')", "outputs": [{"type": "logs", "logs": "Zoé"}]}, [], {"print('Zoé')", "Zoé"}),
    ({"type": "code_interpreter_call", "id": "c", "container_id": "cntr_1", "code": "", "outputs": [{"type": "image", "url": "https://exemple.fr/a.png"}]}, ["image"], {""}),
    ({"type": "image_generation_call", "id": "i", "result": PNG, "revised_prompt": "Zoé"}, ["image"], {"Zoé"}),
    ({"type": "mcp_call", "id": "m", "server_label": "crm", "name": "lire", "arguments": '{"n":"Zoé"}', "output": "Ana", "error": {"type": "http_error", "code": 500, "message": "raté"}}, [], {"crm", "lire", '{"n":"Zoé"}', "Ana", "raté"}),
    ({"type": "mcp_list_tools", "id": "m", "server_label": "crm", "tools": [{"name": "lire", "description": "d", "input_schema": {"type": "object"}, "annotations": {}}]}, [], {"crm", "lire", "d"}),
    ({"type": "mcp_approval_response", "approval_request_id": "a", "approve": False, "reason": "Zoé"}, [], {"Zoé"}),
    ({"type": "custom_tool_call", "call_id": "c", "name": "n", "input": "Zoé"}, [], {"n", "Zoé"}),
    ({"type": "custom_tool_call_output", "call_id": "c", "output": "Zoé"}, [], {"Zoé"}),
    ({"type": "local_shell_call", "id": "l", "call_id": "c", "action": {"type": "exec", "command": ["ls", "Zoé"], "env": {"CLIENT": "Ana"}, "timeout_ms": 10}}, [], {"ls", "Zoé", "Ana"}),
    ({"type": "shell_call_output", "call_id": "c", "output": [{"stdout": "Zoé", "stderr": "", "outcome": {"type": "exit", "exit_code": 0}}]}, [], {"Zoé", ""}),
    ({"type": "apply_patch_call", "call_id": "c", "operation": {"type": "update_file", "path": "zoe.txt", "diff": "+Zoé"}}, [], {"zoe.txt", "+Zoé"}),
    ({"type": "program_output", "id": "p", "call_id": "c", "result": "Zoé", "status": "completed"}, [], {"Zoé"}),
    ({"type": "configuration_update", "text": {"format": {"type": "json_schema", "name": "Zoé", "schema": {}}}}, [], {"Zoé"}),
    ({"type": "prophecy", "words": "Zoé"}, [], {"Zoé"}),
    ({"type": "prophecy", "words": PNG}, ["prophecy"], {PNG}),
])
def test_items_of_every_kind(item: dict[str, Any], opaque: list[str], seen: set[str]) -> None:
    view = read([item])
    assert [what for what, _ in view.opaque] == opaque
    assert texts(view) == seen
    assert (view.references, view.recipients) == ([], [])


@pytest.mark.parametrize("item", [{"type": "compaction", "encrypted_content": "gAAA"}, {"type": "program", "id": "p", "call_id": "c", "code": "lire('Zoé')", "fingerprint": "f"}])
def test_what_the_provider_checks_when_it_comes_back_stays_as_it_is(item: dict[str, Any]) -> None:
    assert all(slot.signed for slot in read([item]).slots if slot.path[0] == "input")


@pytest.mark.parametrize(("extra", "names"), [
    ({"store": True}, ["store"]), ({"previous_response_id": "resp_1"}, ["previous_response_id"]), ({"conversation": {"id": "conv_1"}}, ["conversation"]), ({"conversation": "conv_1"}, ["conversation"]),
    ({"prompt": {"id": "pmpt_1", "version": "2", "variables": {"nom": "Zoé", "image": {"type": "input_image", "file_id": "file-1"}}}}, ["stored_prompt", "file_id"]),
    ({"input": [{"type": "item_reference", "id": "msg_1"}]}, ["item_reference"]), ({"input": [{"id": "msg_1"}]}, ["item_reference"]),
    ({"tools": [{"type": "file_search", "vector_store_ids": ["vs_1"]}]}, ["vector_store"]), ({"tools": [{"type": "code_interpreter", "container": "cntr_1"}]}, ["container"]),
    ({"tools": [{"type": "code_interpreter", "container": {"type": "auto", "file_ids": ["file-1"]}}]}, ["file_id"]),
    ({"tools": [{"type": "shell", "environment": {"type": "container_reference", "container_id": "cntr_1"}}]}, ["container"]),
    ({"tools": [{"type": "shell", "environment": {"type": "container_auto", "skills": [{"type": "skill_reference", "skill_id": "s"}]}}]}, ["skill"]),
])
def test_what_the_provider_holds_is_a_reference(extra: dict[str, Any], names: list[str]) -> None:
    view = read(**{"given": extra.pop("input", "x"), **extra})
    assert [what for what, _ in view.references] == names


def test_nothing_kept_is_no_reference() -> None:
    assert read(store=False, previous_response_id=None, conversation=None, prompt=None, background=True).references == []


def test_variables_of_a_stored_prompt_are_data_under_the_callers_names() -> None:
    view = read(prompt={"id": "pmpt_1", "variables": {"nom": "Zoé", "texte": {"type": "input_text", "text": "Ana"}}})
    assert {"Zoé", "Ana"} <= texts(view)
    assert set(slots(view, SlotKind.KEY).values()) == {"nom", "texte"}


@pytest.mark.parametrize(("tool", "recipients"), [
    ({"type": "function", "name": "f", "parameters": {}}, []), ({"type": "custom", "name": "f", "format": {"type": "grammar", "syntax": "lark", "definition": "start: Zoé"}}, []),
    ({"type": "namespace", "name": "n", "description": "d", "tools": [{"type": "function", "name": "f"}]}, []), ({"type": "namespace", "name": "n", "tools": [{"type": "mcp", "server_label": "x"}]}, ["mcp"]),
    ({"type": "local_shell"}, []), ({"type": "shell", "environment": {"type": "local"}}, []), ({"type": "shell"}, ["shell"]), ({"type": "apply_patch"}, []),
    ({"type": "web_search"}, ["web_search"]), ({"type": "web_search_2025_08_26"}, ["web_search"]), ({"type": "web_search_preview", "user_location": {"type": "approximate", "city": "Lyon"}}, ["web_search"]),
    ({"type": "web_search_preview_2025_03_11"}, ["web_search"]), ({"type": "file_search", "vector_store_ids": []}, ["file_search"]), ({"type": "code_interpreter", "container": {"type": "auto"}}, ["code_interpreter"]),
    ({"type": "image_generation"}, ["image_generation"]), ({"type": "computer_use_preview", "display_width": 1, "display_height": 1, "environment": "browser"}, ["computer_use"]), ({"type": "programmatic_tool_calling"}, ["programmatic_tool_calling"]),
    ({"type": "mcp", "server_label": "crm", "server_url": "https://exemple.fr", "authorization": "jeton", "headers": {"X-Client": "Zoé"}}, ["mcp"]), ({"type": "tool_search"}, ["tool_search"]), ({"type": "tool_search", "execution": "client"}, []),
    ({"type": "Zoé Quint"}, ["tool"]), ({"type": ["x"]}, ["tool"]), ("Zoé", []),
])
def test_tools_that_the_provider_runs_are_recipients(tool: Any, recipients: list[str]) -> None:
    view = read(tools=[tool])
    assert [what for what, _ in view.recipients] == recipients
    assert [what for what, _ in read([{"type": "additional_tools", "role": "developer", "tools": [tool]}]).recipients] == recipients


def test_what_an_mcp_server_is_told_is_seen() -> None:
    view = read(tools=[{"type": "mcp", "server_label": "crm", "server_url": "https://exemple.fr", "authorization": "jeton", "headers": {"X-Client": "Zoé"}, "allowed_tools": ["lire"], "require_approval": {"never": {"tool_names": ["lire"]}}}])
    assert {"crm", "Zoé", "lire"} <= texts(view)
    assert {"https://exemple.fr", "jeton"} <= set(slots(view, SlotKind.CONTROL).values())
    assert set(slots(view, SlotKind.KEY).values()) == {"X-Client"}


@pytest.mark.parametrize(("form", "json_answer"), [({"type": "json_object"}, True), ({"type": "json_schema", "name": "x", "schema": {}}, True), ({"type": "text"}, False), ("Zoé", False)])
def test_whether_the_answer_is_json(form: Any, json_answer: bool) -> None:
    assert read(text={"format": form}).json_answer is json_answer


def typed_dicts(kind: Any, seen: set[Any]) -> Iterator[Any]:
    from typing_extensions import is_typeddict

    if is_typeddict(kind) and kind not in seen:
        seen.add(kind)
        yield kind
        for hint in typing.get_type_hints(kind).values():
            yield from typed_dicts(hint, seen)
    for inner in typing.get_args(kind):
        yield from typed_dicts(inner, seen)


def test_the_sdk_has_no_parameter_item_or_tool_with_a_key_that_this_format_does_not_know() -> None:
    from openai.types.responses import ResponseInputItemParam, ToolParam
    from openai.types.responses.input_token_count_params import InputTokenCountParams
    from openai.types.responses.response_compact_params import ResponseCompactParams
    from openai.types.responses.response_create_params import ResponseCreateParamsNonStreaming, ResponseCreateParamsStreaming

    top = (ResponseCreateParamsStreaming, ResponseCreateParamsNonStreaming, InputTokenCountParams, ResponseCompactParams)
    names = {name for params in top for name in typing.get_type_hints(params)} - {"input"}
    assert slots(read(**dict.fromkeys(names)), SlotKind.KEY) == {}
    for member, place in ((ResponseInputItemParam, lambda one: read([one])), (ToolParam, lambda one: read(tools=[one]))):
        for kind in typing.get_args(member):
            hints = typing.get_type_hints(kind)
            said = {**dict.fromkeys(hints), "type": next(iter(typing.get_args(hints.get("type"))), None)}
            assert slots(place(said), SlotKind.KEY) == {}, kind
    assert len(list(typed_dicts(ResponseInputItemParam, set()))) > 50


@pytest.mark.parametrize("body", [None, [], "Zoé", 3])
def test_what_is_no_object_is_refused_without_repeating_it(body: Any) -> None:
    for reader in (WIRE.read_request, WIRE.read_reply, WIRE.read_event):
        with pytest.raises(ValueError, match="^it is not an object$"):
            reader(body)


OUTPUT = [
    {"type": "reasoning", "id": "rs_1", "summary": [{"type": "summary_text", "text": "résumé"}], "content": [{"type": "reasoning_text", "text": "pensée"}], "encrypted_content": "gAAA"},
    {"type": "message", "id": "msg_1", "role": "assistant", "status": "completed", "content": [
        {"type": "output_text", "text": "Chère Zoé", "logprobs": [], "annotations": [{"type": "url_citation", "title": "Titre", "url": "https://exemple.fr"}, {"type": "file_citation", "file_id": "file-1", "filename": "a.txt"}]},
        {"type": "refusal", "refusal": "non"}, {"type": "output_text", "text": "à toi", "annotations": []}]},
    {"type": "function_call", "id": "fc_1", "call_id": "call_1", "name": "f", "arguments": '{"a":1}', "status": "completed"},
    {"type": "custom_tool_call", "id": "ct_1", "call_id": "call_2", "name": "g", "input": "brut"},
    {"type": "web_search_call", "id": "ws_1", "status": "completed", "action": {"type": "search", "query": "Zoé"}},
    {"type": "mcp_call", "id": "mcp_1", "server_label": "crm", "name": "lire", "arguments": '{"b":2}', "output": "lu"},
    {"type": "code_interpreter_call", "id": "ci_1", "container_id": "cntr_1", "code": "print()", "outputs": [{"type": "logs", "logs": "journal"}]},
    {"type": "image_generation_call", "id": "ig_1", "result": PNG, "revised_prompt": "un chat"},
    {"type": "shell_call", "id": "sh_1", "call_id": "call_3", "action": {"commands": ["ls Zoé"]}},
    {"type": "program", "id": "pr_1", "call_id": "call_4", "code": "lire()", "fingerprint": "f"},
    {"type": "prophecy", "id": "x_1", "words": ["un", {"deux": "trois"}]},
]
RESPONSE = {
    "id": "resp_1", "object": "response", "status": "completed", "model": "gpt-5-2026", "error": None, "instructions": "Tu écris à ZqX", "metadata": {"client": "ZqX"}, "tools": [], "output": OUTPUT,
    "usage": {"input_tokens": 12, "output_tokens": 5, "total_tokens": 17},
}


def test_a_complete_answer() -> None:
    view = WIRE.read_reply(RESPONSE)
    part = lambda s: (s.text, s.channel.part, s.escaped)
    assert {spell(s.path).removeprefix("output"): part(s) for s in view.slots} == {
        "[0].summary[0].text": ("résumé", Part.REFUSAL, False), "[0].content[0].text": ("pensée", Part.REFUSAL, False), "[1].content[0].text": ("Chère Zoé", Part.TEXT, False),
        "[1].content[0].annotations[0].title": ("Titre", Part.REFUSAL, False), "[1].content[0].annotations[0].url": ("https://exemple.fr", Part.REFUSAL, False), "[1].content[0].annotations[1].filename": ("a.txt", Part.REFUSAL, False),
        "[1].content[1].refusal": ("non", Part.REFUSAL, False), "[1].content[2].text": ("à toi", Part.TEXT, False), "[2].name": ("f", Part.REFUSAL, False), "[2].arguments": ('{"a":1}', Part.TOOL, True),
        "[3].name": ("g", Part.REFUSAL, False), "[3].input": ("brut", Part.TOOL, False), "[4].action.query": ("Zoé", Part.REFUSAL, False), "[5].server_label": ("crm", Part.REFUSAL, False),
        "[5].name": ("lire", Part.REFUSAL, False), "[5].arguments": ('{"b":2}', Part.REFUSAL, True), "[5].output": ("lu", Part.REFUSAL, False), "[6].code": ("print()", Part.REFUSAL, False),
        "[6].outputs[0].logs": ("journal", Part.REFUSAL, False), "[7].revised_prompt": ("un chat", Part.REFUSAL, False), "[8].action.commands[0]": ("ls Zoé", Part.TOOL, False),
        "[9].code": ("lire()", Part.SIGNED, False), "[10].words[0]": ("un", Part.REFUSAL, False), "[10].words[1].deux": ("trois", Part.REFUSAL, False),
    }
    assert all(slot.whole and not slot.again and slot.channel.choice == 0 for slot in view.slots)
    assert len({slot.channel for slot in view.slots}) == len(view.slots)
    assert [(tool.id, tool.name, tool.path) for tool in view.tools] == [("call_1", "f", None), ("call_2", "g", None), ("call_3", "shell", ("output", 8, "action"))]
    assert (view.id, view.model, view.finish_reason, view.usage, view.pending, view.error) == ("resp_1", "gpt-5-2026", "completed", Usage(12, 5), False, None)


@pytest.mark.parametrize(("change", "finish", "pending", "error"), [
    ({"status": "incomplete", "incomplete_details": {"reason": "max_output_tokens"}}, "max_output_tokens", False, None), ({"status": "incomplete", "incomplete_details": None}, "incomplete", False, None),
    ({"status": "queued", "background": True}, None, True, None), ({"status": "in_progress", "background": True}, None, True, None), ({"status": "in_progress"}, None, False, None), ({"status": "cancelled"}, "cancelled", False, None),
    ({"status": "failed", "error": {"code": "server_error", "message": "Zoé"}}, "failed", False, "server_error"), ({"status": "failed", "error": None}, "failed", False, "error"),
])
def test_how_far_an_answer_is(change: dict[str, Any], finish: str | None, pending: bool, error: str | None) -> None:
    view = WIRE.read_reply({**RESPONSE, **change})
    assert (view.finish_reason, view.pending, view.error) == (finish, pending, error)


@pytest.mark.parametrize(("error", "name"), [({"message": "Zoé Quint", "type": "server_error", "code": None}, "server_error"), ({"code": "Zoé Quint"}, "error"), ("Zoé Quint", "error")])
def test_an_error_gives_its_code_and_never_its_message(error: Any, name: str) -> None:
    assert WIRE.read_reply({"error": error}).error == name
    assert WIRE.read_event({"type": "error", "error": error if isinstance(error, dict) else {}}).error == name


def test_an_error_event_may_say_its_code_itself() -> None:
    assert WIRE.read_event({"type": "error", "code": "rate_limit_exceeded", "message": "Zoé"}).error == "rate_limit_exceeded"


def test_what_was_asked_comes_back_restored_and_is_not_the_answer() -> None:
    listed = WIRE.read_reply({"object": "list", "data": [{"type": "message", "role": "user", "content": [{"type": "input_text", "text": "Zoé"}]}, {"type": "function_call", "name": "f", "call_id": "c", "arguments": "{}"}]})
    compacted = WIRE.read_reply({"id": "resp_1", "object": "response.compaction", "output": [{"type": "message", "role": "user", "content": [{"type": "input_text", "text": "Zoé"}]}, {"type": "compaction", "encrypted_content": "gAAA"}]})
    assert {slot.channel.choice for slot in listed.slots} == {slot.channel.choice for slot in compacted.slots} == {1}
    assert [slot.text for slot in listed.slots] == ["Zoé", "f", "{}"]
    assert [slot.text for slot in compacted.slots] == ["Zoé"]


def told(events: list[dict[str, Any]]) -> list[ReplyView]:
    return [WIRE.read_event(event) for event in events]


@pytest.mark.parametrize(("stem", "key", "part", "escaped"), [
    ("output_text", "text", Part.TEXT, False), ("refusal", "refusal", Part.REFUSAL, False), ("reasoning_text", "text", Part.REFUSAL, False), ("function_call_arguments", "arguments", Part.TOOL, True),
    ("custom_tool_call_input", "input", Part.TOOL, False), ("mcp_call_arguments", "arguments", Part.REFUSAL, True), ("code_interpreter_call_code", "code", Part.REFUSAL, False), ("reasoning_summary_text", "text", Part.REFUSAL, False),
])
def test_a_run_of_text_is_told_in_pieces_and_then_again_in_the_same_channel(stem: str, key: str, part: Part, escaped: bool) -> None:
    place = {"output_index": 2, "content_index": 1, "summary_index": 1, "item_id": "i"}
    piece, again = (view.slots[0] for view in told([{"type": f"response.{stem}.delta", "delta": "Zo", **place}, {"type": f"response.{stem}.done", key: "Zoé", **place}]))
    assert (piece.path, piece.text, piece.escaped, piece.whole, piece.again) == (("delta",), "Zo", escaped, False, False)
    assert (again.path, again.text, again.escaped, again.whole, again.again) == ((key,), "Zoé", escaped, True, True)
    assert piece.channel == again.channel
    assert piece.channel.part is part


def test_parts_items_and_the_response_say_it_again_in_the_channels_of_the_pieces() -> None:
    pieces = told([
        {"type": "response.reasoning_summary_text.delta", "output_index": 0, "summary_index": 0, "delta": "résumé"}, {"type": "response.reasoning_text.delta", "output_index": 0, "content_index": 0, "delta": "pensée"},
        {"type": "response.output_text.delta", "output_index": 1, "content_index": 0, "delta": "Chère Zoé"}, {"type": "response.refusal.delta", "output_index": 1, "content_index": 1, "delta": "non"},
        {"type": "response.output_text.delta", "output_index": 1, "content_index": 2, "delta": "à toi"}, {"type": "response.function_call_arguments.delta", "output_index": 2, "delta": '{"a":1}'},
        {"type": "response.custom_tool_call_input.delta", "output_index": 3, "delta": "brut"}, {"type": "response.mcp_call_arguments.delta", "output_index": 5, "delta": '{"b":2}'},
        {"type": "response.code_interpreter_call_code.delta", "output_index": 6, "delta": "print()"}, {"type": "response.shell_call_command.delta", "output_index": 8, "command_index": 0, "delta": "ls Zoé"},
        {"type": "response.output_text.annotation.added", "output_index": 1, "content_index": 0, "annotation_index": 0, "annotation": OUTPUT[1]["content"][0]["annotations"][0]},
    ])
    first = {slot.channel: slot.text for view in pieces for slot in view.slots}
    assert len(first) == 12
    whole = WIRE.read_event({"type": "response.completed", "response": RESPONSE})
    for views in ([WIRE.read_event({"type": "response.output_item.done", "output_index": at, "item": item}) for at, item in enumerate(OUTPUT)], [whole]):
        said = {slot.channel: slot for view in views for slot in view.slots}
        assert {channel: said[channel].text for channel in first} == first
        assert all(slot.again and slot.whole for slot in said.values())
    assert (whole.terminal, whole.finish_reason, whole.usage, whole.pending) == (True, "completed", Usage(12, 5), False)
    for kind, index in (("content_part", "content_index"), ("reasoning_summary_part", "summary_index")):
        part = {"type": "output_text" if kind == "content_part" else "summary_text", "text": "Zoé", "annotations": []}
        begun, done = (view.slots[0] for view in told([{"type": f"response.{kind}.{when}", "output_index": 1, index: 0, "part": part} for when in ("added", "done")]))
        assert (begun.whole, begun.again, done.whole, done.again) == (False, False, True, True)
        assert begun.channel == done.channel


def test_a_begun_item_announces_its_tool_and_a_shell_says_what_came_out() -> None:
    begun = WIRE.read_event({"type": "response.output_item.added", "output_index": 2, "item": {**OUTPUT[2], "arguments": ""}})
    assert [(tool.id, tool.name) for tool in begun.tools] == [("call_1", "f")]
    assert [(slot.text, slot.whole) for slot in begun.slots] == [("f", True)]
    piece, again = told([
        {"type": "response.shell_call_output_content.delta", "output_index": 1, "command_index": 1, "delta": {"stdout": "Zoé", "stderr": "Ana"}},
        {"type": "response.shell_call_output_content.done", "output_index": 1, "command_index": 1, "output": [{"stdout": "Zoé", "stderr": "Ana", "outcome": {"type": "exit"}}]},
    ])
    assert [slot.channel for slot in piece.slots] == [slot.channel for slot in again.slots]
    assert [slot.text for slot in piece.slots] == ["Zoé", "Ana"]


@pytest.mark.parametrize(("kind", "terminal"), [("created", False), ("queued", False), ("in_progress", False), ("completed", True), ("incomplete", True), ("failed", True)])
def test_only_the_last_event_ends_the_answer(kind: str, terminal: bool) -> None:
    status = "in_progress" if kind == "created" else kind
    view = WIRE.read_event({"type": f"response.{kind}", "response": {**RESPONSE, "status": status, "background": True}})
    assert (view.terminal, view.pending, view.id) == (terminal, not terminal, "resp_1")


@pytest.mark.parametrize("event", [{}, {"type": 3}, {"type": "response.output_text.delta", "delta": 3}, {"type": "response.output_text.delta", "output_index": "x"}, {"type": "response.output_item.done", "item": None}, {"type": "keepalive"}, "[DONE]",
                                   {"type": "response.content_part.done", "part": 3}, {"type": "response.completed", "response": 3}, {"type": "response.completed", "response": {"output": [None, {"type": "message", "content": 3}, {"type": "reasoning", "summary": 3}, {"type": 3}, {"type": ["x"]}]}}])
def test_an_event_of_a_strange_shape_holds_no_text(event: Any) -> None:
    assert WIRE.read_event(event).slots == []
