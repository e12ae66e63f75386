"""The nearest known name, for errors about a mistyped one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from govai.core.lang import say

if TYPE_CHECKING:
    from collections.abc import Iterable

_CLOSE_ENOUGH = 60  # rapidfuzz score out of 100


def nearest(name: str, known: Iterable[str]) -> str | None:
    """Return the known name closest to `name`, or None when nothing comes close."""
    from rapidfuzz import process

    found = process.extractOne(name, list(known), score_cutoff=_CLOSE_ENOUGH)
    return found[0] if found else None


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """Return advice for an unknown name: the nearest known one, else all of them."""
    names = sorted(known)
    close = nearest(name, names)
    if close:
        return say(f"did you mean '{close}'?", f"vouliez-vous dire « {close} » ?")
    return say(f"known: {', '.join(names) or 'none'}", f"connus : {', '.join(names) or 'aucun'}")
