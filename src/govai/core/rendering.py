"""HTML for notebooks: the few pieces that decisions, records, replies and the card under a cell are made of.

Styles are inline, for saved notebooks are shown without ours; colours are the reader's own, tinted, so that they hold on
light and dark. Everything is escaped. It is given protected text only: saved notebooks reach git.
"""

from __future__ import annotations

import json
import re
from html import escape
from typing import TYPE_CHECKING

from govai.core.decisions import Effect
from govai.core.lang import say
from govai.core.wording import in_words, manner, visible

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from govai.core.decisions import Decision
    from govai.core.exchange import Usage
    from govai.core.messages import Reply
    from govai.core.records import Record

_LINE = "rgba(128,128,128,.32)"
_WASH = "rgba(128,128,128,.09)"
GREEN, AMBER, RED, BLUE = "#2da160", "#d08a1c", "#d9534f", "#3f86d9"  # readable as an edge on white and on black
EDGES = {Effect.BLOCK: RED, Effect.REMOVE: AMBER}
_FONT = "font:13px/1.5 system-ui,-apple-system,'Segoe UI',Roboto,sans-serif"
_MONO = "font-family:ui-monospace,'SF Mono',Menlo,Consolas,monospace;font-size:12px"
_PLACEHOLDER = re.compile(r"Zq[A-Z][a-z]{1,15}[A-Z2-7]{12}")  # as `protect` issues them; here they are only marked
_QUIET = "opacity:.72"


def box(inner: str, edge: str = GREEN) -> str:
    """Return a frame with a coloured edge around HTML."""
    return (
        f'<div class="govai" style="{_FONT};border:1px solid {_LINE};border-left:4px solid {edge};border-radius:6px;'
        f'padding:8px 12px;margin:6px 0;max-width:64em">{inner}</div>'
    )


def title(text: str) -> str:
    """Return a sentence as the head of a box."""
    return f'<span style="font-weight:600">{escape(text)}</span>'


def quiet(text: str) -> str:
    """Return text that stands back."""
    return f'<span style="{_QUIET}">{escape(text)}</span>'


def code(text: str) -> str:
    """Return an id or a command."""
    return f'<code style="{_MONO};background:{_WASH};border-radius:3px;padding:1px 4px">{escape(text)}</code>'


def label(text: str) -> str:
    """Return a small heading."""
    return f'<div style="{_QUIET};font-size:11px;font-weight:600;letter-spacing:.03em;margin:8px 0 2px">{escape(text)}</div>'


def protected(text: str) -> str:
    """Return protected text with its placeholders marked, and what a screen would hide spelled out."""
    mark = r'<span style="background:rgba(63,134,217,.2);border-radius:3px;padding:0 2px">\g<0></span>'
    inner = _PLACEHOLDER.sub(mark, escape(visible(text)))
    return (
        f'<div style="{_MONO};line-height:1.5;white-space:pre-wrap;overflow-wrap:anywhere;background:{_WASH};'
        f'border-radius:4px;padding:6px 8px;max-height:16em;overflow:auto">{inner}</div>'
    )


def folded(summary: str, inner: str, *, opened: bool = False) -> str:
    """Return HTML that a click on `summary` shows and hides."""
    state = " open" if opened else ""
    return f'<details{state}><summary style="cursor:pointer">{summary}</summary>{inner}</details>'


def table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return rows of plain text as a table, with a head if there is one."""
    cell = "text-align:left;padding:2px 14px 2px 0;border:0;background:none;vertical-align:top;font-size:12px"
    head = "".join(f'<th style="{cell};{_QUIET};font-weight:600">{escape(one)}</th>' for one in heads)
    lines = ["".join(f'<td style="{cell}">{escape(one)}</td>' for one in row) for row in rows]
    plain = '<tr style="border:0;background:none">'  # front ends stripe the rows of tables
    body = "".join(f"{plain}{line}</tr>" for line in lines)
    return (
        '<table style="border-collapse:collapse;border:0;margin:2px 0;background:none">'
        f"{f'<thead>{plain}{head}</tr></thead>' if head else ''}<tbody>{body}</tbody></table>"
    )


def findings(decision: Decision) -> str:
    """Return what was seen in a call and what is done with each kind, "" when nothing was seen."""
    if not decision.findings:
        return ""
    heads = say("what,field,where,decision,rule,times", "quoi,champ,où,décision,règle,fois").split(",")
    rows = [
        (
            judged.category or judged.kind,
            ".".join(filter(None, (judged.datum.source, judged.field))) or "—",
            judged.where,
            manner(judged),
            judged.rule,
            str(judged.count),
        )
        for judged in decision.findings
    ]
    return table(heads, rows)


def bullets(texts: Iterable[str]) -> str:
    """Return sentences as a list."""
    items = "".join(f"<li>{escape(text)}</li>" for text in texts)
    return f'<ul style="margin:2px 0;padding-left:18px;font-size:12px">{items}</ul>' if items else ""


def decision(decided: Decision) -> str:
    """Return a decision: in words, finding by finding, with its reasons and reviews."""
    needs = [
        say(f"review of the {need.on} by {need.role}", f"relecture par {need.role} ({need.on})")
        for need in decided.reviews
    ]
    about = " · ".join(filter(None, (decided.purpose, *needs)))
    head = f"{title(in_words(decided))}<br>{quiet(about)}" if about else title(in_words(decided))
    edge = EDGES.get(decided.effect, GREEN)
    return box(
        head + findings(decided) + bullets(decided.reasons), AMBER if decided.reviews and edge == GREEN else edge
    )


def record(one: Record) -> str:
    """Return a record of the ledger: what it is, what it says, and all of it on demand."""
    body = one.body
    names = ("status", "purpose", "provider", "model", "actor", "door")
    said = {name: body.get(name) for name in names}
    actor = said["actor"]
    said["actor"] = actor.get("id") if isinstance(actor, dict) else actor
    rows = [(name, str(value)) for name, value in said.items() if value]
    fields = [
        (
            str(field.get("category") or field.get("kind")),
            str(field.get("field") or "—"),
            str(field.get("effect")),
            str(field.get("rule")),
        )
        for field in body.get("fields", ())
    ]
    heads = say("what,field,decision,rule", "quoi,champ,décision,règle").split(",")
    whole = folded(quiet(say("all of it", "tout")), protected(json.dumps(one.to_json(), indent=1, ensure_ascii=False)))
    head = f"{title(one.kind)} {quiet(one.time[:19].replace('T', ' ') + ' UTC')} {code(one.id)}"
    return box(head + table((), rows) + (table(heads, fields) if fields else "") + whole, BLUE)


def reply(one: Reply) -> str:
    """Return a reply in its protected form."""
    effect = one.decision.effect.label if one.decision else ""
    about = " · ".join(filter(None, (one.model, effect, used(one.usage))))
    text = protected(one.protected)
    if one.decision and one.decision.observed:  # nothing was protected, and saved notebooks reach git
        text = quiet(
            say("only observed, so not shown; str(reply) has it", "seulement observé, donc pas montré ; str(reply) l'a")
        )
        text += "<br>"
    return box(f"{text}{quiet(about)} {code(one.record_id)}", BLUE)


def used(usage: Usage) -> str:
    """Return tokens in words, "" when the provider did not say."""
    if usage.input_tokens is None and usage.output_tokens is None:
        return ""
    there, back = (("?" if n is None else str(n)) for n in (usage.input_tokens, usage.output_tokens))
    return say(f"{there} → {back} tokens", f"{there} → {back} jetons")
