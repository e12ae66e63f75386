"""Drawing: a lineage as an SVG of its own, or a page with the same in words. No script, no network; light and dark."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from govai.core.lang import french, say
from govai.core.wording import visible
from govai.ledger.layout import layout
from govai.ledger.lineage import effect_in_words, in_words, kind_in_words, more, named, short

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from govai.ledger.lineage import Edge, Lineage, Node

_WIDE, _HIGH, _ACROSS, _DOWN, _EDGE = 190, 46, 122, 22, 18  # pixels: a box, the gaps between them, the margin
_CHARS = 27  # that fit into a box
_LATE = frozenset({"source", "field", "subjects", "call"})
_COLOURS = {  # readable as an edge and as a wash on white and on black
    "run": "#8a7fd6",
    "source": "#3f86d9",
    "field": "#3f86d9",
    "subjects": "#3f86d9",
    "call": "#8a7fd6",
    "attempt": "#8c8c8c",
    "answer": "#2da160",
    "review": "#d08a1c",
    "release": "#d08a1c",
    "refusal": "#d9534f",
    "record": "#8c8c8c",
}
_STYLE = """
.govai-lineage{font:13px system-ui,-apple-system,'Segoe UI',Roboto,sans-serif;fill:currentColor}
.govai-lineage .box{fill-opacity:.13;stroke-width:1.4}
.govai-lineage .start .box{stroke-width:3.2;fill-opacity:.24}
.govai-lineage .kind{font-size:10.5px;opacity:.75}
.govai-lineage .arrow{fill:none;stroke:currentColor;stroke-opacity:.5;stroke-width:1.3}
.govai-lineage .derived{stroke-width:2.2;stroke-opacity:.8}
.govai-lineage .kept{stroke:#d9534f;stroke-opacity:.95;stroke-dasharray:5 4}
.govai-lineage .word{font-size:10.5px}
.govai-lineage g:focus{outline:none}
.govai-lineage g:focus .box{stroke:currentColor;stroke-width:3}
"""
_ALONE = ":root{color-scheme:light dark}.govai-lineage{color:CanvasText;background:Canvas}"
_HALO = ".govai-lineage .word{paint-order:stroke;stroke:Canvas;stroke-width:4px;stroke-linejoin:round}"
_PAGE = """
:root{color-scheme:light dark}body{font:15px/1.5 system-ui,-apple-system,'Segoe UI',Roboto,sans-serif;margin:2em auto;padding:0 1.2em;
color:CanvasText;background:Canvas}h1{font-size:1.3em}h2{font-size:1.05em;margin-top:1.6em}
.scroll{overflow-x:auto;border:1px solid rgba(128,128,128,.35);border-radius:6px;padding:6px}table{border-collapse:collapse}
th,td{text-align:left;padding:3px 16px 3px 0;vertical-align:top;font-size:13px;border-bottom:1px solid rgba(128,128,128,.25)}
code{font-family:ui-monospace,Menlo,Consolas,monospace;font-size:12px}
"""


def svg(lineage: Lineage) -> str:
    """Return the graph as a file of its own."""
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + _svg(lineage, _ALONE + _STYLE + _HALO)


def inline(lineage: Lineage) -> str:
    """Return the graph as HTML for a notebook, in its reader's own colours."""
    return f'<div class="govai" style="overflow-x:auto">{_svg(lineage, _STYLE)}</div>'


def page(lineage: Lineage) -> str:
    """Return the graph as a page of its own, with the same in words below."""
    title = _title(lineage)
    note = "" if lineage.complete else f"<p>{_text(more())}</p>"
    heads = say("from,what,to", "de,quoi,vers").split(",")
    nodes = {one.id: one for one in lineage.nodes}
    arrows = [(_told(nodes[one.source]), _text(_in_full(one)), _told(nodes[one.target])) for one in lineage.edges]
    facts = [(_told(one), "<br>".join(_text(f"{name}: {value}") for name, value in one.facts)) for one in lineage.nodes]
    return (
        f'<!doctype html><html lang="{"fr" if french() else "en"}"><head><meta charset="utf-8">'
        f'<meta name="viewport" content="width=device-width"><title>{_text(title)}</title><style>{_PAGE}</style></head>'
        f'<body><main><h1>{_text(title)}</h1>{note}<div class="scroll" tabindex="0">{_svg(lineage, _STYLE + _HALO)}</div>'
        f"<h2>{_text(say('The same in words', 'La même chose en mots'))}</h2>{_table(heads, arrows)}"
        f"<h2>{_text(say('What is known of each', 'Ce que l’on sait de chacun'))}</h2>"
        f"{_table(say('what,facts', 'quoi,faits').split(','), facts)}</main></body></html>"
    )


def _title(lineage: Lineage) -> str:
    return say("Lineage of ", "Lignage de : ") + _plain(lineage.node(lineage.start))


def _svg(lineage: Lineage, style: str) -> str:
    placed = layout(
        [one.id for one in lineage.nodes],
        [(one.source, one.target) for one in lineage.edges],
        frozenset(one.id for one in lineage.nodes if one.kind in _LATE),
    )
    wide = placed.columns * (_WIDE + _ACROSS) - _ACROSS + 2 * _EDGE
    high = round(placed.rows * (_HIGH + _DOWN)) - _DOWN + 2 * _EDGE
    arrows = "".join(_arrow(one, placed.routes.get((one.source, one.target), ())) for one in lineage.edges)
    boxes = "".join(_box(one, *_corner(*placed.places[one.id]), start=one.id == lineage.start) for one in lineage.nodes)
    desc = say(
        f"{len(lineage.nodes)} things and {len(lineage.edges)} arrows, from data on the left to answers on the right.",
        f"{len(lineage.nodes)} éléments et {len(lineage.edges)} flèches, des données à gauche aux réponses à droite.",
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" class="govai-lineage" width="{wide}" height="{high}" '
        f'viewBox="0 0 {wide} {high}" role="group" aria-roledescription="{_text(say("graph", "graphe"))}" '
        f'aria-label="{_text(_title(lineage))}"><title>{_text(_title(lineage))}</title><desc>{_text(desc)}</desc>'
        f"<style>{style}</style>"
        '<defs><marker id="govai-tip" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" '
        'orient="auto"><path d="M0 0.6 7.4 4 0 7.4Z" fill="currentColor" fill-opacity=".7"/></marker></defs>'
        f'<g aria-hidden="true">{arrows}</g>{boxes}</svg>'
    )


def _corner(column: int, row: float) -> tuple[int, int]:
    return _EDGE + column * (_WIDE + _ACROSS), _EDGE + round(row * (_HIGH + _DOWN))


def _box(node: Node, x: int, y: int, *, start: bool) -> str:
    colour = _COLOURS[node.kind]
    full = "; ".join([_plain(node), *(f"{name}: {value}" for name, value in node.facts)])
    kind = kind_in_words(node.kind)
    rounded = _HIGH // 2 if node.kind in ("field", "source", "subjects") else 7
    mark = ' class="start"' if start else ""
    return (
        f'<g tabindex="0" role="img" aria-label="{_text(full)}"{mark}><title>{_text(full)}</title>'
        f'<rect class="box" x="{x}" y="{y}" width="{_WIDE}" height="{_HIGH}" rx="{rounded}" fill="{colour}" stroke="{colour}"/>'
        f'<text class="kind" x="{x + 14}" y="{y + 17}">{_text(kind)}</text>'
        f'<text x="{x + 14}" y="{y + 34}">{_text(_fit(visible(node.label or short(node.id))))}</text></g>'
    )


def _arrow(edge: Edge, route: Sequence[tuple[int, float]]) -> str:
    points = [_corner(*place) for place in route]
    if len(points) < 2:  # noqa: PLR2004 -- a line has two ends
        return ""
    middle = _HIGH // 2
    x, y = points[0][0] + _WIDE, points[0][1] + middle
    words = in_words(edge) if edge.effect else ""
    label = f'<text class="word" x="{x + 5}" y="{y - 5}">{_text(words)}</text>' if words else ""
    path = f"M{x} {y}"
    for number, (left, top) in enumerate(points[1:], start=1):
        last = number == len(points) - 1
        to_x, to_y = left - (2 if last else 0), top + middle
        bend = (to_x - x) // 2
        path += f"C{x + bend} {y} {to_x - bend} {to_y} {to_x} {to_y}"
        if not last:
            path += f"H{left + _WIDE}"
        x, y = left + _WIDE, to_y
    kind = " kept" if not edge.sent else " derived" if edge.kind == "derived" else ""
    return f'<path class="arrow{kind}" d="{path}" marker-end="url(#govai-tip)"/>{label}'


def _text(words: str) -> str:
    """Return words as text of a page: no markup, and nothing that a screen obeys."""
    return escape(visible(words))


def _fit(text: str) -> str:
    return text if len(text) <= _CHARS else text[: _CHARS - 1] + "…"


def _plain(node: Node) -> str:
    return named(node)


def _told(node: Node) -> str:
    anchor = f" <code>{_text(short(node.id))}</code>" if "-" in node.id else ""
    return _text(_plain(node)) + anchor


def _in_full(edge: Edge) -> str:
    words = {
        "holds": ("holds", "contient"),
        "used": ("goes into", "entre dans"),
        "ran": ("ran", "a lancé"),
        "about": ("are who it is about", "sont concernées"),
        "sent": ("sent", "a envoyé"),
        "answered": ("was answered by", "a reçu"),
        "derived": ("stands in", "figure dans"),
        "reviewed": ("was reviewed", "a été relu"),
        "released": ("was released", "a été remis"),
        "refused": ("was refused", "a été refusé"),
        "fetched": ("was fetched by", "a été récupéré par"),
        "batched": ("holds", "contient"),
        "noted": ("was noted", "a été noté"),
    }
    effect = (
        effect_in_words(edge.effect) + ("" if edge.sent else say(", never sent", ", jamais envoyé"))
        if edge.effect
        else ""
    )
    return " · ".join(filter(None, (say(*words[edge.kind]), effect)))


def _table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table of cells that are HTML already."""
    head = "".join(f'<th scope="col">{_text(one)}</th>' for one in heads)
    body = "".join("<tr>" + "".join(f"<td>{cell}</td>" for cell in row) + "</tr>" for row in rows)
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
