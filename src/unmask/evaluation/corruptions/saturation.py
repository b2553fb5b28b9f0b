"""Saturation: colours turned up, as the filters of a phone do, clipped where they leave the range."""

from __future__ import annotations

import numpy as np
from PIL import Image, ImageEnhance

from unmask.evaluation.corruptions import corruption


@corruption("saturation", "times the saturation", 1.3, 1.7, 2.2, 3, 4)
def saturation(picture: np.ndarray, times: float, generator: np.random.Generator) -> np.ndarray:
    """Return the picture with stronger colours."""
    return np.asarray(ImageEnhance.Color(Image.fromarray(picture)).enhance(times))
