"""`scope`, and the decorators that hold one: `governed`, `block`, `require_review`, `lineage`."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeVar

from govai.core.decisions import ReviewNeed
from govai.core.errors import ConfigError
from govai.core.lang import say
from govai.core.names import did_you_mean
from govai.core.scope import FieldRef, Scope, current, entered
from govai.core.taxonomy import CATEGORIES, Sensitivity
from govai.data.rows import declare
from govai.decorators.holding import holding, tracked_arguments
from govai.detect.columns import classify
from govai.flow.reviewing import read_mode
from govai.sinks.opening import open_sink

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from govai.core.protocols import Sink
    from govai.core.records import Record

F = TypeVar("F")
Block = str | FieldRef | Sensitivity


def field(name: str, source: str = "") -> FieldRef:
    """Name a field, optionally of one source, for `block`: `govai.field("email")`."""
    return FieldRef(name, source)


@contextmanager
def scope(
    *,
    purpose: str = "",
    subject: str = "",
    actor: str = "",
    data: Any = None,
    block: Sequence[Block] = (),
    review: Any = None,
    session: str = "",
    job: str = "",
) -> Iterator[None]:
    """Say what holds for the AI calls made inside the block.

    Args:
        purpose: why; an inner scope cannot change it. subject: who it is about. actor: who asks, as claimed.
        data: rows whose values are tracked: found and treated wherever they stand in what leaves.
        block: categories, `govai.field(…)` or a `Sensitivity` from which on nothing leaves; they accumulate.
        review: `queue`, `ask` or a hook. session: shares placeholders between calls. job: names the work, likewise.

    Raises:
        ConfigError: an unknown category. PolicyError: another purpose than the scope around it.
    """
    tracked = () if data is None else declare(data, classify).tracked
    inner = Scope(
        purpose=purpose,
        subject=subject,
        actor=actor,
        session=session,
        job=job,
        review=read_mode(review),
        tracked=tracked,
        block=_blocks(block),
    )
    with entered(inner):
        yield


def governed(
    *,
    purpose: str = "",
    subject: str = "",
    actor: str = "",
    block: Sequence[Block] = (),
    review: Any = None,
    session: str = "",
    job: str = "",
) -> Callable[[F], F]:
    """Hold a scope around whatever calls the function makes; its tagged arguments are tracked. Arguments as for `scope`."""
    blocks, mode = _blocks(block), read_mode(review)

    def decorate(fn: F) -> F:
        def scope_of(args: tuple[Any, ...], kwargs: dict[str, Any]) -> Scope:
            return Scope(
                purpose=purpose,
                subject=subject,
                actor=actor,
                session=session,
                job=job,
                review=mode,
                tracked=tracked_arguments(fn, args, kwargs),
                block=blocks,
            )

        return holding(fn, scope_of)  # type: ignore[no-any-return]

    return decorate


def block(*what: Block) -> Callable[[F], F]:
    """Let nothing of these kinds leave from inside the function, whatever the policy allows.

    Args:
        what: data categories, `govai.field(…)`, or a `Sensitivity` from which on nothing leaves.
    """
    blocks = _blocks(what)
    return lambda fn: holding(fn, lambda _args, _kwargs: Scope(block=blocks))


def require_review(role: str, *, on: str = "output") -> Callable[[F], F]:
    """Have a person of a role decide on every call made inside the function.

    Args:
        role: as in the policy's `people`. on: `output` (the answer) or `prompt` (before it leaves).

    Raises:
        ConfigError: `on` is neither.
    """
    if on not in ("prompt", "output"):
        raise ConfigError(
            say(
                f"reviews are on 'prompt' or 'output', not on '{on}'",
                f"on relit « prompt » ou « output », pas « {on} »",
            ),
            where="@govai.require_review",
            todo=did_you_mean(on, ("prompt", "output")),
        )
    need = ReviewNeed(f"code:{role}:{on}", role, on)
    return lambda fn: holding(fn, lambda _args, _kwargs: Scope(needs=(need,)))


def lineage(*, job: str, sinks: Sequence[str | Sink] = ()) -> Callable[[F], F]:
    """Name the job that the function's calls belong to; one parent run per function call.

    Args:
        job: recorded with each call. sinks: also get the records of this job.
    """
    opened = tuple(_JobSink(open_sink(one), job) for one in sinks)

    def scope_of(_args: tuple[Any, ...], _kwargs: dict[str, Any]) -> Scope:
        # the sinks hang on the scope; the transport attaches them to the ledger that the calls are recorded in
        return Scope(job=job, sinks=opened) if job != current().job else Scope(sinks=opened)

    return lambda fn: holding(fn, scope_of)


class _JobSink:
    """Passes on the records of one job."""

    def __init__(self, sink: Sink, job: str) -> None:
        self._sink, self._job = sink, job
        self._calls: set[str] = set()
        self.name = f"{sink.name}#{job}"

    def attached(self, record: Callable[[str], Record | None]) -> None:
        if (attached := getattr(self._sink, "attached", None)) is not None:
            attached(record)

    def emit(self, records: Sequence[Any]) -> None:
        mine = []
        for record in records:
            if record.body.get("job") == self._job:
                self._calls.add(record.call_id)
            if record.call_id in self._calls:
                mine.append(record)
        if mine:
            self._sink.emit(mine)

    def close(self, timeout: float) -> None:
        self._sink.close(timeout)


def _blocks(what: Sequence[Block]) -> tuple[Block, ...]:
    for one in what:
        if isinstance(one, str) and one not in CATEGORIES:
            raise ConfigError(
                say(f"unknown data category '{one}'", f"catégorie inconnue « {one} »"),
                where="block=",
                todo=did_you_mean(one, CATEGORIES) + " (govai.field(…))",
            )
    return tuple(what)
