"""Noise: the grain of a sensor in poor light, drawn anew for every channel and pixel."""

from __future__ import annotations

import numpy as np

from unmask.evaluation.corruptions import corruption


@corruption("noise", "standard deviation in levels of 255", 2, 4, 8, 14, 22)
def noise(picture: np.ndarray, deviation: float, generator: np.random.Generator) -> np.ndarray:
    """Return the picture with Gaussian noise."""
    grain = np.float32(deviation) * generator.standard_normal(picture.shape, dtype=np.float32)
    return np.clip(np.rint(picture + grain), 0, 255).astype(np.uint8)
