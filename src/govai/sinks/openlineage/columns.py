"""The data of a call: its fields, each once, as input datasets, and as the columns that its answer rests on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from govai.core.taxonomy import SPECIAL, in_any
from govai.sinks.openlineage.facets import Facet, facet, tag

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from govai.sinks.openlineage.naming import Dataset, Names

LEVELS = ("public", "internal", "confidential", "restricted")
EFFECTS = ("allow", "mask", "generalise", "pseudonymise", "remove", "block")
_SENT = EFFECTS[:4]  # after these the provider still learns something
MOST = 1000  # fields of one event: receivers refuse events of some megabytes


class Column(NamedTuple):
    """One field of one source: what it is, and what was done with it wherever it stood."""

    source: str
    name: str
    level: str
    categories: tuple[str, ...]
    effects: tuple[str, ...]
    seen: tuple[str, ...]

    @property
    def sent(self) -> tuple[str, ...]:
        """The effects under which something of it left; empty when nothing did."""
        return tuple(effect for effect in self.effects if effect in _SENT)

    @property
    def label(self) -> str:
        """Its name with its source."""
        return f"{self.source}.{self.name}" if self.source else self.name


def columns(fields: Iterable[Mapping[str, Any]]) -> list[Column]:
    """Return the fields of a record, each once, in the order they were found; what has no field is named by its kind."""
    found: dict[tuple[str, str], list[Mapping[str, Any]]] = {}
    for one in fields:
        found.setdefault((one["source"], one["field"] or one["kind"]), []).append(one)
    return [
        Column(
            source,
            name,
            max((one["sensitivity"] for one in same), key=LEVELS.index),
            tuple(sorted({one["category"] for one in same if one["category"]})),
            tuple(sorted({one["effect"] for one in same}, key=EFFECTS.index)),
            tuple(sorted({one["seen"] for one in same})),
        )
        for (source, name), same in found.items()
    ]


def inputs(names: Names, run_id: str, found: Sequence[Column], earlier: Sequence[str] = ()) -> list[dict[str, Any]]:
    """Return the input datasets: one for each source, one for what has none; never empty, so that lineage never breaks.

    Args:
        earlier: runs whose answers were used: each answer is an input too.
    """
    by_source: dict[str, list[Column]] = {}
    for column in found[:MOST]:
        by_source.setdefault(column.source, []).append(column)
    made: list[dict[str, Any]] = []
    for answered in earlier:
        place = names.answer(answered)
        made.append({"namespace": place.namespace, "name": place.name})
    for source, some in (by_source or ({} if made else {"": []})).items():
        place = _place(names, run_id, source)
        made.append({"namespace": place.namespace, "name": place.name, "facets": _described(some)})
    return made


def answer(names: Names, run_id: str, found: Sequence[Column]) -> dict[str, Any]:
    """Return the output dataset of an answer: one field, which rests on every field of which something was sent."""
    place = names.answer(run_id)
    rests_on = [_input_field(_place(names, run_id, one.source), one) for one in found[:MOST] if one.sent]
    facets = {
        "schema": facet("SchemaDatasetFacet", fields=[{"name": "answer", "type": "text"}]),
        "columnLineage": facet("ColumnLineageDatasetFacet", fields={"answer": {"inputFields": rests_on}}),
        "tags": facet("TagsDatasetFacet", tags=[tag("ai_generated", "true")]),
    }
    statistics = {"outputStatistics": facet("OutputStatisticsOutputDatasetFacet", rowCount=1)}
    return {"namespace": place.namespace, "name": place.name, "facets": facets, "outputFacets": statistics}


def _place(names: Names, run_id: str, source: str) -> Dataset:
    return names.source(source) if source else names.prompt(run_id)


def _input_field(place: Dataset, column: Column) -> dict[str, Any]:
    changes = [
        {"type": "DIRECT", "subtype": "TRANSFORMATION", "description": effect, "masking": effect != "allow"}
        for effect in column.sent
    ]
    return {"namespace": place.namespace, "name": place.name, "field": column.name, "transformations": changes}


def _described(some: list[Column]) -> dict[str, Facet]:
    if not some:
        return {}
    level = max((column.level for column in some), key=LEVELS.index)
    tags = [tag("sensitivity", level)]
    fields = {}
    for column in some:
        tags.append(tag("sensitivity", column.level, column.name))
        tags += [tag("fides.data_category", category, column.name) for category in column.categories]
        fields[column.name] = {
            "level": column.level,
            "dataCategories": list(column.categories),
            "specialCategory": any(in_any(category, SPECIAL) for category in column.categories),
            "source": ", ".join(column.seen),
        }
    return {
        "schema": facet("SchemaDatasetFacet", fields=[{"name": column.name} for column in some]),
        "tags": facet("TagsDatasetFacet", tags=tags),
        "govai_classification": facet("GovaiClassificationDatasetFacet", level=level, fields=fields),
    }
