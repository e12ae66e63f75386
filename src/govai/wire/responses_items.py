"""Where the text stands in the items of a Responses request: messages, tool calls and what they returned.

Knows neither the request's settings nor answers.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from govai.core.exchange import spell
from govai.wire.openai_requests import OpenAIWalk
from govai.wire.responses_tools import ToolsWalk
from govai.wire.walker import Reader, Table, Walk

if TYPE_CHECKING:
    from govai.core.exchange import Path

_OPAQUE = {"input_image": "image", "computer_screenshot": "image", "input_audio": "audio", "input_file": "file"}
_KNOWN_PARTS = frozenset({*_OPAQUE, *"input_text output_text text summary_text reasoning_text refusal".split()})
# What the provider checks when it comes back: a placeholder in it would make it another text than it gave.
_SIGNED = frozenset({"compaction", "program"})
_KNOWN_ITEMS = frozenset(
    "message item_reference reasoning function_call function_call_output custom_tool_call custom_tool_call_output "
    "file_search_call web_search_call computer_call computer_call_output code_interpreter_call image_generation_call "
    "local_shell_call local_shell_call_output shell_call shell_call_output apply_patch_call apply_patch_call_output "
    "mcp_call mcp_list_tools mcp_approval_request mcp_approval_response tool_search_call tool_search_output "
    "additional_tools compaction compaction_trigger configuration_update program program_output".split()
)


class ItemsWalk(ToolsWalk):
    """Reads items and the content parts in them."""

    __slots__ = ()

    def item(self, path: Path, item: Any) -> None:
        if not isinstance(item, dict):
            self.data(path, item)
            return
        kind = item.get("type")
        if kind is None:
            kind = "message" if "role" in item or "content" in item else "item_reference"
        if kind == "item_reference":
            self.references.append(("item_reference", spell(path)))
        if not isinstance(kind, str) or kind not in _KNOWN_ITEMS:
            self.unknown_part(path, item, _ITEM)
        elif kind in _SIGNED:
            before, self.signed = self.signed, True
            self.fields(path, item, _ITEM)
            self.signed = before
        else:
            self.fields(path, item, _IMAGE if kind == "image_generation_call" else _ITEM)

    def part(self, path: Path, part: dict[str, Any]) -> None:
        kind = part.get("type")
        if not isinstance(kind, str) or kind not in _KNOWN_PARTS:
            self.unknown_part(path, part, _PART)
            return
        before = len(self.opaque)
        self.fields(path, part, _PART)
        if kind in _OPAQUE and len(self.opaque) == before:
            self.opaque.append((_OPAQUE[kind], spell(path)))

    def sealed(self, path: Path, value: Any) -> None:
        """What only the provider can read, and gets back as it gave it."""
        before, self.signed = self.signed, True
        self.word(path, value)
        self.signed = before

    def output(self, path: Path, value: Any) -> None:
        """What a tool returned: a text, parts, or a screenshot."""
        if isinstance(value, dict):
            self.part(path, value)
        else:
            self.content(path, value)

    def outputs(self, path: Path, values: Any) -> None:
        self.each(path, values, lambda walk, at, item: walk.fields(at, item, _CODE_OUTPUT))

    def results(self, path: Path, values: Any) -> None:
        self.each(path, values, lambda walk, at, item: walk.fields(at, item, _RESULT))

    def checks(self, path: Path, values: Any) -> None:
        self.each(path, values, lambda walk, at, item: walk.fields(at, item, _CHECK))

    def actions(self, path: Path, values: Any) -> None:
        self.each(path, values, ItemsWalk.action)

    def action(self, path: Path, value: Any) -> None:
        """What a tool was asked to do."""
        if isinstance(value, dict):
            self.fields(path, value, _ACTION)
        elif isinstance(value, list):
            self.each(path, value, ItemsWalk.action)
        else:
            self.word(path, value)

    def way(self, path: Path, value: Any) -> None:
        """A file's path, or the points of a drag."""
        if isinstance(value, list):
            self.each(path, value, ItemsWalk.action)
        else:
            self.data(path, value)

    def annotations(self, path: Path, values: Any) -> None:
        self.each(path, values, lambda walk, at, item: walk.fields(at, item, _ANNOTATION))

    def token_texts(self, path: Path, value: Any) -> None:
        """The text once more, cut into tokens and bytes."""
        if value:
            self.opaque.append(("tokens", spell(path)))
        self.data(path, value)

    def text_settings(self, path: Path, value: Any) -> None:
        self.fields(path, value, {"format": ItemsWalk.text_format, "verbosity": Walk.word})

    def text_format(self, path: Path, value: Any) -> None:
        if isinstance(value, dict):
            self.json_answer = value.get("type") in ("json_object", "json_schema")
        self.fields(path, value, _FORMAT)


def _holding(name: str, reader: Reader) -> Reader:
    """Return a reader of a key whose presence makes its holder opaque."""

    def read(walk: Any, path: Path, value: Any) -> None:
        if value is not None:
            walk.opaque.append((name, spell(path[:-1])))
        reader(walk, path, value)

    return read


_CACHE: Table = {"cache_control": Walk.settings, "prompt_cache_breakpoint": Walk.settings}
_FORMAT: Table = {
    **dict.fromkeys(("type", "strict"), Walk.word),
    **dict.fromkeys(("name", "description"), Walk.data),
    "schema": Walk.schema,
}
_PART: Table = {
    **_CACHE,
    **dict.fromkeys(("type", "detail"), Walk.word),
    **dict.fromkeys("text refusal stdout stderr".split(), Walk.prose),
    "outcome": lambda walk, path, value: walk.fields(path, value, {"type": Walk.word, "exit_code": Walk.number}),
    "filename": Walk.data,
    "image_url": _holding("image", Walk.url),
    "file_url": _holding("file", Walk.url),
    "file_data": _holding("file", Walk.blob),
    "input_audio": _holding(
        "audio", lambda walk, path, value: walk.fields(path, value, {"data": Walk.blob, "format": Walk.word})
    ),
    "file_id": ToolsWalk.held_by_provider,
    "annotations": ItemsWalk.annotations,
    "logprobs": ItemsWalk.token_texts,
}
_ANNOTATION: Table = {
    **dict.fromkeys("type file_id container_id".split(), Walk.word),
    **dict.fromkeys("title url filename".split(), Walk.data),
    **dict.fromkeys("index start_index end_index".split(), Walk.number),
}
_ITEM: Table = {
    **_CACHE,
    **dict.fromkeys(
        "type id role status phase call_id async execution approve approval_request_id container_id fingerprint".split(),
        Walk.word,
    ),
    **dict.fromkeys(
        "name namespace server_label arguments input queries code reason created_by".split(),
        Walk.apart,
    ),
    **dict.fromkeys(("action", "actions", "operation"), ItemsWalk.action),
    **dict.fromkeys(("pending_safety_checks", "acknowledged_safety_checks"), ItemsWalk.checks),
    **dict.fromkeys(("content", "summary"), OpenAIWalk.content),
    "encrypted_content": ItemsWalk.sealed,
    "output": ItemsWalk.output,
    "outputs": ItemsWalk.outputs,
    "result": Walk.prose,
    "results": ItemsWalk.results,
    "error": lambda walk, path, value: walk.fields(path, value, _ERROR),
    "tools": ToolsWalk.tools,
    "environment": ToolsWalk.environment,
    "caller": lambda walk, path, value: walk.fields(path, value, {"type": Walk.word, "caller_id": Walk.word}),
    "max_output_length": Walk.number,
    "reasoning": Walk.settings,
    "text": ItemsWalk.text_settings,
}
_IMAGE: Table = {
    **_ITEM,
    **dict.fromkeys("background output_format quality size".split(), Walk.word),
    "result": _holding("image", Walk.blob),
    "revised_prompt": Walk.data,
    "svg_usage": Walk.data,
}
_ACTION: Table = {
    **dict.fromkeys(("type", "button"), Walk.word),
    **dict.fromkeys(
        "query queries url pattern text keys command commands env user working_directory diff".split(), Walk.data
    ),
    **dict.fromkeys("x y scroll_x scroll_y timeout_ms max_output_length".split(), Walk.number),
    "sources": ItemsWalk.action,
    "path": ItemsWalk.way,
}
_CHECK: Table = {"id": Walk.word, "code": Walk.word, "message": Walk.data}
_ERROR: Table = {
    **dict.fromkeys("type code param moderation_stage categories".split(), Walk.words),
    **dict.fromkeys(("message", "content"), Walk.data),
    "moderation_details": lambda walk, path, value: walk.fields(path, value, _ERROR),
}
_CODE_OUTPUT: Table = {"type": Walk.word, "logs": Walk.data, "url": _holding("image", Walk.url)}
_RESULT: Table = {
    **dict.fromkeys(("file_id", "type"), Walk.word),
    **dict.fromkeys("attributes filename text url title".split(), Walk.data),
    "score": Walk.number,
}
