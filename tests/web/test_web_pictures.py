"""The page's pictures: every face boxed in its verdict's colour, and the heat map over it."""

from __future__ import annotations

import numpy as np
import pytest

from unmask.schema import Box, FacePrediction, ImagePrediction, Verdict
from unmask.web.pictures import COLOURS, describe_picture, draw_heat_map, draw_verdicts


def face_at(*corners: int, verdict: Verdict = "real", cells: np.ndarray | None = None) -> FacePrediction:
    return FacePrediction(Box(*corners), 0.25, verdict, Box(*corners), cells)


@pytest.mark.parametrize("verdict", ["real", "fake", "uncertain"])
def test_a_face_is_boxed_in_the_colour_of_its_verdict(verdict: Verdict) -> None:
    picture = draw_verdicts(np.zeros((640, 640, 3), np.uint8), (face_at(200, 200, 400, 400, verdict=verdict),))
    assert "#{:02x}{:02x}{:02x}".format(*picture.getpixel((300, 202))) == COLOURS[verdict][0]


def test_the_three_colours_differ_in_brightness_or_hue_for_the_colour_blind() -> None:
    blues = [int(COLOURS[verdict][0][5:], 16) for verdict in ("real", "fake", "uncertain")]
    reds = [int(COLOURS[verdict][0][1:3], 16) for verdict in ("real", "fake", "uncertain")]
    assert blues[0] - blues[1] > 100  # blue against vermillion
    assert reds[2] - reds[0] > 100  # yellow against blue
    assert luminance("uncertain") - luminance("fake") > 0.4  # yellow against vermillion


@pytest.mark.parametrize("verdict", ["real", "fake", "uncertain"])
def test_label_text_stands_out_from_its_ground(verdict: Verdict) -> None:
    ground, ink = luminance(verdict), {"#ffffff": 1.0, "#000000": 0.0}[COLOURS[verdict][1]]
    contrast = (max(ground, ink) + 0.05) / (min(ground, ink) + 0.05)
    assert contrast >= 4.5  # WCAG AA


def test_the_heat_map_colours_the_face_and_leaves_the_input_as_it_was() -> None:
    image = np.full((640, 640, 3), 128, np.uint8)
    heat = draw_heat_map(image, (face_at(100, 100, 500, 500, cells=np.full((4, 4), 9.0, np.float32)),))
    assert heat is not None
    red, _, blue = heat.getpixel((300, 300))
    assert red > blue + 100
    assert (image == 128).all()


def test_a_detector_without_activation_map_has_no_heat_map() -> None:
    assert draw_heat_map(np.zeros((64, 64, 3), np.uint8), (face_at(0, 0, 64, 64),)) is None


def test_a_picture_is_described_for_those_who_do_not_see_it() -> None:
    prediction = ImagePrediction("real", 0.25, (face_at(0, 0, 9, 9),), "", "haar", "test", 9, 9)
    assert describe_picture(prediction) == "Your picture with each face boxed: face 1 real, fake probability 25.0%."


def luminance(verdict: Verdict) -> float:
    """Return the WCAG relative luminance of a verdict's colour."""
    channels = [int(COLOURS[verdict][0][i : i + 2], 16) / 255 for i in (1, 3, 5)]
    red, green, blue = (c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in channels)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
