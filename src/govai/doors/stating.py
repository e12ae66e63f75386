"""From what the caller writes to a request and what is known of its data: prompt, data, messages, tools, schema."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from govai.core.errors import ConfigError
from govai.core.lang import say
from govai.core.messages import Message, Reply
from govai.data.references import REFERENCE
from govai.data.rows import Declared, declare
from govai.data.template import fill
from govai.detect.columns import classify
from govai.doors.schemas import check_schema
from govai.doors.tools import Tool, read_tools

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

Prompt = "str | Callable[[Any], str] | None"
_NOTHING = Declared((), (), ())
_REFERENCE = re.compile(REFERENCE)


@dataclass(frozen=True, slots=True)
class Statement:
    """What is said, in no provider's words.

    Attributes:
        messages: with sealed references where data stands. declared: the rows and what is known of their values.
        template: digest of the unfilled prompt, which groups reviews of the same template.
        derived: records of the earlier replies that were given as prompt, message or value of a row.
    """

    messages: tuple[Message, ...] = field(repr=False)
    declared: Declared = field(repr=False)
    system: str = field(default="", repr=False)
    schema: Any = None
    tools: tuple[Tool, ...] = ()
    template: str = ""
    has_data: bool = False
    derived: tuple[str, ...] = ()


def state(
    prompt: str | Callable[[Any], str] | None,
    *,
    data: Any = None,
    messages: Sequence[Message] | None = None,
    system: str | None = None,
    schema: Any = None,
    tools: Sequence[Any] | None = None,
) -> Statement:
    """Return what a call says.

    Raises:
        ConfigError: nothing to say, a template without its field, data or tools that cannot be read.
    """
    check_schema(schema)
    derived: dict[str, None] = {}
    prompt, data, messages = _told(prompt, derived), _told(data, derived), _told(messages, derived)
    declared = _NOTHING if data is None else declare(data, classify)
    said = [_message(message) for message in messages or ()]
    text = _text(prompt, declared, has_data=data is not None)
    if text is not None:
        said.append(Message("user", text))
    if not said or not any(message.content.strip() or message.tool_calls for message in said):
        raise ConfigError(
            say("the prompt is empty", "le message est vide"),
            where="prompt=",
            todo=say(
                "give a text, a callable or messages=[govai.Message(…)]", "donnez un texte, une fonction ou messages="
            ),
        )
    return Statement(
        messages=tuple(said),
        declared=declared,
        system=str(system or ""),
        schema=schema,
        tools=read_tools(tools or ()),
        template=_template(prompt),
        has_data=data is not None,
        derived=tuple(derived),
    )


def receives(tools: Sequence[Tool]) -> dict[str, tuple[str, ...]]:
    """Return for each tool the categories its arguments may hold."""
    return {tool.name: tool.receives for tool in tools if tool.receives}


def _told(given: Any, derived: dict[str, None]) -> Any:
    """Return what is given with each earlier reply in it as its text, and note their records."""
    if isinstance(given, Reply):
        if given.record_id:
            derived[given.record_id] = None
        return given.text
    if isinstance(given, Message) and isinstance(given.content, Reply):
        return replace(given, content=_told(given.content, derived))
    if type(given) is dict and any(isinstance(value, Reply) for value in given.values()):
        return {name: _told(value, derived) if isinstance(value, Reply) else value for name, value in given.items()}
    if (type(given) is list or type(given) is tuple) and any(isinstance(one, (Reply, Message, dict)) for one in given):
        return [_told(one, derived) if isinstance(one, (Reply, Message, dict)) else one for one in given]
    return given


def _text(prompt: str | Callable[[Any], str] | None, declared: Declared, *, has_data: bool) -> str | None:
    rows = declared.rows
    if prompt is None:
        return None
    if callable(prompt):
        if not has_data:
            raise ConfigError(
                say("a callable prompt needs data=", "une fonction de prompt demande data="),
                where="prompt=",
                todo="gov.generate(model, lambda c: f'… {c.field}', data=row)",
            )
        made = prompt(rows[0] if len(rows) == 1 else rows)
        return str(made) if made is not None else ""
    if not isinstance(prompt, str):
        return str(prompt)
    if not has_data:
        return prompt
    if len(rows) != 1:
        raise ConfigError(
            say("a template speaks of one row", "un modèle de texte parle d'une seule ligne"),
            where="data=",
            todo=say(
                "call once per row, or give a callable for the list",
                "appelez une fois par ligne, ou donnez une fonction",
            ),
        )
    return fill(prompt, rows[0])


def _message(message: Any) -> Message:
    if isinstance(message, Message):
        return message if isinstance(message.content, str) else replace(message, content=str(message.content))
    raise ConfigError(
        say(f"a {type(message).__name__} is not a message", f"un {type(message).__name__} n'est pas un message"),
        where="messages=",
        todo='govai.Message("user", "…")',
    )


def _template(prompt: Any) -> str:
    if prompt is None:
        return ""
    code = getattr(prompt, "__code__", None)
    if isinstance(prompt, str):
        raw = _REFERENCE.sub("{}", prompt).encode("utf-8", "surrogatepass")
    else:
        raw = code.co_code if code else b""
    return hashlib.sha256(raw).hexdigest()[:16]
