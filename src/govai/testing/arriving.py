"""What arrives at the provider: a request as any HTTP stack hands it over, and what it says, whatever the wire.

It knows no policy and no format by name: where texts stand is found by their shape.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

import orjson

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_TEXT_PARTS = ("text", "input_text")


@dataclass(frozen=True)
class Request:
    """A request as it arrived. Its repr shows neither headers nor content.

    Attributes:
        method: upper case. host: with its port, if it has one. path: without the query. query: as sent, without `?`.
        headers: names in lower case. body: as sent. number: 1 for the first that arrived. wire: `openai`, `anthropic`,
        `mistral` or `google`: whose format it was answered in.
    """

    method: str
    host: str
    path: str
    query: str = field(default="", repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    body: bytes = field(default=b"", repr=False)
    number: int = 0
    wire: str = ""

    @cached_property
    def json(self) -> Any:
        """The body, parsed; None when it is not JSON."""
        try:
            return orjson.loads(self.body)
        except orjson.JSONDecodeError:
            return None

    @property
    def model(self) -> str:
        """The model asked for: of the body, else of the path."""
        if isinstance(self.json, dict) and self.json.get("model"):
            return str(self.json["model"])
        return unquote(self.path).rpartition("models/")[2].partition(":")[0] if "models/" in self.path else ""

    @property
    def stream(self) -> bool:
        """Whether the body or the path asks for a stream."""
        return bool(self.field("stream")) or ":stream" in self.path

    @property
    def text(self) -> str:
        """Every string of the body, keys included, one a line."""
        return "\n".join(text for _place, text in strings(self.json))

    @property
    def said(self) -> str:
        """What the user said last; of embeddings, images and moderations the input."""
        body = self.json
        if not isinstance(body, dict):
            return ""
        for key in ("messages", "contents", "input", "inputs", "prompt", "content", "instances", "requests"):
            if found := _said(body.get(key)):
                return found
        return ""

    @property
    def schema(self) -> dict[str, Any] | None:
        """The JSON schema that the answer must fit, None when any text will do."""
        return _schema(self.json)

    def field(self, name: str, default: Any = None) -> Any:
        """Return a field of the body's root, `default` when there is none."""
        return self.json.get(name, default) if isinstance(self.json, dict) else default


def strings(value: Any, place: str = "") -> Iterator[tuple[str, str]]:
    """Yield every string of parsed JSON with its place: `messages[0].content`. Numbers come as JSON spells them."""
    if isinstance(value, dict):
        for key, item in value.items():
            inside = f"{place}.{key}" if place else key
            yield f"{place} (key)".lstrip(), key
            yield from strings(item, inside)
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from strings(item, f"{place}[{index}]")
    elif isinstance(value, str):
        yield place, value
    elif value is not None and not isinstance(value, bool):
        yield place, orjson.dumps(value).decode()


def _said(value: Any) -> str:
    """Return the last text a user said in messages, contents, items, parts, or in a plain input."""
    if isinstance(value, str):
        return value
    if isinstance(value, list):
        if value and all(isinstance(one, str) for one in value):
            return "\n".join(value)
        if any(isinstance(one, dict) and _is_part(one) for one in value):
            return "".join(str(one["text"]) for one in value if isinstance(one, dict) and _is_part(one))
        return next((found for one in reversed(value) if (found := _said(one))), "")
    if not isinstance(value, dict) or value.get("role", "user") != "user":
        return ""
    return next((found for key in ("content", "parts", "prompt") if (found := _said(value.get(key)))), "")


def _is_part(value: dict[str, Any]) -> bool:
    return isinstance(value.get("text"), str) and value.get("type", "text") in _TEXT_PARTS and "role" not in value


def _schema(body: Any) -> dict[str, Any] | None:
    told = (
        _inside(body, "response_format"),  # OpenAI chat, Mistral
        _inside(body, "text", "format"),  # Responses
        _inside(body, "output_config", "format"),  # Anthropic
    )
    for one in told:
        if one.get("type") == "json_schema":
            inner = _inside(one, "json_schema") or one
            return _inside(inner, "schema") or _inside(inner, "schema_definition") or None
    settings = _inside(body, "generationConfig")  # Google
    return _inside(settings, "responseJsonSchema") or _inside(settings, "responseSchema") or None


def _inside(value: Any, *keys: str) -> dict[str, Any]:
    """Return the object at the end of some keys, empty when there is none."""
    for key in keys:
        value = value.get(key) if isinstance(value, dict) else None
    return value if isinstance(value, dict) else {}
