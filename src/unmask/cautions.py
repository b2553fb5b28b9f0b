"""What speaks against a verdict on a face: it is too small, blurred, crushed, or like nothing the detector knows.

How much of each a detector bears is its own: the limits stand in its settings.
"""

from __future__ import annotations

import numpy as np

from unmask.media.quality import blockiness_of, detail_of
from unmask.schema import Box, Caution, Compression, Limits


def find_cautions(
    box: Box, crop: np.ndarray, compression: Compression | None, is_novel: bool, limits: Limits
) -> tuple[Caution, ...]:
    """Return what speaks against a verdict on a face, the weightier first.

    Args:
        box: The face's box in the picture.
        crop: What the network sees of it, before it is resized, uint8 RGB [S, S, 3].
        compression: Of the picture's file, where that says it.
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
    below_least, below_little = _falls_short(compression, limits)
    crushed = below_least or blockiness_of(crop) > limits.most_blockiness
    if crushed or below_little:
        found.append(Caution("heavily compressed", crushed))
    return tuple(sorted(found, key=lambda caution: not caution.leaves_no_ground))


def describe_blur(detail: float, limits: Limits) -> str:
    """Return the word for a face of so little detail; an empty one for a sharp face."""
    if detail < limits.least_detail:
        return "strongly blurred"
    return "blurred" if detail < limits.little_detail else ""


def _falls_short(compression: Compression | None, limits: Limits) -> tuple[bool, bool]:
    """Return whether a file's quality is below what leaves a ground, and below what goes without a mention."""
    if compression is None:
        return False, False
    by_format = {
        "JPEG": (limits.least_jpeg_quality, limits.little_jpeg_quality),
        "WebP": (limits.least_webp_quality, limits.little_webp_quality),
    }
    least, little = by_format[compression.format]
    return compression.quality < least, compression.quality < little
