"""The tab Live without a browser: frames as the webcam sends them."""

from __future__ import annotations

import base64
import io
import math
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from unmask.detector import Detector
from unmask.errors import MediaError, UnreadableImage
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
    (found,) = detector.predict_faces(read_frame(face))
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
