"""OpenAI chat completions, as OpenAI and the many servers that speak it do."""

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

_PREFIX = r"(?:/v1|/openai/v1|/openai/deployments/[\w.-]{1,100})?"
_CONTROL = frozenset(
    "stream stream_options include_usage include_obfuscation n seed temperature top_p max_tokens max_completion_tokens presence_penalty "
    "frequency_penalty logprobs top_logprobs service_tier reasoning_effort verbosity parallel_tool_calls modalities type role mode "
    "tool_choice function_call json_schema strict prompt_cache_retention store id tool_call_id cache_control ttl detail format "
    "reasoning effort function syntax index refusal_type safety_level".split()
)
_OPAQUE = {
    "image_url": "image",
    "input_image": "image",
    "input_audio": "audio",
    "video_url": "video",
    "file": "file",
    "input_file": "file",
}
_ANSWER_TEXT = ("content", "reasoning_content", "reasoning", "refusal")


class OpenAIChat:
    """POST /v1/chat/completions."""

    name = "openai_chat"
    like = "openai"
    endpoints = (
        Endpoint("POST", re.compile(_PREFIX + r"/chat/completions"), Operation.GENERATE),
        Endpoint("GET", re.compile(r"(?:/v1)?/models(?:/[\w.:-]{1,100})?"), Operation.LIST),
    )
    request_id_headers = ("x-request-id",)

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
        return _answer(body, "message", whole=True)

    def read_event(self, event: Any) -> ReplyView:
        if event == "[DONE]":
            return ReplyView(slots=[], terminal=True)
        if not isinstance(event, dict):
            raise ValueError("it is not an object")  # noqa: TRY004 -- one error for what cannot be read
        if isinstance(event.get("error"), dict):
            error = event["error"]
            return ReplyView(slots=[], error=str(error.get("code") or error.get("type") or "error"))
        return _answer(event, "delta", whole=False)


class _Reader:
    """Reads one request; what cannot be looked into is named in the view."""

    def __init__(self, walk: Walk, view: RequestView) -> None:
        self.walk, self.view = walk, view

    def top(self, key: str, item: Any) -> None:
        walk, path = self.walk, (key,)
        if key == "messages":
            for index, message in enumerate(item):
                walk.message = index
                self.message((key, index), message)
            walk.message = -1
        elif key == "model":
            if isinstance(item, str):
                walk.slots.append(Slot(path, item, SlotKind.MODEL))
            else:
                walk.data(path, item)
        elif key in ("tools", "functions"):
            self.tools(path, item)
        elif key in ("tool_choice", "function_call"):
            self.choice(path, item)
        elif key == "response_format":
            self.response_format(path, item)
        elif key == "web_search_options":
            self.view.recipients.append(("web_search", key))
            walk.data(path, item)
        elif key in ("previous_response_id", "conversation", "prompt") and item:
            self.view.references.append(("stored_prompt" if key == "prompt" else key, key))
            walk.data(path, item)
        elif key == "store" and item:
            self.view.references.append(("store", key))
        elif key == "logit_bias":
            walk.options(
                path,
                item,
                frozenset(item) if isinstance(item, dict) and all(k.isdigit() for k in item) else frozenset(),
            )
        elif key == "prediction" and isinstance(item, dict):
            walk.fields(path, item, {"content": self.content}, frozenset(["type"]))
        elif key in ("user", "safety_identifier", "prompt_cache_key", "stop", "metadata"):
            walk.data(path, item)
        elif key == "audio":
            walk.options(path, item, frozenset(["voice", "format"]))
        elif key in _CONTROL:
            walk.options(path, item, _CONTROL)
        else:
            walk.key(path, key)
            walk.data(path, item)

    def message(self, path: Path, message: dict[str, Any]) -> None:
        readers: Readers = {
            "content": self.content,
            "refusal": self.walk.data,
            "name": self.walk.data,
            "reasoning_content": self.walk.data,
            "tool_calls": self.calls,
            "function_call": self.function,
            "audio": self.earlier_audio,
            "annotations": self.walk.data,
        }
        self.walk.fields(
            path, message, readers, frozenset(["role", "tool_call_id", "id", "cache_control", "type", "ttl"])
        )

    def content(self, path: Path, content: Any) -> None:
        if not isinstance(content, list):
            self.walk.data(path, content)
            return
        for index, part in enumerate(content):
            here = (*path, index)
            if isinstance(part, dict):
                self.part(here, part)
            elif isinstance(part, str):
                self.walk.text(here, part)
            else:
                self.view.opaque.append(("tokens", spell(here)))
                self.walk.data(here, part)

    def part(self, path: Path, part: dict[str, Any]) -> None:
        kind = part.get("type")
        name = _OPAQUE.get(kind) if isinstance(kind, str) else None
        if name is None:
            self.walk.fields(
                path,
                part,
                {"text": self.walk.data, "refusal": self.walk.data},
                frozenset(["type", "cache_control", "ttl"]),
            )
            name = next((_OPAQUE[key] for key in part if key in _OPAQUE and key != kind), None)
            if name is None:
                return
        else:
            readers: Readers = {str(kind): self.source, "text": self.walk.data}
            self.walk.fields(path, part, readers, frozenset(["type", "cache_control", "ttl", "detail"]))
        self.view.opaque.append((name, spell(path)))

    def source(self, path: Path, source: Any) -> None:
        """What an opaque part points to: its bytes are not text, its address and names are."""
        if not isinstance(source, dict):
            self.walk.data(path, source)
            return
        for key, item in source.items():
            here = (*path, key)
            if key == "file_id":
                self.view.references.append(("file_id", spell(here)))
                self.walk.options(here, item, frozenset())
            elif key in ("data", "file_data") and isinstance(item, str):
                continue
            elif key in ("url", "image_url") and isinstance(item, str):
                if not item.startswith("data:"):
                    self.walk.control(here, item)
            elif key in ("detail", "format"):
                self.walk.options(here, item, frozenset())
            else:
                if key not in ("filename", "data", "file_data", "url"):
                    self.walk.key(here, key)
                self.walk.data(here, item)

    def earlier_audio(self, path: Path, audio: Any) -> None:
        if audio is not None:
            self.view.references.append(("audio", spell(path)))
            self.walk.data(path, audio)

    def calls(self, path: Path, calls: Any) -> None:
        if not isinstance(calls, list):
            self.walk.data(path, calls)
            return
        readers: Readers = {"function": self.function, "custom": self.function}
        for index, call in enumerate(calls):
            if isinstance(call, dict):
                self.walk.fields((*path, index), call, readers, frozenset(["id", "type", "index"]))
            else:
                self.walk.data((*path, index), call)

    def function(self, path: Path, function: Any) -> None:
        if not isinstance(function, dict):
            self.walk.data(path, function)
            return
        readers: Readers = {"name": self.walk.data, "arguments": self.walk.data, "input": self.walk.data}
        self.walk.fields(path, function, readers, frozenset())

    def tools(self, path: Path, tools: Any) -> None:
        if not isinstance(tools, list):
            self.walk.data(path, tools)
            return
        for index, tool in enumerate(tools):
            here = (*path, index)
            if not isinstance(tool, dict):
                self.walk.data(here, tool)
                continue
            kind = tool.get("type", "function")
            if kind not in ("function", "custom"):
                self.view.recipients.append((kind if isinstance(kind, str) else "tool", spell(here)))
            readers: Readers = {
                "function": self.described,
                "custom": self.described,
                "name": self.walk.data,
                "description": self.walk.data,
                "parameters": self.walk.schema,
            }
            self.walk.fields(here, tool, readers, frozenset(["type", "strict", "cache_control", "ttl"]))

    def described(self, path: Path, function: Any) -> None:
        if not isinstance(function, dict):
            self.walk.data(path, function)
            return
        readers: Readers = {
            "name": self.walk.data,
            "description": self.walk.data,
            "parameters": self.walk.schema,
            "schema": self.walk.schema,
            "format": self.grammar,
        }
        self.walk.fields(path, function, readers, frozenset(["strict"]))

    def grammar(self, path: Path, value: Any) -> None:
        if isinstance(value, dict):
            readers: Readers = {"definition": self.walk.data, "grammar": self.grammar}
            self.walk.fields(path, value, readers, frozenset(["type", "syntax"]))
        else:
            self.walk.data(path, value)

    def choice(self, path: Path, choice: Any) -> None:
        if isinstance(choice, dict):
            readers: Readers = {
                "function": self.function,
                "custom": self.function,
                "name": self.walk.data,
                "allowed_tools": self.allowed,
            }
            self.walk.fields(path, choice, readers, frozenset(["type", "mode"]))
        else:
            self.walk.options(path, choice, frozenset())

    def allowed(self, path: Path, allowed: Any) -> None:
        if isinstance(allowed, dict):
            self.walk.fields(path, allowed, {"tools": self.tools}, frozenset(["mode"]))
        else:
            self.walk.data(path, allowed)

    def response_format(self, path: Path, value: Any) -> None:
        if not isinstance(value, dict):
            self.walk.data(path, value)
            return
        self.view.json_answer = value.get("type") in ("json_object", "json_schema")
        self.walk.fields(path, value, {"json_schema": self.described}, frozenset(["type"]))


def _usage(usage: Any) -> Usage | None:
    if not isinstance(usage, dict):
        return None
    return Usage(_count(usage.get("prompt_tokens")), _count(usage.get("completion_tokens")))


def _count(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _answer(body: dict[str, Any], holder: str, *, whole: bool) -> ReplyView:
    model, answer_id = body.get("model"), body.get("id")
    view = ReplyView(
        slots=[],
        usage=_usage(body.get("usage")),
        model=model if isinstance(model, str) else None,
        id=answer_id if isinstance(answer_id, str) else None,
    )
    choices = body.get("choices")
    for at, choice in enumerate(choices if isinstance(choices, list) else ()):
        if not isinstance(choice, dict):
            continue
        number = _count(choice.get("index"))
        number = at if number is None else number
        finish = choice.get("finish_reason")
        if isinstance(finish, str) and number == 0:
            view.finish_reason = finish
        message = choice.get(holder)
        if isinstance(message, dict):
            _message(view, ("choices", at, holder), message, number, whole=whole)
    return view


def _message(view: ReplyView, path: Path, message: dict[str, Any], choice: int, *, whole: bool) -> None:
    for index, key in enumerate(_ANSWER_TEXT):
        text = message.get(key)
        if isinstance(text, str) and text:
            part = Part.TEXT if key == "content" else Part.REFUSAL
            view.slots.append(ReplySlot((*path, key), text, Channel(choice, part, index), escaped=False, whole=whole))
        elif isinstance(text, list):
            for at, piece in enumerate(text):
                if isinstance(piece, dict) and isinstance(piece.get("text"), str):
                    here = (*path, key, at, "text")
                    view.slots.append(
                        ReplySlot(here, piece["text"], Channel(choice, Part.TEXT, 100 + at), escaped=False, whole=whole)
                    )
    calls = message.get("tool_calls")
    for at, call in enumerate(calls if isinstance(calls, list) else ()):
        if isinstance(call, dict):
            number = _count(call.get("index"))
            _call(
                view,
                (*path, "tool_calls", at),
                call,
                Channel(choice, Part.TOOL, at if number is None else number),
                whole=whole,
            )
    function = message.get("function_call")
    if isinstance(function, dict):
        _call(
            view,
            path,
            {"function": function, "id": None},
            Channel(choice, Part.TOOL, 1000),
            whole=whole,
            key="function_call",
        )
    audio = message.get("audio")
    if isinstance(audio, dict) and isinstance(audio.get("transcript"), str):
        here = (*path, "audio", "transcript")
        view.slots.append(
            ReplySlot(here, audio["transcript"], Channel(choice, Part.REFUSAL, 50), escaped=False, whole=whole)
        )


def _call(
    view: ReplyView, path: Path, call: dict[str, Any], channel: Channel, *, whole: bool, key: str | None = None
) -> None:
    for kind, text_key in (("function", "arguments"), ("custom", "input")):
        function = call.get(kind)
        if not isinstance(function, dict):
            continue
        name, call_id, text = function.get("name"), call.get("id"), function.get(text_key)
        if isinstance(name, str) and name:
            view.tools.append(ToolCallView(channel, call_id if isinstance(call_id, str) else None, name))
        if isinstance(text, str) and text:
            here = (*path, key or kind, text_key)
            view.slots.append(ReplySlot(here, text, channel, escaped=kind == "function", whole=whole))
