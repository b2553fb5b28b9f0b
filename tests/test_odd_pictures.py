"""What the shipped detector says of faces that it cannot judge: never a verdict without ground, and always a reason."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest

from unmask.augmentations.drawn import STYLES, make_drawn
from unmask.detector import Detector
from unmask.hub.loading import SHIPPED
from unmask.media.drawing import draw_face
from unmask.media.faces import make_face_finder
from unmask.media.images import read_image
from unmask.verdicts import BETWEEN

PHOTOS, PORTRAITS = 6, 20
Change = Callable[[np.ndarray], np.ndarray]


@pytest.fixture(scope="module", params=["haar", "yunet"])
def judge(request: pytest.FixtureRequest) -> Detector:
    """The shipped detector with either face finder."""
    if request.param == "haar":
        return Detector(SHIPPED)
    shared: Path = request.getfixturevalue("shared")
    return Detector(SHIPPED, make_face_finder(shared / "pretrained/face_detection_yunet_2023mar.onnx"))


def read_portraits(shared: Path, count: int) -> list[np.ndarray]:
    """Return portraits that no detector has learnt."""
    files = sorted((shared / "data/stylegan-140k/Test/Real").iterdir())
    return [read_image(path) for path in files[:: len(files) // count][:count]]


@pytest.fixture(scope="module")
def photos(shared: Path) -> list[np.ndarray]:
    """A few of them."""
    return read_portraits(shared, PHOTOS)


@pytest.fixture(scope="module")
def portraits(shared: Path) -> list[np.ndarray]:
    """More of them."""
    return read_portraits(shared, PORTRAITS)


def drawn(style: str, image: np.ndarray) -> np.ndarray:
    return make_drawn(image, style, np.random.default_rng(int(image.sum())))


def smaller(image: np.ndarray) -> np.ndarray:
    return cv2.resize(image, (48, 48), interpolation=cv2.INTER_AREA)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (smaller, "smaller than 56 px"),  # a portrait of 48 pixels, the face of fewer
        (lambda image: cv2.GaussianBlur(image, (0, 0), 7), "strongly blurred"),
        # turned faces are looked for where a verdict would be given: one that is novel as well is told to be that
        (lambda image: np.rot90(image, 2), "upside down|very unlike"),
        (lambda image: np.rot90(image, 1), "lying on its side|very unlike"),
        (lambda image: np.rot90(image, 3), "lying on its side|very unlike"),
    ],
    ids=["small", "blurred", "upside down", "on its left", "on its right"],
)
def test_a_portrait_that_cannot_be_judged_gets_no_verdict(
    change: Change, said: str, judge: Detector, photos: list[np.ndarray]
) -> None:
    for photo in photos:
        found = judge.predict_image(np.ascontiguousarray(change(photo)))
        assert found.verdict in ("uncertain", "no_face"), found.reason
        for face in found.faces:
            assert BETWEEN in face.reasons or re.search(said, " ".join(face.reasons))


def test_a_photo_of_64_pixels_gets_a_verdict_only_with_a_face_of_56(judge: Detector, photos: list[np.ndarray]) -> None:
    for photo in photos:
        found = judge.predict_image(cv2.resize(photo, (64, 64), interpolation=cv2.INTER_AREA))
        for face in found.faces:
            if max(face.box.width, face.box.height) < 56:
                assert face.verdict == "uncertain"
                assert "face smaller than 56 px" in face.reasons
        assert found.faces or found.verdict == "no_face"


@pytest.mark.parametrize(
    "change",
    [
        *(functools.partial(drawn, style) for style in STYLES),
        # kinds that calibration has not seen
        lambda image: cv2.cvtColor(cv2.pencilSketch(image, sigma_s=60, sigma_r=0.07)[0], cv2.COLOR_GRAY2RGB),
        lambda image: cv2.pencilSketch(image, sigma_s=60, sigma_r=0.07, shade_factor=0.05)[1],
        lambda image: cv2.stylization(image, sigma_s=60, sigma_r=0.45),
        lambda image: cv2.stylization(image, sigma_s=100, sigma_r=0.25),
    ],
    ids=[*STYLES, "OpenCV's pencil", "coloured pencil", "stylization", "finer stylization"],
)
def test_a_portrait_made_to_look_drawn_gets_no_verdict(
    change: Change, judge: Detector, portraits: list[np.ndarray]
) -> None:
    found = [face for portrait in portraits for face in judge.predict_image(change(portrait)).faces]
    for face in found:
        assert face.verdict == "uncertain"
        assert "very unlike" in " ".join(face.reasons)
    seen_by_haar_alone = getattr(change, "args", ()) == ("halftone",)  # YuNet sees no face in printed dots
    assert len(found) >= (0 if seen_by_haar_alone and judge.face_finder.name == "yunet" else PORTRAITS // 5)


def test_an_animals_face_gets_no_verdict(judge: Detector) -> None:
    """Photographs of cheetahs and a lion, which Gradio's package carries; YuNet finds faces in one of them."""
    package = Path(pytest.importorskip("gradio").__file__).parent
    files = [package / f"media_assets/images/{name}.jpg" for name in ("cheetah", "cheetah1", "lion")]
    files = [path for path in [*files, package / "test_data/cheetah2.jpg"] if path.is_file()]
    if not files:
        pytest.skip("this Gradio carries no such pictures")
    faces = [face for path in files for face in judge.predict_image(path).faces]
    for face in faces:
        assert face.verdict == "uncertain"
        assert "hardly recognisable as a human face" in face.reasons
    assert len(faces) == (2 if judge.face_finder.name == "yunet" and files[-1].name == "cheetah2.jpg" else 0)


def test_drawn_faces_are_known_as_such(judge: Detector) -> None:
    for seed in range(5):
        found = judge.predict_image(draw_face(seed))
        assert found.verdict == "uncertain"
        assert "very unlike" in found.reason


def test_grey_portraits_are_judged_as_any(judge: Detector, photos: list[np.ndarray]) -> None:
    for photo in photos:
        grey = cv2.cvtColor(cv2.cvtColor(photo, cv2.COLOR_RGB2GRAY), cv2.COLOR_GRAY2RGB)
        found = judge.predict_image(grey)
        assert not any("unlike" in reason for face in found.faces for reason in face.reasons)
