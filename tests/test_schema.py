"""The nouns measure themselves and have one JSON form."""

from __future__ import annotations

import dataclasses
import json

import numpy as np
import pytest

from unmask.schema import FAKE, LABEL_NAMES, REAL, Box, FacePrediction, ImagePrediction

FACE = FacePrediction(
    Box(1, 2, 30, 40), 0.123456789, "real", Box(0, 0, 45, 45), np.zeros((2, 2), np.float32), reasons=("blurred",)
)


def test_real_is_0_and_fake_is_1() -> None:
    assert (LABEL_NAMES[REAL], LABEL_NAMES[FAKE], REAL, FAKE) == ("real", "fake", 0, 1)


@pytest.mark.parametrize(
    ("box", "sides", "area"),
    [
        (Box(1, 2, 4, 8), (3, 6), 18),  # a plain one
        (Box(5, 5, 5, 9), (0, 4), 0),  # without width
        (Box(5, 5, 2, 2), (-3, -3), 0),  # inside out: two negative sides are no area
    ],
)
def test_a_box_knows_its_sides_and_area(box: Box, sides: tuple[int, int], area: int) -> None:
    assert (box.width, box.height) == sides
    assert box.area == area
    assert Box(*box.as_list()) == box


def test_predictions_become_json_and_leave_the_map_out() -> None:
    prediction = ImagePrediction("real", 0.123456789, (FACE,), "why", "haar", "tiny@0", 64, 48)
    assert json.loads(json.dumps(prediction.to_dict())) == {
        "kind": "image",
        "verdict": "real",
        "fake_probability": 0.123457,
        "faces": [
            {
                "number": 1,
                "box": [1, 2, 30, 40],
                "fake_probability": 0.123457,
                "verdict": "real",
                "reasons": ["blurred"],
                "cut_off": False,
            }
        ],
        "faces_left_out": 0,
        "reason": "why",
        "face_finder": "haar",
        "detector": "tiny@0",
    }


def test_no_face_has_no_number() -> None:
    prediction = ImagePrediction("no_face", None, (), "no face", "haar", "tiny@0", 64, 48)
    assert prediction.to_dict()["fake_probability"] is None


def test_predictions_are_equal_by_what_they_say_and_cannot_be_changed() -> None:
    assert dataclasses.replace(FACE, activation_map=None) == FACE
    with pytest.raises(dataclasses.FrozenInstanceError):
        FACE.verdict = "fake"  # type: ignore[misc]
