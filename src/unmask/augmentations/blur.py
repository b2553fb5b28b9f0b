"""Gaussian blur: sharpness must not tell the source."""

from __future__ import annotations

import cv2
import numpy as np
from torchvision.transforms import v2

from unmask.augmentations import AUGMENTATIONS
from unmask.augmentations.on_pixels import OnPixels, uniform


class Blur(OnPixels):
    """Blur a crop with a standard deviation between `lowest` and `highest` pixels."""

    def __init__(self, lowest: float, highest: float, p: float) -> None:
        super().__init__(p)
        self.lowest, self.highest = lowest, highest

    def change(self, pixels: np.ndarray) -> np.ndarray:
        """Return the blurred crop."""
        return cv2.GaussianBlur(pixels, (0, 0), uniform(self.lowest, self.highest))


@AUGMENTATIONS.register("blur")
def blur(lowest: float = 0.3, highest: float = 1.5, p: float = 1 / 8) -> v2.Transform:
    """Return a Gaussian blur of one crop in eight, standard deviation 0.3 to 1.5 pixels."""
    return Blur(lowest, highest, p)
