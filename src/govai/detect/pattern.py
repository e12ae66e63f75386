"""Pattern: a detector of one's own, from a regular expression that runs in linear time (RE2)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import re2

from govai.core.data import Finding, kind_of
from govai.core.errors import ConfigError
from govai.core.lang import say
from govai.core.names import did_you_mean
from govai.core.taxonomy import CATEGORIES

if TYPE_CHECKING:
    from collections.abc import Iterator


class Pattern:
    """Finds what a regular expression matches.

    Args:
        category: the Fideslang data category of what it finds. regex: in RE2's syntax (no look-around, no backreferences).
        kind: one word for people and placeholders; default: the category's.

    Raises:
        ConfigError: an unknown category (naming the nearest), a regex RE2 does not accept or that matches nothing at all.
    """

    def __init__(self, category: str, regex: str, kind: str = "") -> None:
        if category not in CATEGORIES:
            raise ConfigError(
                say(f"unknown data category '{category}'", f"catégorie inconnue « {category} »"),
                where="Pattern()",
                todo=did_you_mean(category, CATEGORIES),
            )
        self.category, self.kind = category, kind or kind_of(category)
        try:
            self._regex = re2.compile(regex)
            problem = say("it matches the empty text", "elle accepte le texte vide") if self._regex.match("") else ""
        except re2.error as error:
            reason = error.args[0] if error.args else ""
            problem = reason.decode("utf-8", "replace") if isinstance(reason, bytes) else str(reason)
        if problem:
            raise ConfigError(
                say(f"the regex cannot be used: {problem}", f"expression inutilisable : {problem}"),
                where=f"Pattern({category})",
                todo=say(
                    "use RE2 syntax: github.com/google/re2/wiki/Syntax",
                    "syntaxe RE2 : github.com/google/re2/wiki/Syntax",
                ),
            )

    def __repr__(self) -> str:
        return f"Pattern({self.category!r})"

    def detect(self, text: str) -> Iterator[Finding]:
        """Yield what the regex matches."""
        for found in self._regex.finditer(text):
            if found.end() > found.start():
                yield Finding(found.start(), found.end(), self.kind, self.category)
