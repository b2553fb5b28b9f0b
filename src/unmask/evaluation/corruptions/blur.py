"""Gaussian blur: out of focus, or smoothed by a filter."""

from __future__ import annotations

import numpy as np
from PIL import Image, ImageFilter

from unmask.evaluation.corruptions import corruption


@corruption("blur", "standard deviation in pixels", 0.5, 1, 1.5, 2, 3)
def blur(picture: np.ndarray, deviation: float, generator: np.random.Generator) -> np.ndarray:
    """Return the blurred picture."""
    return np.asarray(Image.fromarray(picture).filter(ImageFilter.GaussianBlur(deviation)))
