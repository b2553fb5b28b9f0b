"""What a picture's quality leaves of a face: detail, block edges, and the strength of its file's compression."""

from __future__ import annotations

import numpy as np
from PIL import Image

from unmask.media.webp_quality import webp_quality_of
from unmask.schema import Compression

SIDE, CELLS = 128, 48
"""Detail is what a face crop of SIDE pixels loses when it goes through CELLS x CELLS."""
MOST_BLOCK_SIDE = 512
SMALLEST_ENTRIES, SUM_AT_QUALITY_50 = 8, 100
"""Of the luminance table that the JPEG standard suggests (ITU-T T.81, table K.1): the eight smallest sum to 100. They
are the last that strong compression pushes against the format's limit of 255."""


def detail_of(crop: np.ndarray) -> float:
    """Return which share of the contrast of a face crop (uint8 RGB [S, S, 3]) lies in its finer detail, in [0, 1].

    Sharp faces have 0.1 to 0.3, also after strong compression; an upscaled face of 30 pixels has about 0.05, and a
    blank crop none.
    """
    grey = Image.fromarray(crop).convert("L").resize((SIDE, SIDE), Image.Resampling.BILINEAR)
    coarse = grey.resize((CELLS, CELLS), Image.Resampling.BOX).resize((SIDE, SIDE), Image.Resampling.BICUBIC)
    pixels = np.asarray(grey, np.float32)
    return float((pixels - np.asarray(coarse, np.float32)).std() / max(float(pixels.std()), 1.0))


def blockiness_of(crop: np.ndarray) -> float:
    """Return how much stronger the edges of some 8x8 grid are than the mean edge; 1 where there is no such grid.

    JPEG and the older video codecs leave them. A crop (uint8 RGB [S, S, 3]) may begin anywhere in the grid, so
    that each of its eight offsets is tried; one that was scaled after compression shows none.
    """
    top, left = (max(0, side - MOST_BLOCK_SIDE) // 2 for side in crop.shape[:2])
    middle = crop[top : top + MOST_BLOCK_SIDE, left : left + MOST_BLOCK_SIDE, 1].astype(np.int16)
    return float(np.mean([_grid_strength(np.abs(np.diff(middle, axis=axis)).mean(axis=1 - axis)) for axis in (0, 1)]))


def _grid_strength(edges: np.ndarray) -> float:
    if len(edges) < 32:
        return 1.0
    return max(float(edges[offset::8].mean()) for offset in range(8)) / max(float(edges.mean()), 1e-3)


def compression_of(image: Image.Image, data: bytes = b"") -> Compression | None:
    """Return how an opened picture was compressed; None where its file says nothing of it.

    `data` are the bytes that it was opened from: a WebP's quality stands in them alone.
    """
    if jpeg := jpeg_quality_of(image):
        return Compression("JPEG", jpeg)
    webp = webp_quality_of(data) if image.format == "WEBP" else None
    return Compression("WebP", webp) if webp else None


def jpeg_quality_of(image: Image.Image) -> int | None:
    """Return the quality, 1 to 100, that an opened JPEG was saved with by its luminance table; None for no JPEG.

    The scale is that of the Independent JPEG Group's software, which most programs follow.
    """
    table = (getattr(image, "quantization", None) or {}).get(0)
    if not table or len(table) != 64:
        return None
    percent = 100 * sum(sorted(table)[:SMALLEST_ENTRIES]) / SUM_AT_QUALITY_50
    quality = (200 - percent) / 2 if percent <= 100 else 5000 / percent
    return max(1, min(100, round(quality)))
