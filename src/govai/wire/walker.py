"""Walks a request: every string is text unless the format's vocabulary says that its key is control.

A format describes each object it knows by a table, key by key, of how to read what stands there. A key that is in no
table is the caller's own: it is a slot itself, and all below it is data. It knows no format, and no policy.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, ClassVar

import orjson

from govai.core.exchange import Path, RequestView, Slot, SlotKind, spell

Reader = Callable[[Any, Path, Any], None]  # a method of the format's walk, unbound
Table = Mapping[str, Reader]

DEEPEST = 100  # levels of nesting; no real request comes near
_TEXT, _CONTROL, _KEY, _NUMBER, _MODEL = (
    SlotKind.TEXT,
    SlotKind.CONTROL,
    SlotKind.KEY,
    SlotKind.NUMBER,
    SlotKind.MODEL,
)
# What Slot(...) does, without the call of a Python function in between: a request has some forty slots.
_slot: Callable[[tuple[Path, str, SlotKind, int, bool]], Slot] = partial(tuple.__new__, Slot)
_WORD = re.compile(r"[a-z][a-z0-9_]{0,63}")
_ENCODED = re.compile(r"(?:data:[^,\s]{0,200},)?[A-Za-z0-9+/_\r\n-]{64,}={0,2}\s*")
_BLOB = re.compile(r"(?:data:[^,\s]{0,200};base64,)?[A-Za-z0-9+/_=\s-]*")
_DATA_URL = re.compile(r"data:[^,\s]{0,200};base64,", re.IGNORECASE)
_HEAD = 400  # characters of base64 that show what it is; the rest may be megabytes
_MANY_NUMBERS = 32  # in one unknown part: token ids, samples or pixels rather than something said
_APART = 1_000_000  # groups from here on; no request has so many messages
_LONG = 1_000_000  # a customer number put into `seed`
_SHORT_BOUND = 4  # characters; `"minimum": 18` is about nobody


class Walk:
    """Gathers what stands in one request. `settings_table` is the format's vocabulary of settings, at every depth."""

    __slots__ = ("json_answer", "message", "opaque", "recipients", "references", "signed", "slots")
    settings_table: ClassVar[Table] = {}

    def __init__(self) -> None:
        self.slots: list[Slot] = []
        self.opaque: list[tuple[str, str]] = []
        self.references: list[tuple[str, str]] = []
        self.recipients: list[tuple[str, str]] = []
        self.json_answer = False
        self.message = -1
        self.signed = False

    def fields(self, path: Path, value: Any, table: Table) -> None:
        """Note an object's fields, each as the table says; a key it lacks is the caller's and what it holds is data.

        Raises:
            ValueError: nested too deep.
        """
        if not isinstance(value, dict):
            self.data(path, value)
            return
        if len(path) > DEEPEST:
            raise ValueError("it is nested too deep")
        for key, item in value.items():
            here = (*path, key)
            reader = table.get(key)
            if reader is not None:
                reader(self, here, item)
            else:
                self.slots.append(_slot((here, key, _KEY, self.message, self.signed)))
                self.data(here, item)

    def each(self, path: Path, values: Any, reader: Reader) -> None:
        """Note every item of a list by `reader`; what is no list is data."""
        if not isinstance(values, list):
            self.data(path, values)
            return
        if len(path) > DEEPEST:
            raise ValueError("it is nested too deep")
        for index, value in enumerate(values):
            reader(self, (*path, index), value)

    def data(self, path: Path, value: Any) -> None:
        """Note everything in free-form data: strings, keys, numbers."""
        if isinstance(value, str):
            self.slots.append(_slot((path, value, _TEXT, self.message, self.signed)))
        elif isinstance(value, dict):
            self.fields(path, value, _NOTHING_KNOWN)
        elif isinstance(value, list):
            self.each(path, value, Walk.data)
        elif isinstance(value, (int, float)) and not isinstance(value, bool):
            self.slots.append(_slot((path, spelled(value), _NUMBER, self.message, self.signed)))

    def apart(self, path: Path, value: Any) -> None:
        """Note data whose texts do not continue each other, as a tool's arguments: each is a group of its own."""
        first = len(self.slots)
        self.data(path, value)
        if self.message >= 0:
            for at in range(first, len(self.slots)):
                self.slots[at] = self.slots[at]._replace(message=_APART + at)

    def prose(self, path: Path, value: Any) -> None:
        """Note a text; anything else in its place (token ids) cannot be looked into."""
        if not isinstance(value, str) and value is not None:
            self.opaque.append(("tokens", spell(path)))
        self.data(path, value)

    def word(self, path: Path, value: Any) -> None:
        """Note a string that the protocol defines; anything else in its place is data."""
        if isinstance(value, str):
            self.slots.append(_slot((path, value, _CONTROL, -1, self.signed)))
        else:
            self.data(path, value)

    def words(self, path: Path, value: Any) -> None:
        """Note one or several of the protocol's own words."""
        if isinstance(value, list):
            self.each(path, value, Walk.word)
        else:
            self.word(path, value)

    def number(self, path: Path, value: Any) -> None:
        """Pass over a number that the protocol defines; a long one may be somebody's, and anything else is noted."""
        if not isinstance(value, (int, float)):
            self.word(path, value)
        elif abs(value) >= _LONG:
            self.slots.append(_slot((path, spelled(value), _NUMBER, -1, False)))

    def model(self, path: Path, value: Any) -> None:
        """Note a model's name."""
        if isinstance(value, str):
            self.slots.append(_slot((path, value, _MODEL, -1, False)))
        else:
            self.data(path, value)

    def settings(self, path: Path, value: Any) -> None:
        """Note settings: objects whose keys the format knows, holding the protocol's words and numbers."""
        if isinstance(value, dict):
            self.fields(path, value, self.settings_table)
        elif isinstance(value, list):
            self.each(path, value, Walk.settings)
        else:
            self.word(path, value)

    def schema(self, path: Path, value: Any) -> None:
        """Note a JSON schema (draft 2020-12): names and texts of it are data, its own words are not."""
        if isinstance(value, dict):
            self.fields(path, value, SCHEMA)
        elif isinstance(value, list):
            self.each(path, value, Walk.schema)
        else:
            self.data(path, value)

    def schemas_by_name(self, path: Path, value: Any) -> None:
        """Note an object whose keys are names that the caller chose, and whose values are schemas."""
        self.by_name(path, value, type(self).schema)

    def by_name(self, path: Path, value: Any, reader: Reader) -> None:
        """Note an object whose keys are names that the caller chose, and each of its values by `reader`."""
        if not isinstance(value, dict):
            self.data(path, value)
            return
        for name, item in value.items():
            here = (*path, name)
            self.slots.append(_slot((here, name, _KEY, self.message, self.signed)))
            reader(self, here, item)

    def bound(self, path: Path, value: Any) -> None:
        """Note a limit of a schema's values, unless it is too short to be about anyone."""
        if not isinstance(value, (int, float)) or len(spelled(value)) > _SHORT_BOUND:
            self.data(path, value)

    def blob(self, path: Path, value: Any) -> None:
        """Pass over base64, whose holder is named as opaque; what is not base64 is noted."""
        if not (isinstance(value, str) and _BLOB.fullmatch(value[:_HEAD])):
            self.word(path, value)

    def url(self, path: Path, value: Any) -> None:
        """Note an address that the provider will fetch; one that holds the data itself is passed over, as base64 is."""
        if not (isinstance(value, str) and _DATA_URL.match(value)):
            self.word(path, value)

    def file_id(self, path: Path, value: Any) -> None:
        """Note a file that the provider already holds."""
        self.references.append(("file_id", spell(path)))
        self.words(path, value)

    def unknown_part(self, path: Path, part: dict[str, Any], table: Table) -> None:
        """Note a content part of a type nobody knows: all of it, and that it cannot be looked into if it is encoded."""
        first = len(self.slots)
        self.fields(path, part, table)
        numbers = 0
        for slot in self.slots[first:]:
            numbers += slot.kind is _NUMBER
            if numbers >= _MANY_NUMBERS or _ENCODED.fullmatch(slot.text):
                self.opaque.append((named(part.get("type"), "unknown"), spell(path)))
                return

    def view(self, body: dict[str, Any], messages: list[dict[str, Any]]) -> RequestView:
        """Return what was gathered."""
        model = body.get("model")
        return RequestView(
            model=model if isinstance(model, str) else None,
            stream=body.get("stream") is True,
            slots=self.slots,
            first_user=first_user_text(messages),
            opaque=self.opaque,
            references=self.references,
            recipients=self.recipients,
            json_answer=self.json_answer,
        )


_NOTHING_KNOWN: Table = {}
SCHEMA: Table = {
    **dict.fromkeys(("type", "format", "$ref", "$schema"), Walk.words),
    **dict.fromkeys(
        ("properties", "$defs", "definitions", "patternProperties", "dependentSchemas"), Walk.schemas_by_name
    ),
    **dict.fromkeys(
        "minLength maxLength minItems maxItems minProperties maxProperties minContains maxContains".split(), Walk.number
    ),
    **dict.fromkeys("minimum maximum exclusiveMinimum exclusiveMaximum multipleOf".split(), Walk.bound),
    **dict.fromkeys(
        "required default const enum examples example description title pattern $id $comment $anchor uniqueItems nullable "
        "strict deprecated readOnly writeOnly dependentRequired".split(),
        Walk.data,
    ),
    **dict.fromkeys(
        "items additionalProperties anyOf oneOf allOf not propertyNames prefixItems contains if then else "
        "unevaluatedItems unevaluatedProperties".split(),
        Walk.schema,
    ),
}


def object_of(table: Table) -> Reader:
    """Return the reader of an object whose fields `table` knows."""
    return lambda walk, path, value: walk.fields(path, value, table)


def list_of(reader: Reader) -> Reader:
    """Return the reader of a list of what `reader` reads."""
    return lambda walk, path, value: walk.each(path, value, reader)


def spelled(number: float) -> str:
    """Return a number as JSON spells it."""
    try:
        return orjson.dumps(number).decode("ascii")
    except TypeError:
        return str(number)


def named(kind: Any, otherwise: str) -> str:
    """Return a type's name, which ends in errors and policies, or `otherwise` when it may be something else."""
    return kind if isinstance(kind, str) and _WORD.fullmatch(kind) else otherwise


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
                texts = [part.get("text") if isinstance(part, dict) else part for part in content]
                return "\n".join(text for text in texts if isinstance(text, str))
            return ""
    return ""
