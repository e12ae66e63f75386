"""What the provider answers: scripted by the test, and the same for every wire format."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from govai.testing.arriving import Request

Finish = Literal["", "stop", "length", "filter"]
_DEEPEST = 20


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer, in no provider's words.

    Args:
        text: what the model says; None: what the user said last, so that placeholders come back.
        tool_calls: calls the model asks for, as `(name, arguments)` pairs; without `text` it says nothing beside them.
        thinking: what it thinks before, where the format has a place for it.
        json: the answer as JSON data, in place of `text`.
        finish: why it stops: `length`, `filter`, or naturally.
        status: HTTP status; from 400 on the answer is an error as that provider spells it. error: its message.
        headers: over the usual ones (`{"retry-after": "1"}`).
        body: sent as it is, in place of all that.
        delay: seconds before the first byte. Longer than the client's read timeout: the timeout comes at once, nobody waits.
        cut: the connection breaks half-way.
        late: the error comes half-way through a stream, under status 200.
        chunk: characters in each piece of a stream; None: as the provider was told.
        vector: the embedding; None: one of eight numbers made from the text.
        usage: tokens in and out; None: a quarter of the characters.
    """

    text: str | None = field(default=None, repr=False)
    tool_calls: Sequence[tuple[str, Mapping[str, Any]]] = field(default=(), repr=False)
    thinking: str = field(default="", repr=False)
    json: Any = field(default=None, repr=False)
    finish: Finish = ""
    status: int = 200
    error: str = "scripted by the test"
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes | None = field(default=None, repr=False)
    delay: float | None = None
    cut: bool = False
    late: bool = False
    chunk: int | None = None
    vector: Sequence[float] | None = None
    usage: tuple[int, int] | None = None

    @property
    def failed(self) -> bool:
        """Whether it is an error."""
        return self.status >= 400  # noqa: PLR2004 -- RFC 9110 section 15

    def pieces(self, text: str) -> list[str]:
        """Return a text as a stream brings it; one empty piece for none."""
        size = self.chunk or len(text) or 1
        return [text[at : at + size] for at in range(0, len(text), size)] or [""]

    def arguments(self) -> list[tuple[str, str, dict[str, Any]]]:
        """Return the tool calls as (id, name, arguments)."""
        return [(f"call{n:05d}", name, dict(given)) for n, (name, given) in enumerate(self.tool_calls)]

    def tokens(self, request: Request) -> tuple[int, int]:
        """Return the tokens of the request and of the answer."""
        return self.usage or (tokens(request.text), tokens(self.text or ""))


Scripted = str | Answer | Callable[["Request"], "str | Answer"]


def resolve(scripted: Scripted | None, request: Request, chunk: int) -> Answer:
    """Return the answer to a request with its text, and with how many characters a piece holds."""
    given = scripted(request) if callable(scripted) else scripted
    answer = Answer(given) if isinstance(given, str) else Answer() if given is None else given
    if not isinstance(answer, Answer):
        raise TypeError(f"an answer is a str or an Answer, not a {type(answer).__name__}")
    text = answer.text
    if answer.json is not None:
        text = json.dumps(answer.json, ensure_ascii=False)
    elif text is None:
        text = "" if answer.tool_calls else _echo(request)
    return replace(answer, text=text, chunk=answer.chunk or chunk)


def tokens(text: str) -> int:
    """Return about how many tokens a text has."""
    return max(1, len(text) // 4)


def _echo(request: Request) -> str:
    """Return what the user said; where the answer must fit a schema, JSON that fits it and says it in every string."""
    said, schema = request.said, request.schema
    if schema is None or said.lstrip().startswith(("{", "[")):
        return said
    return json.dumps(_fit(schema, said, schema, 0), ensure_ascii=False)


def _fit(schema: Any, said: str, root: dict[str, Any], depth: int) -> Any:
    """Return the simplest value that fits a JSON schema, with `said` for every string."""
    if not isinstance(schema, dict) or depth > _DEEPEST:
        return None
    if "$ref" in schema:
        return _fit(root.get("$defs", {}).get(str(schema["$ref"]).rpartition("/")[2]), said, root, depth + 1)
    for key in ("const", "default"):
        if key in schema:
            return schema[key]
    if schema.get("enum"):
        return schema["enum"][0]
    for key in ("anyOf", "oneOf", "allOf"):
        if schema.get(key):
            return _fit(schema[key][0], said, root, depth + 1)
    kind = schema.get("type")
    kind = str(kind[0] if isinstance(kind, list) else kind).lower()
    if kind == "object":
        return {name: _fit(inner, said, root, depth + 1) for name, inner in schema.get("properties", {}).items()}
    if kind == "array":
        return [_fit(schema.get("items"), said, root, depth + 1)]
    least = schema.get("minimum", 1)
    return {"string": said, "integer": int(least), "number": float(least), "boolean": True}.get(kind)
