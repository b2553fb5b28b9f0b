"""Noise: a sensor's grain must not tell the source, and is the first thing a forger adds."""

from __future__ import annotations

import numpy as np
import torch
from torchvision.transforms import v2

from unmask.augmentations import AUGMENTATIONS
from unmask.augmentations.on_pixels import OnPixels, uniform, whole


class Noise(OnPixels):
    """Add Gaussian noise of a standard deviation between `lowest` and `highest` levels of 255.

    Half of the crops get grain, the same in all three channels, the others coloured noise.
    """

    def __init__(self, lowest: float, highest: float, p: float) -> None:
        super().__init__(p)
        self.lowest, self.highest = lowest, highest

    def change(self, pixels: np.ndarray) -> np.ndarray:
        """Return the noisy crop."""
        channels = 1 if torch.rand(()).item() < 0.5 else 3
        deviation = np.float32(uniform(self.lowest, self.highest))
        generator = np.random.default_rng(whole(0, 2**31))  # numpy draws these three times as fast as torch
        noise = deviation * generator.standard_normal((*pixels.shape[:2], channels), dtype=np.float32)
        return np.clip(np.rint(pixels + noise), 0, 255).astype(np.uint8)


@AUGMENTATIONS.register("noise")
def noise(lowest: float = 1.0, highest: float = 8.0, p: float = 1 / 6) -> v2.Transform:
    """Return noise on one crop in six, standard deviation 1 to 8 levels."""
    return Noise(lowest, highest, p)
