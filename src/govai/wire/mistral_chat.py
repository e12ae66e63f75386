"""Mistral's chat, agents' and fill-in-the-middle completions, at Mistral and on Vertex. Answers are read as OpenAI's are."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, ClassVar

from govai.core.exchange import Endpoint, Operation, spell
from govai.wire import openai_replies
from govai.wire.answers import error_name
from govai.wire.walker import Table, Walk, list_of, messages_of, named, object_of

if TYPE_CHECKING:
    from govai.core.exchange import Path, ReplyView, RequestView

_NAME = r"(?!\.{1,2}(?:/|:|$))[A-Za-z0-9_.@-]{1,100}"  # never a step up in the path
_PLACE = rf"/v1/projects/(?P<project>{_NAME})/locations/(?P<location>{_NAME})"
_VERTEX = _PLACE + rf"/publishers/mistralai/models/(?P<model>{_NAME})"
_FILES = dict.fromkeys(("document_url", "file", "resource_link"), "file")
_OPAQUE = {"image_url": "image", "input_audio": "audio", **_FILES}  # and the name a policy allows it by
_KNOWN_PARTS = frozenset({"text", "thinking", "reference", "tool_reference", "resource", *_OPAQUE})


class MistralChat:
    """POST /v1/chat/completions, /v1/agents/completions, /v1/fim/completions, Azure's /models/chat/completions, Vertex's :rawPredict;
    the list of models."""

    name = "mistral_chat"
    like = "mistral"
    endpoints = (
        Endpoint("POST", re.compile(r"(?:/v1/(?:chat|agents|fim)|/models/chat)/completions"), Operation.GENERATE),
        Endpoint("GET", re.compile(r"/v1/models(?:/(?!\.{1,2}$)[A-Za-z0-9_.:-]{1,100})?"), Operation.LIST),
        Endpoint("POST", re.compile(_VERTEX + r":rawPredict"), Operation.GENERATE),
        Endpoint("POST", re.compile(_VERTEX + r":streamRawPredict"), Operation.GENERATE, streams=True),
    )
    request_id_headers = ("mistral-correlation-id",)

    def read_request(self, body: Any) -> RequestView:
        """Return every place of the request that holds text; ValueError when it is not a request of this format."""
        between = body.get("prompt") if isinstance(body, dict) and "messages" not in body else None
        messages = messages_of(body) if between is None else [{"role": "user", "content": between}]
        walk = MistralWalk()
        walk.fields((), body, _TOP)
        return walk.view(body, messages)

    def read_reply(self, body: Any) -> ReplyView:
        """Return every place of a complete reply that holds text; ValueError when it is not an object."""
        return _told(openai_replies.read_reply(body), body)

    def read_event(self, event: Any) -> ReplyView:
        """Return every place of one stream event that holds text; `event` is the str `[DONE]` at the end."""
        return _told(openai_replies.read_event(event), event)


def _told(view: ReplyView, body: Any) -> ReplyView:
    """Note an error that is told without an `error` around it."""
    told = isinstance(body, dict) and "choices" not in body and ("message" in body or "detail" in body)
    if told and view.error is None:
        view.error = error_name(body)
    return view


class MistralWalk(Walk):
    """Reads Mistral's messages; moderation and classification have them too."""

    __slots__ = ()
    settings_table: ClassVar[Table] = dict.fromkeys(
        "block_on_error moderation_llm_v1 moderation_llm_v2 model_name custom_category_thresholds "
        "ignore_other_categories action sexual hate_and_discrimination violence_and_threats dangerous criminal "
        "dangerous_and_criminal_content selfharm health financial law pii jailbreaking".split(),
        Walk.settings,
    )

    def messages(self, path: Path, messages: Any) -> None:
        if not isinstance(messages, list):
            self.data(path, messages)
            return
        for index, message in enumerate(messages):
            self.message = index
            self.fields((*path, index), message, MESSAGE)
        self.message = -1

    def between(self, path: Path, text: Any) -> None:
        """What stands before and after the place to fill in: two texts, as one does not follow the other."""
        self.message = int(path == ("suffix",))
        self.prose(path, text)
        self.message = -1

    def content(self, path: Path, content: Any) -> None:
        if isinstance(content, list):
            self.each(path, content, MistralWalk.part)
        elif isinstance(content, dict) and "type" in content:
            self.part(path, content)
        else:
            self.prose(path, content)

    def part(self, path: Path, part: Any) -> None:
        if not isinstance(part, dict):
            self.prose(path, part)
            return
        kind = part.get("type", "text")
        if not isinstance(kind, str) or kind not in _KNOWN_PARTS:
            self.unknown_part(path, part, _PART)
            return
        cannot = _OPAQUE.get(kind) or next((_OPAQUE[key] for key in part if key in _OPAQUE), None)
        if cannot:
            self.opaque.append((cannot, spell(path)))
        before, self.signed = self.signed, self.signed or bool(part.get("signature"))
        self.fields(path, part, _PART)
        self.signed = before

    def source(self, path: Path, source: Any) -> None:
        """Where an opaque part's bytes are: they are not text, their address is."""
        if isinstance(source, dict):
            self.fields(path, source, _SOURCE)
        elif isinstance(source, str) and ":" not in source:
            self.blob(path, source)
        else:
            self.url(path, source)

    def tool(self, path: Path, tool: Any) -> None:
        kind = tool.get("type", "function") if isinstance(tool, dict) else "function"
        if kind != "function":
            self.recipients.append((named(kind, "tool"), spell(path)))
        self.fields(path, tool, _TOOL)

    def choice(self, path: Path, choice: Any) -> None:
        if isinstance(choice, dict):
            self.fields(path, choice, _CALL)
        else:
            self.word(path, choice)

    def response_format(self, path: Path, value: Any) -> None:
        if isinstance(value, dict):
            self.json_answer = value.get("type") in ("json_object", "json_schema")
        self.fields(path, value, _TYPED)

    def reference(self, path: Path, value: Any) -> None:
        """Something the provider holds already: an agent, a connector."""
        if value:
            self.references.append((str(path[-1]), spell(path)))
        self.words(path, value)


_FUNCTION = object_of(
    {
        **dict.fromkeys(("name", "description", "arguments"), Walk.apart),
        **dict.fromkeys(("parameters", "schema"), Walk.schema),
        "strict": Walk.word,
    }
)
_CALL: Table = {"id": Walk.word, "type": Walk.word, "index": Walk.number, "function": _FUNCTION}
_TYPED: Table = {"type": Walk.word, "json_schema": _FUNCTION, "content": MistralWalk.content, "value": Walk.data}
_TOP: Table = {
    **dict.fromkeys("reasoning_effort prompt_mode service_tier".split(), Walk.words),
    **dict.fromkeys(
        "stream n random_seed temperature top_p top_k max_tokens min_tokens presence_penalty frequency_penalty "
        "repetition_penalty logprobs top_logprobs prompt_logprobs top_prompt_logprobs parallel_tool_calls "
        "safe_prompt".split(),
        Walk.number,
    ),
    **dict.fromkeys("stop metadata prompt_cache_key".split(), Walk.data),
    **dict.fromkeys(("prompt", "suffix"), MistralWalk.between),
    "model": Walk.model,
    "agent_id": MistralWalk.reference,
    "messages": MistralWalk.messages,
    "tools": list_of(MistralWalk.tool),
    "tool_choice": MistralWalk.choice,
    "response_format": MistralWalk.response_format,
    "prediction": object_of(_TYPED),
    "guardrails": Walk.settings,
}
MESSAGE: Table = {
    **dict.fromkeys(("role", "tool_call_id"), Walk.word),
    "name": Walk.apart,
    "prefix": Walk.number,
    "content": MistralWalk.content,
    "tool_calls": list_of(object_of(_CALL)),
}
_PART: Table = {
    **dict.fromkeys(_OPAQUE, MistralWalk.source),
    **dict.fromkeys("document_name reference_ids tool title url favicon description metadata".split(), Walk.data),
    **dict.fromkeys(("content", "thinking"), MistralWalk.content),
    "type": Walk.word,
    "text": Walk.prose,
    "closed": Walk.number,
    "signature": Walk.word,
    "file_id": Walk.file_id,
    "uri": Walk.word,
}
_SOURCE: Table = {"detail": Walk.word, "format": Walk.word, "url": Walk.url, "data": Walk.blob, "file_id": Walk.file_id}
_TOOL: Table = {
    "type": Walk.word,
    "function": _FUNCTION,
    "library_ids": Walk.words,
    "connector_id": MistralWalk.reference,
    "authorization": object_of(_TYPED),
    "tool_configuration": object_of(dict.fromkeys(("include", "exclude", "requires_confirmation"), Walk.data)),
}
