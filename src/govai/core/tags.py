"""Tags: what a piece of data is. A tag joined with another keeps the stricter of the two."""

from __future__ import annotations

from dataclasses import dataclass, replace

from govai.core.errors import ConfigError
from govai.core.lang import say
from govai.core.names import did_you_mean
from govai.core.taxonomy import CATEGORIES, Sensitivity, default_sensitivity, is_personal


@dataclass(frozen=True, slots=True)
class Tag:
    """What a field holds: put it in `Annotated[str, govai.Tag("user.contact.email")]`.

    Args:
        category: a Fideslang data category, e.g. `user.name.first`; None when unknown.
        sensitivity: overrides the category's default; a `Sensitivity` or its name.
        free_text: the field holds sentences; findings inside it are treated one by one.
        source: the data set it comes from, e.g. `crm.contacts`.
        field: the field's name in its source.

    Raises:
        ConfigError: unknown category or sensitivity, naming the nearest.
    """

    category: str | None = None
    sensitivity: Sensitivity | str | None = None
    free_text: bool = False
    source: str = ""
    field: str = ""

    def __post_init__(self) -> None:
        if self.category is not None and self.category not in CATEGORIES:
            raise ConfigError(
                say(f"unknown data category '{self.category}'", f"catégorie de données inconnue « {self.category} »"),
                todo=did_you_mean(self.category, CATEGORIES),
            )
        if isinstance(self.sensitivity, str):
            object.__setattr__(self, "sensitivity", Sensitivity.parse(self.sensitivity))

    @property
    def level(self) -> Sensitivity:
        """The sensitivity that counts: the stated one, else the category's, else RESTRICTED (unknown is not safe)."""
        if isinstance(self.sensitivity, Sensitivity):
            return self.sensitivity
        return Sensitivity.RESTRICTED if self.category is None else default_sensitivity(self.category)

    @property
    def personal(self) -> bool:
        """Whether the data is about a person: a `user.*` category, or unknown and above INTERNAL."""
        if self.category is not None:
            return is_personal(self.category)
        return self.level > Sensitivity.INTERNAL

    def at(self, source: str, field: str) -> Tag:
        """Return the tag with its place filled in, keeping a place it already has."""
        return replace(self, source=self.source or source, field=self.field or field)
