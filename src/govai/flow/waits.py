"""The few things a call waits for, and the two drivers that wait: one in place, one in asyncio.

`admit` is written once, as a generator that yields these waits.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from govai.core.errors import PolicyError
from govai.core.lang import say

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Generator, Sequence

    from govai.core.protocols import ReviewDetails, ReviewHook
    from govai.core.records import Draft
    from govai.ledger.store import Ledger

R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class Commit:
    """Wait until the records are durable."""

    ledger: Ledger
    drafts: Sequence[Draft]

    def now(self) -> None:
        self.ledger.commit(self.drafts)

    def later(self) -> Awaitable[None]:
        return self.ledger.acommit(self.drafts)


@dataclass(frozen=True, slots=True)
class Do:
    """Wait for work that blocks (the review desk's database); asyncio runs it in a thread."""

    work: Callable[[], Any]

    def now(self) -> Any:
        return self.work()

    async def later(self) -> Any:
        import asyncio

        return await asyncio.to_thread(self.work)


@dataclass(frozen=True, slots=True)
class Ask:
    """Wait for a reviewer's hook."""

    hook: ReviewHook
    details: ReviewDetails

    def now(self) -> Any:
        answer = self.hook(self.details)
        if hasattr(answer, "__await__"):
            getattr(answer, "close", lambda: None)()
            raise PolicyError(
                say("an async review hook was used by a sync call", "un hook de revue async dans un appel sync"),
                todo=say("call the a… twin, or give a sync hook", "appelez la variante a…, ou donnez un hook sync"),
            )
        return answer

    async def later(self) -> Any:
        import asyncio
        import inspect

        if inspect.iscoroutinefunction(self.hook):
            return await self.hook(self.details)
        answer = await asyncio.to_thread(self.hook, self.details)
        return await answer if inspect.isawaitable(answer) else answer


Wait = Commit | Do | Ask
Steps = "Generator[Wait, Any, R]"


def run(steps: Generator[Wait, Any, R]) -> R:
    """Drive `steps` in place and return its result."""
    try:
        wait = next(steps)
        while True:
            try:
                result = wait.now()
            except BaseException as error:  # noqa: BLE001 -- handed to the generator, which decides
                wait = steps.throw(error)
            else:
                wait = steps.send(result)
    except StopIteration as stop:
        return stop.value  # type: ignore[no-any-return]


async def arun(steps: Generator[Wait, Any, R]) -> R:
    """Drive `steps` in asyncio and return its result."""
    try:
        wait = next(steps)
        while True:
            try:
                result = await wait.later()
            except BaseException as error:  # noqa: BLE001 -- handed to the generator, which decides
                wait = steps.throw(error)
            else:
                wait = steps.send(result)
    except StopIteration as stop:
        return stop.value  # type: ignore[no-any-return]
