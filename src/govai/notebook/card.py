"""The card under a cell: what left, what came back, and where it is on record. Only protected text is ever in it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from govai.core import rendering as html
from govai.core.decisions import Effect
from govai.core.lang import say
from govai.core.wording import in_words

if TYPE_CHECKING:
    from collections.abc import Sequence

    from govai.core.decisions import Decision
    from govai.flow.asked import Asked, Trace

DEFAULT_LEDGER = "sqlite:///.govai/ledger.db"
_MOST = 20  # calls shown in full: a saved notebook stays small
_LONGEST = 4000  # characters of one text
_LINE = 160  # of one in a terminal


class Card:
    """The calls of one cell, for people; notebooks show it as HTML, terminals as text.

    Args:
        calls: every attempt, in order. It holds what it shows from here on, not the calls themselves.
    """

    def __init__(self, calls: Sequence[Asked]) -> None:
        self._entries = [_entry(asked) for asked in calls[:_MOST]]
        self._more = len(calls) - len(self._entries)

    def __repr__(self) -> str:
        lines = [line for entry in self._entries for line in entry.lines()]
        return "\n".join([*lines, *([self._rest()] if self._more else [])])

    def _repr_html_(self) -> str:
        alone = len(self._entries) == 1
        parts = [f'<div style="margin:2px 0 6px">{entry.html(opened=alone)}</div>' for entry in self._entries]
        if self._more:
            parts.append(html.quiet(self._rest()))
        edges = [entry.edge for entry in self._entries]
        worst = next((edge for edge in (html.RED, html.AMBER) if edge in edges), html.GREEN)
        return html.box("".join(parts), worst)

    def _rest(self) -> str:
        return say(f"… and {self._more} more calls, all on record", f"… et {self._more} autres appels, tous consignés")


@dataclass(frozen=True, slots=True)
class _Entry:
    """One attempt as it stood when the cell ended.

    Attributes:
        edge: its colour. words: the decision. fate: what became of it, "" when it simply worked; why: of a refusal.
        facts: purpose, model, tokens.
        sent, received: protected texts. details: HTML of findings and reasons. record, lookup: its id, and how to find it.
    """

    edge: str
    words: str
    fate: str
    why: str
    facts: str
    sent: tuple[tuple[str, str], ...]
    received: str
    details: str
    record: str
    lookup: str

    def html(self, *, opened: bool) -> str:
        head = html.title(f"{self.words} · {self.fate}" if self.fate else self.words)
        summary = f"{head}<br>{html.quiet(self.facts)}"
        inner = html.label(say("WHY", "POURQUOI")) + html.protected(self.why) if self.why else ""
        inner += "".join(html.label(self.going(place)) + html.protected(_cut(text)) for place, text in self.sent)
        if self.received:
            inner += html.label(_came()) + html.protected(_cut(self.received))
        inner += self.details
        if self.record:
            inner += html.label(say("ON RECORD", "AU REGISTRE")) + html.code(self.lookup)
        return html.folded(summary, inner, opened=opened)

    def going(self, place: str) -> str:
        if self.why:
            return say(f"WHAT WOULD HAVE LEFT · {place}", f"CE QUI SERAIT PARTI · {place}")
        return say(f"WHAT LEFT · {place}", f"CE QUI EST PARTI · {place}")

    def lines(self) -> list[str]:
        mark = {html.GREEN: "●", html.AMBER: "◐", html.RED: "○"}[self.edge]
        lines = [f"{mark} {self.words}" + (f" · {self.fate}" if self.fate else ""), f"  {self.facts}"]
        lines += [f"  {self.why}"] if self.why else []
        lines += [f"  → {_flat(text)}" for _place, text in self.sent]
        lines += [f"  ← {_flat(self.received)}"] if self.received else []
        return lines + ([f"  {self.lookup}"] if self.record else [])


def _entry(asked: Asked) -> _Entry:
    trace = asked.trace
    decision = trace.decision
    edge, fate = _fate(trace)
    unprotected = decision is not None and bool(decision.observed)
    purpose = asked.scope.purpose or say("no purpose", "sans finalité")
    looked = "" if asked.declared else say("looked at by patterns only", "examiné par motifs seulement")
    facts = (purpose, trace.model or asked.model, html.used(trace.usage), looked)
    details = html.findings(decision) + html.bullets(decision.reasons) if decision else ""
    return _Entry(
        edge=edge,
        words=_words(trace),
        fate=fate,
        why=trace.refusal or (_observed(decision) if unprotected else ""),
        facts=" · ".join(filter(None, facts)),
        sent=() if unprotected else trace.sent,
        received="" if unprotected else "".join(trace.protected),
        details=html.folded(html.quiet(say("finding by finding", "donnée par donnée")), details) if details else "",
        record=trace.record_id,
        lookup=_lookup(trace.record_id, trace.ledger),
    )


def _words(trace: Trace) -> str:
    decision = trace.decision
    if decision is None or (trace.refusal and decision.effect is not Effect.BLOCK):
        return say("nothing left", "rien n'est parti")
    return in_words(decision, trace.region)


def _fate(trace: Trace) -> tuple[str, str]:
    """Return the colour and the end of a call, "" when it simply worked."""
    if trace.ticket and not trace.text:
        return html.AMBER, say("waits for a review", "attend une relecture")
    if trace.refusal:
        return html.RED, say("refused", "refusé")
    if trace.status == "failed":
        return html.AMBER, say(f"the provider failed ({trace.error})", f"échec du fournisseur ({trace.error})")
    if trace.status == "abandoned":
        return html.AMBER, say("not read to the end", "pas lu jusqu'au bout")
    if trace.decision and trace.decision.observed:
        return html.AMBER, say("only observed", "seulement observé")
    return html.GREEN, "" if trace.status or trace.text else say("still going on", "encore en cours")


def _observed(decision: Decision | None) -> str:
    """Return what would have happened: what only observes leaves in clear, so the texts themselves are not shown."""
    rules = ", ".join(f"{rule} → {effect}" for rule, effect in decision.observed) if decision else ""
    return say(
        f"when enforced: {rules}. The texts left in clear, so they are not shown here.",
        f"une fois appliqué : {rules}. Les textes sont partis en clair ; ils ne sont pas montrés ici.",
    )


def _lookup(record_id: str, ledger: str) -> str:
    if ledger == ":memory:":
        return f"{record_id} ({say('ledger in memory', 'registre en mémoire')}: gov.ledger.records())"
    return f"govai ledger show {record_id}" + ("" if ledger == DEFAULT_LEDGER else f" --ledger {ledger}")


def _came() -> str:
    return say("WHAT CAME BACK, BEFORE IT WAS RESTORED HERE", "CE QUI EST REVENU, AVANT D'ÊTRE RESTAURÉ ICI")


def _cut(text: str) -> str:
    return text if len(text) <= _LONGEST else text[:_LONGEST] + " …"


def _flat(text: str) -> str:
    flat = " ".join(text.split())
    return flat if len(flat) <= _LINE else flat[:_LINE] + " …"
