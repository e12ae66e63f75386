"""Scopes: what the code around a call says about it. They follow the code (contextvars), not the thread."""

from __future__ import annotations

from contextlib import contextmanager
from contextvars import ContextVar, copy_context
from dataclasses import dataclass, field, replace
from functools import wraps
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

from govai.core.errors import PolicyError
from govai.core.records import new_id

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from govai.core.data import Tracked
    from govai.core.decisions import ReviewNeed
    from govai.core.taxonomy import Sensitivity

P = ParamSpec("P")
R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class FieldRef:
    """A field by name, optionally of one source: what `govai.field("email")` returns."""

    name: str
    source: str = ""


Blocker = "str | FieldRef | Sensitivity"  # a category, a field, or a sensitivity from which on nothing leaves


@dataclass(frozen=True, slots=True)
class Scope:
    """What holds for the calls made inside; empty strings mean "not said here".

    `run_id` names one run of the job; `parents` are the runs around it, outermost first, as (job, run id) pairs.
    """

    purpose: str = ""
    subject: str = ""
    actor: str = ""
    session: str = ""
    job: str = ""
    run_id: str = ""
    parents: tuple[tuple[str, str], ...] = ()
    review: Any = None
    tracked: tuple[Tracked, ...] = ()
    block: tuple[str | FieldRef | Sensitivity, ...] = ()
    needs: tuple[ReviewNeed, ...] = ()
    sinks: tuple[Any, ...] = field(default=(), repr=False)

    def inside(self, inner: Scope) -> Scope:
        """Return `inner` as it counts within this scope: blocks, reviews and tracked values accumulate.

        Raises:
            PolicyError: the inner scope names another purpose.
        """
        if inner.purpose and self.purpose and inner.purpose != self.purpose:
            raise PolicyError(
                f"a scope for '{inner.purpose}' opened inside one for '{self.purpose}'",
                todo="an inner scope cannot change the purpose; leave the outer one first",
            )
        return replace(
            inner,
            purpose=inner.purpose or self.purpose,
            subject=inner.subject or self.subject,
            actor=inner.actor or self.actor,
            session=inner.session or self.session,
            job=inner.job or self.job,
            run_id=inner.run_id or self.run_id,
            parents=self._around() if inner.run_id else self.parents,
            review=self.review if inner.review is None else inner.review,
            tracked=self.tracked + inner.tracked,
            block=self.block + inner.block,
            needs=self.needs + inner.needs,
            sinks=self.sinks + inner.sinks,
        )

    def _around(self) -> tuple[tuple[str, str], ...]:
        """Return the runs around one that is opened here."""
        return (*self.parents, (self.job, self.run_id)) if self.run_id else self.parents


NOTHING = Scope()  # said by nobody
_current: ContextVar[Scope] = ContextVar("govai_scope", default=NOTHING)


def current() -> Scope:
    """Return the innermost scope."""
    return _current.get()


@contextmanager
def entered(inner: Scope) -> Iterator[Scope]:
    """Hold `inner` inside the current scope for the duration of the block."""
    token = _current.set(_nested(inner))
    try:
        yield _current.get()
    finally:
        _current.reset(token)


def enter_for_good(inner: Scope) -> None:
    """Hold `inner` inside the current scope for as long as the current context lives (a generator's own)."""
    _current.set(_nested(inner))


def _nested(inner: Scope) -> Scope:
    if inner.job and not inner.run_id:
        inner = replace(inner, run_id=new_id())
    return _current.get().inside(inner)


def carry(fn: Callable[P, R]) -> Callable[P, R]:
    """Return `fn` bound to the current scope, to be handed to a thread pool. It may run many times, also at once."""
    context = copy_context()

    @wraps(fn)
    def carried(*args: P.args, **kwargs: P.kwargs) -> R:
        return context.copy().run(fn, *args, **kwargs)

    return carried
