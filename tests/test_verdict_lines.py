"""What the command prints: one line for each file, and one for each face or person where there are several."""

from __future__ import annotations

import pytest

from unmask.schema import Box, FacePrediction, ImagePrediction, PersonPrediction, VideoPrediction
from unmask.verdict_lines import describe

LARGE, SMALL = Box(10, 10, 110, 130), Box(0, 5, 40, 55)
SURE, DOUBTED = (
    FacePrediction(LARGE, 0.9, "fake"),
    FacePrediction(SMALL, 0.1, "uncertain", number=2, cut_off=True, reasons=("between the thresholds", "blurred")),
)


def person(number, probability, verdict, times, brief=False, reasons=()):
    frames = len(times)
    boxes = (LARGE,) * frames
    return PersonPrediction(number, verdict, probability, times, (probability,) * frames, boxes, brief, reasons=reasons)


def picture(*faces):
    top = max(faces, key=lambda face: face.fake_probability, default=None)
    verdict, probability = (top.verdict, top.fake_probability) if top else ("no_face", None)
    return ImagePrediction(verdict, probability, faces, "why", "haar", "tiny@0", 640, 480)


def clip(*people):
    verdict, probability = (people[0].verdict, people[0].fake_probability) if people else ("no_face", None)
    return VideoPrediction(verdict, probability, people, 32, 32, 21 if people else 0, 10.0, "", "haar", "t@0", 640, 480)


@pytest.mark.parametrize(
    ("prediction", "lines"),
    [
        (picture(), ["no_face      -  0 faces"]),  # nobody
        (picture(SURE), ["fake  0.900  1 face "]),  # one face
        (picture(DOUBTED), ["uncertain  0.100  1 face (blurred, cut off)"]),  # one to be taken with care
        (
            picture(SURE, DOUBTED),  # several: each by its number
            [
                "fake  0.900  2 faces",
                "  fake  0.900  face 1, 100 x 120 px at 10, 10",
                "  uncertain  0.100  face 2, 40 x 50 px at 0, 5 (blurred, cut off)",
            ],
        ),
        (clip(), ["no_face      -  0 people in 0 of 32 frames"]),  # a clip of nobody
        (clip(person(1, 0.9, "fake", (0.5, 1.25))), ["fake  0.900  1 person in 21 of 32 frames"]),
        (  # somebody too small to judge
            clip(person(1, 0.9, "uncertain", (0.5, 1.25), reasons=("face smaller than 48 px",))),
            ["uncertain  0.900  1 person in 21 of 32 frames (face smaller than 48 px)"],
        ),
        (
            clip(person(1, 0.9, "fake", (0.5, 1.25)), person(2, 0.1, "real", (3.0,), brief=True, reasons=("blurred",))),
            [
                "fake  0.900  2 people in 21 of 32 frames",
                "  fake  0.900  person 1, 2 frames from 0.5 to 1.2 s",
                "  real  0.100  person 2, 1 frame at 3.0 s, too few to decide (blurred)",
            ],
        ),
    ],
)
def test_a_verdict_in_words(prediction, lines):
    assert describe(prediction, str) == lines
