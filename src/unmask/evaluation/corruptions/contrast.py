"""Contrast: flattened towards the mean grey, as haze, a dim screen or a filter leave it."""

from __future__ import annotations

import numpy as np
from PIL import Image, ImageEnhance

from unmask.evaluation.corruptions import corruption


@corruption("contrast", "share of the contrast kept", 0.85, 0.7, 0.5, 0.35, 0.2)
def contrast(picture: np.ndarray, kept: float, generator: np.random.Generator) -> np.ndarray:
    """Return the picture with less contrast."""
    return np.asarray(ImageEnhance.Contrast(Image.fromarray(picture)).enhance(kept))
