"""Lineage: what an answer was made from, and what was made from it, as a graph anyone can read. It knows no database.

Arrows follow the data: source → field → attempt → answer → later attempt. Nothing in it says whose data it was: people are
counted, and named by the start of their keyed reference.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from govai.core.lang import say
from govai.core.wording import visible

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

SCHEMA = "govai.lineage/1"
KINDS = ("run", "source", "field", "subjects", "call", "attempt", "answer", "review", "release", "refusal", "record")
_SHORT = 8  # characters of a reference or an id that are shown


@dataclass(frozen=True, slots=True)
class Node:
    """One thing.

    Attributes:
        id: of the record it stands for, or a name that is unique in this graph. kind: one of `KINDS`.
        label: what it is called. facts: what else is known, as (name, value) pairs.
    """

    id: str
    kind: str
    label: str
    facts: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Edge:
    """What goes from one thing into another.

    Attributes:
        source, target: ids of nodes. kind: `holds`, `used`, `ran`, `about`, `sent`, `answered`, `derived`, `reviewed`,
            `released`, `refused`, `fetched`, `batched`, `noted`.
        effect: for `used`: what the policy did with the field (`pseudonymise`, `mask`, …). sent: something of it left.
    """

    source: str
    target: str
    kind: str
    effect: str = ""
    sent: bool = True


@dataclass(frozen=True)
class Lineage:
    """A graph around one record: `up()` what it was made from, `down()` what was made from it.

    Attributes:
        start: id of the node it was asked for. nodes, edges: in the order they came about.
        complete: False when there is more than was walked through.
    """

    start: str
    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...]
    complete: bool = True

    def up(self) -> Lineage:
        """Return what the start was made from, to the sources."""
        return self._reached(lambda edge: (edge.target, edge.source))

    def down(self) -> Lineage:
        """Return what was made from the start, and from that."""
        return self._reached(lambda edge: (edge.source, edge.target))

    def node(self, named: str) -> Node:
        """Return the node of an id; KeyError when there is none."""
        return {one.id: one for one in self.nodes}[named]

    def to_json(self) -> dict[str, Any]:
        """Return the graph as plain JSON data, with the version of its schema."""
        nodes = [{"id": one.id, "kind": one.kind, "label": one.label, "facts": dict(one.facts)} for one in self.nodes]
        edges = [
            {"source": one.source, "target": one.target, "kind": one.kind, "effect": one.effect, "sent": one.sent}
            for one in self.edges
        ]
        return {"schema": SCHEMA, "start": self.start, "complete": self.complete, "nodes": nodes, "edges": edges}

    def __repr__(self) -> str:
        return f"<Lineage of {self.start}: {len(self.nodes)} nodes, {len(self.edges)} edges>"

    def __str__(self) -> str:
        start = self.node(self.start)
        lines = [named(start)]
        lines += [say("made from", "fait à partir de"), *self._tree(lambda edge: (edge.target, edge.source))]
        lines += [say("used in", "utilisé dans"), *self._tree(lambda edge: (edge.source, edge.target))]
        return visible("\n".join([*lines, *([] if self.complete else [more()])]))

    def _repr_html_(self) -> str:
        from govai.ledger.drawing import inline

        return inline(self)

    def _reached(self, ways: Callable[[Edge], tuple[str, str]]) -> Lineage:
        onward: dict[str, list[str]] = {}
        for edge in self.edges:
            here, there = ways(edge)
            onward.setdefault(here, []).append(there)
        seen, todo = {self.start}, [self.start]
        while todo:
            for there in onward.get(todo.pop(), ()):
                if there not in seen:
                    seen.add(there)
                    todo.append(there)
        nodes = tuple(one for one in self.nodes if one.id in seen)
        edges = tuple(one for one in self.edges if {one.source, one.target} <= seen)
        return replace(self, nodes=nodes, edges=edges)

    def _tree(self, ways: Callable[[Edge], tuple[str, str]]) -> Iterator[str]:
        onward: dict[str, list[tuple[str, Edge]]] = {}
        for edge in self.edges:
            here, there = ways(edge)
            onward.setdefault(here, []).append((there, edge))
        nodes = {one.id: one for one in self.nodes}
        told: set[str] = set()
        todo = [(there, edge, 1) for there, edge in reversed(onward.get(self.start, ()))]
        if not todo:
            yield "  —"
        while todo:
            here, edge, depth = todo.pop()
            again = here in told
            words = " · ".join(
                filter(None, (named(nodes[here]), in_words(edge), "…" if again and here in onward else ""))
            )
            yield "  " * depth + words
            if not again:
                told.add(here)
                todo += [(there, edge, depth + 1) for there, edge in reversed(onward.get(here, ()))]


def kind_in_words(kind: str) -> str:
    """Return what a kind of node is called."""
    words = {
        "run": ("run", "exécution"),
        "source": ("source", "source"),
        "field": ("field", "champ"),
        "subjects": ("people", "personnes"),
        "call": ("call", "appel"),
        "attempt": ("attempt", "tentative"),
        "answer": ("answer", "réponse"),
        "review": ("review", "relecture"),
        "release": ("release", "remise"),
        "refusal": ("refusal", "refus"),
        "record": ("record", "enregistrement"),
    }
    return say(*words[kind])


def named(node: Node) -> str:
    """Return a node in words: its kind, label, and the start of its record's id."""
    return f"{kind_in_words(node.kind)} {node.label}".rstrip()


def in_words(edge: Edge) -> str:
    """Return what an arrow says beyond that it is one, "" where that is all."""
    if edge.effect:
        words = effect_in_words(edge.effect)
        return words if edge.sent else say(f"{words}, never sent", f"{words}, jamais envoyé")
    return say("derived", "dérivé") if edge.kind == "derived" else ""


def effect_in_words(effect: str) -> str:
    """Return an effect in a word for people."""
    from govai.core.decisions import Effect

    return next((one.label for one in Effect if one.word == effect), effect)


def more() -> str:
    """Return that the graph goes on."""
    return say("… and more than is walked through at once", "… et plus que ce qui est parcouru d'un coup")


def short(reference: str) -> str:
    """Return the part of an id or a keyed reference that people see: the end of a UUIDv7 is what differs."""
    return reference.replace("-", "")[-_SHORT:] if "-" in reference else reference.removeprefix("s:")[:_SHORT]
