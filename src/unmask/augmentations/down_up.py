"""Down-up scaling: a crop that was small once and enlarged later, as most faces on the web were."""

from __future__ import annotations

from typing import Any

import torch
from torchvision.transforms import v2
from torchvision.transforms.v2 import functional

from unmask.augmentations import AUGMENTATIONS


class DownUp(v2.Transform):
    """Scale a crop down by a random factor of at most `most` and back up, bilinearly."""

    def __init__(self, most: float = 2.5) -> None:
        super().__init__()
        self.most = most

    def make_params(self, flat_inputs: list[Any]) -> dict[str, Any]:
        """Draw the factor, uniform in [1, most]."""
        return {"factor": 1 + (self.most - 1) * torch.rand(()).item()}

    def transform(self, inpt: Any, params: dict[str, Any]) -> Any:
        """Return the crop at its old size, with the detail of the smaller one."""
        height, width = inpt.shape[-2:]
        small = [max(8, round(height / params["factor"])), max(8, round(width / params["factor"]))]
        return functional.resize(functional.resize(inpt, small, antialias=True), [height, width], antialias=True)


@AUGMENTATIONS.register("down_up")
def down_up() -> v2.Transform:
    """Return the scaling on one crop in six."""
    return v2.RandomApply([DownUp()], p=1 / 6)
