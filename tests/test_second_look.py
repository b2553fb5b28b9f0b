"""A face on its head or side, or hardly one, is told by the finder, on real faces and with either finder."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from unmask.media.faces import make_face_finder
from unmask.media.images import read_image
from unmask.schema import Box, Caution, Face
from unmask.second_look import HARDLY_HUMAN, ON_ITS_SIDE, UPSIDE_DOWN, look_again, look_at_most


class TopHeavyFinder:
    """Is the surer of a picture the brighter its upper half."""

    name = "top-heavy"
    closer_side = 96

    def __init__(self, least: float, doubtful: float = 0.0) -> None:
        self.least, self.doubtful = least, doubtful

    def find_faces(self, image: np.ndarray) -> list[Face]:
        confidence = float(image[: len(image) // 2].mean() / 255)
        return [Face(Box(0, 0, 9, 9), confidence)] if confidence > self.least else []


TOP, BOTTOM, LEFT, RIGHT = np.s_[:30], np.s_[30:], np.s_[:, :30], np.s_[:, 30:]


def bright_at(part: object) -> np.ndarray:
    image = np.zeros((60, 60, 3), np.uint8)
    image[part] = 200  # type: ignore[index]
    return image


@pytest.mark.parametrize(
    ("bright", "least", "expected"),
    [
        (TOP, 0.0, None),  # surest of it upright
        (BOTTOM, 0.0, UPSIDE_DOWN),  # surest of it turned by half
        (LEFT, 0.0, ON_ITS_SIDE),  # by a quarter
        (RIGHT, 0.0, ON_ITS_SIDE),  # by a quarter the other way
        (BOTTOM, 2.0, None),  # finds it in none
        (np.s_[:], 0.0, None),  # as sure either way
    ],
)
def test_the_surest_way_round_counts(bright: object, least: float, expected: Caution | None) -> None:
    assert look_again(TopHeavyFinder(least), bright_at(bright), Box(15, 15, 45, 45)) == expected


@pytest.mark.parametrize(
    ("bright", "least", "doubtful", "expected"),
    [
        (TOP, 0.0, 0.7, None),  # surer than it has to be
        (TOP, 0.0, 0.8, HARDLY_HUMAN),  # less sure
        (TOP, 2.0, 0.8, HARDLY_HUMAN),  # sees nothing in the crop
        (TOP, 2.0, 0.0, None),  # its confidence does not tell
        (BOTTOM, 0.0, 0.7, UPSIDE_DOWN),  # sure of it the other way up
        (BOTTOM, 0.0, 0.8, UPSIDE_DOWN),  # surer of that than of anything
    ],
)
def test_what_the_finder_is_not_sure_of_is_hardly_a_human_face(
    bright: object, least: float, doubtful: float, expected: Caution | None
) -> None:
    finder = TopHeavyFinder(least, doubtful)
    assert look_again(finder, bright_at(bright), Box(15, 15, 45, 45)) == expected


@pytest.mark.parametrize(
    ("bright", "expected"),
    [
        ([], None),  # nobody
        ([TOP, TOP, BOTTOM], None),  # once in three
        ([TOP, BOTTOM], None),  # in half
        ([TOP, LEFT, RIGHT], ON_ITS_SIDE),  # in most
        ([BOTTOM, BOTTOM, RIGHT], UPSIDE_DOWN),  # turned in all, and most often by half
    ],
)
def test_most_of_the_crops_decide(bright: list[object], expected: Caution | None) -> None:
    assert look_at_most(TopHeavyFinder(0.0), [bright_at(part) for part in bright]) == expected


def photos(folder: Path) -> Sequence[Path]:
    return sorted(folder.glob("*.jpg"))[:40:4]


@pytest.mark.parametrize("with_yunet", [False, True])
def test_real_faces_are_told_apart_from_turned_ones(shared: Path, with_yunet: bool) -> None:
    model = shared / "pretrained/face_detection_yunet_2023mar.onnx"
    finder = make_face_finder(model if with_yunet else None)
    for path in photos(shared / "data/celeba-real-only"):
        image = read_image(path)
        for turns, expected in enumerate((None, ON_ITS_SIDE, UPSIDE_DOWN, ON_ITS_SIDE)):
            picture = np.ascontiguousarray(np.rot90(image, turns))
            for face in finder.find_faces(picture)[:1]:
                assert look_again(finder, picture, face.box) == expected
