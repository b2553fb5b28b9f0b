"""Double JPEG: a picture saved twice, cut in between, so that the two grids of blocks lie apart."""

from __future__ import annotations

import cv2
import numpy as np
from torchvision.transforms import v2

from unmask.augmentations import AUGMENTATIONS
from unmask.augmentations.on_pixels import OnPixels, whole
from unmask.augmentations.recompression import recompress_jpeg


class DoubleJpeg(OnPixels):
    """Encode a crop as JPEG twice, each at its own quality; the first grid of 8 x 8 blocks is shifted."""

    def __init__(self, lowest: int, highest: int, p: float) -> None:
        super().__init__(p)
        self.lowest, self.highest = lowest, highest

    def change(self, pixels: np.ndarray) -> np.ndarray:
        """Return the crop after both round trips."""
        down, right = whole(0, 7), whole(0, 7)
        framed = cv2.copyMakeBorder(pixels, down, 0, right, 0, cv2.BORDER_REFLECT_101)
        once = recompress_jpeg(framed, whole(self.lowest, self.highest))[down:, right:]
        return recompress_jpeg(np.ascontiguousarray(once), whole(self.lowest, self.highest))


@AUGMENTATIONS.register("double_jpeg")
def double_jpeg(lowest: int = 40, highest: int = 95, p: float = 1 / 6) -> v2.Transform:
    """Return two JPEG round trips of one crop in six, each of quality 40 to 95."""
    return DoubleJpeg(lowest, highest, p)
