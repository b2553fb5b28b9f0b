"""A drawn version keeps the crop's form, and loses what a photograph has."""

from __future__ import annotations

import numpy as np
import pytest

from unmask.augmentations.drawn import LEVELS, STYLES, make_drawn
from unmask.media.drawing import draw_face


@pytest.mark.parametrize("style", STYLES)
def test_a_drawn_version_is_another_picture_of_the_same_form(style: str) -> None:
    crop = draw_face(1, size=96)
    drawn = make_drawn(crop, style)
    assert drawn.shape == crop.shape
    assert drawn.dtype == np.uint8
    assert np.abs(drawn.astype(int) - crop).mean() > 5
    assert np.array_equal(crop, draw_face(1, size=96))  # what came in is as it was


@pytest.mark.parametrize("style", LEVELS)
def test_a_cartoon_has_few_colours(style: str) -> None:
    drawn = make_drawn(draw_face(1, size=96), style)
    assert len(np.unique(drawn)) <= 2 * LEVELS[style]  # patches, and outlines a quarter as bright


def test_a_pencil_sketch_is_grey_and_mostly_white() -> None:
    drawn = make_drawn(draw_face(1, size=96), "pencil")
    assert np.all(drawn[..., 0] == drawn[..., 2])
    assert np.median(drawn) > 230


def test_crayon_has_the_pencils_strokes_in_colour() -> None:
    crayon, pencil = (make_drawn(draw_face(1, size=96), style) for style in ("crayon", "pencil"))
    assert np.ptp(crayon, axis=2).max() > 20
    assert np.abs(crayon.mean(axis=2) - pencil.mean(axis=2)).mean() < 25
