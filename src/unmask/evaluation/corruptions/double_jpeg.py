"""Double JPEG: cropped and saved twice, so that the two grids of 8 x 8 blocks lie apart."""

from __future__ import annotations

import numpy as np

from unmask.augmentations.recompression import recompress_jpeg
from unmask.evaluation.corruptions import corruption


@corruption("double_jpeg", "quality", 90, 70, 50, 30, 15)
def double_jpeg(picture: np.ndarray, quality: float, generator: np.random.Generator) -> np.ndarray:
    """Return the picture after two JPEG round trips, the first on a grid shifted by up to 7 pixels."""
    down, right = generator.integers(1, 8, size=2)
    framed = np.pad(picture, ((down, 0), (right, 0), (0, 0)), mode="edge")
    once = recompress_jpeg(framed, int(quality))[down:, right:]
    return recompress_jpeg(np.ascontiguousarray(once), int(quality))
