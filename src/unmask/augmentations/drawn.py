"""Photographs of faces made to look drawn or painted: what a detector cannot judge.

Not an augmentation for training: a drawing is neither real nor fake. Each style's strokes, colours and scale are drawn
anew for each face, so that what is learnt of them is what drawings share, and not one filter.
"""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np

SMALLEST_SIDE = 96
"""Of the crop as it is drawn, where it has as many; it is enlarged from there, as a small picture's lines are."""


def make_drawn(pixels: np.ndarray, style: str, generator: np.random.Generator) -> np.ndarray:
    """Return a crop or picture (uint8 RGB [H, W, 3]) as if drawn in one of the STYLES, of the same size."""
    wide, high = pixels.shape[1], pixels.shape[0]
    side = min(wide, high)
    small = int(generator.integers(min(SMALLEST_SIDE, side), side + 1))
    scaled = cv2.resize(pixels, (wide * small // side, high * small // side), interpolation=cv2.INTER_AREA)
    return cv2.resize(STYLES[style](scaled, generator), (wide, high), interpolation=cv2.INTER_LINEAR)


def _pencil(pixels: np.ndarray, generator: np.random.Generator) -> np.ndarray:
    """Return strokes on white, grey or coloured: the picture over its own blur."""
    grey = cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY)
    shade = 255 - cv2.GaussianBlur(255 - grey, (0, 0), generator.uniform(2, 12))
    strokes = cv2.divide(grey, np.maximum(shade, 1), scale=256) / 255
    return _coloured(pixels, 255 * strokes ** generator.uniform(0.7, 3), generator)


def _hatched(pixels: np.ndarray, generator: np.random.Generator) -> np.ndarray:
    """Return strokes that cross: the darker a place, the more of them."""
    grey = cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY).astype(np.float32)
    light = (grey - grey.mean()) / max(grey.std(), 1)
    length = generator.uniform(3, 9)
    along, across = (_grain(grey.shape, *way, generator) for way in ((length, 0.6), (0.6, length)))
    light = generator.uniform(0.8, 2) * light + generator.uniform(0.3, 1.2) * np.minimum(along, across)
    return _coloured(pixels, 255 / (1 + np.exp(-light - generator.uniform(0, 1.5))), generator)


def _cartoon(pixels: np.ndarray, generator: np.random.Generator) -> np.ndarray:
    """Return even patches of few colours, mostly with dark outlines."""
    smooth = pixels
    for _ in range(generator.integers(1, 4)):
        smooth = cv2.bilateralFilter(smooth, 9, generator.uniform(40, 120), generator.uniform(5, 75))
    step = 256 // int(generator.integers(3, 12))
    patches = np.minimum(smooth.astype(int) // step * step + step // 2, 255).astype(np.uint8)
    if generator.random() < 0.8:
        grey = cv2.medianBlur(cv2.cvtColor(smooth, cv2.COLOR_RGB2GRAY), int(generator.choice([3, 5, 7])))
        width, depth = int(generator.choice([7, 9, 13])), int(generator.integers(3, 8))
        lit = cv2.adaptiveThreshold(grey, 255, cv2.ADAPTIVE_THRESH_MEAN_C, cv2.THRESH_BINARY, width, depth)
        patches[lit == 0] //= 4
    return patches


def _watercolour(pixels: np.ndarray, generator: np.random.Generator) -> np.ndarray:
    """Return pale daubs on rough paper, darker where they end."""
    daubs = _daubed(pixels, int(generator.integers(3, 7)))
    light = cv2.GaussianBlur(cv2.cvtColor(daubs, cv2.COLOR_RGB2GRAY).astype(np.float32), (0, 0), 1)
    rims = np.hypot(cv2.Sobel(light, cv2.CV_32F, 1, 0), cv2.Sobel(light, cv2.CV_32F, 0, 1))
    rims = np.minimum(rims / max(np.percentile(rims, 99), 1), 1)
    pale = 255 - (255 - daubs.astype(np.float32)) * generator.uniform(0.5, 0.9)
    rough = generator.uniform(0, 10) * _grain(light.shape, 1, 1, generator) - generator.uniform(20, 100) * rims
    return np.clip(pale + rough[..., None], 0, 255).astype(np.uint8)


def _halftone(pixels: np.ndarray, generator: np.random.Generator) -> np.ndarray:
    """Return printed dots on a turned grid, the larger the darker."""
    light = cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY).astype(np.float32)
    down, right = np.indices(light.shape, np.float32) * (2 * np.pi / generator.uniform(4, 8))
    turn = generator.uniform(0, np.pi)
    dots = np.cos(right * np.cos(turn) + down * np.sin(turn)) + np.cos(down * np.cos(turn) - right * np.sin(turn))
    ink = generator.uniform(1, 4) * ((light - 128) / 40 + dots)
    return _coloured(pixels, 255 / (1 + np.exp(-ink)), generator)


STYLES: dict[str, Callable[[np.ndarray, np.random.Generator], np.ndarray]] = {
    "pencil": _pencil,
    "hatched": _hatched,
    "cartoon": _cartoon,
    "watercolour": _watercolour,
    "halftone": _halftone,
}


def _coloured(pixels: np.ndarray, light: np.ndarray, generator: np.random.Generator) -> np.ndarray:
    """Return a lightness (float [S, S]) in none, half, all or more of the picture's own colours, smoothed."""
    drawn = cv2.cvtColor(cv2.bilateralFilter(pixels, 9, 75, 75), cv2.COLOR_RGB2YCrCb).astype(np.float32)
    drawn[..., 0] = light
    drawn[..., 1:] = 128 + generator.choice([0, 0.5, 1, 1.5]) * (drawn[..., 1:] - 128)
    return cv2.cvtColor(np.clip(drawn, 0, 255).astype(np.uint8), cv2.COLOR_YCrCb2RGB)


def _grain(shape: tuple[int, ...], wide: float, high: float, generator: np.random.Generator) -> np.ndarray:
    """Return noise float32 [H, W] of deviation one, smeared so many pixels wide and high."""
    noise = cv2.GaussianBlur(generator.standard_normal(shape, dtype=np.float32), (0, 0), sigmaX=wide, sigmaY=high)
    return noise / noise.std()


def _daubed(pixels: np.ndarray, side: int) -> np.ndarray:
    """Return each pixel as the mean of the most even of the four squares it is a corner of (Kuwahara et al., 1976)."""
    grey = cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY).astype(np.float32)
    size, corners = (side + 1, side + 1), [(x, y) for x in (0, side) for y in (0, side)]
    means = np.stack([cv2.blur(pixels, size, anchor=corner) for corner in corners])
    spread = [
        cv2.blur(grey * grey, size, anchor=corner) - cv2.blur(grey, size, anchor=corner) ** 2 for corner in corners
    ]
    return np.take_along_axis(means, np.argmin(spread, axis=0)[None, ..., None], axis=0)[0]
