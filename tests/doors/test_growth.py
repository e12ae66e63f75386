"""Many calls through each door leave nothing behind: objects, sockets, tasks and threads stay as many as after a warm-up.

Ten thousand through each, with memory: `python -m benchmarks.soak`.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator

import pytest

import govai
from benchmarks import soak

with soak.doors() as (_gov, every):
    DOORS = list(every)


# until what is remembered is full: 32 clients, 256 sets of known values
WARM_UP = {"a client given to each call": 40, "generate, a row of data": 260, "generate, sealed row": 260}


@pytest.fixture(scope="module")
def opened() -> Iterator[tuple[govai.Governor, dict[str, soak.Call]]]:
    """The doors of one governor, open for all tests here; the collector looks only at what is made from here on."""
    gc.collect()
    gc.freeze()
    with soak.doors() as (gov, every):
        yield gov, every
        assert gov.ledger.verify().ok
    gc.unfreeze()


@pytest.mark.filterwarnings("ignore:a streamed answer was dropped:ResourceWarning")  # one door drops its streams on purpose
@pytest.mark.parametrize("door", DOORS)
async def test_nothing_grows(door: str, opened: tuple[govai.Governor, dict[str, soak.Call]]) -> None:
    gov, every = opened
    warm_up = WARM_UP.get(door, 15)
    growth = await soak.measure(gov, door, every[door], calls=40, warm_up=warm_up)
    assert growth.grown == []
    assert growth.records["intent"] == 40 + warm_up or door in ("stream, never entered", "agenerate, cancelled")
