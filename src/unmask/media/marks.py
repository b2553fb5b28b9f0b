"""Marks on pictures: a coloured frame round each face, with a line of text on it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import cv2
import numpy as np

from unmask.schema import Box, Verdict

Colour = tuple[int, int, int]

VERDICT_COLOURS: dict[Verdict, tuple[Colour, Colour]] = {
    "real": ((11, 95, 150), (255, 255, 255)),
    "fake": ((179, 71, 0), (255, 255, 255)),
    "uncertain": ((240, 228, 66), (0, 0, 0)),
    "no_face": ((102, 102, 102), (255, 255, 255)),
}
"""Ground and ink of each verdict: blue, vermillion and yellow, which colour-blind people tell apart."""
FONT = cv2.FONT_HERSHEY_SIMPLEX


@dataclass(frozen=True)
class Mark:
    """What is drawn on one face: its box, a text of plain ASCII, and the verdict that gives the colour.

    `note` follows the text where the picture is wide enough for both.
    """

    box: Box
    text: str
    verdict: Verdict
    note: str = ""


def draw_marks(image: np.ndarray, marks: Iterable[Mark]) -> None:
    """Draw the marks into a picture (uint8 RGB [H, W, 3]); lines and letters grow with it."""
    thick = max(1, round(min(image.shape[:2]) / 240))
    for mark in marks:
        ground, _ = VERDICT_COLOURS[mark.verdict]
        cv2.rectangle(image, (mark.box.left, mark.box.top), (mark.box.right, mark.box.bottom), ground, 2 * thick)
    for mark in marks:  # on top of all frames
        _write(image, mark, thick)


def _write(image: np.ndarray, mark: Mark, thick: int) -> None:
    """Write the text over the box, or in it where there is no room above, and never beyond the picture."""
    ground, ink = VERDICT_COLOURS[mark.verdict]
    scale = max(0.4, min(image.shape[:2]) / 800)
    pad, text = 2 * thick, mark.text + mark.note
    (wide, tall), below = cv2.getTextSize(text, FONT, scale, thick)
    if mark.note and wide + 2 * pad > image.shape[1]:
        text = mark.text
        (wide, tall), below = cv2.getTextSize(text, FONT, scale, thick)
    height = tall + below + 2 * pad
    left = min(max(0, mark.box.left), max(0, image.shape[1] - wide - 2 * pad))
    top = mark.box.top - height if mark.box.top >= height else max(0, mark.box.top)
    cv2.rectangle(image, (left, top), (left + wide + 2 * pad, top + height), ground, -1)
    cv2.putText(image, text, (left + pad, top + pad + tall), FONT, scale, ink, thick, cv2.LINE_AA)
