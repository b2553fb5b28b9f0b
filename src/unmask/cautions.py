"""What speaks against a verdict on a face: it is too small, blurred, crushed, or like nothing the detector knows.

The limits of size and detail are those at which the AUC on worsened validation faces falls to about 0.6
(`docs/experiments.md`, 5). Those of compression are where more than 15 % of the fakes that get a verdict are called
real, three times the promise (23). Beyond them a verdict has no ground, and before them they are worth a mention.
"""

from __future__ import annotations

import numpy as np

from unmask.media.quality import blockiness_of, detail_of
from unmask.schema import Box, Caution

SMALLEST_FACE = 48
"""Pixels of the longer side of a face's box."""
LEAST_DETAIL, LITTLE_DETAIL = 0.05, 0.075
LEAST_QUALITY, LITTLE_QUALITY = 26, 50
MUCH_BLOCKINESS = 1.8
"""Tells what was crushed and then saved as another file; 3 of 458 untouched validation faces have more."""


def find_cautions(box: Box, crop: np.ndarray, jpeg_quality: int | None, is_novel: bool) -> tuple[Caution, ...]:
    """Return what speaks against a verdict on a face, the weightier first.

    Args:
        box: The face's box in the picture.
        crop: What the network sees of it, before it is resized, uint8 RGB [S, S, 3].
        jpeg_quality: Of the picture's file, 1 to 100, where that is a JPEG.
        is_novel: Whether its features lie beyond the detector's novelty limit.
    """
    found: list[Caution] = []
    if max(box.width, box.height) < SMALLEST_FACE:
        found.append(Caution(f"face smaller than {SMALLEST_FACE} px", True))
    detail = detail_of(crop)
    if detail < LITTLE_DETAIL:
        found.append(Caution("strongly blurred" if detail < LEAST_DETAIL else "blurred", detail < LEAST_DETAIL))
    if is_novel:
        found.append(Caution("very unlike the faces that the detector knows", True))
    quality = 100 if jpeg_quality is None else jpeg_quality
    crushed = quality < LEAST_QUALITY or blockiness_of(crop) > MUCH_BLOCKINESS
    if crushed or quality < LITTLE_QUALITY:
        found.append(Caution("heavily compressed", crushed))
    return tuple(sorted(found, key=lambda caution: not caution.leaves_no_ground))
