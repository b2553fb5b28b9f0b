"""JPEG: a picture is re-encoded at every step of its way, so compression must not tell the class."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import torch
from PIL import Image
from torchvision.transforms import v2

from unmask.augmentations import AUGMENTATIONS


class Jpeg(v2.Transform):
    """Encode a uint8 crop [3, H, W] as JPEG at a random quality and decode it.

    Through Pillow, because torchvision gives up its own encoder.
    """

    def __init__(self, lowest: int = 40, highest: int = 95) -> None:
        super().__init__()
        self.lowest, self.highest = lowest, highest

    def make_params(self, flat_inputs: list[Any]) -> dict[str, Any]:
        """Draw the quality, uniform in [lowest, highest]."""
        return {"quality": int(torch.randint(self.lowest, self.highest + 1, ()))}

    def transform(self, inpt: Any, params: dict[str, Any]) -> Any:
        """Return the crop after the round trip."""
        file = io.BytesIO()
        Image.fromarray(inpt.permute(1, 2, 0).numpy()).save(file, "JPEG", quality=params["quality"])
        return torch.from_numpy(np.array(Image.open(file))).permute(2, 0, 1)


@AUGMENTATIONS.register("jpeg")
def jpeg() -> v2.Transform:
    """Return a JPEG round trip of one crop in three, quality 40 to 95."""
    return v2.RandomApply([Jpeg()], p=1 / 3)
