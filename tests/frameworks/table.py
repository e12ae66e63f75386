"""The table of docs/reference/frameworks.md, from what passing tests told in pytest's XML report."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ET
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from tests.frameworks.asking import ROWS, WAYS

_HEAD = """\
# Frameworks

What `govai.instrument()` covers, [framework by framework](../how-to/govern-a-process.md). This page is written by
`python -m tests.frameworks.run --write`, from tests that ask each framework through its own API with a provider that
answers in process: what left, what came back, what was recorded, what an error looks like to the caller.

**governed**: a name and an address leave as placeholders and come back restored, each request has one intent, and a call
that the policy blocks is not sent. **refused**: nothing is sent, and the error says what to use.

## Asking a model

"""
_ERRORS = """
How a refusal of govai reaches the caller: as itself (`except govai.Blocked`), or as the cause (`__cause__`) of the framework's own error,
or, where the framework cuts causes off, in the text of its error. A framework that is told to retry may ask again; each attempt is
refused, and none is sent.

"""
_CASES = """
## Agents, structured answers, embeddings

Arguments of tools are not restored: a tool, and an answer that is made by a tool call, gets placeholders. What a tool returns is protected
like any text, and the agent's final answer is restored.

"""
_VERSIONS = """
## Tested versions

"""


class Found(NamedTuple):
    """What one test told: `kind` is way, error or case."""

    kind: str
    said: dict[str, str]

    @property
    def row(self) -> tuple[str, str, str, str]:
        return self.said["framework"], self.said["package"], self.said["provider"], self.said["what"]


def found_in(report: Path) -> Iterator[Found]:
    """Read what the tests of a report told."""
    for told in ET.parse(report).iter("property"):
        yield Found(told.attrib["name"], json.loads(told.attrib["value"]))


def table(all_found: Iterable[Found]) -> str:
    """Return the page."""
    found = list(all_found)
    ways = {(one.row, one.said["way"]): one.said for one in found if one.kind == "way"}
    rows = [row for row in _ordered(found) if any(asked == row for asked, _way in ways)]
    notes = {asked: said["instead"] for (asked, _way), said in ways.items() if "instead" in said}
    asking = [
        [*_names(row), *(ways.get((row, way), {}).get("outcome", "–") for way in WAYS), _arrives(found, row), notes.get(row, "")]
        for row in rows
    ]
    cases = {one.row: one.said for one in found if one.kind == "case"}
    beyond = [[*_names(row), cases[row]["outcome"], cases[row]["note"]] for row in sorted(cases, key=_place)]
    versions = sorted({(one.said["package"], one.said["version"]) for one in found})
    return "".join(
        [
            _HEAD,
            _table(["framework", "package", "provider", *WAYS, "a refusal arrives", "note"], asking),
            _ERRORS.rstrip("\n") + "\n",
            _CASES,
            _table(["framework", "package", "provider", "", "note"], beyond),
            _VERSIONS,
            _table(["package", "version"], [[f"`{name}`", version] for name, version in versions]),
        ]
    )


def _ordered(found: list[Found]) -> list[tuple[str, str, str, str]]:
    told = {one.row for one in found}
    return [row for row in ((one.framework, one.package, one.provider, one.what) for one in ROWS) if row in told]


def _place(row: tuple[str, str, str, str]) -> tuple[int, str, str, str]:
    frameworks = list(dict.fromkeys(one.framework for one in ROWS))
    return frameworks.index(row[0]), row[3], row[1], row[2]


def _names(row: tuple[str, str, str, str]) -> list[str]:
    framework, package, provider, what = row
    return [f"{framework}: {what}" if what else framework, f"`{package}`", provider]


def _arrives(found: list[Found], row: tuple[str, str, str, str]) -> str:
    told = sorted({one.said["arrives"] for one in found if one.kind == "error" and one.row == row})
    return "; ".join(told)


def _table(head: list[str], rows: list[list[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)
