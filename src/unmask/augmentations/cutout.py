"""Cut-out (DeVries and Taylor, 2017): no single patch may carry the whole verdict."""

from __future__ import annotations

import numpy as np
from torchvision.transforms import v2

from unmask.augmentations import AUGMENTATIONS
from unmask.augmentations.on_pixels import OnPixels, uniform, whole


class Cutout(OnPixels):
    """Blacken a rectangle of a share of the area, its sides at most 3 to 1."""

    def __init__(self, smallest: float, largest: float, p: float) -> None:
        super().__init__(p)
        if not 0 < smallest <= largest <= 1:
            raise ValueError(f"{smallest} to {largest} is no range of shares of the area")
        self.smallest, self.largest = smallest, largest

    def change(self, pixels: np.ndarray) -> np.ndarray:
        """Return the crop with a hole in it."""
        height, width = pixels.shape[:2]
        area = height * width * uniform(self.smallest, self.largest)
        aspect = 3 ** uniform(-1, 1)
        tall = max(1, min(height, round((area * aspect) ** 0.5)))
        wide = max(1, min(width, round((area / aspect) ** 0.5)))
        top, left = whole(0, height - tall), whole(0, width - wide)
        result = pixels.copy()
        result[top : top + tall, left : left + wide] = 0
        return result


@AUGMENTATIONS.register("cutout")
def cutout(smallest: float = 0.02, largest: float = 0.2, p: float = 0.25) -> v2.Transform:
    """Return a black rectangle over 2 to 20 % of one crop in four."""
    return Cutout(smallest, largest, p)
