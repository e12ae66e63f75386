"""Where the text stands in a chat completions request. Knows nothing of answers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from govai.core.exchange import spell
from govai.wire.walker import Table, Walk, messages_of, named

if TYPE_CHECKING:
    from govai.core.exchange import Path, RequestView

_OPAQUE = {  # content that is not text, and the name a policy allows it by
    "image_url": "image",
    "input_image": "image",
    "input_audio": "audio",
    "audio_url": "audio",
    "video_url": "video",
    "input_video": "video",
    "file": "file",
    "file_url": "file",
    "input_file": "file",
}
_KNOWN_PARTS = frozenset({"text", "refusal", *_OPAQUE})
_LONGEST_TOKEN_ID = 7  # digits; a phone number or an account has more


def read_request(body: Any) -> RequestView:
    """Return every place of the request that holds text.

    Raises:
        ValueError: not an object, no list of messages, a message that is not an object, nested too deep.
    """
    messages = messages_of(body)
    walk = OpenAIWalk()
    walk.fields((), body, _TOP)
    return walk.view(body, messages)


class OpenAIWalk(Walk):
    """Reads chat completions; the other formats of OpenAI read in the same way what they share with it."""

    __slots__ = ()
    settings_table: ClassVar[Table] = dict.fromkeys(
        "type ttl mode effort summary format voice id strict include_usage include_obfuscation enabled policy input output".split(),
        Walk.settings,
    )

    def messages(self, path: Path, messages: Any) -> None:
        for index, message in enumerate(messages):
            self.message = index
            self.fields((*path, index), message, _MESSAGE)
        self.message = -1

    def content(self, path: Path, content: Any) -> None:
        if not isinstance(content, list):
            self.prose(path, content)
            return
        ids = False
        for index, part in enumerate(content):
            here = (*path, index)
            if isinstance(part, dict):
                self.part(here, part)
            else:
                ids = ids or not isinstance(part, str)
                self.data(here, part)
        if ids:
            self.opaque.append(("tokens", spell(path)))

    def part(self, path: Path, part: dict[str, Any]) -> None:
        kind = part.get("type")
        if not isinstance(kind, str) or kind not in _KNOWN_PARTS:
            self.unknown_part(path, part, _PART)
            return
        before = len(self.opaque)
        self.fields(path, part, _PART)
        if kind in _OPAQUE and len(self.opaque) == before:
            self.opaque.append((_OPAQUE[kind], spell(path)))

    def source(self, path: Path, source: Any) -> None:
        """What an opaque part points to: its bytes are not text, its address and names are."""
        self.opaque.append((_OPAQUE[str(path[-1])], spell(path[:-1])))
        if isinstance(source, dict):
            self.fields(path, source, _SOURCE)
        else:
            self.url(path, source)

    def calls(self, path: Path, calls: Any) -> None:
        self.each(path, calls, OpenAIWalk.call)

    def call(self, path: Path, call: Any) -> None:
        self.fields(path, call, _CALL)

    def function(self, path: Path, function: Any) -> None:
        self.fields(path, function, _FUNCTION)

    def earlier_audio(self, path: Path, audio: Any) -> None:
        if audio is not None:
            self.references.append(("audio", spell(path)))
            self.fields(path, audio, _AUDIO)

    def annotations(self, path: Path, values: Any) -> None:
        self.each(path, values, OpenAIWalk.annotation)

    def annotation(self, path: Path, value: Any) -> None:
        self.fields(path, value, _ANNOTATION)

    def tools(self, path: Path, tools: Any) -> None:
        self.each(path, tools, OpenAIWalk.tool)

    def tool(self, path: Path, tool: Any) -> None:
        kind = tool.get("type", "function") if isinstance(tool, dict) else "function"
        if kind not in ("function", "custom"):
            self.recipients.append((named(kind, "tool"), spell(path)))
        self.fields(path, tool, _TOOL)

    def described(self, path: Path, function: Any) -> None:
        self.fields(path, function, _DESCRIBED)

    def grammar(self, path: Path, value: Any) -> None:
        self.fields(path, value, _GRAMMAR)

    def choice(self, path: Path, choice: Any) -> None:
        if isinstance(choice, dict):
            self.fields(path, choice, _CHOICE)
        else:
            self.word(path, choice)

    def response_format(self, path: Path, value: Any) -> None:
        if isinstance(value, dict):
            self.json_answer = value.get("type") in ("json_object", "json_schema")
        self.fields(path, value, _RESPONSE_FORMAT)

    def prediction(self, path: Path, value: Any) -> None:
        self.fields(path, value, {"type": Walk.word, "content": OpenAIWalk.content})

    def logit_bias(self, path: Path, value: Any) -> None:
        if not isinstance(value, dict):
            self.data(path, value)
            return
        ids = [k for k in value if k.isascii() and k.isdigit() and len(k) <= _LONGEST_TOKEN_ID]
        self.fields(path, value, dict.fromkeys(ids, Walk.number))

    def web_search(self, path: Path, value: Any) -> None:
        self.recipients.append(("web_search", spell(path)))
        self.fields(path, value, _WEB_SEARCH)

    def location(self, path: Path, value: Any) -> None:
        self.fields(path, value, _LOCATION)

    def moderation(self, path: Path, value: Any) -> None:
        self.fields(path, value, {"model": Walk.word, "policy": Walk.settings})

    def reference(self, path: Path, value: Any) -> None:
        """Something the provider holds already, or is to hold from now on (`store`)."""
        if value:
            key = str(path[-1])
            self.references.append(("stored_prompt" if key == "prompt" else key, key))
        self.data(path, value)


_WORDS = dict.fromkeys(
    "service_tier reasoning_effort verbosity modalities prompt_cache_retention".split(),
    Walk.words,
)
_SETTINGS = dict.fromkeys("stream_options reasoning prompt_cache_options audio".split(), Walk.settings)
_NUMBERS = dict.fromkeys(
    "stream n seed temperature top_p max_tokens max_completion_tokens presence_penalty frequency_penalty logprobs "
    "top_logprobs parallel_tool_calls".split(),
    Walk.number,
)
_CACHE: Table = {"cache_control": Walk.settings, "prompt_cache_breakpoint": Walk.settings}
_TOP: Table = {
    **_WORDS,
    **_SETTINGS,
    **_NUMBERS,
    **dict.fromkeys("user safety_identifier prompt_cache_key stop metadata".split(), Walk.data),
    **dict.fromkeys("previous_response_id conversation prompt store".split(), OpenAIWalk.reference),
    "messages": OpenAIWalk.messages,
    "model": Walk.model,
    "tools": OpenAIWalk.tools,
    "functions": OpenAIWalk.tools,
    "tool_choice": OpenAIWalk.choice,
    "function_call": OpenAIWalk.choice,
    "response_format": OpenAIWalk.response_format,
    "prediction": OpenAIWalk.prediction,
    "logit_bias": OpenAIWalk.logit_bias,
    "web_search_options": OpenAIWalk.web_search,
    "moderation": OpenAIWalk.moderation,
}
_MESSAGE: Table = {
    **_CACHE,
    **dict.fromkeys(("role", "tool_call_id", "id", "type"), Walk.word),
    **dict.fromkeys(("refusal", "reasoning_content", "reasoning"), Walk.data),
    "name": Walk.apart,
    "content": OpenAIWalk.content,
    "tool_calls": OpenAIWalk.calls,
    "function_call": OpenAIWalk.function,
    "audio": OpenAIWalk.earlier_audio,
    "annotations": OpenAIWalk.annotations,
}
_PART: Table = {
    **_CACHE,
    **dict.fromkeys(_OPAQUE, OpenAIWalk.source),
    "type": Walk.word,
    "text": Walk.prose,
    "refusal": Walk.prose,
    "detail": Walk.word,
}
_SOURCE: Table = {
    **dict.fromkeys(("detail", "format"), Walk.word),
    **dict.fromkeys(("url", "image_url"), Walk.url),
    **dict.fromkeys(("data", "file_data"), Walk.blob),
    "file_id": Walk.file_id,
    "filename": Walk.data,
}
_CALL: Table = {
    "id": Walk.word,
    "type": Walk.word,
    "index": Walk.number,
    "function": OpenAIWalk.function,
    "custom": OpenAIWalk.function,
}
_FUNCTION: Table = dict.fromkeys(("name", "arguments", "input"), Walk.apart)
_AUDIO: Table = {"id": Walk.word, "expires_at": Walk.number, "transcript": Walk.data, "data": Walk.blob}
_CITED: Table = {"title": Walk.data, "url": Walk.data, "start_index": Walk.number, "end_index": Walk.number}
_ANNOTATION: Table = {
    "type": Walk.word,
    "url_citation": lambda walk, path, value: walk.fields(path, value, _CITED),
}
_DESCRIBED: Table = {
    "name": Walk.data,
    "description": Walk.data,
    "strict": Walk.word,
    "parameters": Walk.schema,
    "schema": Walk.schema,
    "format": OpenAIWalk.grammar,
}
_TOOL: Table = {
    **_CACHE,
    **_DESCRIBED,
    "type": Walk.word,
    "function": OpenAIWalk.described,
    "custom": OpenAIWalk.described,
}
_GRAMMAR: Table = {
    "type": Walk.word,
    "syntax": Walk.word,
    "definition": Walk.data,
    "grammar": OpenAIWalk.grammar,
}
_CHOICE: Table = {
    "type": Walk.word,
    "mode": Walk.word,
    "name": Walk.data,
    "function": OpenAIWalk.function,
    "custom": OpenAIWalk.function,
    "tools": OpenAIWalk.tools,
    "allowed_tools": OpenAIWalk.choice,
}
_RESPONSE_FORMAT: Table = {"type": Walk.word, "json_schema": OpenAIWalk.described, "grammar": OpenAIWalk.grammar}
_WEB_SEARCH: Table = {"search_context_size": Walk.word, "user_location": OpenAIWalk.location}
_LOCATION: Table = {
    **dict.fromkeys(("city", "country", "region", "timezone"), Walk.data),
    "type": Walk.word,
    "approximate": OpenAIWalk.location,
}
