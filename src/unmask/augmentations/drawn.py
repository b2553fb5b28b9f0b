"""Photographs of faces made to look drawn, as cartoons, by pencil and by crayon: what a detector cannot judge.

Not an augmentation for training: a drawing is neither real nor fake.
"""

from __future__ import annotations

import cv2
import numpy as np

STYLES = ("cartoon", "comic", "pencil", "crayon")
LEVELS = {"cartoon": 8, "comic": 4}
"""How many levels of each colour are left."""


def make_drawn(pixels: np.ndarray, style: str) -> np.ndarray:
    """Return a crop (uint8 RGB [S, S, 3]) as if drawn in one of the STYLES, of the same size."""
    if style in LEVELS:
        return _cartoon(pixels, LEVELS[style])
    return _pencil(pixels) if style == "pencil" else _crayon(pixels)


def _cartoon(pixels: np.ndarray, levels: int) -> np.ndarray:
    """Return even patches of few colours, with dark outlines."""
    smooth = cv2.bilateralFilter(cv2.bilateralFilter(pixels, 9, 75, 75), 9, 75, 75)
    step = 256 // levels
    patches = (smooth // step * step + step // 2).astype(np.uint8)
    grey = cv2.medianBlur(cv2.cvtColor(smooth, cv2.COLOR_RGB2GRAY), 5)
    outline = cv2.adaptiveThreshold(grey, 255, cv2.ADAPTIVE_THRESH_MEAN_C, cv2.THRESH_BINARY, 9, 4) == 0
    patches[outline] //= 4
    return patches


def _pencil(pixels: np.ndarray) -> np.ndarray:
    """Return grey strokes on white: the picture over its own blur."""
    grey = cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY)
    shade = 255 - cv2.GaussianBlur(255 - grey, (0, 0), 5)
    strokes = cv2.divide(grey, np.maximum(shade, 1), scale=256)
    return cv2.cvtColor(strokes, cv2.COLOR_GRAY2RGB)


def _crayon(pixels: np.ndarray) -> np.ndarray:
    """Return coloured strokes on white: the pencil's lightness with the picture's own colours, smoothed."""
    coloured = cv2.cvtColor(cv2.bilateralFilter(pixels, 9, 75, 75), cv2.COLOR_RGB2YCrCb)
    coloured[:, :, 0] = _pencil(pixels)[:, :, 0]
    return cv2.cvtColor(coloured, cv2.COLOR_YCrCb2RGB)
