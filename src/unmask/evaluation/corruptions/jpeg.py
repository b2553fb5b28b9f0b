"""JPEG: one more save, as every upload makes."""

from __future__ import annotations

import numpy as np

from unmask.augmentations.recompression import recompress_jpeg
from unmask.evaluation.corruptions import corruption


@corruption("jpeg", "quality", 90, 70, 50, 30, 15)
def jpeg(picture: np.ndarray, quality: float, generator: np.random.Generator) -> np.ndarray:
    """Return the picture after a JPEG round trip."""
    return recompress_jpeg(picture, int(quality))
