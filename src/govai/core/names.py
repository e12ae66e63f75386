"""The nearest known name, for errors about a mistyped one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from govai.core.lang import say

if TYPE_CHECKING:
    from collections.abc import Iterable

# rapidfuzz scores out of 100
_MISSPELLED = 80  # a word for the whole of another
_CLOSE_ENOUGH = 70  # or for a part of it: `email`, of `user.contact.email`


def nearest(name: str, known: Iterable[str]) -> str | None:
    """Return the known name closest to `name`, or None when nothing comes close."""
    from rapidfuzz import fuzz, process

    names = list(known)
    found = process.extractOne(name, names, scorer=fuzz.ratio, score_cutoff=_MISSPELLED) or process.extractOne(
        name, names, score_cutoff=_CLOSE_ENOUGH
    )
    return found[0] if found else None


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """Return advice for an unknown name: the nearest known one, else all of them."""
    names = sorted(known)
    close = nearest(name, names)
    if close:
        return say(f"did you mean '{close}'?", f"vouliez-vous dire « {close} » ?")
    return say(f"known: {', '.join(names) or 'none'}", f"connus : {', '.join(names) or 'aucun'}")
