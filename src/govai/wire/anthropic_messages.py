"""Anthropic messages, and counting their tokens."""

from __future__ import annotations

import re
from typing import Any

from govai.core.exchange import (
    Channel,
    Endpoint,
    Operation,
    Part,
    Path,
    ReplySlot,
    ReplyView,
    RequestView,
    Slot,
    SlotKind,
    ToolCallView,
    Usage,
    spell,
)
from govai.wire.walker import Readers, Walk, messages_of, view_of

_CONTROL = frozenset(
    "stream max_tokens temperature top_p top_k service_tier type role id tool_use_id cache_control ttl budget_tokens thinking "
    "display effort speed inference_geo disable_parallel_tool_use strict is_error citations enabled media_type encrypted_index "
    "eager_input_streaming defer_loading allowed_callers output_format keep clear_at_least trigger exclude_tools edits "
    "clear_tool_inputs task_budget total remaining".split()
)
_SIGNED = frozenset({"thinking", "redacted_thinking"})
_OPAQUE = {"image": "image", "document": "file"}
_SERVER_TOOL = re.compile(r"(web_search|web_fetch|code_execution|tool_search\w*?|advisor)_?(?:tool_)?\w*")
_CLIENT_TOOL = re.compile(r"(?:bash|text_editor|computer|memory|custom)(?:_\d+)?")
_SERVER_RESULT = re.compile(r"\w+_tool_result|server_tool_use|mcp_tool_use|container_upload|compaction")


class AnthropicMessages:
    """POST /v1/messages, POST /v1/messages/count_tokens."""

    name = "anthropic_messages"
    like = "anthropic"
    endpoints = (
        Endpoint("POST", re.compile(r"/v1/messages"), Operation.GENERATE),
        Endpoint("POST", re.compile(r"/v1/messages/count_tokens"), Operation.COUNT),
        Endpoint("GET", re.compile(r"/v1/models(?:/[\w.:-]{1,100})?"), Operation.LIST),
    )
    request_id_headers = ("request-id",)

    def read_request(self, body: Any) -> RequestView:
        messages = messages_of(body)
        walk = Walk()
        view = view_of(body, walk, messages)
        reader = _Reader(walk, view)
        for key, item in body.items():
            reader.top(key, item)
        return view

    def read_reply(self, body: Any) -> ReplyView:
        if not isinstance(body, dict):
            raise ValueError("it is not an object")  # noqa: TRY004 -- one error for what cannot be read
        view = _about(body)
        content = body.get("content")
        for index, block in enumerate(content if isinstance(content, list) else ()):
            if isinstance(block, dict):
                _block(view, ("content", index), block, index, whole=True)
        return view

    def read_event(self, event: Any) -> ReplyView:
        if not isinstance(event, dict):
            raise ValueError("it is not an object")  # noqa: TRY004 -- one error for what cannot be read
        reader = _EVENTS.get(str(event.get("type")))
        return reader(event) if reader else ReplyView(slots=[])


class _Reader:
    """Reads one request; what cannot be looked into is named in the view."""

    def __init__(self, walk: Walk, view: RequestView) -> None:
        self.walk, self.view = walk, view

    def top(self, key: str, item: Any) -> None:
        walk, path = self.walk, (key,)
        if key == "messages":
            for index, message in enumerate(item):
                walk.message = index + 1
                walk.fields((key, index), message, {"content": self.content}, frozenset(["role", "id"]))
            walk.message = -1
        elif key == "system":
            walk.message = 0
            self.content(path, item)
            walk.message = -1
        elif key == "model":
            if isinstance(item, str):
                walk.slots.append(Slot(path, item, SlotKind.MODEL))
            else:
                walk.data(path, item)
        elif key == "tools":
            self.tools(path, item)
        elif key == "tool_choice":
            self.known(path, item, {"name": walk.data}, frozenset(["type", "disable_parallel_tool_use"]))
        elif key in ("metadata", "stop_sequences"):
            self.known(path, item, {"user_id": walk.data}, frozenset())
        elif key in ("output_config", "output_format"):
            self.output(path, item)
        elif key == "mcp_servers":
            self.view.recipients.append(("mcp", key))
            walk.data(path, item)
        elif key == "container":
            self.view.references.append(("container", key))
            walk.data(path, item)
        elif key == "context_management" or key in _CONTROL:
            walk.options(path, item, _CONTROL)
        else:
            walk.key(path, key)
            walk.data(path, item)

    def known(self, path: Path, value: Any, readers: Readers, control: frozenset[str]) -> None:
        if isinstance(value, dict):
            self.walk.fields(path, value, readers, control)
        else:
            self.walk.data(path, value)

    def output(self, path: Path, value: Any) -> None:
        if not isinstance(value, dict):
            self.walk.data(path, value)
            return
        form = value.get("format", value)
        if isinstance(form, dict) and form.get("type") == "json_schema":
            self.view.json_answer = True
        readers: Readers = {"schema": self.walk.schema, "format": self.output}
        self.walk.fields(path, value, readers, _CONTROL)

    def content(self, path: Path, content: Any) -> None:
        if not isinstance(content, list):
            self.walk.data(path, content)
            return
        for index, block in enumerate(content):
            here = (*path, index)
            if isinstance(block, dict):
                self.block(here, block)
            elif isinstance(block, str):
                self.walk.text(here, block)
            else:
                self.view.opaque.append(("tokens", spell(here)))
                self.walk.data(here, block)

    def block(self, path: Path, block: dict[str, Any]) -> None:
        kind = block.get("type")
        walk = self.walk
        control = frozenset(["type", "id", "tool_use_id", "cache_control", "ttl", "is_error", "caller"])
        if kind in _SIGNED:
            walk.signed = True
            walk.fields(path, block, {"thinking": walk.data, "data": walk.data}, frozenset(["type", "signature"]))
            walk.signed = False
        elif isinstance(kind, str) and _SERVER_RESULT.fullmatch(kind):
            walk.signed = True  # what a provider's tool returned is checked by the provider when it comes back
            if kind == "container_upload":
                self.view.references.append(("file_id", spell(path)))
            walk.fields(path, block, {}, control)
            walk.signed = False
        elif kind in _OPAQUE:
            self.document(path, block, _OPAQUE[str(kind)], control)
        elif kind == "tool_result":
            walk.fields(path, block, {"content": self.content}, control)
        elif kind == "tool_use":
            walk.fields(path, block, {"name": walk.data, "input": walk.data}, control)
        else:
            readers: Readers = {
                "text": walk.data,
                "citations": self.citations,
                "content": self.content,
                "source": self.plain_source,
            }
            walk.fields(path, block, readers, control)

    def document(self, path: Path, block: dict[str, Any], name: str, control: frozenset[str]) -> None:
        source = block.get("source")
        kind = source.get("type") if isinstance(source, dict) else None
        if kind not in ("text", "content"):
            self.view.opaque.append((name, spell(path)))
        readers: Readers = {
            "source": self.source,
            "title": self.walk.data,
            "context": self.walk.data,
            "citations": self.citations,
        }
        self.walk.fields(path, block, readers, control)

    def source(self, path: Path, source: Any) -> None:
        if not isinstance(source, dict):
            self.walk.data(path, source)
            return
        for key, item in source.items():
            here = (*path, key)
            if key == "file_id":
                self.view.references.append(("file_id", spell(here)))
                self.walk.options(here, item, frozenset())
            elif key == "data" and source.get("type") == "base64" and isinstance(item, str):
                continue
            elif key == "url" or key in ("type", "media_type"):
                self.walk.options(here, item, frozenset())
            elif key == "content":
                self.content(here, item)
            else:
                if key != "data":
                    self.walk.key(here, key)
                self.walk.data(here, item)

    def plain_source(self, path: Path, source: Any) -> None:
        """A search result's source is an address as text; anything else is an unknown block's."""
        if isinstance(source, dict):
            self.view.opaque.append(("file", spell(path)))
            self.source(path, source)
        else:
            self.walk.data(path, source)

    def citations(self, path: Path, value: Any) -> None:
        known = frozenset(
            "type enabled document_index start_char_index end_char_index start_page_number end_page_number start_block_index "
            "end_block_index search_result_index encrypted_index file_id".split()
        )
        texts: Readers = dict.fromkeys(("cited_text", "document_title", "title", "url", "source"), self.walk.data)
        for here, one in [((*path, i), v) for i, v in enumerate(value)] if isinstance(value, list) else [(path, value)]:
            self.known(here, one, texts, known)

    def tools(self, path: Path, tools: Any) -> None:
        if not isinstance(tools, list):
            self.walk.data(path, tools)
            return
        for index, tool in enumerate(tools):
            here = (*path, index)
            if not isinstance(tool, dict):
                self.walk.data(here, tool)
                continue
            kind = tool.get("type") or "custom"
            word = kind if isinstance(kind, str) else "tool"
            if not _CLIENT_TOOL.fullmatch(word):
                server = _SERVER_TOOL.fullmatch(word)
                self.view.recipients.append(
                    (server[1] if server else "mcp" if word.startswith("mcp") else word, spell(here))
                )
            readers: Readers = {
                "name": self.walk.data,
                "description": self.walk.data,
                "input_schema": self.walk.schema,
                "input_examples": self.walk.data,
            }
            control = frozenset(
                "type cache_control ttl strict eager_input_streaming defer_loading allowed_callers max_uses display_width_px "
                "display_height_px display_number max_characters".split()
            )
            self.walk.fields(here, tool, readers, control)


def _count(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _usage(usage: Any) -> Usage | None:
    if not isinstance(usage, dict):
        return None
    return Usage(_count(usage.get("input_tokens")), _count(usage.get("output_tokens")))


def _word(value: Any) -> str | None:
    return value if isinstance(value, str) else None


def _about(body: dict[str, Any]) -> ReplyView:
    return ReplyView(
        slots=[],
        usage=_usage(body.get("usage")),
        model=_word(body.get("model")),
        finish_reason=_word(body.get("stop_reason")),
        id=_word(body.get("id")),
    )


def _block(view: ReplyView, path: Path, block: dict[str, Any], index: int, *, whole: bool) -> None:
    kind = block.get("type")
    if kind in _SIGNED:
        return
    if kind == "tool_use":
        channel = Channel(0, Part.TOOL, index)
        name = _word(block.get("name"))
        if name:
            view.tools.append(ToolCallView(channel, _word(block.get("id")), name, (*path, "input")))
        if whole:
            _leaves(view, (*path, "input"), block.get("input"), channel)
        return
    text = block.get("text")
    if isinstance(text, str) and text:
        view.slots.append(ReplySlot((*path, "text"), text, Channel(0, Part.TEXT, index), escaped=False, whole=whole))
    citations = block.get("citations")
    for at, citation in enumerate(citations if isinstance(citations, list) else ()):
        _cited(view, (*path, "citations", at), citation, index * 1000 + at)


def _cited(view: ReplyView, path: Path, citation: Any, index: int) -> None:
    for key in ("cited_text", "document_title", "title"):
        if isinstance(citation, dict) and isinstance(citation.get(key), str):
            channel = Channel(0, Part.REFUSAL, 10_000 + index)
            view.slots.append(ReplySlot((*path, key), citation[key], channel, escaped=False, whole=True))


def _leaves(view: ReplyView, path: Path, value: Any, channel: Channel) -> None:
    todo: list[tuple[Path, Any]] = [(path, value)]
    while todo:
        here, item = todo.pop()
        if isinstance(item, str):
            view.slots.append(ReplySlot(here, item, channel, escaped=False, whole=True))
        elif isinstance(item, dict):
            todo.extend(((*here, key), inner) for key, inner in item.items())
        elif isinstance(item, list):
            todo.extend(((*here, at), inner) for at, inner in enumerate(item))


def _start(event: dict[str, Any]) -> ReplyView:
    message = event.get("message")
    return _about(message) if isinstance(message, dict) else ReplyView(slots=[])


def _block_start(event: dict[str, Any]) -> ReplyView:
    view, block = ReplyView(slots=[]), event.get("content_block")
    if isinstance(block, dict):
        index = _count(event.get("index")) or 0
        _block(view, ("content_block",), block, index, whole=False)
    return view


def _block_delta(event: dict[str, Any]) -> ReplyView:
    view, delta = ReplyView(slots=[]), event.get("delta")
    index = _count(event.get("index")) or 0
    if not isinstance(delta, dict):
        return view
    text, fragment = delta.get("text"), delta.get("partial_json")
    if isinstance(text, str):
        view.slots.append(ReplySlot(("delta", "text"), text, Channel(0, Part.TEXT, index), escaped=False, whole=False))
    if isinstance(fragment, str):
        channel = Channel(0, Part.TOOL, index)
        view.slots.append(ReplySlot(("delta", "partial_json"), fragment, channel, escaped=True, whole=False))
    if delta.get("type") == "citations_delta":
        _cited(view, ("delta", "citation"), delta.get("citation"), index)
    return view


def _message_delta(event: dict[str, Any]) -> ReplyView:
    delta = event.get("delta")
    reason = _word(delta.get("stop_reason")) if isinstance(delta, dict) else None
    return ReplyView(slots=[], usage=_usage(event.get("usage")), finish_reason=reason)


def _error(event: dict[str, Any]) -> ReplyView:
    error = event.get("error")
    kind = error.get("type") if isinstance(error, dict) else None
    return ReplyView(slots=[], error=str(kind or "error"))


_EVENTS = {
    "message_start": _start,
    "content_block_start": _block_start,
    "content_block_delta": _block_delta,
    "message_delta": _message_delta,
    "message_stop": lambda _event: ReplyView(slots=[], terminal=True),
    "error": _error,
}
