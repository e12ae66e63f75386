"""Rewrite a text: each span replaced as decided, and look-alikes of placeholders made harmless."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from govai.core.data import Datum, Seen
from govai.core.decisions import Effect
from govai.core.taxonomy import Sensitivity
from govai.protect.effects import replacement
from govai.protect.tokens import PREFIX, lookalikes

if TYPE_CHECKING:
    from collections.abc import Sequence

    from govai.protect.tokens import Tokens

_LOOKALIKE = Datum("text", None, Sensitivity.PUBLIC)


@dataclass(frozen=True, slots=True)
class Cut:
    """Characters `start` to `end` (excluded) of a text, what they are, and what happens to them.

    A sealed value that is allowed stands in the text as a reference: its `value` takes the place. The rest of a value that
    began in an earlier text is `continued`: it is emptied.
    """

    start: int
    end: int
    datum: Datum
    value: str = field(repr=False)
    effect: Effect = Effect.PSEUDONYMISE
    continued: bool = False


def rewrite(text: str, cuts: Sequence[Cut], tokens: Tokens) -> str:
    """Return `text` with its cuts (sorted, not overlapping) replaced.

    Whatever else in it looks like a placeholder, and is not one of this call's, becomes one that stands for itself: so the
    answer gives it back unchanged, and nobody can forge a placeholder.
    """
    if not cuts:
        return _neutral(text, tokens) if PREFIX in text else text
    out: list[str] = []
    at = 0
    for cut in cuts:
        out.append(_neutral(text[at : cut.start], tokens))
        at = cut.end
        if cut.continued:
            continue
        if cut.effect is Effect.ALLOW and cut.datum.seen is not Seen.SEALED:
            out.append(_neutral(text[cut.start : cut.end], tokens))
        else:
            out.append(replacement(cut.effect, cut.datum, cut.value, tokens))
    out.append(_neutral(text[at:], tokens))
    return "".join(out)


def _neutral(text: str, tokens: Tokens) -> str:
    if PREFIX not in text:
        return text
    out, at = [], 0
    for found in lookalikes(text):
        out.append(text[at : found.start()])
        token = found.group()
        out.append(token if token in tokens.held else tokens.issue(_LOOKALIKE, token))
        at = found.end()
    out.append(text[at:])
    return "".join(out)
