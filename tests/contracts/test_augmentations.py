"""What every registered augmentation keeps: size, type, range, and the draw that a seed gives."""

from __future__ import annotations

import pickle

import pytest
import torch

from unmask.augmentations import AUGMENTATIONS, compose
from unmask.media.drawing import draw_face

CROP = torch.from_numpy(draw_face(0, 64)).permute(2, 0, 1)


@pytest.mark.parametrize("name", list(AUGMENTATIONS))
def test_contract(name: str) -> None:
    augment = pickle.loads(pickle.dumps(AUGMENTATIONS[name]()))
    changed = 0
    for seed in range(40):
        torch.manual_seed(seed)
        result = augment(CROP)
        torch.manual_seed(seed)
        assert torch.equal(result, augment(CROP)), "a seed gives one draw"
        assert result.shape == CROP.shape
        assert result.dtype == torch.uint8
        changed += not torch.equal(result, CROP)
    assert changed > 0, "it does something"


def test_no_augmentation_is_the_identity() -> None:
    assert torch.equal(compose([])(CROP), CROP)
