"""The report of a picture as a PDF (fpdf2): its text is text, its pages are A4.

The standard fonts have Western European letters alone. A character that they lack is written as its number, as in
`\\u0416`, and the command is written in ASCII; the HTML report has all letters.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from unmask.errors import DataError
from unmask.media.marks import VERDICT_COLOURS
from unmask.picture_report.content import CAVEAT, LEGEND, PROVENANCE_LIMIT, FaceFinding, PictureFinding
from unmask.picture_report.html import COLUMNS
from unmask.repeating import shell_lines
from unmask.report_html import jpeg_bytes
from unmask.schema import Verdict

if TYPE_CHECKING:  # imported where it is used: most verdicts need no PDF
    from fpdf import FPDF

CODE_PAGE = "cp1252"
MARGIN, LINE = 18.0, 5.0
"""In millimetres, as all lengths here: round a page; from one line of text to the next."""
TALLEST_PICTURE, FACE = 85.0, 42.0
COMMAND_WIDTH = 78
"""In characters, of the command."""
INK, QUIET, PALE, LINES, PAPER = (26, 26, 26), (68, 68, 68), (242, 242, 242), (208, 208, 208), (255, 255, 255)

NO_LETTERS = (
    "A letter that this PDF has no form for is written as its number, and in the command, which is for bash and zsh, "
    "as its bytes. The HTML report shows it."
)


def render_pdf(finding: PictureFinding) -> bytes:
    """Return the report as a PDF file; raises DataError where fpdf2 is missing."""
    sheet = Sheet(_start(finding))
    sheet.title(finding.name, finding.verdict)
    sheet.text(finding.reason)
    sheet.note(CAVEAT)
    sheet.picture(finding.boxed)
    for face in finding.faces:
        sheet.face(face)
    if finding.faces:
        sheet.note(LEGEND)
    if len(finding.rows) > 1:
        sheet.heading("All faces")
        sheet.table([COLUMNS, *finding.rows], (12, 19, 29, 42, 72), head=True)
    sheet.heading("How it was judged")
    sheet.table(list(finding.facts.items()), (40, 134))
    sheet.heading("What the file says of where it comes from")
    for sentence in finding.provenance:
        sheet.text(f"• {sentence}")
    sheet.note(PROVENANCE_LIMIT)
    sheet.heading("Repeat it", room=40)
    sheet.text(finding.how_to_repeat)
    sheet.command(shell_lines(finding.command, COMMAND_WIDTH))
    if _letters(finding.name) != finding.name:
        sheet.note(NO_LETTERS)
    return sheet.as_bytes()


def _start(finding: PictureFinding) -> FPDF:
    """Return an empty document that numbers its pages and names the picture's hash on each."""
    try:
        from fpdf import FPDF
    except ImportError as error:
        raise DataError("A PDF needs fpdf2. Install it: pip install 'unmask[app]'; or name an .html file.") from error

    class Report(FPDF):
        def footer(self) -> None:
            self.set_y(-12)
            self.set_font("helvetica", size=8)
            self.set_text_color(*QUIET)
            words = (
                f"Unmask, {finding.facts['Analysed']}. SHA-256 {finding.facts['SHA-256'][:16]}… Page {self.page_no()}"
            )
            self.cell(0, 5, _letters(f"{words} of {{nb}}"))

    pdf = Report(format="A4")
    pdf.core_fonts_encoding = CODE_PAGE
    pdf.set_margin(MARGIN)
    pdf.c_margin = 0  # text begins where pictures do
    pdf.set_auto_page_break(True, MARGIN)
    pdf.set_creation_date(finding.made)
    pdf.set_title(_letters(f"Unmask: {finding.name}"))
    pdf.set_lang("en")
    pdf.add_page()
    return pdf


class Sheet:
    """Writes one below the other, and begins a new page where something would be torn."""

    def __init__(self, pdf: FPDF) -> None:
        self._pdf: Any = pdf

    def as_bytes(self) -> bytes:
        """Return the file."""
        return bytes(self._pdf.output())

    def title(self, name: str, verdict: Verdict) -> None:
        """Write the picture's name and its verdict."""
        self._font(16, "B")
        self._pdf.multi_cell(0, 8, _letters(name), wrapmode="CHAR", new_x="LMARGIN", new_y="NEXT")
        self._badge(verdict)
        self._pdf.ln(9)

    def heading(self, words: str, room: float = 25) -> None:
        """Write a heading, on a new page where less than `room` is left for it and what follows."""
        self._keep_together(room)
        self._pdf.ln(3)
        self._font(12, "B")
        self._pdf.cell(0, 7, _letters(words), new_x="LMARGIN", new_y="NEXT")

    def text(self, words: str) -> None:
        """Write a paragraph."""
        self._font(10)
        self._pdf.multi_cell(0, LINE, _letters(words), align="L", new_x="LMARGIN", new_y="NEXT")
        self._pdf.ln(1)

    def note(self, words: str) -> None:
        """Write a paragraph that stands back."""
        self._font(9, colour=QUIET)
        self._pdf.multi_cell(0, 4.5, _letters(words), align="L", new_x="LMARGIN", new_y="NEXT")
        self._pdf.ln(1)

    def picture(self, pixels: np.ndarray) -> None:
        """Lay the whole picture across the page, or as high as leaves room for more."""
        height, width = pixels.shape[:2]
        wide = min(self._pdf.epw, TALLEST_PICTURE * width / height)
        tall = wide * height / width
        self._keep_together(tall)
        self._image(pixels, self._pdf.l_margin, wide, "The picture, each face boxed and numbered")
        self._pdf.set_y(self._pdf.get_y() + tall + 2)

    def face(self, face: FaceFinding) -> None:
        """Write of one face its crop, its heat map, and beside them what was said of it."""
        self.heading(f"Face {face.number}: fake probability {face.fake_probability:.3f}", FACE + 18)
        top, left = self._pdf.get_y(), self._pdf.l_margin
        pictures = [(face.crop, "what the network saw"), (face.heat, "where the network looked")]
        for place, (pixels, words) in enumerate(pictures):
            if pixels is not None:
                self._pdf.set_y(top)
                self._image(pixels, left + place * (FACE + 4), FACE, f"Face {face.number}: {words}")
                self._pdf.set_xy(left + place * (FACE + 4), top + FACE)
                self._font(8, colour=QUIET)
                self._pdf.cell(FACE, 4.5, words)
        column = left + 2 * (FACE + 4)
        self._pdf.set_xy(column, top)
        self._badge(face.verdict)
        self._pdf.set_xy(column, top + 9)
        self._font(10)
        words = f"{face.place}\n{face.remarks}"
        self._pdf.multi_cell(self._pdf.w - MARGIN - column, LINE, _letters(words), align="L")
        self._pdf.set_xy(left, top + FACE + 6)

    def table(self, rows: Sequence[Sequence[str]], widths: tuple[int, ...], *, head: bool = False) -> None:
        """Write rows of texts; the first one, or else the first column, is a head."""
        from fpdf.fonts import FontFace

        self._font(9)
        self._pdf.set_fill_color(*PAPER)
        self._pdf.set_draw_color(*LINES)
        with self._pdf.table(
            col_widths=widths, line_height=4.5, borders_layout="HORIZONTAL_LINES", first_row_as_headings=head,
            text_align="LEFT", v_align="TOP", padding=(0.8, 2, 0.8, 0),
        ) as table:  # fmt: skip
            for row in rows:
                cells = table.row()
                for place, value in enumerate(row):
                    cells.cell(_letters(value), style=None if place or head else FontFace(emphasis="BOLD"))

    def command(self, lines: str) -> None:
        """Write a command on a ground of its own."""
        self._pdf.set_font("courier", size=10)
        self._pdf.set_text_color(*INK)
        self._pdf.set_fill_color(*PALE)
        self._pdf.multi_cell(
            0, LINE + 1, lines, align="L", fill=True, padding=2, wrapmode="CHAR", new_x="LMARGIN", new_y="NEXT"
        )

    def _badge(self, verdict: Verdict) -> None:
        ground, ink = VERDICT_COLOURS[verdict]
        self._font(11, "B", ink)
        self._pdf.set_fill_color(*ground)
        words = verdict.replace("_", " ")
        self._pdf.cell(self._pdf.get_string_width(words) + 5, 7, words, align="C", fill=True)

    def _image(self, pixels: np.ndarray, left: float, wide: float, alt: str) -> None:
        self._pdf.image(io.BytesIO(jpeg_bytes(pixels)), x=left, y=self._pdf.get_y(), w=wide, alt_text=alt)

    def _font(self, size: float, style: str = "", colour: tuple[int, int, int] = INK) -> None:
        self._pdf.set_font("helvetica", style=style, size=size)
        self._pdf.set_text_color(*colour)

    def _keep_together(self, tall: float) -> None:
        if self._pdf.will_page_break(tall):
            self._pdf.add_page()


def _letters(text: str) -> str:
    """Return a text in which every character that the fonts lack is its number."""
    return text.encode(CODE_PAGE, "backslashreplace").decode(CODE_PAGE)
