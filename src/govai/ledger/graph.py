"""From records to a graph: what each record of a call says about where data came from and went. It reads no database."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any

from govai.core.lang import say
from govai.ledger.lineage import Edge, Lineage, Node, short

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from govai.core.records import Record

_ANSWERED = ("completed", "abandoned")
_STAYED = ("block", "remove")  # effects of which nothing leaves


class Graph:
    """Nodes and edges as they are found, each once."""

    def __init__(self) -> None:
        self._nodes: dict[str, Node] = {}
        self._edges: dict[Edge, None] = {}
        self._stands_for: dict[
            str, str
        ] = {}  # of records that are no node of their own: the node that they are told by
        self._before = self._after = ""  # in the call at hand: what the next attempt, and the next review, come after

    def lineage(self, start: str, *, complete: bool = True) -> Lineage:
        """Return the graph as seen from a record or call."""
        edges = tuple(one for one in self._edges if one.source in self._nodes and one.target in self._nodes)
        return Lineage(self._stands_for.get(start, start), tuple(self._nodes.values()), edges, complete)

    def alone(self, record: Record) -> Lineage:
        """Return the lineage of a record that is about no call."""
        self._add(record.id, "record", record.kind, time=record.time)
        return self.lineage(record.id)

    def call(self, records: Sequence[Record], reviews: Iterable[Record]) -> None:
        """Add all records of one call, and the reviews of its tickets."""
        first = next((one for one in records if "door" in one.body), records[0])
        call, body = first.call_id, first.body
        what = " · ".join(filter(None, (str(body.get("purpose") or ""), str(body.get("door") or ""))))
        self._add(call, "call", what or short(call), time=first.time, actor=_actor(body.get("actor")))
        self._runs(call, body)
        self._before = self._after = call
        everything = {one.id: one for one in (*records, *reviews)}
        for record in sorted(everything.values(), key=lambda one: (one.time, one.id)):  # an attempt's id is given early
            self._record(record)

    def _record(self, record: Record) -> None:
        match record.kind:
            case "intent":
                self._intent(record)
            case "outcome" | "result":
                self._ended(record)
            case "refusal":
                self._refusal(record)
            case "review":
                self._reviewed(record, str(record.body.get("verdict") or ""), "reviewed")
            case "release":
                self._reviewed(record, say("edited", "modifiée") if record.body.get("edited") else "", "released")
            case _:
                self._add(record.id, "record", record.kind, time=record.time)
                self._link(record.call_id, record.id, "noted")

    def _runs(self, call: str, body: Mapping[str, Any]) -> None:
        around = [(str(body.get(f"{one}_job") or ""), str(body.get(f"{one}_run") or "")) for one in ("root", "parent")]
        line = [*around, (str(body.get("job") or ""), str(body.get("run_id") or ""))]
        known = [(job, run) for job, run in line if run]
        for job, run in known:
            self._add(run, "run", job or short(run))
        steps = [run for _job, run in known] + [call]
        for outer, inner in pairwise(steps):
            if known:
                self._link(outer, inner, "ran")

    def _intent(self, record: Record) -> None:
        body = record.body
        at = " · ".join(
            filter(None, (str(body.get("provider") or body.get("host") or ""), str(body.get("model") or "")))
        )
        self._add(record.id, "attempt", at, time=record.time, region=str(body.get("region") or ""), record=record.id)
        self._link(self._before, record.id, "sent")
        self._after = record.id
        self._used(record)
        for one in body.get("derived_from", ()):
            self._link(_answer(str(one)), record.id, "derived")
        if body.get("fetches"):
            self._link(str(body["fetches"]), record.id, "fetched")
        if body.get("batch"):
            self._link(str(body["batch"]), record.id, "batched")

    def _used(self, record: Record) -> None:
        for field in record.body.get("fields", ()):
            source, name = str(field.get("source") or ""), str(field.get("field") or "")
            what = str(field.get("category") or field.get("kind") or "")
            node = f"field:{source}.{name}" if name else f"field:{field.get('seen')}:{what}"
            self._add(node, "field", f"{source}.{name}".lstrip(".") or what, category=what, seen=str(field.get("seen")))
            if source:
                self._add(f"source:{source}", "source", source)
                self._link(f"source:{source}", node, "holds")
            effect = str(field.get("effect") or "")
            sent = record.kind == "intent" and effect not in _STAYED
            self._link(node, record.id, "used", effect=effect, sent=sent)
        people = record.body.get("subjects", ())
        if people:
            named = f"subjects:{record.call_id}"
            count = len(people)
            words = say("reference", "référence") + ("s" if count > 1 else "")
            self._add(named, "subjects", f"{count} {words}", references=", ".join(short(one) for one in people[:5]))
            self._link(named, record.id, "about")

    def _ended(self, record: Record) -> None:
        body = record.body
        intent = record.intent_id or str(body.get("fetches") or "")
        status = str(body.get("status") or "")
        self._stands_for[record.id] = intent
        if status not in _ANSWERED or body.get("finish_reason") == "submitted":  # of a batch: its answer comes later
            self._know(intent, status=status, error=str(body.get("error") or ""))
            return
        answer = self._stands_for[record.id] = _answer(intent)
        usage = body.get("usage") or {}
        tokens = usage.get("output_tokens")
        words = say(f"{tokens} tokens", f"{tokens} jetons") if tokens is not None else ""
        label = " · ".join(filter(None, (str(body.get("model") or ""), words))) or status
        self._add(answer, "answer", label, time=record.time, status=status, record=record.id)
        self._link(intent, answer, "answered")
        self._after = answer

    def _refusal(self, record: Record) -> None:
        error = record.body.get("error") or {}
        self._add(
            record.id, "refusal", str(error.get("type") or ""), time=record.time, code=str(error.get("code") or "")
        )
        self._link(self._before, record.id, "refused")
        self._used(record)

    def _reviewed(self, record: Record, what: str, how: str) -> None:
        """Add a step of a review: of a prompt, before what it lets go; of an answer, after it."""
        body = record.body
        prompt = body.get("on") == "prompt"
        on = say("prompt", "demande") if prompt else say("answer", "réponse")
        by = _actor(body.get("reviewer"))
        self._add(
            record.id, record.kind, " · ".join(filter(None, (on, what))), time=record.time, by=by, record=record.id
        )
        self._link(self._before if prompt else self._after, record.id, how)
        if prompt:
            self._before = record.id
        else:
            self._after = record.id

    def _know(self, node: str, **facts: str) -> None:
        if (one := self._nodes.get(node)) is not None:
            known = dict(one.facts) | {name: value for name, value in facts.items() if value}
            self._nodes[node] = Node(one.id, one.kind, one.label, tuple(known.items()))

    def _add(self, named: str, kind: str, label: str, **facts: str) -> None:
        if named not in self._nodes:
            said = tuple((name, value) for name, value in facts.items() if value)
            self._nodes[named] = Node(named, kind, label, said)

    def _link(self, source: str, target: str, kind: str, *, effect: str = "", sent: bool = True) -> None:
        self._edges[Edge(source, target, kind, effect, sent)] = None


def _answer(intent: str) -> str:
    return f"answer:{intent}"


def _actor(actor: Any) -> str:
    return str(actor.get("id") or "") if isinstance(actor, dict) else str(actor or "")
