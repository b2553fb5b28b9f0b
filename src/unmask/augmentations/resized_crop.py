"""Random resized crop: a part of the crop at its full size, so that the outline alone must not decide."""

from __future__ import annotations

import cv2
import numpy as np
from torchvision.transforms import v2

from unmask.augmentations import AUGMENTATIONS
from unmask.augmentations.on_pixels import OnPixels, uniform, whole


class ResizedCrop(OnPixels):
    """Cut out at least `smallest` of a crop's area, its sides at most `aspect` to 1, and enlarge it again."""

    def __init__(self, smallest: float, aspect: float, p: float) -> None:
        super().__init__(p)
        if not 0 < smallest <= 1 or aspect < 1:
            raise ValueError("smallest is a share of the area, and aspect at least 1")
        self.smallest, self.aspect = smallest, aspect

    def change(self, pixels: np.ndarray) -> np.ndarray:
        """Return the enlarged part."""
        height, width = pixels.shape[:2]
        area, stretch = uniform(self.smallest, 1), self.aspect ** uniform(-0.5, 0.5)
        tall = max(1, min(height, round(height * area**0.5 * stretch)))
        wide = max(1, min(width, round(width * area**0.5 / stretch)))
        top, left = whole(0, height - tall), whole(0, width - wide)
        part = pixels[top : top + tall, left : left + wide]
        return cv2.resize(part, (width, height), interpolation=cv2.INTER_CUBIC)


@AUGMENTATIONS.register("resized_crop")
def resized_crop(smallest: float = 0.6, aspect: float = 1.2, p: float = 0.5) -> v2.Transform:
    """Return the cut on every second crop, 60 to 100 % of its area."""
    return ResizedCrop(smallest, aspect, p)
