"""A perceptual hash that tells faces apart: 256 bits of the picture's low spatial frequencies."""

from __future__ import annotations

import numpy as np
from PIL import Image

WORDS = 16
"""A hash is uint16 [16]."""
_SIDE, _FREQUENCIES = 64, 16
FLATTEST = 3.0
"""Standard deviation of the grey levels below which a picture has no hash: its bits would be noise."""

_rows = np.arange(_FREQUENCIES)[:, None] * (2 * np.arange(_SIDE)[None] + 1)
_COSINES = np.cos(np.pi * _rows / (2 * _SIDE))
# A word takes one bit of each row and column of frequencies, so that none holds the coarse, alike bits alone.
_BITS = np.array([[row * 16 + (word + row) % 16 for row in range(16)] for word in range(WORDS)])


def perceptual_hash(picture: Image.Image) -> np.ndarray | None:
    """Return the hash of a picture, uint16 [16], or None where it is nearly of one grey.

    The grey picture is scaled to 64 x 64, and each of its 16 x 16 lowest cosine coefficients gives one bit,
    its sign. The usual 64-bit hashes (8 x 8 coefficients) are of no use here: portraits of different
    people come as close as 6 bits, where 10 are usually called the same picture. At 256 bits different
    portraits stay 50 bits apart, and a re-compressed or scaled copy within 10 (docs/data_audit.md).
    """
    # A box filter is the fastest and fair from a halving on; nearer to 64 pixels its edges would alias.
    halves = min(picture.size) >= 2 * _SIDE
    method = Image.Resampling.BOX if halves else Image.Resampling.BILINEAR
    grey = np.asarray(picture.convert("L").resize((_SIDE, _SIDE), method), np.float64)
    if grey.std() < FLATTEST:
        return None
    coefficients = _COSINES @ grey @ _COSINES.T
    coefficients[0, 0] = 0  # the mean, whose sign says nothing
    bits = (coefficients > 0).reshape(-1)[_BITS]
    return np.packbits(bits, axis=1).view(">u2").astype(np.uint16).reshape(WORDS)
