"""JPEG: a picture is re-encoded at every step of its way, so compression must not tell the class."""

from __future__ import annotations

from torchvision.transforms import v2

from unmask.augmentations import AUGMENTATIONS


@AUGMENTATIONS.register("jpeg")
def jpeg() -> v2.Transform:
    """Return a JPEG round trip of one crop in three, quality 40 to 95."""
    return v2.RandomApply([v2.JPEG(quality=(40, 95))], p=1 / 3)
