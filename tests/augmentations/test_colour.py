"""The colour jitter's one matrix against torchvision's four steps."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
import torch
from torchvision.transforms.v2 import functional

from unmask.augmentations.colour import Colour, colour_matrix
from unmask.media.drawing import draw_face

CROP = draw_face(2, 40) // 2 + 50  # away from black and white, where steps are cut off


@pytest.mark.parametrize(
    ("strength", "step"),
    [
        ("brightness", functional.adjust_brightness),
        ("contrast", functional.adjust_contrast),
        ("saturation", functional.adjust_saturation),
    ],
)
@pytest.mark.parametrize("seed", range(2))
def test_each_strength_is_torchvisions(strength: str, step: object, seed: int) -> None:
    none = {"brightness": 0.0, "contrast": 0.0, "saturation": 0.0, "hue": 0.0}
    torch.manual_seed(seed)
    changed = Colour(**{**none, strength: 0.3}, p=1.0).change(CROP)
    factors = np.linspace(0.7, 1.3, 61)
    tensor = torch.from_numpy(CROP).permute(2, 0, 1)
    errors = [np.abs(step(tensor, f).permute(1, 2, 0).numpy().astype(int) - changed).max() for f in factors]
    assert min(errors) <= 3, "some factor gives the same crop"


def test_a_turn_of_hue_keeps_grey_grey_and_a_full_one_everything() -> None:
    assert np.allclose(colour_matrix(1.0, 0.3) @ np.full(3, 100.0), 100, atol=0.5)
    assert np.allclose(colour_matrix(1.0, 1.0), np.eye(3), atol=1e-9)


def test_no_saturation_is_greyscale() -> None:
    grey = cv2.cvtColor(CROP, cv2.COLOR_RGB2GRAY)
    assert np.abs(cv2.transform(CROP, colour_matrix(0.0, 0.0)).astype(int) - grey[..., None]).max() <= 1
