"""Boxes on pictures: at screen size, inside the picture, no label on another."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from unmask.media.boxes import BoxPen, draw_boxes, fit_to_screen, overlap
from unmask.schema import Box, FacePrediction


@pytest.mark.parametrize(
    ("size", "shown"),
    [
        ((100, 100), (640, 640)),  # a small crop is enlarged, so that its label is legible
        ((800, 1000), (800, 1000)),  # already fit
        ((3000, 4000), (960, 1280)),  # a photo is scaled down
        ((4, 6000), (1, 1280)),  # a thread keeps a pixel
    ],
)
def test_pictures_are_brought_to_screen_size(size: tuple[int, int], shown: tuple[int, int]) -> None:
    image, _ = fit_to_screen(np.zeros((*size, 3), np.uint8), ())
    assert image.shape[:2] == shown


def test_boxes_are_scaled_with_the_picture() -> None:
    image, large = np.zeros((3000, 4000, 3), np.uint8), Box(400, 1000, 1600, 2000)
    image[1000:2000, 400:1600] = 255
    shown, (face,) = fit_to_screen(image, (FacePrediction(large, 0.25, "real", large),))
    box = face.box
    assert (shown[box.top + 1 : box.bottom - 1, box.left + 1 : box.right - 1] > 250).all()
    assert shown.astype(int).sum() == pytest.approx(3 * 255 * box.area, rel=0.01)
    assert face.crop_box == box


CROWD = [Box(100 * i, 100 * j, 100 * i + 100, 100 * j + 100) for i in range(6) for j in range(6)]


@pytest.mark.parametrize(
    ("boxes", "whole"),
    [
        ([Box(0, 0, 640, 640)], True),  # a tight crop: no room above or below
        ([Box(600, 2, 640, 30)], True),  # in a corner
        ([Box(20, 100, 200, 300), Box(220, 100, 400, 300)], True),  # side by side: one above, one below
        (CROWD, False),  # a class photo: numbers alone
    ],
)
def test_labels_stay_inside_and_off_each_other(boxes: list[Box], whole: bool) -> None:
    labels = [f"{number} uncertain · 55% fake" for number in range(1, len(boxes) + 1)]
    texts, places = BoxPen(Image.new("RGB", (640, 640))).place_labels(boxes, labels)
    assert texts == (labels if whole else [label.split()[0] for label in labels])
    assert all(0 <= left < right <= 640 and 0 <= top < bottom <= 640 for left, top, right, bottom in places)
    assert not any(overlap(one, other) for i, one in enumerate(places) for other in places[:i])


def test_a_box_of_one_pixel_is_drawn() -> None:
    draw_boxes(np.zeros((64, 64, 3), np.uint8), [Box(5, 5, 6, 6)], ["1"], [("#000000", "#ffffff")])
