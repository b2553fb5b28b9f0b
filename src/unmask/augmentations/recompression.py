"""Encode and decode in memory: what a lossy format leaves of a crop."""

from __future__ import annotations

import cv2
import numpy as np


def recompress(pixels: np.ndarray, suffix: str, flag: int, quality: int) -> np.ndarray:
    """Return uint8 RGB pixels [H, W, 3] after a round trip through a format (`.jpg`, `.webp`) at a quality.

    `flag` is OpenCV's name of that format's quality, 1 to 100.
    """
    if not 1 <= quality <= 100:
        raise ValueError(f"a quality of {quality} is not between 1 and 100")
    _, data = cv2.imencode(suffix, cv2.cvtColor(pixels, cv2.COLOR_RGB2BGR), [flag, quality])
    return cv2.cvtColor(cv2.imdecode(data, cv2.IMREAD_COLOR), cv2.COLOR_BGR2RGB)


def recompress_jpeg(pixels: np.ndarray, quality: int) -> np.ndarray:
    """Return uint8 RGB pixels [H, W, 3] after a JPEG round trip, colours at half resolution as is usual."""
    return recompress(pixels, ".jpg", cv2.IMWRITE_JPEG_QUALITY, quality)


def recompress_webp(pixels: np.ndarray, quality: int) -> np.ndarray:
    """Return uint8 RGB pixels [H, W, 3] after a lossy WebP round trip."""
    return recompress(pixels, ".webp", cv2.IMWRITE_WEBP_QUALITY, quality)
