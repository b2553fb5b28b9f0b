"""Left-right flip: a forged face is as forged in the mirror."""

from __future__ import annotations

from torchvision.transforms import v2

from unmask.augmentations import AUGMENTATIONS


@AUGMENTATIONS.register("flip")
def flip() -> v2.Transform:
    """Return a flip of every second crop."""
    return v2.RandomHorizontalFlip(0.5)
