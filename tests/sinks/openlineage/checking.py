"""Strict checks of an event: its shape and every facet, by the installed client's own classes and by govai's published schemas."""

from __future__ import annotations

import importlib
import json
import pkgutil
import re
from functools import cache
from importlib.resources import files
from typing import Any

import openlineage.client.generated
from jsonschema import Draft202012Validator, FormatChecker
from openlineage.client.event_v2 import InputDataset, Job, OutputDataset, Run, RunEvent, RunState
from referencing import Registry, Resource

CORE = "https://openlineage.io/spec/2-0-2/OpenLineage.json"
_BASE = {"type": "object", "properties": {"_producer": {"type": "string", "format": "uri"}, "_schemaURL": {"type": "string", "format": "uri"}}, "required": ["_producer", "_schemaURL"]}
_CORE = {"$schema": "https://json-schema.org/draft/2020-12/schema", "$id": CORE, "$defs": {"RunFacet": _BASE, "DatasetFacet": _BASE}}
TERMINAL = ("COMPLETE", "FAIL", "ABORT")


@cache
def published() -> tuple[dict[str, Any], Registry]:
    folder = files("govai.sinks.openlineage") / "schemas" / "1-0-0"
    docs = [json.loads(one.read_text("utf-8")) for one in folder.iterdir()]
    by_id = {doc["$id"]: doc for doc in docs}
    return by_id, Registry().with_resources([(doc["$id"], Resource.from_contents(doc)) for doc in (*docs, _CORE)])


@cache
def client_facets() -> dict[str, type]:
    """The client's facet classes by the URL of their schema."""
    found = {}
    for module in pkgutil.iter_modules(openlineage.client.generated.__path__):
        for kind in vars(importlib.import_module(f"openlineage.client.generated.{module.name}")).values():
            if isinstance(kind, type) and kind.__name__.endswith("Facet") and hasattr(kind, "_get_schema"):
                found[kind._get_schema()] = kind
    return found


def strict(event: dict[str, Any]) -> list[str]:
    """What is wrong with an event, or []."""
    wrong: list[str] = []
    if json.loads(json.dumps(event)) != event:
        wrong.append("no plain JSON")
    try:
        RunEvent(eventTime=event["eventTime"], producer=event["producer"], eventType=RunState(event["eventType"]), run=Run(**event["run"]), job=Job(**event["job"]), inputs=[InputDataset(**one) for one in event["inputs"]], outputs=[OutputDataset(**one) for one in event["outputs"]])
    except (TypeError, ValueError) as error:
        wrong.append(str(error))
    if event["schemaURL"] != CORE + "#/$defs/RunEvent":
        wrong.append("schemaURL")
    boxes = [("Run", event["run"].get("facets")), ("Job", event["job"].get("facets"))]
    for side, own in (("inputs", "inputFacets"), ("outputs", "outputFacets")):
        for one in event[side]:
            boxes += [("Dataset", one.get("facets")), ("put", one.get(own))]
    for entity, facets in boxes:
        for key, body in (facets or {}).items():
            wrong += [f"{key}: {what}" for what in _facet(entity, key, body)]
    return wrong


def _facet(entity: str, key: str, body: dict[str, Any]) -> list[str]:
    url = body["_schemaURL"]
    kind = url.rpartition("/")[2]
    if entity not in kind:
        return [f"{kind} is no facet of a {entity}"]
    place, own = url.partition("#")[0], published()
    if place in own[0]:
        if not re.fullmatch(r"govai_[a-z][A-Za-z]*", key) or kind.removesuffix(f"{entity}Facet").lower() != key.replace("_", "").lower():
            return [f"key {key} of {kind}"]
        found = Draft202012Validator({"$ref": url}, registry=own[1], format_checker=FormatChecker()).iter_errors(body)
        return [one.message for one in found]
    if url not in client_facets():
        return [f"unknown schema {url}"]
    if kind.lower() != f"{key}{entity}facet".replace("_", "").lower() and entity != "put":
        return [f"key {key} of {kind}"]
    said = {name: value for name, value in body.items() if not name.startswith("_")}
    try:
        client_facets()[url](producer=body["_producer"], **said)
    except TypeError as error:
        return [str(error)]
    return []


def check_runs(events: list[dict[str, Any]]) -> None:
    """Each run starts once, ends at most once, and bears one job; what is said later is said of a run that started."""
    runs: dict[str, list[dict[str, Any]]] = {}
    for event in events:
        runs.setdefault(event["run"]["runId"], []).append(event)
    for run_id, told in runs.items():
        kinds = [one["eventType"] for one in told]
        assert kinds.count("START") == 1, (run_id, kinds)
        assert sum(kinds.count(kind) for kind in TERMINAL) <= 1, (run_id, kinds)
        assert len({(one["job"]["namespace"], one["job"]["name"]) for one in told}) == 1, run_id
    keys = [(one["run"]["runId"], one["eventType"], seq_of(one)) for one in events]
    assert len(keys) == len(set(keys))


def seq_of(event: dict[str, Any]) -> str:
    tags = {one["key"]: one["value"] for one in event["run"]["facets"]["tags"]["tags"]}
    return f"{tags['govai.chain']}:{tags['govai.seq']}"
