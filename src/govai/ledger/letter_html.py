"""A letter as one HTML file: no script, no font, no picture from elsewhere. It knows no ledger."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from govai.ledger.letter import Heading, Paragraph

if TYPE_CHECKING:
    from govai.ledger.letter import Block, Letter

_STYLE = (
    "body{font:15px/1.55 Georgia,'Times New Roman',serif;color:#1b1b1b;background:#fff;max-width:50em;margin:3em auto;padding:0 1.5em}"
    "h1{font-size:1.6em;margin:0 0 1.2em}h2{font-size:1.1em;margin:1.8em 0 .5em;border-bottom:1px solid #ccc}"
    "table{border-collapse:collapse;width:100%;font-size:.86em}th,td{text-align:left;padding:.3em .6em;border-bottom:1px solid #e3e3e3;"
    "vertical-align:top;overflow-wrap:anywhere}th{background:#f4f4f2}.blank::after{content:'';display:block;border-bottom:1px dotted #777;height:1.7em}"
    "@media print{body{margin:0;max-width:none}tr{break-inside:avoid}h2{break-after:avoid}}"
)


def html(letter: Letter) -> str:
    """Return a letter as a whole page."""
    inner = "\n".join(_block(one) for one in letter.blocks)
    title = escape(letter.title)
    return (
        f'<!doctype html>\n<html lang="{letter.lang}"><head><meta charset="utf-8"><title>{title}</title>'
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">"
        f'<meta name="viewport" content="width=device-width"><style>{_STYLE}</style></head>\n'
        f"<body><h1>{title}</h1>\n{inner}\n</body></html>\n"
    )


def _block(one: Block) -> str:
    if isinstance(one, Heading):
        return f"<h2>{escape(one.text)}</h2>"
    if isinstance(one, Paragraph):
        return _paragraph(one)
    head = "".join(f'<th scope="col">{escape(text)}</th>' for text in one.heads)
    rows = "".join("<tr>" + "".join(f"<td>{escape(text)}</td>" for text in row) + "</tr>" for row in one.rows)
    return f"<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"


def _paragraph(one: Paragraph) -> str:
    kind = ' class="blank"' if one.blank else ""
    return f"<p{kind}>{escape(one.text)}</p>"
