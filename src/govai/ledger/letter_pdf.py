"""A letter as PDF, by fpdf2, in the fonts every reader has (Windows-1252: French and English whole). It knows no ledger."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from govai.core.errors import ConfigError
from govai.core.lang import say
from govai.ledger.letter import Heading, Paragraph

if TYPE_CHECKING:
    from govai.ledger.letter import Block, Letter, Table

_MARGIN, _LINE = 20, 5  # mm
_FONT = "Helvetica"


def pdf(letter: Letter) -> bytes:
    """Return a letter as a PDF file's bytes.

    Raises:
        ConfigError: fpdf2 (the extra `report`) is missing.
    """
    try:
        from fpdf import FPDF
    except ImportError:
        missing = True
    else:
        missing = False
    if missing:
        raise ConfigError(
            say("a PDF needs fpdf2", "un PDF a besoin de fpdf2"),
            todo=say("install the extra `report`, or write .html", "installez l'extra `report`, ou écrivez en .html"),
        )

    class Pages(FPDF):  # type: ignore[misc,unused-ignore]
        """Numbers its pages."""

        def footer(self) -> None:
            self.set_y(-15)
            self.set_font(_FONT, size=8)
            self.cell(0, 10, f"{self.page_no()} / {{nb}}", align="C")

    page: Any = Pages(format="A4")
    page.core_fonts_encoding = "cp1252"
    page.set_lang(letter.lang)
    page.set_title(_written(letter.title))
    page.set_margins(_MARGIN, _MARGIN, _MARGIN)
    page.set_auto_page_break(True, _MARGIN)
    page.add_page()
    page.set_font(_FONT, "B", 17)
    page.multi_cell(0, 9, _written(letter.title), new_x="LMARGIN", new_y="NEXT")
    page.ln(_LINE)
    for one in letter.blocks:
        _put(page, one)
    return bytes(page.output())


def _put(page: Any, one: Block) -> None:
    if isinstance(one, Heading):
        page.ln(3)
        if page.will_page_break(25):  # a heading does not stand alone at a page's foot
            page.add_page()
        page.set_font(_FONT, "B", 11.5)
        page.multi_cell(0, 7, _written(one.text), new_x="LMARGIN", new_y="NEXT")
    elif isinstance(one, Paragraph):
        page.set_font(_FONT, size=10)
        page.multi_cell(0, _LINE, _written(one.text), new_x="LMARGIN", new_y="NEXT", align="L")
        if one.blank:
            page.ln(_LINE + 2)
            page.set_draw_color(120)
            page.set_line_width(0.2)
            page.set_dash_pattern(dash=0.6, gap=1)
            page.line(_MARGIN, page.get_y(), page.w - _MARGIN, page.get_y())
            page.set_dash_pattern()
        page.ln(2.5)
    else:
        _put_table(page, one)


def _put_table(page: Any, one: Table) -> None:
    from fpdf.fonts import FontFace

    page.set_font(_FONT, size=8)
    page.set_draw_color(200)
    with page.table(
        col_widths=one.widths,
        text_align="LEFT",
        line_height=4.2,
        padding=0.8,
        borders_layout="HORIZONTAL_LINES",
        headings_style=FontFace(emphasis="BOLD", fill_color=(244, 244, 242)),
    ) as table:
        for cells in (one.heads, *one.rows):
            row = table.row()
            for text in cells:
                row.cell(_written(text))
    page.ln(3)


def _written(text: str) -> str:
    """Return what the fonts can show; `?` for other scripts' letters, which only names in a policy could bring."""
    return text.encode("cp1252", "replace").decode("cp1252")
