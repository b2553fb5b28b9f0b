"""What a face looks like, in figures and in words."""

from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from unmask.detector import Detector
from unmask.evaluation.looks import Look, describe_look, measure_look, median_looks, turn_of
from unmask.media.drawing import draw_face

LOOK = Look(640, 480, 120, 0.12, "", 0.5, False, False, 75, 0.0, np.zeros((112, 112, 3), np.uint8))
PLAIN = "640×480 px, face 120 px, detail 0.12, brightness 0.50, JPEG quality 75, colour, frontal"


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({}, PLAIN),
        # no JPEG, and a finder without landmarks
        ({"jpeg_quality": None, "turned": None}, "640×480 px, face 120 px, detail 0.12, brightness 0.50, colour"),
        ({"detail": 0.06, "blur": "blurred"}, "detail 0.06 (blurred)"),
        ({"brightness": 0.2}, "brightness 0.20 (dark)"),
        ({"brightness": 0.8}, "brightness 0.80 (bright)"),
        ({"is_grey": True}, "JPEG quality 75, grey"),
        ({"is_cut_off": True, "turned": 0.6}, "colour, cut off, turned"),
    ],
)
def test_a_look_in_words(changes, words):
    assert words in describe_look(replace(LOOK, **changes))


@pytest.fixture(scope="module")
def judge(tiny_detector):
    return Detector(tiny_detector)


@pytest.mark.parametrize(
    ("change", "name", "expected"),
    [
        # a JPEG says what it was saved with, a PNG nothing
        (lambda face: face, "face.jpg", {"jpeg_quality": 60, "width": 256, "is_grey": False, "turned": None}),
        (lambda face: face, "face.png", {"jpeg_quality": None}),
        # a picture without colour, also as a JPEG
        (lambda face: face.convert("L"), "grey.jpg", {"is_grey": True}),
        # half the side
        (lambda face: face.resize((128, 128)), "small.png", {"width": 128, "height": 128}),
    ],
)
def test_a_face_is_measured(judge, tmp_path, change, name, expected):
    change(Image.fromarray(draw_face())).save(tmp_path / name, quality=60)
    look = measure_look(judge, str(tmp_path / name))
    assert {key: getattr(look, key) for key in expected} == expected
    assert look.thumbnail.shape == (112, 112, 3)


def test_a_darkened_face_is_darker_and_a_blurred_one_has_less_detail(judge, tmp_path):
    face = Image.fromarray(draw_face())
    versions = {
        "plain": face,
        "dark": face.point(lambda level: level // 2),
        "blurred": face.resize((40, 40)).resize((256, 256)),
    }
    for name, version in versions.items():
        version.save(tmp_path / f"{name}.png")
    plain, dark, blurred = (measure_look(judge, str(tmp_path / f"{name}.png")) for name in versions)
    assert dark.brightness == pytest.approx(plain.brightness / 2, abs=0.02)
    assert blurred.detail < plain.detail / 2


def test_what_has_no_face_or_is_no_picture_has_no_look(judge, tmp_path):
    Image.new("RGB", (64, 64), "blue").save(tmp_path / "blue.png")
    (tmp_path / "torn.png").write_bytes(b"no picture")
    assert [measure_look(judge, str(tmp_path / name)) for name in ("blue.png", "torn.png")] == [None, None]


@pytest.mark.parametrize(
    ("landmarks", "turn"),
    [
        # from the front
        ([(0, 0), (100, 0), (50, 60)], 0.0),
        # the nose above the left eye
        ([(0, 0), (100, 0), (0, 60)], 0.5),
        # a head that is tilted is no head that is turned
        ([(0, 0), (0, 100), (-60, 50)], 0.0),
        # both eyes in one place: a mistake of the finder, and no division by nothing
        ([(5, 5), (5, 5), (5, 5)], 0.0),
    ],
)
def test_a_turn_is_seen_by_the_nose(landmarks, turn):
    assert turn_of(landmarks) == turn


@pytest.mark.parametrize(
    ("faces", "median"),
    [
        ([100, 110, 120, 130, 400], 120.0),
        # too few to say
        ([100, 110, 120, 130], None),
        ([], None),
    ],
)
def test_a_median_needs_five_pictures(faces, median):
    looks = [replace(LOOK, face=face, jpeg_quality=None) for face in faces]
    assert median_looks(looks)["face"] == median
    assert median_looks(looks)["jpeg_quality"] is None
