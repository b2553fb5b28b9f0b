"""The shipped detector before pictures that it was not made for: no confident verdict where there is no ground."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image, ImageDraw

from unmask import load_detector
from unmask.detector import Detector
from unmask.media.drawing import draw_face
from unmask.media.images import read_image
from unmask.schema import ImagePrediction


@pytest.fixture(scope="module")
def detector() -> Detector:
    return load_detector()


def draw_animal() -> np.ndarray:
    """A cat's head of ellipses and triangles."""
    picture = Image.new("RGB", (256, 256), (120, 150, 120))
    pen = ImageDraw.Draw(picture)
    for left in (50, 150):
        pen.polygon([(left, 110), (left + 25, 25), (left + 60, 90)], fill=(90, 80, 70))
    pen.ellipse([45, 70, 215, 225], fill=(100, 90, 80))
    for x in (100, 160):
        pen.ellipse([x - 18, 115, x + 18, 145], fill=(220, 210, 60))
        pen.ellipse([x - 4, 116, x + 4, 144], fill=(0, 0, 0))
    pen.polygon([(120, 165), (140, 165), (130, 178)], fill=(200, 120, 120))
    return np.asarray(picture)


def draw_plan() -> np.ndarray:
    """A plain drawing: lines and boxes."""
    picture = Image.new("RGB", (320, 240), "white")
    pen = ImageDraw.Draw(picture)
    for step in range(20, 220, 40):
        pen.rectangle([step, step // 2, step + 60, step // 2 + 50], outline="black", width=3)
    return np.asarray(picture)


def check_sense(found: ImagePrediction) -> None:
    """Every outcome has its sentence, and nobody is called a forgery or genuine without ground."""
    assert found.reason.endswith(".")
    assert " " in found.reason
    assert (found.fake_probability is None) == (found.verdict == "no_face")
    for face in found.faces:
        if face.verdict == "uncertain":
            assert face.reasons
        if max(face.box.width, face.box.height) < 48:
            assert face.verdict == "uncertain"


@pytest.mark.parametrize(
    ("picture", "verdicts"),
    [
        (draw_face(3, 48), {"no_face", "uncertain"}),  # a face of fewer than 48 pixels
        (draw_face(3, 64), {"no_face", "uncertain"}),  # a small one
        (cv2.GaussianBlur(draw_face(3, 256), (0, 0), 12), {"no_face", "uncertain"}),  # strongly blurred
        (draw_animal(), {"no_face", "uncertain"}),
        (draw_plan(), {"no_face"}),
        (np.full((200, 200, 3), 128, np.uint8), {"no_face"}),  # nothing
        (np.random.default_rng(0).integers(0, 256, (200, 200, 3), dtype=np.uint8), {"no_face", "uncertain"}),  # noise
        (draw_face(3, 256), {"no_face", "uncertain"}),  # a cartoon
        (draw_face(3, 256)[::-1, ::-1].copy(), {"no_face", "uncertain"}),  # standing on its head
        (np.rot90(draw_face(3, 256)).copy(), {"no_face", "uncertain"}),  # lying on its side
        (np.repeat(draw_face(3, 256).mean(axis=2, keepdims=True).astype(np.uint8), 3, axis=2), None),  # grey: any
    ],
    ids=[
        "48px",
        "64px",
        "blurred",
        "animal",
        "plan",
        "blank",
        "noise",
        "cartoon",
        "upside-down",
        "on-its-side",
        "grey",
    ],
)
def test_odd_pictures_get_no_confident_verdict(
    picture: np.ndarray, verdicts: set[str] | None, detector: Detector
) -> None:
    found = detector.predict_image(picture)
    check_sense(found)
    assert verdicts is None or found.verdict in verdicts, found.reason


@pytest.fixture(scope="module")
def photographs(shared: Path) -> list[np.ndarray]:
    """Six photographs that the detector learned nothing from (validation pictures of its run)."""
    paths = sorted((shared / "data/stylegan-140k/Validation/Real").glob("*.jpg"))[:6]
    if not paths:
        pytest.skip("no photographs in ../shared/data/stylegan-140k")
    return [read_image(path) for path in paths]


def shrink(image: np.ndarray, side: int) -> np.ndarray:
    return cv2.resize(image, (side, side), interpolation=cv2.INTER_AREA)


def test_worsened_photographs_are_not_judged(photographs: list[np.ndarray], detector: Detector) -> None:
    for image in photographs:
        for worse in (shrink(image, 48), cv2.GaussianBlur(image, (0, 0), 14)):
            found = detector.predict_image(worse)
            check_sense(found)
            assert found.verdict in ("no_face", "uncertain"), found.reason


@pytest.mark.parametrize("turns", [1, 2, 3])  # on its left side, on its head, on its right side
def test_turned_photographs_are_not_judged(turns: int, photographs: list[np.ndarray], detector: Detector) -> None:
    for image in photographs:
        found = detector.predict_image(np.ascontiguousarray(np.rot90(image, turns)))
        check_sense(found)
        assert found.verdict in ("no_face", "uncertain"), found.reason


def test_a_photograph_of_64_pixels_is_judged_with_a_face_of_48_alone(
    photographs: list[np.ndarray], detector: Detector
) -> None:
    for image in photographs:
        head = image[20:236, 20:236]  # tighter, so that some faces have 48 pixels
        for picture in (image, head):
            found = detector.predict_image(shrink(picture, 64))
            check_sense(found)
            large = [face for face in found.faces if max(face.box.width, face.box.height) >= 48]
            assert large or found.verdict in ("no_face", "uncertain"), found.reason


def test_a_grey_photograph_is_judged_like_a_coloured_one(photographs: list[np.ndarray], detector: Detector) -> None:
    for image in photographs:
        grey = cv2.cvtColor(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY), cv2.COLOR_GRAY2RGB)
        said = [{*face.reasons} for picture in (image, grey) for face in detector.predict_image(picture).faces]
        assert not set.union(*said) & {"blurred", "strongly blurred", "heavily compressed"}
