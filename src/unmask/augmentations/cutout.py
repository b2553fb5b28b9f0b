"""Cut-out (DeVries and Taylor, 2017): no single patch may carry the whole verdict."""

from __future__ import annotations

from torchvision.transforms import v2

from unmask.augmentations import AUGMENTATIONS


@AUGMENTATIONS.register("cutout")
def cutout() -> v2.Transform:
    """Return a black rectangle over 2 to 20 % of one crop in four."""
    return v2.RandomErasing(p=0.25, scale=(0.02, 0.2))
