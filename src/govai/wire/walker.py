"""Walks a request: every string is text unless the format's vocabulary says that its key is control.

Keys outside the vocabulary are the caller's own, so they are slots too. What a format must treat apart (content parts,
images, references) it handles itself and hands the rest to `walk`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import orjson

from govai.core.exchange import Path, RequestView, Slot, SlotKind

Readers = Mapping[str, Callable[[Path, Any], None]]
DEEPEST = 100  # levels of nesting; no real request comes near

# JSON Schema's own words: their keys are no one's data, and some of their strings are control.
SCHEMA_KEYS = frozenset(
    "type properties required items additionalProperties anyOf oneOf allOf not enum const default description title "
    "format pattern minimum maximum exclusiveMinimum exclusiveMaximum minLength maxLength minItems maxItems uniqueItems "
    "multipleOf minProperties maxProperties patternProperties propertyNames prefixItems contains $ref $defs definitions $schema "
    "$id $comment examples example nullable strict if then else dependentRequired dependentSchemas deprecated readOnly writeOnly".split()
)
_SCHEMA_CONTROL = frozenset("type format $ref $schema".split())
_NAMED = frozenset("properties $defs definitions patternProperties dependentSchemas".split())  # their keys are names


class Walk:
    """Gathers the slots of one request."""

    __slots__ = ("message", "signed", "slots")

    def __init__(self) -> None:
        self.slots: list[Slot] = []
        self.message = -1
        self.signed = False

    def text(self, path: Path, text: str) -> None:
        """Note a text that may be rewritten (never a signed one)."""
        self.slots.append(Slot(path, text, SlotKind.TEXT, self.message, self.signed))

    def control(self, path: Path, text: str) -> None:
        """Note a string that the protocol defines."""
        self.slots.append(Slot(path, text, SlotKind.CONTROL, -1, self.signed))

    def key(self, path: Path, key: str) -> None:
        """Note a key that the caller chose."""
        self.slots.append(Slot(path, key, SlotKind.KEY, self.message, self.signed))

    def data(self, path: Path, value: Any, depth: int = 0) -> None:
        """Note everything in free-form data: strings, keys, numbers."""
        if depth > DEEPEST:
            raise ValueError("it is nested too deep")
        if isinstance(value, str):
            self.text(path, value)
        elif isinstance(value, dict):
            for key, item in value.items():
                self.key((*path, key), key)
                self.data((*path, key), item, depth + 1)
        elif isinstance(value, list):
            for index, item in enumerate(value):
                self.data((*path, index), item, depth + 1)
        elif isinstance(value, (int, float)) and not isinstance(value, bool):
            self.slots.append(Slot(path, spelled(value), SlotKind.NUMBER, self.message, self.signed))

    def schema(self, path: Path, value: Any, depth: int = 0) -> None:
        """Note a JSON schema: names and texts of it are data, its own words are not."""
        if depth > DEEPEST:
            raise ValueError("it is nested too deep")
        if not isinstance(value, dict):
            if isinstance(value, list):
                for index, item in enumerate(value):
                    self.schema((*path, index), item, depth + 1)
            elif isinstance(value, str):
                self.text(path, value)
            elif not isinstance(value, bool):
                self.data(path, value, depth)
            return
        for key, item in value.items():
            here = (*path, key)
            if key not in SCHEMA_KEYS:
                self.key(here, key)
                self.data(here, item, depth + 1)
            elif key in _NAMED and isinstance(item, dict):
                for name, inner in item.items():
                    self.key((*here, name), name)
                    self.schema((*here, name), inner, depth + 1)
            elif key in _SCHEMA_CONTROL and isinstance(item, str):
                self.control(here, item)
            elif key == "type" and isinstance(item, list):
                self.strings(here, item)
            elif key in ("default", "const", "enum", "examples", "example"):
                self.data(here, item, depth + 1)
            elif key == "required" and isinstance(item, list):
                for index, name in enumerate(item):
                    self.data((*here, index), name, depth + 1)
            elif isinstance(item, (dict, list, str)):
                self.schema(here, item, depth + 1)

    def strings(self, path: Path, values: list[Any]) -> None:
        """Note a list of the protocol's own words."""
        for index, value in enumerate(values):
            if isinstance(value, str):
                self.control((*path, index), value)
            else:
                self.data((*path, index), value)

    def options(self, path: Path, value: Any, control: frozenset[str], depth: int = 0) -> None:
        """Note settings whose keys are in `control` as control, everything else as data."""
        if depth > DEEPEST:
            raise ValueError("it is nested too deep")
        if isinstance(value, str):
            self.control(path, value)
        elif isinstance(value, dict):
            for key, item in value.items():
                here = (*path, key)
                if key in control:
                    self.options(here, item, control, depth + 1)
                else:
                    self.key(here, key)
                    self.data(here, item, depth + 1)
        elif isinstance(value, list):
            for index, item in enumerate(value):
                self.options((*path, index), item, control, depth + 1)

    def fields(
        self,
        path: Path,
        value: dict[str, Any],
        known: Readers,
        control: frozenset[str],
    ) -> None:
        """Note an object's fields: by their reader in `known`, as control, else as data under a key of the caller's."""
        for key, item in value.items():
            here = (*path, key)
            reader = known.get(key)
            if reader is not None:
                reader(here, item)
            elif key in control:
                self.options(here, item, control)
            else:
                self.key(here, key)
                self.data(here, item)


def spelled(number: float) -> str:
    """Return a number as JSON spells it."""
    try:
        return orjson.dumps(number).decode("ascii")
    except TypeError:
        return str(number)


def messages_of(body: Any) -> list[dict[str, Any]]:
    """Return the messages of a request body; ValueError says what is wrong without repeating it."""
    if not isinstance(body, dict):
        raise ValueError("it is not an object")  # noqa: TRY004 -- one error for what cannot be read
    messages = body.get("messages")
    if not isinstance(messages, list):
        raise ValueError("it has no list of messages")  # noqa: TRY004 -- one error for what cannot be read
    if not all(isinstance(message, dict) for message in messages):
        raise ValueError("a message is not an object")
    return messages


def first_user_text(messages: list[dict[str, Any]]) -> str:
    """Return the text of the first user message, parts joined by line feeds; it names the conversation."""
    for message in messages:
        if message.get("role") == "user":
            content = message.get("content")
            if isinstance(content, str):
                return content
            if isinstance(content, list):
                texts = [part.get("text") for part in content if isinstance(part, dict)]
                return "\n".join(text for text in texts if isinstance(text, str))
    return ""


def view_of(body: dict[str, Any], walk: Walk, messages: list[dict[str, Any]]) -> RequestView:
    """Return the view that both formats share; the caller adds what it found besides."""
    model = body.get("model")
    return RequestView(
        model=model if isinstance(model, str) else None,
        stream=body.get("stream") is True,
        slots=walk.slots,
        first_user=first_user_text(messages),
    )
