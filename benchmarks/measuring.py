"""Measure by turns, and say what was found beside the goal."""

from __future__ import annotations

import gc
import statistics
import sys
import time
from collections.abc import Callable, Mapping
from typing import TypeVar

K = TypeVar("K")
CPU = "--cpu" in sys.argv  # this thread's own time: steadier where the machine does other work too
_clock = time.thread_time if CPU else time.perf_counter


def by_turns(work: Mapping[K, Callable[[], object]], rounds: int, *, warm: int = 20) -> dict[K, float]:
    """Return the median seconds of each piece of work, one call of each per round, in one run."""
    for _ in range(warm):
        for fn in work.values():
            fn()
    took: dict[K, list[float]] = {name: [] for name in work}
    gc.collect()
    for _ in range(rounds):
        for name, fn in work.items():
            start = _clock()
            fn()
            took[name].append(_clock() - start)
    return {name: statistics.median(times) for name, times in took.items()}


def title(text: str) -> None:
    print(f"\n{text}{', CPU time' if CPU else ''}")


def said(what: str, value: str) -> None:
    """Print a figure that has no goal of its own."""
    print(f"  {what:<58} {value:>16}")


def at_most(what: str, value: float, goal: float, unit: str) -> None:
    """Print a figure that should not exceed its goal."""
    _against(what, value, goal, unit, "≤", value <= goal)


def at_least(what: str, value: float, goal: float, unit: str) -> None:
    """Print a figure that should reach its goal."""
    _against(what, value, goal, unit, "≥", value >= goal)


def _against(what: str, value: float, goal: float, unit: str, sign: str, held: bool) -> None:
    print(f"  {what:<58} {_number(value):>10} {unit:<5}  goal {sign} {_number(goal)}  {'yes' if held else 'NO'}")


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.1f}" if value >= 10 else f"{value:.2f}"
