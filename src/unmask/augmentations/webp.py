"""WebP: what messengers and web pages turn pictures into; it smooths where JPEG leaves blocks."""

from __future__ import annotations

import numpy as np
from torchvision.transforms import v2

from unmask.augmentations import AUGMENTATIONS
from unmask.augmentations.on_pixels import OnPixels, whole
from unmask.augmentations.recompression import recompress_webp


class Webp(OnPixels):
    """Encode a crop as lossy WebP at a quality between `lowest` and `highest`, and decode it."""

    def __init__(self, lowest: int, highest: int, p: float) -> None:
        super().__init__(p)
        self.lowest, self.highest = lowest, highest

    def change(self, pixels: np.ndarray) -> np.ndarray:
        """Return the crop after the round trip."""
        return recompress_webp(pixels, whole(self.lowest, self.highest))


@AUGMENTATIONS.register("webp")
def webp(lowest: int = 30, highest: int = 95, p: float = 1 / 6) -> v2.Transform:
    """Return a WebP round trip of one crop in six, quality 30 to 95."""
    return Webp(lowest, highest, p)
