"""Where the text stands in a messages request. Knows nothing of answers."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, ClassVar

from govai.core.exchange import spell
from govai.wire.walker import Table, Walk, messages_of, named

if TYPE_CHECKING:
    from govai.core.exchange import Path, RequestView

_OPAQUE = {"image": "image", "document": "file"}
_SERVER_TOOL = re.compile(r"(web_search|web_fetch|code_execution|tool_search|advisor)(?:_\w+)?")
_CLIENT_TOOL = re.compile(r"custom|(?:bash|text_editor|computer|computer_toolset|memory)_\d+")
# What a provider's tool was asked and returned: the provider checks it when it comes back in the history.
_SERVER_BLOCK = re.compile(r"\w+_tool_result|server_tool_use|mcp_tool_use|mcp_tool_listing|container_upload|compaction")


def read_request(body: Any) -> RequestView:
    """Return every place of the request that holds text.

    Raises:
        ValueError: not an object, no list of messages, a message that is not an object, nested too deep.
    """
    messages = messages_of(body)
    walk = _AnthropicWalk()
    walk.fields((), body, _TOP)
    return walk.view(body, messages)


class _AnthropicWalk(Walk):
    __slots__ = ()
    settings_table: ClassVar[Table] = {
        **dict.fromkeys(
            "type ttl display effort enabled strict disable_parallel_tool_use edits keep trigger clear_at_least exclude_tools "
            "clear_tool_inputs pause_after_compaction task_budget block_binding prefix_mismatch_behavior speed bill_to mode "
            "defer_loading configs default_config oversized_image".split(),
            Walk.settings,
        ),
        **dict.fromkeys("budget_tokens value total remaining".split(), Walk.number),
        "instructions": Walk.data,
        "token": Walk.data,
    }

    def system(self, path: Path, system: Any) -> None:
        self.message = 0
        self.content(path, system)
        self.message = -1

    def messages(self, path: Path, messages: Any) -> None:
        for index, message in enumerate(messages):
            self.message = index + 1
            self.fields((*path, index), message, _MESSAGE)
        self.message = -1

    def content(self, path: Path, content: Any) -> None:
        if not isinstance(content, list):
            self.prose(path, content)
            return
        ids = False
        for index, block in enumerate(content):
            here = (*path, index)
            if isinstance(block, dict):
                self.block(here, block)
            else:
                ids = ids or not isinstance(block, str)
                self.data(here, block)
        if ids:
            self.opaque.append(("tokens", spell(path)))

    def block(self, path: Path, block: dict[str, Any]) -> None:
        kind = block.get("type")
        known = _BLOCKS.get(kind) if isinstance(kind, str) else None
        if known is not None:
            known(self, path, block)
        elif isinstance(kind, str) and _SERVER_BLOCK.fullmatch(kind):
            self.signed_block(path, block)
        else:
            self.unknown_part(path, block, _BLOCK)

    def text_block(self, path: Path, block: Any) -> None:
        self.fields(path, block, _BLOCK)

    def signed_block(self, path: Path, block: Any) -> None:
        if block["type"] == "container_upload":
            self.references.append(("file_id", spell(path)))
        before, self.signed = self.signed, True
        self.fields(path, block, _SIGNED_BLOCK)
        self.signed = before

    def signed_content(self, path: Path, content: Any) -> None:
        if isinstance(content, list):
            self.each(path, content, _AnthropicWalk.signed_content)
        else:
            self.fields(path, content, _SIGNED_BLOCK)

    def opaque_block(self, path: Path, block: Any) -> None:
        source = block.get("source")
        if not isinstance(source, dict) or source.get("type") not in ("text", "content"):
            self.opaque.append((_OPAQUE[block["type"]], spell(path)))
        self.fields(path, block, _DOCUMENT)

    def source(self, path: Path, source: Any) -> None:
        encoded = isinstance(source, dict) and source.get("type") == "base64"
        self.fields(path, source, _ENCODED_SOURCE if encoded else _SOURCE)

    def plain_source(self, path: Path, source: Any) -> None:
        """A search result's address as text; what another block points to is as hidden as a document."""
        if isinstance(source, dict):
            self.opaque.append(("file", spell(path[:-1])))
        self.data(path, source)

    def tool_changes(self, path: Path, changes: Any) -> None:
        self.each(path, changes, _AnthropicWalk.tool_change)

    def tool_change(self, path: Path, change: Any) -> None:
        """A tool made available in mid-conversation, by name or by value."""
        if not isinstance(change, dict):
            self.data(path, change)
            return
        if str(change.get("type")).startswith("mcp"):
            self.recipients.append(("mcp", spell(path)))
        self.fields(path, change, _TOOL_CHANGE)

    def citations(self, path: Path, value: Any) -> None:
        if isinstance(value, list):
            self.each(path, value, _AnthropicWalk.citations)
        else:
            self.fields(path, value, _CITATION)

    def tools(self, path: Path, tools: Any) -> None:
        self.each(path, tools, _AnthropicWalk.tool)

    def tool(self, path: Path, tool: Any) -> None:
        kind = (tool.get("type") or "custom") if isinstance(tool, dict) else "custom"
        word = named(kind, "tool")
        if not _CLIENT_TOOL.fullmatch(word):
            server = _SERVER_TOOL.fullmatch(word)
            name = server[1] if server else "mcp" if word.startswith("mcp") else word
            self.recipients.append((name, spell(path)))
        self.fields(path, tool, _TOOL)

    def location(self, path: Path, value: Any) -> None:
        self.fields(path, value, _LOCATION)

    def choice(self, path: Path, choice: Any) -> None:
        self.fields(path, choice, _CHOICE)

    def output(self, path: Path, value: Any) -> None:
        if isinstance(value, dict) and value.get("type") == "json_schema":
            self.json_answer = True
        self.fields(path, value, _OUTPUT)

    def fallbacks(self, path: Path, values: Any) -> None:
        """Other models that may answer instead."""
        self.each(path, values, _AnthropicWalk.fallback)

    def fallback(self, path: Path, value: Any) -> None:
        self.fields(path, value, _FALLBACK)

    def mcp_servers(self, path: Path, servers: Any) -> None:
        if servers:
            self.recipients.append(("mcp", spell(path)))
        self.data(path, servers)

    def reference(self, path: Path, value: Any) -> None:
        """Something the provider holds already, or is to hold from now on."""
        if value is not None:
            self.references.append((str(path[-1]), spell(path)))
        self.fields(path, value, _REFERENCE)

    def diagnostics(self, path: Path, value: Any) -> None:
        self.fields(path, value, {"previous_message_id": _AnthropicWalk.reference})


_CACHE: Table = {"cache_control": Walk.settings}
_TOP: Table = {
    **_CACHE,
    **dict.fromkeys("service_tier inference_geo speed betas anthropic_version anthropic_beta".split(), Walk.words),
    **dict.fromkeys(
        "thinking context_management compaction billing_policy fallback_credit_token".split(), Walk.settings
    ),
    **dict.fromkeys("stream max_tokens temperature top_p top_k".split(), Walk.number),
    **dict.fromkeys("stop_sequences user_profile_id workspace_id".split(), Walk.data),
    **dict.fromkeys("container thread".split(), _AnthropicWalk.reference),
    **dict.fromkeys("output_config output_format".split(), _AnthropicWalk.output),
    "metadata": lambda walk, path, value: walk.fields(path, value, {"user_id": Walk.data}),
    "model": Walk.model,
    "messages": _AnthropicWalk.messages,
    "system": _AnthropicWalk.system,
    "tools": _AnthropicWalk.tools,
    "tool_choice": _AnthropicWalk.choice,
    "mcp_servers": _AnthropicWalk.mcp_servers,
    "diagnostics": _AnthropicWalk.diagnostics,
    "fallbacks": _AnthropicWalk.fallbacks,
}
_MESSAGE: Table = {
    **dict.fromkeys(("role", "id", "clear_at"), Walk.word),
    "content": _AnthropicWalk.content,
    "output_config": _AnthropicWalk.output,
}
_BLOCK: Table = {
    **_CACHE,
    **dict.fromkeys(("type", "id", "tool_use_id", "is_error", "toolset_name"), Walk.word),
    **dict.fromkeys(("name", "title", "input"), Walk.apart),
    "caller": lambda walk, path, value: walk.fields(path, value, _CALLER),
    "text": Walk.prose,
    "citations": _AnthropicWalk.citations,
    "content": _AnthropicWalk.content,
    "source": _AnthropicWalk.plain_source,
    "tool": _AnthropicWalk.tool_change,
}
_CALLER: Table = {"type": Walk.word, "tool_id": Walk.word}
_SIGNED_BLOCK: Table = {
    **_CACHE,
    **dict.fromkeys(
        "type id tool_use_id is_error signature encrypted_content encrypted_stdout media_type file_type error_code".split(),
        Walk.word,
    ),
    **dict.fromkeys(
        "thinking data name server_name mcp_server_name input text url title page_age retrieved_at stdout stderr lines "
        "error_message tool_name source".split(),
        Walk.data,
    ),
    **dict.fromkeys("return_code num_lines start_line total_lines".split(), Walk.number),
    "caller": lambda walk, path, value: walk.fields(path, value, _CALLER),
    "content": _AnthropicWalk.signed_content,
    "tool_changes": _AnthropicWalk.tool_changes,
    "file_id": Walk.word,
}
_DOCUMENT: Table = {
    **_BLOCK,
    "context": Walk.data,
    "source": _AnthropicWalk.source,
    "transformations": Walk.settings,
}
_BLOCKS = {
    **dict.fromkeys(("text", "tool_use", "tool_result", "search_result"), _AnthropicWalk.text_block),
    **dict.fromkeys(("tool_addition", "tool_removal", "tool_reference", "fallback"), _AnthropicWalk.text_block),
    **dict.fromkeys(_OPAQUE, _AnthropicWalk.opaque_block),
    **dict.fromkeys(("thinking", "redacted_thinking"), _AnthropicWalk.signed_block),
}
_SOURCE: Table = {
    **dict.fromkeys(("type", "media_type", "url"), Walk.word),
    "file_id": Walk.file_id,
    "content": _AnthropicWalk.content,
    "data": Walk.data,
}
_ENCODED_SOURCE: Table = {**_SOURCE, "data": Walk.blob}
_CITATION: Table = {
    **dict.fromkeys("cited_text document_title title url source".split(), Walk.data),
    **dict.fromkeys("type encrypted_index file_id".split(), Walk.word),
    **dict.fromkeys(
        "enabled document_index start_char_index end_char_index start_page_number end_page_number start_block_index "
        "end_block_index search_result_index".split(),
        Walk.number,
    ),
}
_TOOL: Table = {
    **_CACHE,
    **dict.fromkeys(("type", "response_inclusion"), Walk.word),
    **dict.fromkeys(
        "name description input_examples allowed_domains blocked_domains mcp_server_name".split(), Walk.data
    ),
    **dict.fromkeys(
        "max_uses max_content_tokens max_characters max_tokens display_width_px display_height_px display_number".split(),
        Walk.number,
    ),
    **dict.fromkeys(("strict", "eager_input_streaming", "defer_loading", "enable_zoom", "use_cache"), Walk.word),
    "allowed_callers": Walk.words,
    "citations": _AnthropicWalk.citations,
    "input_schema": Walk.schema,
    "model": Walk.model,
    "user_location": _AnthropicWalk.location,
}
_TOOL_CHANGE: Table = {
    "type": Walk.word,
    "name": Walk.data,
    "server_name": Walk.data,
    "definition": _AnthropicWalk.tool,
}
_LOCATION: Table = {**dict.fromkeys(("city", "country", "region", "timezone"), Walk.data), "type": Walk.word}
_CHOICE: Table = {"type": Walk.word, "disable_parallel_tool_use": Walk.word, "name": Walk.data}
_OUTPUT: Table = {
    **dict.fromkeys(("type", "effort"), Walk.word),
    "format": _AnthropicWalk.output,
    "schema": Walk.schema,
    "task_budget": Walk.settings,
}
_FALLBACK: Table = {
    **dict.fromkeys(("thinking", "speed"), Walk.settings),
    "model": Walk.model,
    "max_tokens": Walk.number,
    "output_config": _AnthropicWalk.output,
}
_REFERENCE: Table = {
    **dict.fromkeys(("type", "id", "previous_message_id"), Walk.word),
}
