"""What the caller says about a call, and what the call tells the caller: how doors and the transport speak."""

from __future__ import annotations

from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from govai.core.exchange import Usage
from govai.core.records import new_id
from govai.core.scope import NOTHING, Scope, current

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, MutableMapping

    from govai.core.data import Tracked
    from govai.core.decisions import Decision
    from govai.core.exchange import Channel
    from govai.core.messages import ToolCall


@dataclass(slots=True)
class Trace:
    """What the transport saw of one call; a door makes its Reply from it. It belongs to that call alone.

    `status` is the outcome's (`completed`, `failed`, `abandoned`), "" while there is none; `refusal` says in words why the
    call did not leave, `ticket` names the one it waits for, `region` is the provider's, `ledger` where its record is.
    """

    decision: Decision | None = None
    record_id: str = ""
    provider: str = ""
    region: str = ""
    ledger: str = ""
    status: str = ""
    refusal: str = ""
    ticket: str = ""
    sent: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    text: list[str] = field(default_factory=list, repr=False)
    protected: list[str] = field(default_factory=list, repr=False)
    aside: dict[Channel, list[str]] = field(default_factory=dict, repr=False)
    pieces: list[str] = field(default_factory=list, repr=False)
    tools: list[ToolCall] = field(default_factory=list, repr=False)
    usage: Usage = field(default_factory=Usage)
    model: str = ""
    finish_reason: str | None = None
    request_id: str | None = None
    error: str | None = None
    pending: bool = False
    stream: Callable[[], Any] = field(default=lambda: None, repr=False)  # weakly, what the answer comes through

    def take(self) -> list[str]:
        """Return the restored pieces of text that arrived since the last time."""
        pieces, self.pieces = self.pieces, []
        return pieces


@dataclass(frozen=True, slots=True)
class Asked:
    """What holds for one call, whoever said it: keyword, scope, bound governor or wrapped client.

    Attributes:
        scope: purpose, actor, subject, session, job, blocks, reviews, tracked values.
        door: `generate`, `wrap` or `instrument`. key: idempotency. ticket: the ticket being resumed.
        subjects: (category, value) pairs naming who the declared data is about.
        declared: some data was declared, so the call does not rest on patterns only.
        receives: for each tool, the categories whose values its arguments may hold.
        template: digest of the unfilled template, to group reviews.
        derived: records of earlier answers that the caller said it with.
    """

    scope: Scope
    door: str = "wrap"
    key: str = ""
    ticket: str = ""
    subjects: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    declared: bool = False
    receives: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    template: str = ""
    model: str = ""
    derived: tuple[str, ...] = ()
    call_id: str = field(default_factory=new_id)
    trace: Trace = field(default_factory=Trace, repr=False)

    @property
    def known(self) -> tuple[Tracked, ...]:
        return self.scope.tracked


_asked: ContextVar[Asked | None] = ContextVar("govai_asked", default=None)
_call_id: ContextVar[str] = ContextVar("govai_call", default="")
_MARK = "govai_call"  # among a request's extensions: SDKs that send it again, and redirects, keep them


_watching: dict[int, list[Asked]] = {}


@contextmanager
def watching() -> Iterator[list[Asked]]:
    """Collect every attempt of this process while the block is open: of any governor, from any thread, refused ones too.

    An attempt is added once it is decided on; its trace fills as the answer comes.
    """
    seen: list[Asked] = []
    _watching[id(seen)] = seen
    try:
        yield seen
    finally:
        del _watching[id(seen)]


def notice(asked: Asked) -> None:
    """Tell those who are watching of one attempt."""
    for seen in tuple(_watching.values()):
        seen.append(asked)


def effective(defaults: Scope, said: Scope | None = None) -> Scope:
    """Return what counts here: `said` (keywords) over the innermost scope over `defaults` (bind, wrap, config)."""
    scope, said = current(), said or NOTHING
    if scope is NOTHING and said is NOTHING:
        return defaults
    words = ("purpose", "actor", "subject", "session", "job", "run_id", "parents")
    chosen = {word: getattr(said, word) or getattr(scope, word) or getattr(defaults, word) for word in words}
    review: Any = next((s.review for s in (said, scope, defaults) if s.review is not None), None)
    lists = ("tracked", "block", "needs", "sinks")
    gathered = {word: getattr(defaults, word) + getattr(scope, word) + getattr(said, word) for word in lists}
    return replace(defaults, **chosen, **gathered, review=review)


def asked_here(defaults: Scope, door: str, marks: MutableMapping[str, Any]) -> Asked:
    """Return what the door in use said, else what the scope and `defaults` say (a wrapped client, a whole process).

    An instrumented request is never one that another door said something about: those have transports of their own.

    Args:
        defaults: of the client. door: `wrap` or `instrument`. marks: what stays with a request when it is sent again; it
            gets the call's id.
    """
    asked = _asked.get() if door == "wrap" else None
    if asked is not None:
        return asked
    scope = effective(defaults)
    call_id = _call_id.get() or marks.setdefault(_MARK, new_id())
    return Asked(scope=scope, door=door, declared=bool(scope.tracked), call_id=call_id)


class OneCall:
    """Gives the attempts that an SDK makes inside one id: `with OneCall(): request(…)`."""

    __slots__ = ("_token",)

    def __enter__(self) -> None:
        self._token = _call_id.set(new_id())

    def __exit__(self, *exc: object) -> None:
        _call_id.reset(self._token)


class Asking:
    """Holds an Asked for the transport while the SDK is called: `with Asking(asked): client.create(…)`."""

    __slots__ = ("_asked", "_token")

    def __init__(self, asked: Asked) -> None:
        self._asked = asked

    def __enter__(self) -> Asked:
        self._token = _asked.set(self._asked)
        return self._asked

    def __exit__(self, *exc: object) -> None:
        _asked.reset(self._token)
