"""Colour jitter: white balance and exposure must not tell the source."""

from __future__ import annotations

import math

import cv2
import numpy as np
from torchvision.transforms import v2

from unmask.augmentations import AUGMENTATIONS
from unmask.augmentations.on_pixels import OnPixels, uniform

# Luminance and the two colour differences of NTSC: saturation scales the differences, hue turns them.
RGB_TO_YIQ = np.array([[0.299, 0.587, 0.114], [0.5959, -0.2746, -0.3213], [0.2115, -0.5227, 0.3112]])
YIQ_TO_RGB = np.linalg.inv(RGB_TO_YIQ)


def colour_matrix(saturation: float, hue: float) -> np.ndarray:
    """Return the [3, 3] matrix that scales an RGB colour's saturation and turns its hue, a full turn being 1."""
    cosine, sine = saturation * math.cos(2 * math.pi * hue), saturation * math.sin(2 * math.pi * hue)
    return YIQ_TO_RGB @ np.array([[1, 0, 0], [0, cosine, -sine], [0, sine, cosine]]) @ RGB_TO_YIQ


class Colour(OnPixels):
    """Jitter brightness, contrast and saturation by a factor in [1 - x, 1 + x], and hue by a part of a turn.

    All four are linear, so that one matrix does them at once.
    """

    def __init__(self, brightness: float, contrast: float, saturation: float, hue: float, p: float) -> None:
        super().__init__(p)
        self.brightness, self.contrast, self.saturation, self.hue = brightness, contrast, saturation, hue

    def change(self, pixels: np.ndarray) -> np.ndarray:
        """Return the crop in other colours."""
        gain = uniform(1 - self.brightness, 1 + self.brightness)
        contrast = uniform(1 - self.contrast, 1 + self.contrast)
        saturation = uniform(1 - self.saturation, 1 + self.saturation)
        matrix = gain * contrast * colour_matrix(saturation, uniform(-self.hue, self.hue))
        grey = float(RGB_TO_YIQ[0] @ np.array(cv2.mean(pixels)[:3]))
        offset = np.full((3, 1), gain * (1 - contrast) * grey)
        return cv2.transform(pixels, np.hstack([matrix, offset]))


@AUGMENTATIONS.register("colour")
def colour(
    brightness: float = 0.2, contrast: float = 0.2, saturation: float = 0.2, hue: float = 0.02, p: float = 0.5
) -> v2.Transform:
    """Return a jitter of brightness, contrast, saturation and hue on every second crop."""
    return Colour(brightness, contrast, saturation, hue, p)
