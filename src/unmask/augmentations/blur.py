"""Gaussian blur: sharpness must not tell the source."""

from __future__ import annotations

from torchvision.transforms import v2

from unmask.augmentations import AUGMENTATIONS


@AUGMENTATIONS.register("blur")
def blur() -> v2.Transform:
    """Return a Gaussian blur of one crop in eight, standard deviation 0.3 to 1.5 pixels."""
    return v2.RandomApply([v2.GaussianBlur(kernel_size=7, sigma=(0.3, 1.5))], p=1 / 8)
