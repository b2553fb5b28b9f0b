"""A drawn version keeps the crop's form, is another for each draw, and loses what a photograph has."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from unmask.augmentations.drawn import STYLES, make_drawn
from unmask.media.drawing import draw_face

CROP = draw_face(1, size=128)


def drawn(style: str, seed: int) -> np.ndarray:
    return make_drawn(CROP, style, np.random.default_rng(seed))


@pytest.mark.parametrize("style", STYLES)
def test_a_drawn_version_is_another_picture_of_the_same_form(style: str) -> None:
    before = CROP.copy()
    versions = [drawn(style, seed) for seed in range(5)]
    for version in versions:
        assert version.shape == CROP.shape
        assert version.dtype == np.uint8
        assert np.abs(version.astype(int) - CROP).mean() > 4
    assert len({version.tobytes() for version in versions}) == 5
    assert np.array_equal(versions[3], drawn(style, 3))  # the same draw again
    assert np.array_equal(CROP, before)  # what came in is as it was


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("size", [(16, 16), (96, 96), (300, 300), (90, 200), (400, 110)])
def test_pictures_of_any_size_can_be_drawn(style: str, size: tuple[int, int]) -> None:
    crop = np.random.default_rng(0).integers(0, 256, (*size, 3), np.uint8)
    for flat in (crop, np.zeros_like(crop), np.full_like(crop, 255)):
        assert make_drawn(flat, style, np.random.default_rng(1)).shape == crop.shape


def test_a_cartoon_has_large_even_patches() -> None:
    """Noise of a few levels, which a photograph has everywhere, is gone."""
    noisy = np.clip(CROP + np.random.default_rng(0).normal(0, 4, CROP.shape), 0, 255).astype(np.uint8)
    for seed in range(5):
        even = [
            np.mean(np.abs(cv2.Laplacian(picture.astype(np.float32), cv2.CV_32F)) < 2)
            for picture in (noisy, make_drawn(noisy, "cartoon", np.random.default_rng(seed)))
        ]
        assert even[0] < 0.3
        assert even[1] > 0.5


def test_a_pencil_sketch_is_mostly_light() -> None:
    assert all(np.median(drawn("pencil", seed)) > 200 for seed in range(5))


def test_strokes_are_grey_at_times_and_coloured_at_others() -> None:
    spans = [np.ptp(drawn("hatched", seed).astype(int), axis=2).max() for seed in range(12)]
    assert min(spans) <= 2
    assert max(spans) > 30
