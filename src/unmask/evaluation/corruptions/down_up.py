"""Down-up scaling: a picture that was small once and enlarged later."""

from __future__ import annotations

import numpy as np
from PIL import Image

from unmask.evaluation.corruptions import corruption


@corruption("down_up", "factor", 1.25, 1.5, 2, 3, 4)
def down_up(picture: np.ndarray, factor: float, generator: np.random.Generator) -> np.ndarray:
    """Return the picture with the detail that is left after scaling it down by a factor, and back up."""
    height, width = picture.shape[:2]
    small = (max(8, round(width / factor)), max(8, round(height / factor)))
    shrunk = Image.fromarray(picture).resize(small, Image.Resampling.BOX)
    return np.asarray(shrunk.resize((width, height), Image.Resampling.BICUBIC))
