"""Greyscale: black-and-white portraits are real too, and colour alone must not decide."""

from __future__ import annotations

import cv2
import numpy as np
from torchvision.transforms import v2

from unmask.augmentations import AUGMENTATIONS
from unmask.augmentations.on_pixels import OnPixels


class Greyscale(OnPixels):
    """Take the colour out of a crop."""

    def change(self, pixels: np.ndarray) -> np.ndarray:
        """Return the crop's luminance in all three channels."""
        return cv2.cvtColor(cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY), cv2.COLOR_GRAY2RGB)


@AUGMENTATIONS.register("greyscale")
def greyscale(p: float = 1 / 12) -> v2.Transform:
    """Return a transform that takes the colour out of one crop in twelve."""
    return Greyscale(p)
