"""Affine: a face a little turned, moved, scaled and sheared is the same face."""

from __future__ import annotations

import math

import cv2
import numpy as np
from torchvision.transforms import v2

from unmask.augmentations import AUGMENTATIONS
from unmask.augmentations.on_pixels import OnPixels, uniform


class Affine(OnPixels):
    """Turn, move, scale and shear a crop about its centre; what comes in at the edge is mirrored."""

    def __init__(self, degrees: float, shift: float, zoom: float, shear: float, p: float) -> None:
        super().__init__(p)
        self.degrees, self.shift, self.zoom, self.shear = degrees, shift, zoom, shear

    def change(self, pixels: np.ndarray) -> np.ndarray:
        """Return the moved crop."""
        height, width = pixels.shape[:2]
        angle = math.radians(uniform(-self.degrees, self.degrees))
        slant = math.tan(math.radians(uniform(-self.shear, self.shear)))
        turn = np.array([[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]])
        matrix = uniform(1 - self.zoom, 1 + self.zoom) * turn @ np.array([[1, slant], [0, 1]])
        centre = np.array([(width - 1) / 2, (height - 1) / 2])
        moved = np.array([width * uniform(-self.shift, self.shift), height * uniform(-self.shift, self.shift)])
        placed = np.column_stack([matrix, centre + moved - matrix @ centre])
        return cv2.warpAffine(pixels, placed, (width, height), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REFLECT_101)


@AUGMENTATIONS.register("affine")
def affine(
    degrees: float = 10.0, shift: float = 0.05, zoom: float = 0.1, shear: float = 4.0, p: float = 0.5
) -> v2.Transform:
    """Return the move on every second crop: 10 degrees, 5 % of the side, 10 % of the size, 4 degrees of shear."""
    return Affine(degrees, shift, zoom, shear, p)
