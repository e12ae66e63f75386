"""The facets' envelope: which type each is, under which version of its schema. Versions stand here and nowhere else.

Nothing here knows records; what a facet says is put in by those who read them.
"""

from __future__ import annotations

from typing import Any

from govai.core.version import VERSION

Facet = dict[str, Any]
Event = dict[str, Any]

PRODUCER = f"https://github.com/ORG/govai/tree/v{VERSION}"
RUN_EVENT = "https://openlineage.io/spec/2-0-2/OpenLineage.json#/$defs/RunEvent"
SOURCE = "GOVAI"  # of tags and jobs

_STANDARD = {
    "ColumnLineageDatasetFacet": "1-2-0",
    "ErrorMessageRunFacet": "1-0-1",
    "ExecutionParametersRunFacet": "1-0-0",
    "ExternalQueryRunFacet": "1-0-2",
    "JobDependenciesRunFacet": "1-0-1",
    "JobTypeJobFacet": "2-0-4",
    "LifecycleStateChangeDatasetFacet": "1-0-1",
    "OutputStatisticsOutputDatasetFacet": "1-0-2",
    "ParentRunFacet": "1-2-0",
    "ProcessingEngineRunFacet": "1-1-1",
    "SchemaDatasetFacet": "1-2-0",
    "TagsDatasetFacet": "1-0-0",
    "TagsJobFacet": "1-0-0",
    "TagsRunFacet": "1-0-0",
    "TestRunFacet": "1-0-1",
}
# Published under a tag, so that what an event names never changes; the files are those of `schemas/`.
_PUBLISHED = "https://raw.githubusercontent.com/ORG/govai/v0.1.0/spec/facets/1-0-0"
_CUSTOM = (
    "GovaiClassificationDatasetFacet",
    "GovaiDisclosureRunFacet",
    "GovaiGenAiRunFacet",
    "GovaiHumanReviewRunFacet",
    "GovaiPolicyRunFacet",
)
_URLS = {
    kind: f"https://openlineage.io/spec/facets/{version}/{kind}.json#/$defs/{kind}"
    for kind, version in _STANDARD.items()
} | {kind: f"{_PUBLISHED}/{kind}.json#/$defs/{kind}" for kind in _CUSTOM}


def facet(kind: str, **content: Any) -> Facet:
    """Return a facet of a type, with its producer and the URL of its schema; what is None is left out."""
    said = {name: value for name, value in content.items() if value is not None}
    return {"_producer": PRODUCER, "_schemaURL": _URLS[kind], **said}


def tag(key: str, value: str, field: str = "") -> dict[str, str]:
    """Return one tag, of a field if it is of one."""
    made = {"key": key, "value": value, "source": SOURCE}
    return {**made, "field": field} if field else made
