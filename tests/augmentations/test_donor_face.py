"""Donor faces: which fit, how they are laid over a face, and in which colours."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from unmask.augmentations.donor_face import lay_over, match_colour, misfits
from unmask.augmentations.self_blending import self_blend
from unmask.media.drawing import draw_face
from unmask.schema import Box

FACE = np.array([(98.0, 116.0), (158.0, 116.0), (128.0, 157.0), (102.0, 184.0), (154.0, 184.0)])  # of the drawn face
BOX = Box(54, 40, 200, 232)


def moved(points: np.ndarray, scale: float, degrees: float, shift: float) -> np.ndarray:
    angle = np.deg2rad(degrees)
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    return scale * points @ turn.T + shift


@given(st.floats(0.1, 10), st.floats(-180, 180), st.floats(-500, 500))
def test_a_face_fits_itself_however_it_lies(scale: float, degrees: float, shift: float) -> None:
    assert misfits(FACE, moved(FACE, scale, degrees, shift)[None])[0] == pytest.approx(0, abs=1e-6)


def test_another_turn_of_the_head_fits_worse() -> None:
    aside = FACE + np.array([(20, 0), (-10, 0), (25, 0), (15, 0), (-5, 0)])
    slightly = FACE + np.random.default_rng(0).normal(0, 1, (5, 2))
    mirror = FACE[[1, 0, 2, 4, 3]]  # a face turned inside out, which no turn in the plane can mend
    fit = misfits(FACE, np.stack([FACE, slightly, aside, mirror]))
    assert list(fit) == sorted(fit)
    assert fit[1] < 0.05 < fit[2]


@pytest.mark.parametrize(
    ("scale", "degrees", "shift"),
    [
        (1.0, 0, 12),  # moved
        (1.5, 20, -90),  # enlarged and turned
        (0.3, 0, 80),  # shrunk by more than a cubic interpolation can without aliasing
    ],
)
def test_a_donor_lies_with_its_landmarks_on_the_face(scale: float, degrees: float, shift: float) -> None:
    donor = np.zeros((256, 256, 3), np.uint8)
    for x, y in FACE.astype(int):
        donor[y - 6 : y + 7, x - 6 : x + 7] = 255
    there = moved(FACE, scale, degrees, shift)
    inside = ((there > 4) & (there < 252)).all(axis=1)
    laid = lay_over(donor, FACE, there, (256, 256))
    assert (laid.shape, laid.dtype) == ((256, 256, 3), np.uint8)
    assert inside.sum() >= 3
    for x, y in np.rint(there[inside]).astype(int):
        assert laid[y, x].min() > 120


def test_colours_come_from_the_face_as_far_as_is_asked() -> None:
    mask = np.ones((64, 64), np.float32)
    noise = np.random.default_rng(0)
    face = noise.normal((180, 120, 90), 12, (64, 64, 3)).clip(0, 255).astype(np.uint8)
    donor = noise.normal((90, 110, 140), 8, (64, 64, 3)).clip(0, 255).astype(np.uint8)
    wholly, half, none = (match_colour(donor, face, mask, amount) for amount in (1.0, 0.5, 0.0))
    assert np.allclose(wholly.mean((0, 1)), face.mean((0, 1)), atol=1)
    assert np.allclose(wholly.std((0, 1)), face.std((0, 1)), atol=1)
    assert np.allclose(half.mean((0, 1)), (face.mean((0, 1)) + donor.mean((0, 1))) / 2, atol=1)
    assert np.array_equal(none, donor)


def test_colours_without_a_mask_stay() -> None:
    donor = draw_face(2)
    assert np.array_equal(match_colour(donor, draw_face(3), np.zeros(donor.shape[:2], np.float32), 1.0), donor)


def test_a_swap_takes_the_donors_face_and_leaves_the_picture_round_it() -> None:
    image, donor = draw_face(1), np.full((256, 256, 3), (200, 30, 30), np.uint8)
    donor[::4] = 0  # stripes: no face has them
    for seed in range(8):
        own, swapped = (
            self_blend(image, BOX, FACE.tolist(), np.random.default_rng(seed), put_in)
            for put_in in (None, (donor, FACE))
        )
        changed = np.abs(swapped.astype(int) - own).max(axis=2) > 20
        rows, columns = np.nonzero(changed)
        assert changed.sum() > 300
        assert rows.min() >= BOX.top - 80
        assert columns.max() <= BOX.right + 80


def test_without_landmarks_a_face_is_blended_with_itself() -> None:
    image, donor = draw_face(1), (draw_face(7), FACE)
    blends = [self_blend(image, BOX, None, np.random.default_rng(3), put_in) for put_in in (None, donor)]
    assert np.array_equal(*blends)
