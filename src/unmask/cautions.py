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
    if (pressed := _find_compression(compression, blockiness_of(crop), limits)) is not None:
        found.append(pressed)
    return tuple(sorted(found, key=lambda caution: not caution.leaves_no_ground))


def describe_blur(detail: float, limits: Limits) -> str:
    """Return the word for a face of so little detail; an empty one for a sharp face."""
    if detail < limits.least_detail:
        return "strongly blurred"
    return "blurred" if detail < limits.little_detail else ""


def _find_compression(compression: Compression | None, blockiness: float, limits: Limits) -> Caution | None:
    """Return what a file's compression, or that of a file before it, leaves no ground for or is worth a mention.

    WebP smooths a forgery away and leaves no blocks that look like one: what is called fake all the same is.
    """
    words, quality = "heavily compressed", 0 if compression is None else compression.quality
    is_jpeg, is_webp = (compression is not None and compression.format == form for form in ("JPEG", "WebP"))
    if blockiness > limits.most_blockiness or (is_jpeg and quality < limits.least_jpeg_quality):
        return Caution(words, True)
    if is_webp and quality < limits.least_webp_quality:
        return Caution(words, True, spares="fake")
    little = limits.little_webp_quality if is_webp else limits.little_jpeg_quality if is_jpeg else 0
    return Caution(words, False) if quality < little else None
