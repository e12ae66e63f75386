"""What a wire format says of a request, a reply or a stream event: where its text is, and what else is in it.

`wire` fills these, `flow` and `protect` read them; neither knows the other.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

if TYPE_CHECKING:
    import re

Path = tuple[str | int, ...]

# The names that wire formats give to what cannot be looked into, for policies to allow. A part of a type that no format
# knows is named by that type, so `opaque` may hold others; references are all of these.
OPAQUE = frozenset({"image", "audio", "video", "file", "tokens", "unknown"})
REFERENCES = frozenset(
    "agent_id audio cached_content connector_id container continuation_token conversation file_id item_reference "
    "previous_message_id previous_response_id response_id skill store stored_prompt thread vector_store".split()
)


class SlotKind(Enum):
    """What stands in a slot of a request."""

    TEXT = "text"  # a string that may be rewritten
    NUMBER = "number"  # a numeric leaf of data: may be looked at, never rewritten
    KEY = "key"  # a JSON key that is not part of the protocol's vocabulary; `path` ends with the key itself
    CONTROL = "control"  # a string the protocol defines: what is found there is refused, never rewritten
    MODEL = "model"  # the model's name


class Slot(NamedTuple):
    """One place of a request where text stands.

    `path` leads to it from the parsed body's root; `text` is what stands there (a number as JSON spells it);
    `message` groups the slots that are also looked at joined (-1: none); a `signed` slot must stay byte-identical.
    """

    path: Path
    text: str
    kind: SlotKind
    message: int = -1
    signed: bool = False


@dataclass(slots=True)
class RequestView:
    """A request as its wire format reads it.

    `opaque`, `references`, `recipients` name what cannot be looked into, what the provider already holds, and the
    tools it runs itself, as (name, place) pairs: (`image`, `messages[0].content[1]`).
    `first_user` is the first user message's text, which names the conversation. `batches`: names of batches it speaks of.
    """

    model: str | None
    stream: bool
    slots: list[Slot]
    first_user: str = ""
    opaque: list[tuple[str, str]] = field(default_factory=list)
    references: list[tuple[str, str]] = field(default_factory=list)
    recipients: list[tuple[str, str]] = field(default_factory=list)
    batches: list[str] = field(default_factory=list)
    json_answer: bool = False


class Part(Enum):
    """What a piece of a reply is, which decides where its placeholders may be restored."""

    TEXT = "text"  # prose for people: restored, but never inside URLs, attributes and link targets
    JSON = "json"  # structured output: restored, JSON-escaped
    TOOL = "tool"  # a tool call's arguments: restored only for what the tool receives
    REFUSAL = "refusal"  # why the model declined: restored like text, not part of the reply's text
    SIGNED = "signed"  # thinking and other signed blocks: never touched


class Channel(NamedTuple):
    """One run of text in a reply. Pieces of the same channel continue each other. `choice` 0 is the answer."""

    choice: int
    part: Part
    number: int = 0


class ReplySlot(NamedTuple):
    """A string of a reply, or of one event of a stream: `path` leads to it; `escaped`: a fragment of a JSON string
    document (tool arguments), so what is restored must be JSON-escaped; `whole`: it does not continue in later events;
    `again`: it may repeat what earlier events said in its channel, and what was said counts once."""

    path: Path
    text: str
    channel: Channel
    escaped: bool = False
    whole: bool = True
    again: bool = False


@dataclass(slots=True)
class ToolCallView:
    """A tool call announced in a reply or an event; its arguments come in the slots of `channel`.

    `path` leads to them where they are an object rather than the text of JSON.
    """

    channel: Channel
    id: str | None
    name: str
    path: Path | None = None


@dataclass(slots=True)
class Usage:
    """Tokens as the provider counted them; None where it did not say."""

    input_tokens: int | None = None
    output_tokens: int | None = None


@dataclass(slots=True)
class ReplyView:
    """A reply, or one event of a stream, as its wire format reads it; None where it does not say.

    `terminal`: after this event the answer is complete. `error`: the provider reports an error inside the stream.
    `pending`: it is written in the background, and can be fetched by its `id` later.
    """

    slots: list[ReplySlot]
    tools: list[ToolCallView] = field(default_factory=list)
    usage: Usage | None = None
    model: str | None = None
    finish_reason: str | None = None
    id: str | None = None
    terminal: bool = False
    error: str | None = None
    pending: bool = False


class Operation(Enum):
    """What an endpoint does."""

    GENERATE = "generate"  # text in, an answer back
    EMBED = "embed"  # text in, vectors back: the text leaves, with kind-only stand-ins, and nothing is restored
    COUNT = "count"  # text in, a number back: the text leaves all the same
    RENDER = "render"  # text in, sound or pictures back: nobody can review those, what is said beside them is restored
    FETCH = "fetch"  # the id of an earlier answer in, that answer back
    SUBMIT = "submit"  # many requests in, each governed as a call; their answers come later
    TRACK = "track"  # the id of a batch in, how it stands back, perhaps with its answers
    RESULTS = "results"  # the id of a batch or of its file in, many answers back, a line each
    LIST = "list"  # nothing of the user's in, nothing of the user's back


class Endpoint(NamedTuple):
    """An allow-listed endpoint: method and a pattern the whole path (below the entry's base path) must match.

    A group `model` in the pattern is the model's name, `id` that of an earlier answer; `streams`: the path itself asks for a stream.
    """

    method: str
    path: re.Pattern[str]
    operation: Operation
    streams: bool = False


class Line(NamedTuple):
    """One request of a batch.

    `body` leads to it from the parsed document's root, `name` to what its answer will be told by (None: by its place);
    `endpoint` is the path it is for.
    """

    body: Path
    name: Path | None
    endpoint: str


class Result(NamedTuple):
    """One answer of a batch: `body` leads to it from the document's root, `name` to what tells its request (None: by its place)."""

    body: Path
    name: Path | None


class WireFormat(Protocol):
    """One wire format: pure functions over parsed JSON; it knows no SDK, no policy and no transport."""

    @property
    def name(self) -> str:
        """`openai_chat`, …"""
        ...

    @property
    def like(self) -> str:
        """The family of servers that speaks it: `openai`, …"""
        ...

    @property
    def endpoints(self) -> tuple[Endpoint, ...]:
        """What may be called."""
        ...

    @property
    def request_id_headers(self) -> tuple[str, ...]:
        """Where the provider's own id of the request stands."""
        ...

    def read_request(self, body: Any) -> RequestView:
        """Return every place of the request that holds text; ValueError when it is not a request of this format."""
        ...

    def read_reply(self, body: Any) -> ReplyView:
        """Return every place of a complete reply that holds text."""
        ...

    def read_event(self, event: Any) -> ReplyView:
        """Return every place of one stream event that holds text."""
        ...


class BatchFormat(WireFormat, Protocol):
    """A wire format of many requests at once. What `read_request` gives is all but the requests themselves."""

    def lines(self, body: Any, model: str) -> list[Line]:
        """Return the requests of a document, in order; `model` is the one that the path names, if it names one."""
        ...

    def results(self, body: Any) -> list[Result]:
        """Return the answers in a document, in order."""
        ...

    def names(self, body: Any) -> tuple[str, ...]:
        """Return all names under which a document speaks of one batch: its own id, its files'."""
        ...


def spell(path: Path) -> str:
    """Spell a path for people: `messages[0].content`."""
    out = ""
    for step in path:
        out += f"[{step}]" if isinstance(step, int) else f".{step}" if out else step
    return out
