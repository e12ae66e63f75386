"""Many calls through each door leave nothing behind: objects, sockets, tasks and threads stay as many as after a warm-up.

Ten thousand through each, with memory: `python -m benchmarks.soak`.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator

import pytest

from benchmarks import soak

with soak.doors() as (_gov, every):
    DOORS = list(every)


WARM_UP = {"a client given to each call": 40, "generate, a row of data": 260, "generate, sealed row": 260}  # until what is remembered is full


@pytest.fixture(scope="module", autouse=True)
def _only_ours() -> Iterator[None]:
    """Have the collector look at what these tests make: looking at all that is loaded would take most of their time."""
    gc.collect()
    gc.freeze()
    yield
    gc.unfreeze()


@pytest.mark.filterwarnings("ignore:a streamed answer was dropped:ResourceWarning")  # one door drops its streams on purpose
@pytest.mark.parametrize("door", DOORS)
async def test_nothing_grows(door: str) -> None:
    growth = await soak.soak(door, calls=60, warm_up=WARM_UP.get(door, 20))
    assert growth.grown == []
    assert growth.records["intent"] == 60 + WARM_UP.get(door, 20) or door in ("stream, never entered", "agenerate, cancelled")
