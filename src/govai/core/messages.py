"""What people say and get: messages, tools, replies."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from govai.core.exchange import Usage

if TYPE_CHECKING:
    from govai.core.decisions import Decision

Role = Literal["system", "user", "assistant", "tool"]


@dataclass(frozen=True, slots=True)
class ToolCall:
    """A call the model asks for: `name` and `arguments` (parsed JSON; `{}` when it was not valid)."""

    id: str
    name: str
    arguments: dict[str, Any] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Message:
    """One turn of a conversation.

    Args:
        role: `system`, `user`, `assistant` or `tool`.
        content: its text.
        tool_calls: for an assistant's turn that called tools.
        tool_call_id: for a tool's answer: the call it answers.
    """

    role: Role
    content: str = field(repr=False)
    tool_calls: tuple[ToolCall, ...] = ()
    tool_call_id: str = ""


@dataclass(slots=True)
class Reply:
    """An answer, restored. `str(reply)` is its text; its repr shows no text, its notebook view only the protected one.

    Attributes:
        text: the answer. parsed: an instance of `schema`, if one was given. tool_calls: calls the model asks for.
        finish_reason: as the provider says it. usage: tokens. cost_eur: None until the policy has prices.
        model: the model that answered. provider: the provider entry. record_id: the intent's record.
        decision: what was decided. sent: (place, protected text) of every message as it left. native: the SDK's own object. protected: the answer as the provider gave it.
    """

    text: str = field(repr=False)
    tool_calls: list[ToolCall] = field(default_factory=list, repr=False)
    finish_reason: str | None = None
    usage: Usage = field(default_factory=Usage)
    model: str = ""
    provider: str = ""
    record_id: str = ""
    decision: Decision | None = field(default=None, repr=False)
    parsed: Any = field(default=None, repr=False)
    native: Any = field(default=None, repr=False)
    cost_eur: float | None = None
    protected: str = field(default="", repr=False)  # raw where a governor only observes
    sent: tuple[tuple[str, str], ...] = field(default=(), repr=False)

    def __str__(self) -> str:
        return self.text

    def _repr_html_(self) -> str:
        from govai.core import rendering

        return rendering.reply(self)
