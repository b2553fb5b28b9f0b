"""A face on its head is told by the finder, on real faces and with either finder."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from unmask.media.faces import make_face_finder
from unmask.media.images import read_image
from unmask.orientation import is_upside_down
from unmask.schema import Box, Face

PICTURE = np.arange(60 * 60 * 3, dtype=np.uint8).reshape(60, 60, 3)


class TopHeavyFinder:
    """Is the surer of a picture the brighter its upper half."""

    name = "top-heavy"

    def __init__(self, least: float) -> None:
        self.least = least

    def find_faces(self, image: np.ndarray) -> list[Face]:
        confidence = float(image[: len(image) // 2].mean() / 255)
        return [Face(Box(0, 0, 9, 9), confidence)] if confidence > self.least else []


@pytest.mark.parametrize(
    ("bright", "least", "expected"),
    [
        (slice(0, 30), 0.0, False),  # surer of it upright
        (slice(30, 60), 0.0, True),  # surer of it turned
        (slice(30, 60), 2.0, False),  # finds it in neither
        (slice(0, 60), 0.0, False),  # as sure either way
    ],
)
def test_the_surer_way_round_counts(bright: slice, least: float, expected: bool) -> None:
    image = np.zeros((60, 60, 3), np.uint8)
    image[bright] = 200
    assert is_upside_down(TopHeavyFinder(least), image, Box(15, 15, 45, 45)) is expected


def photos(folder: Path) -> Sequence[Path]:
    return sorted(folder.glob("*.jpg"))[:40:4]


@pytest.mark.parametrize("with_yunet", [False, True])
def test_real_faces_are_told_apart_from_turned_ones(shared: Path, with_yunet: bool) -> None:
    model = shared / "pretrained/face_detection_yunet_2023mar.onnx"
    finder = make_face_finder(model if with_yunet else None)
    for path in photos(shared / "data/celeba-real-only"):
        image = read_image(path)
        for picture, turned in ((image, False), (np.ascontiguousarray(image[::-1, ::-1]), True)):
            for face in finder.find_faces(picture)[:1]:
                assert is_upside_down(finder, picture, face.box) is turned
