"""How references to sealed values are read: given by the caller, so that this floor knows nothing of sealing."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from govai.core.errors import PolicyError
from govai.core.lang import say
from govai.detect.overlaps import Span

if TYPE_CHECKING:
    from collections.abc import Callable

    from govai.core.data import Datum

_STUMP = 4  # characters after the prefix from which on something was a reference; fewer say nothing
_BEGINNING = r"(?:(?<![A-Za-z0-9])|(?<=%[0-9A-F]{2})|(?<=\\[nrtbf]))"  # of a word, be it after an escape


class SealedReader(NamedTuple):
    """`pattern`: regex of a reference (letters and digits); `read`: its value and nature, None when it is dead."""

    pattern: str
    read: Callable[[str], tuple[str, Datum] | None]


def read_references(document: str, sealed: SealedReader) -> list[Span]:
    """Return the references in a document, each with the value behind it.

    A cut or altered one is told from an id or a signature, whose letters are random, by where it begins and by its case.

    Raises:
        PolicyError: one is dead, cut or altered (its case, too): what it stood for cannot be known.
    """
    prefix, whole, stump = _shapes(sealed.pattern)
    if not any(written in document for written in {prefix, prefix.lower(), prefix.upper(), prefix.capitalize()}):
        return []
    spans = []
    at = 0
    while (found := stump.search(document, at)) is not None:
        exact = whole.match(document, found.start())
        read = sealed.read(exact.group()) if exact else None
        if exact is None or read is None:
            raise PolicyError(
                say(
                    "a sealed reference is no longer known: dead, cut or altered",
                    "une référence scellée n'est plus connue : morte, coupée ou altérée",
                ),
                todo=say(
                    "build the prompt again from its row, in this process, and send it unchanged",
                    "reconstruisez le texte à partir de la ligne, dans ce processus, et envoyez-le tel quel",
                ),
            )
        value, datum = read
        at = exact.end()
        spans.append(Span(found.start(), at, datum, value))
    return spans


@lru_cache(maxsize=8)
def _shapes(pattern: str) -> tuple[str, re.Pattern[str], re.Pattern[str]]:
    """Return what every reference begins with, what one is, and what is or was one, in any case."""
    literal = re.match(r"[A-Za-z0-9]*", pattern)
    prefix = literal.group() if literal else ""
    rest = re.search(r"\[[^\]]+\]", pattern)
    tail = rest.group() if rest else "[A-Za-z0-9]"
    altered = [f"{spell(prefix)}{spell(tail)}{{{_STUMP},}}" for spell in (str.lower, str.upper, _capitalized)]
    other_case = f"(?:{'|'.join(altered)}|(?i:{pattern}))(?![A-Za-z0-9])"
    begun = f"{prefix}{tail}{{{_STUMP},}}|{other_case}"
    return prefix, re.compile(pattern), re.compile(f"{pattern}|{_BEGINNING}(?:{begun})")


def _capitalized(piece: str) -> str:
    return piece.capitalize() if piece.isalnum() else piece.lower()
