"""Augmentations: one file each, a torchvision v2 transform on uint8 face crops [3, H, W].

Each is registered as a function of no argument that returns the transform at its default strength; a run
names the ones it wants in `TrainConfig.augmentations`, in the order in which they apply.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from unmask.registry import Registry

if TYPE_CHECKING:
    from torchvision.transforms.v2 import Transform

AUGMENTATIONS: Registry[Callable[[], Transform]] = Registry("augmentation", package="unmask.augmentations")


def compose(names: Sequence[str]) -> Transform:
    """Return the named augmentations as one transform of a uint8 tensor [3, H, W], in the given order."""
    from torchvision.transforms import v2

    return v2.Compose([AUGMENTATIONS[name]() for name in names] or [v2.Identity()])
