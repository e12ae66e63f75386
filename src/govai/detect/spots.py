"""Spots: what was seen, by text and place."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from govai.core.data import Datum


@dataclass(frozen=True, slots=True)
class Spot:
    """One value seen in one text.

    Attributes:
        text: which of the texts. start, end: code points of it that must be replaced; an encoded run is replaced whole.
        datum: what it is. value: as it reads, decoded (hidden in the repr).
        common: a known value too common to be found safely. continued: the rest of a value that began in an earlier text.
    """

    text: int
    start: int
    end: int
    datum: Datum
    value: str = field(repr=False)
    common: bool = False
    continued: bool = False
