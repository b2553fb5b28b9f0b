"""WebP: what messengers and web pages turn pictures into."""

from __future__ import annotations

import numpy as np

from unmask.augmentations.recompression import recompress_webp
from unmask.evaluation.corruptions import corruption


@corruption("webp", "quality", 90, 70, 50, 30, 10)
def webp(picture: np.ndarray, quality: float, generator: np.random.Generator) -> np.ndarray:
    """Return the picture after a lossy WebP round trip."""
    return recompress_webp(picture, int(quality))
