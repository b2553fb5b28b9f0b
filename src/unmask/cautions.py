"""What speaks against a verdict on a face: it is too small, blurred, crushed, or like nothing the detector knows.

How much of each a detector bears is its own: the limits stand in its settings.
"""

from __future__ import annotations

import numpy as np

from unmask.media.quality import blockiness_of, detail_of
from unmask.schema import Box, Caution, Limits


def find_cautions(
    box: Box, crop: np.ndarray, jpeg_quality: int | None, is_novel: bool, limits: Limits
) -> tuple[Caution, ...]:
    """Return what speaks against a verdict on a face, the weightier first.

    Args:
        box: The face's box in the picture.
        crop: What the network sees of it, before it is resized, uint8 RGB [S, S, 3].
        jpeg_quality: Of the picture's file, 1 to 100, where that is a JPEG.
        is_novel: Whether its features lie beyond the detector's novelty limit.
        limits: The detector's others.
    """
    found: list[Caution] = []
    if max(box.width, box.height) < limits.smallest_face:
        found.append(Caution(f"face smaller than {limits.smallest_face} px", True))
    detail = detail_of(crop)
    if blur := describe_blur(detail, limits):
        found.append(Caution(blur, detail < limits.least_detail))
    if is_novel:
        found.append(Caution("very unlike the faces that the detector knows", True))
    quality = 100 if jpeg_quality is None else jpeg_quality
    crushed = quality < limits.least_jpeg_quality or blockiness_of(crop) > limits.most_blockiness
    if crushed or quality < limits.little_jpeg_quality:
        found.append(Caution("heavily compressed", crushed))
    return tuple(sorted(found, key=lambda caution: not caution.leaves_no_ground))


def describe_blur(detail: float, limits: Limits) -> str:
    """Return the word for a face of so little detail; an empty one for a sharp face."""
    if detail < limits.least_detail:
        return "strongly blurred"
    return "blurred" if detail < limits.little_detail else ""
