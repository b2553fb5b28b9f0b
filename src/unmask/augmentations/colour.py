"""Colour jitter: white balance and exposure must not tell the source."""

from __future__ import annotations

from torchvision.transforms import v2

from unmask.augmentations import AUGMENTATIONS


@AUGMENTATIONS.register("colour")
def colour() -> v2.Transform:
    """Return a jitter of brightness, contrast, saturation and hue on every second crop."""
    return v2.RandomApply([v2.ColorJitter(brightness=0.2, contrast=0.2, saturation=0.2, hue=0.02)], p=0.5)
