"""Down-up scaling: a crop that was small once and enlarged later, as most faces on the web were."""

from __future__ import annotations

import cv2
import numpy as np
from torchvision.transforms import v2

from unmask.augmentations import AUGMENTATIONS
from unmask.augmentations.on_pixels import OnPixels, uniform, whole

ENLARGERS = (cv2.INTER_LINEAR, cv2.INTER_CUBIC, cv2.INTER_LANCZOS4)


def scale_down_up(pixels: np.ndarray, factor: float, enlarger: int) -> np.ndarray:
    """Return uint8 pixels [H, W, 3] with the detail that is left after scaling down by `factor`."""
    height, width = pixels.shape[:2]
    small = (max(8, round(width / factor)), max(8, round(height / factor)))
    return cv2.resize(cv2.resize(pixels, small, interpolation=cv2.INTER_AREA), (width, height), interpolation=enlarger)


class DownUp(OnPixels):
    """Scale a crop down by a random factor of at most `most` and back up, by one of three filters."""

    def __init__(self, most: float, p: float) -> None:
        super().__init__(p)
        self.most = most

    def change(self, pixels: np.ndarray) -> np.ndarray:
        """Return the crop at its old size, with the detail of the smaller one."""
        return scale_down_up(pixels, uniform(1, self.most), ENLARGERS[whole(0, len(ENLARGERS) - 1)])


@AUGMENTATIONS.register("down_up")
def down_up(most: float = 2.5, p: float = 1 / 6) -> v2.Transform:
    """Return the scaling on one crop in six."""
    return DownUp(most, p)
