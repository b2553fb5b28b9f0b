"""Left-right flip: a forged face is as forged in the mirror."""

from __future__ import annotations

import numpy as np
from torchvision.transforms import v2

from unmask.augmentations import AUGMENTATIONS
from unmask.augmentations.on_pixels import OnPixels


class Flip(OnPixels):
    """Mirror a crop."""

    def change(self, pixels: np.ndarray) -> np.ndarray:
        """Return the mirror image."""
        return pixels[:, ::-1]


@AUGMENTATIONS.register("flip")
def flip(p: float = 0.5) -> v2.Transform:
    """Return a flip of every second crop."""
    return Flip(p)
