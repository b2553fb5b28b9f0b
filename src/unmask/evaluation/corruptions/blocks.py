"""Blocks: squares that are displaced or flat, as a damaged stream shows them."""

from __future__ import annotations

import numpy as np

from unmask.evaluation.corruptions import corruption

CELLS = 16
"""Blocks along the shorter side of the picture."""


@corruption("blocks", "share of blocks", 0.03, 0.06, 0.12, 0.2, 0.3)
def blocks(picture: np.ndarray, share: float, generator: np.random.Generator) -> np.ndarray:
    """Return the picture with a share of its blocks taken from beside them or made flat, half and half.

    A stronger one has the blocks of the weaker and more, for their order is drawn before their number counts.
    """
    height, width = picture.shape[:2]
    side = max(2, min(height, width) // CELLS)
    corners = [(top, left) for top in range(0, height, side) for left in range(0, width, side)]
    order = generator.permutation(len(corners))
    shifts = generator.integers(-side, side + 1, size=(len(corners), 2))
    changed = picture.copy()
    for index in order[: round(share * len(corners))]:
        top, left = corners[index]
        block = changed[top : top + side, left : left + side]
        if index % 2:
            block[:] = picture[top : top + side, left : left + side].mean(axis=(0, 1)).round()
        else:
            down = int(np.clip(top + shifts[index, 0], 0, height - block.shape[0]))
            right = int(np.clip(left + shifts[index, 1], 0, width - block.shape[1]))
            block[:] = picture[down : down + block.shape[0], right : right + block.shape[1]]
    return changed
