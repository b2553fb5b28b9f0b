"""The HTML that the reports of a picture and of a clip share: one page in one file that loads nothing."""

from __future__ import annotations

import base64
import io
from collections.abc import Sequence
from html import escape

import numpy as np
from PIL import Image

from unmask.media.marks import VERDICT_COLOURS
from unmask.schema import Verdict

PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; img-src data:; style-src 'unsafe-inline'">
<title>{title}</title>
<style>
body {{ font: 16px/1.5 system-ui, sans-serif; color: #1a1a1a; background: #fff; max-width: 60rem; margin: 2rem auto;
  padding: 0 1rem; }}
h1 {{ font-size: 1.5rem; overflow-wrap: anywhere; }} h2 {{ font-size: 1.15rem; margin: 2rem 0 .5rem; }}
.verdict {{ display: inline-block; padding: .1rem .6rem; border-radius: .3rem; print-color-adjust: exact; }}
svg {{ width: 100%; min-width: 34rem; height: auto; }} svg text {{ font: 12px system-ui, sans-serif; fill: #333; }}
figure {{ display: inline-block; margin: 0 .8rem .8rem 0; }} figcaption {{ font-size: .85rem; color: #444; }}
img {{ display: block; width: 160px; height: 160px; }}
img.whole {{ width: auto; height: auto; max-width: 100%; max-height: 34rem; }}
table {{ border-collapse: collapse; }} th, td {{ text-align: left; padding: .2rem 1rem .2rem 0; vertical-align: top; }}
th {{ white-space: nowrap; }} td:only-of-type {{ overflow-wrap: anywhere; }} .scroll {{ overflow-x: auto; }}
.scroll td:last-child {{ min-width: 10rem; }} tr + tr {{ border-top: 1px solid #ddd; }}
code {{ font-size: .9em; overflow-wrap: anywhere; }} .note {{ color: #444; }}
pre {{ background: #f2f2f2; padding: .6rem .8rem; border-radius: .3rem; white-space: pre-wrap; }}
@media print {{ figure, tr, pre {{ break-inside: avoid; }} h2 {{ break-after: avoid; }} }}
</style>
</head>
<body>
{body}
</body>
</html>
"""


def html_page(title: str, parts: Sequence[str]) -> str:
    """Return a whole page; `title` is plain text, `parts` are HTML, and empty ones are left out."""
    return PAGE.format(title=escape(title), body="\n".join(part for part in parts if part))


def facts_table(facts: dict[str, str]) -> str:
    """Return a table of names and values; the values are HTML already."""
    return table([[f"<th>{name}</th>", f"<td>{value}</td>"] for name, value in facts.items()])


def table(rows: Sequence[Sequence[str]]) -> str:
    """Return a table of cells that are HTML already."""
    return "<table>" + "".join(f"<tr>{''.join(cells)}</tr>" for cells in rows) + "</table>"


def badge(verdict: Verdict) -> str:
    """Return a verdict on its colour."""
    ink = "#{:02x}{:02x}{:02x}".format(*VERDICT_COLOURS[verdict][1])
    style = f"background:{colour_of(verdict)};color:{ink}"
    return f'<span class="verdict" style="{style}">{verdict.replace("_", " ")}</span>'


def colour_of(verdict: Verdict) -> str:
    """Return a verdict's colour as `#rrggbb`."""
    return "#{:02x}{:02x}{:02x}".format(*VERDICT_COLOURS[verdict][0])


def data_url(pixels: np.ndarray) -> str:
    """Return a picture (uint8 RGB) as a JPEG in a data URL."""
    return f"data:image/jpeg;base64,{base64.b64encode(jpeg_bytes(pixels)).decode()}"


def jpeg_bytes(pixels: np.ndarray) -> bytes:
    """Return a picture (uint8 RGB) as a JPEG file."""
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "JPEG", quality=90)
    return file.getvalue()


def printable(text: str) -> str:
    """Return a text of a file's name that any page can hold."""
    return "".join(character if character.isprintable() else "?" for character in text)
