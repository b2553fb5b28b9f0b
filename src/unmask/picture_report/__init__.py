"""The report of one picture, as one HTML file or as a PDF: what was found, by what, and how to repeat it."""

from __future__ import annotations

import os
from pathlib import Path

from unmask.detector import Detector
from unmask.errors import DataError
from unmask.files import is_same_file, write_whole
from unmask.picture_report.content import analyse
from unmask.picture_report.html import render_html
from unmask.picture_report.pdf import render_pdf

RENDERERS = {".html": render_html, ".htm": render_html, ".pdf": render_pdf}
"""By the ending of the report's name."""


def write_picture_report(
    picture: str | os.PathLike[str], detector: Detector, output: str | os.PathLike[str], *, public: bool = False
) -> None:
    """Judge a picture and write the finding as one file to share: HTML, or PDF.

    It holds the picture's SHA-256 and the picture with its faces boxed; of each face the crop, the fake
    probability, the verdict, its reasons and where the network looked; the detector with the hash of its
    network, its thresholds and what they promise; what the file says of its origin; the time, and the one
    command that repeats it. The file is read once, so that hash, numbers and pictures are of the same bytes.

    Args:
        picture: The picture's path.
        detector: What judges it.
        output: Where to, ending in `.html` or `.pdf`; written aside and renamed. PDF needs fpdf2, which the
            `app` extra brings.
        public: For strangers: of a detector's folder its own name alone is told.

    Raises:
        UnreadableImage: It is no picture that can be decoded safely.
        DataError: The output has another ending, is the picture itself or cannot be written, or fpdf2 is missing.

    Example:
        >>> from unmask import load_detector, write_picture_report
        >>> write_picture_report("portrait.jpg", load_detector(), "finding.html")  # doctest: +SKIP
    """
    page = Path(output)
    render = RENDERERS.get(page.suffix.lower())
    if render is None:
        raise DataError(f"{page} is neither .html nor .pdf. Name a report with one of these endings.")
    if is_same_file(page, picture):
        raise DataError(f"{page} is the picture itself. Name another file for the report.")
    write_whole(page, render(analyse(Path(picture), detector, public=public)))
