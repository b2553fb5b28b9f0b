"""What our own augmentations share: a change of some crops' pixels, by numpy and OpenCV.

The six that a run uses by default cost 0.7 ms a crop of 128 px so, and 3.4 ms as torchvision's own transforms,
which inspect, convert and copy their input at each step (measured side by side, one busy core).
"""

from __future__ import annotations

import cv2
import numpy as np
import torch
from torchvision.transforms import v2

# A loader process is one of several, so that more threads in each only wait for one another.
cv2.setNumThreads(1)


class OnPixels(v2.Transform):
    """A change that befalls a share `p` of the crops; a subclass writes `change`."""

    def __init__(self, p: float) -> None:
        super().__init__()
        if not 0 <= p <= 1:
            raise ValueError(f"p is {p}, not a share between 0 and 1")
        self.p = p

    def forward(self, crop: torch.Tensor) -> torch.Tensor:
        """Return a uint8 crop [3, H, W], changed or as it was; draws come from torch's generator."""
        if torch.rand(()).item() >= self.p:
            return crop
        pixels = np.ascontiguousarray(crop.permute(1, 2, 0).numpy())
        return torch.from_numpy(np.ascontiguousarray(self.change(pixels))).permute(2, 0, 1)

    def change(self, pixels: np.ndarray) -> np.ndarray:
        """Return a changed copy of uint8 RGB pixels [H, W, 3], of the same size and type."""
        raise NotImplementedError


def uniform(low: float, high: float) -> float:
    """Return a number in [low, high) from torch's generator; raises ValueError where low is above high."""
    if low > high:
        raise ValueError(f"{low} is above {high}")
    return low + (high - low) * torch.rand(()).item()


def whole(low: int, high: int) -> int:
    """Return a whole number in [low, high] from torch's generator; raises ValueError where low is above high."""
    if low > high:
        raise ValueError(f"{low} is above {high}")
    return int(torch.randint(low, high + 1, ()))
