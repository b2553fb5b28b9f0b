"""The tab Live without a browser: frames as the webcam sends them."""

from __future__ import annotations

import base64
import dataclasses
import io
import math
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from unmask.detector import Detector
from unmask.errors import MediaError, UnreadableImage
from unmask.hub.loading import SHIPPED
from unmask.media.drawing import draw_face
from unmask.media.faces import make_face_finder
from unmask.media.images import read_image
from unmask.schema import Caution
from unmask.web.live_tab import judge_frame, read_frame
from unmask.web.smoothing import Smoothed


@pytest.fixture(scope="module")
def detector(tiny_detector: Path) -> Detector:
    return Detector(tiny_detector)


def frame_of(pixels: np.ndarray) -> dict[str, str]:
    """Return pixels as the browser sends a frame."""
    content = io.BytesIO()
    Image.fromarray(pixels).save(content, "JPEG", quality=95)
    return {"url": "data:image/jpeg;base64," + base64.b64encode(content.getvalue()).decode()}


@pytest.fixture
def face(drawn_face: np.ndarray) -> dict[str, str]:
    frame = np.full((480, 640, 3), 200, np.uint8)
    frame[100:356, 200:456] = drawn_face
    return frame_of(frame)


EMPTY = frame_of(np.full((480, 640, 3), 200, np.uint8))


def test_a_face_is_judged_and_boxed(detector: Detector, face: dict[str, str]) -> None:
    panel, seen, average = judge_frame(detector, face, None, 0.0)
    (found,) = detector.predict_faces(read_frame(face).pixels)
    assert average.fake_probability == pytest.approx(found.fake_probability)
    assert "This frame: 1 face, fake probability" in panel
    assert seen.startswith("<img src='data:image/jpeg;base64,")


def test_the_verdict_is_that_of_the_average_and_not_of_the_frame(detector: Detector, face: dict[str, str]) -> None:
    for probability, words in ((0.99, "Looks fake"), (0.01, "Looks real")):
        before = Smoothed(math.log(probability / (1 - probability)), 10.0)
        assert words in judge_frame(detector, face, before, 10.01)[0]


def test_without_a_face_the_last_verdict_stays_for_a_while(detector: Detector) -> None:
    before = Smoothed(5.0, 10.0)
    assert "Looks fake" in judge_frame(detector, EMPTY, before, 11.0)[0]
    panel, _, average = judge_frame(detector, EMPTY, before, 20.0)
    assert "No face found" in panel
    assert average is None


def test_a_drawn_face_gets_no_verdict_whatever_its_probability(face: dict[str, str]) -> None:
    panel, _, average = judge_frame(Detector(SHIPPED), face, None, 0.0)
    assert "Cannot say" in panel
    assert "very unlike the faces that the detector knows" in panel
    assert any(caution.leaves_no_ground for caution in average.cautions)


@pytest.fixture
def sure(detector: Detector, monkeypatch: pytest.MonkeyPatch) -> Detector:
    """The detector with thresholds that call every face fake, so that only its cautions keep a verdict back."""
    always = dataclasses.replace(detector.settings, real_threshold=0.0, fake_threshold=0.0)
    monkeypatch.setattr(detector, "settings", always)
    return detector


def portrait_frame(portrait: np.ndarray, high: int, wide: int) -> dict[str, str]:
    frame = np.full((high, wide, 3), 120, np.uint8)
    frame[20 : 20 + len(portrait), 20 : 20 + portrait.shape[1]] = portrait
    return frame_of(frame)


@pytest.mark.parametrize(("side", "headline"), [(48, "Cannot say"), (128, "Looks fake")])  # too small, large enough
def test_a_small_face_gets_no_verdict_and_the_panel_says_why(sure: Detector, side: int, headline: str) -> None:
    panel = judge_frame(sure, portrait_frame(draw_face(3, side), 240, 320), None, 0.0)[0]
    assert headline in panel
    assert ("but that is no ground for a verdict here: face smaller than 48 px" in panel) is (side == 48)


@pytest.mark.parametrize(("turns", "said"), [(0, None), (1, "lying on its side"), (2, "upside down")])
def test_a_turned_portrait_gets_no_verdict(shared: Path, tiny_detector: Path, turns: int, said: str | None) -> None:
    small = Image.fromarray(read_image(sorted((shared / "data/celeba-real-only").glob("*.jpg"))[1]))
    photo = np.asarray(small.resize((small.width * 2, small.height * 2)))
    detector = Detector(tiny_detector, make_face_finder(shared / "pretrained/face_detection_yunet_2023mar.onnx"))
    detector.settings = dataclasses.replace(detector.settings, real_threshold=0.0, fake_threshold=0.0)
    panel = judge_frame(detector, portrait_frame(np.rot90(photo, turns), 480, 640), None, 0.0)[0]
    assert ("Looks fake" if said is None else "Cannot say") in panel
    assert said is None or said in panel


def test_a_frame_that_merely_weakens_a_verdict_is_told(sure: Detector, face: dict[str, str]) -> None:
    before = Smoothed(5.0, 10.0, tuple((10.0, (Caution("blurred", False),)) for _ in range(5)))
    panel = judge_frame(sure, face, before, 10.01)[0]
    assert "Looks fake" in panel
    assert "With caution: blurred." in panel


def test_a_face_without_ground_is_remembered_while_none_is_seen(sure: Detector) -> None:
    before = Smoothed(5.0, 10.0, ((10.0, (Caution("strongly blurred", True),)),))
    panel = judge_frame(sure, EMPTY, before, 11.0)[0]
    assert "Cannot say" in panel
    assert "strongly blurred" in panel


@pytest.mark.parametrize(
    ("frame", "told"),
    [
        (None, "No file arrived"),
        ({"url": "data:image/jpeg;base64,%%%"}, "damaged"),
        ({"url": "data:image/jpeg;base64,é"}, "damaged"),
        ({"url": "data:image/jpeg;base64," + "A" * 9_000_000}, "too large"),
        ({"path": "/etc/hostname"}, "was not uploaded"),
    ],
)
def test_what_is_no_frame_is_told(frame: object, told: str) -> None:
    with pytest.raises(MediaError, match=told):
        read_frame(frame)


def test_words_in_place_of_a_frame_are_refused_by_the_reader() -> None:
    with pytest.raises(UnreadableImage, match="not a JPEG"):
        read_frame({"url": "data:image/jpeg;base64," + base64.b64encode(b"some words").decode()})
