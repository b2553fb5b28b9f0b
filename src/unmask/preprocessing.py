"""Face crop to model input: the only crop, resize and normalise, used by training and serving alike.

The resize is Pillow's with the filter named in the detector's config, because that is what timm and
transformers do with the same config: a stock loader sees the very numbers that our own call sees.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence

import numpy as np
from PIL import Image

from unmask.schema import Box, InputSpec

FILTERS = {"bilinear": Image.Resampling.BILINEAR, "bicubic": Image.Resampling.BICUBIC}
WHOLE = 512
"""Pixels a side up to which `cut_part` leaves a picture whole."""


def crop_box(box: Box, margin: float, width: int, height: int) -> Box:
    """Return the square round a face box with `margin` of its longer side added on each side.

    The square never leaves the picture (`width` x `height` pixels): it shrinks to the picture's shorter
    side first and is then shifted inside, so that no pixel of a crop is made up.
    """
    side = round(max(box.width, box.height) * (1 + 2 * margin))
    side = max(1, min(side, width, height))
    left = round((box.left + box.right - side) / 2)
    top = round((box.top + box.bottom - side) / 2)
    left = min(max(0, left), width - side)
    top = min(max(0, top), height - side)
    return Box(left, top, left + side, top + side)


def touches_border(box: Box, width: int, height: int) -> bool:
    """Say whether a box reaches the edge of a picture of `width` x `height` pixels, or beyond it."""
    return box.left <= 0 or box.top <= 0 or box.right >= width or box.bottom >= height


def crop_face(image: np.ndarray, box: Box, margin: float) -> np.ndarray:
    """Return the square crop (uint8 RGB [S, S, 3]) of the face `box` in `image` (uint8 RGB [H, W, 3])."""
    square = crop_box(box, margin, image.shape[1], image.shape[0])
    return np.ascontiguousarray(image[square.top : square.bottom, square.left : square.right])


def cut_part(image: np.ndarray, boxes: Sequence[Box], margin: float) -> tuple[np.ndarray, list[Box]]:
    """Return the part of a picture that holds its crops, and the boxes in it; the crops are the picture's own.

    A picture of at most `WHOLE` pixels a side is returned as it is; of a larger one half a crop more is kept on each
    side, as what is done to the picture may reach into a crop.
    """
    height, width = image.shape[:2]
    if max(height, width) <= WHOLE:
        return image, list(boxes)
    squares = [crop_box(box, margin, width, height) for box in boxes]
    more = max(square.width for square in squares) // 2
    left = max(0, min(square.left for square in squares) - more)
    top = max(0, min(square.top for square in squares) - more)
    # On the grid of JPEG's blocks as it lies in the picture; and `crop_box` rounds as it did, for 16 is even.
    left, top = left - left % 16, top - top % 16
    right = min(width, max(square.right for square in squares) + more)
    bottom = min(height, max(square.bottom for square in squares) + more)
    moved = [Box(b.left - left, b.top - top, b.right - left, b.bottom - top) for b in boxes]
    return np.ascontiguousarray(image[top:bottom, left:right]), moved


def resize_crop(crop: np.ndarray, spec: InputSpec) -> np.ndarray:
    """Return a square crop (uint8 RGB [S, S, 3]) at the network's side, uint8."""
    if crop.shape[0] == crop.shape[1] == spec.size:
        return crop
    return np.asarray(Image.fromarray(crop).resize((spec.size, spec.size), FILTERS[spec.interpolation]))


def normalise(pixels: np.ndarray, spec: InputSpec) -> np.ndarray:
    """Return uint8 RGB [S, S, 3] as the network's float32 [3, S, S]."""
    values = _values(spec.mean, spec.std)
    result = np.empty((3, *pixels.shape[:2]), np.float32)
    for channel in range(3):  # "clip" only says that no level needs a check
        np.take(values[channel], pixels[..., channel], out=result[channel], mode="clip")
    return result


def denormalise(batch: np.ndarray, spec: InputSpec) -> np.ndarray:
    """Return model inputs (float32 [N, 3, S, S]) as pixels again, uint8 RGB [N, S, S, 3]: `normalise` turned back."""
    mean, std = (np.asarray(values, np.float32).reshape(3, 1, 1) for values in (spec.mean, spec.std))
    return np.rint((batch * std + mean) * 255).clip(0, 255).astype(np.uint8).transpose(0, 2, 3, 1)


@functools.lru_cache(maxsize=8)
def _values(mean: tuple[float, ...], std: tuple[float, ...]) -> np.ndarray:
    """Return what each of the 256 levels becomes in each channel, float32 [3, 256].

    Looking them up gives the same numbers as computing them for each pixel, in an eighth of the time.
    """
    levels = np.arange(256, dtype=np.float32) / np.float32(255)
    return np.stack([(levels - np.float32(m)) / np.float32(s) for m, s in zip(mean, std, strict=True)])


def prepare_crop(crop: np.ndarray, spec: InputSpec) -> np.ndarray:
    """Return a square face crop (uint8 RGB) as model input, float32 [3, S, S]."""
    return normalise(resize_crop(crop, spec), spec)
