"""Rewrite a text: each span replaced as decided, and look-alikes of placeholders made harmless."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from govai.core.data import Datum, Seen
from govai.core.decisions import Effect
from govai.core.taxonomy import Sensitivity
from govai.protect.effects import replacement
from govai.protect.tokens import PREFIX, lookalikes, word_after, word_before

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
    answer gives it back unchanged, and nobody can forge a placeholder, nor by what is left when something is removed.
    Letters and digits that touch a pseudonymised value go into its placeholder: it could not be told from them.
    """
    if not cuts:
        return _neutral(text, tokens) if PREFIX in text else text
    literals, hidden = _parts(text, cuts, tokens)
    out: list[str] = []
    for index, (datum, value) in enumerate(hidden):
        left, right = literals[index], literals[index + 1]
        start = _word_start(left, tokens)
        end = _word_end(right, tokens)
        out += [_neutral(left[:start], tokens), tokens.issue(datum, left[start:] + value + right[:end])]
        literals[index + 1] = right[end:]
    out.append(_neutral(literals[-1], tokens))
    return "".join(out)


def _parts(text: str, cuts: Sequence[Cut], tokens: Tokens) -> tuple[list[str], list[tuple[Datum, str]]]:
    """Return what leaves in clear, and between each two of these texts what is pseudonymised."""
    literals, hidden = [""], []
    at = 0
    for cut in cuts:
        literals[-1] += text[at : cut.start]
        at = cut.end
        if cut.continued:
            continue
        if cut.effect is Effect.PSEUDONYMISE:
            hidden.append((cut.datum, cut.value))
            literals.append("")
        elif cut.effect is Effect.ALLOW and cut.datum.seen is not Seen.SEALED:
            literals[-1] += text[cut.start : cut.end]
        else:
            literals[-1] += replacement(cut.effect, cut.datum, cut.value, tokens)
    literals[-1] += text[at:]
    return literals, hidden


def _word_start(left: str, tokens: Tokens) -> int:
    at = len(left) - word_before(left)
    return len(left) if _holds_one(left[at:], tokens) else at


def _word_end(right: str, tokens: Tokens) -> int:
    at = word_after(right)
    return 0 if _holds_one(right[:at], tokens) else at


def _holds_one(word: str, tokens: Tokens) -> bool:
    return any(word[start:end] in tokens.held for start, end in lookalikes(word))


def _neutral(text: str, tokens: Tokens) -> str:
    if PREFIX not in text:
        return text
    out, at = [], 0
    for start, end in lookalikes(text):
        if start < at or text[start:end] in tokens.held:
            continue
        start = at + _word_start(text[at:start], tokens)  # noqa: PLW2901 -- the word it is part of
        end += _word_end(text[end:], tokens)  # noqa: PLW2901
        out += [text[at:start], tokens.issue(_LOOKALIKE, text[start:end])]
        at = end
    out.append(text[at:])
    return "".join(out)
