"""JPEG: a picture is re-encoded at every step of its way, so compression must not tell the class."""

from __future__ import annotations

import numpy as np
from torchvision.transforms import v2

from unmask.augmentations import AUGMENTATIONS
from unmask.augmentations.on_pixels import OnPixels, whole
from unmask.augmentations.recompression import recompress_jpeg


class Jpeg(OnPixels):
    """Encode a crop as JPEG at a quality between `lowest` and `highest`, and decode it."""

    def __init__(self, lowest: int, highest: int, p: float) -> None:
        super().__init__(p)
        self.lowest, self.highest = lowest, highest

    def change(self, pixels: np.ndarray) -> np.ndarray:
        """Return the crop after the round trip."""
        return recompress_jpeg(pixels, whole(self.lowest, self.highest))


@AUGMENTATIONS.register("jpeg")
def jpeg(lowest: int = 40, highest: int = 95, p: float = 1 / 3) -> v2.Transform:
    """Return a JPEG round trip of one crop in three, quality 40 to 95."""
    return Jpeg(lowest, highest, p)
