"""Greyscale: black-and-white portraits are real too, and colour alone must not decide."""

from __future__ import annotations

from torchvision.transforms import v2

from unmask.augmentations import AUGMENTATIONS


@AUGMENTATIONS.register("greyscale")
def greyscale() -> v2.Transform:
    """Return a transform that takes the colour out of one crop in twelve."""
    return v2.RandomGrayscale(p=1 / 12)
