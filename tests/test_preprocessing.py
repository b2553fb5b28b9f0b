"""Face crops become model input exactly as timm's own evaluation transform makes it."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from unmask.media.drawing import draw_face
from unmask.preprocessing import crop_box, crop_face, normalise, prepare_crop, touches_border
from unmask.schema import Box, InputSpec


@st.composite
def boxes_in_pictures(draw: st.DrawFn) -> tuple[Box, int, int]:
    """Draw a picture's width and height and a box of at least one pixel inside."""
    width, height = draw(st.integers(1, 3000)), draw(st.integers(1, 3000))
    left, top = draw(st.integers(0, width - 1)), draw(st.integers(0, height - 1))
    right, bottom = draw(st.integers(left + 1, width)), draw(st.integers(top + 1, height))
    return Box(left, top, right, bottom), width, height


MARGINS = st.floats(0, 2)


@given(boxes_in_pictures(), MARGINS)
def test_a_crop_is_square_and_never_leaves_the_picture(case: tuple[Box, int, int], margin: float) -> None:
    box, width, height = case
    crop = crop_box(box, margin, width, height)
    assert crop.width == crop.height >= 1
    assert crop.left >= 0
    assert crop.top >= 0
    assert crop.right <= width
    assert crop.bottom <= height


@given(boxes_in_pictures(), MARGINS)
def test_a_crop_holds_the_centre_of_the_face(case: tuple[Box, int, int], margin: float) -> None:
    box, width, height = case
    crop = crop_box(box, margin, width, height)
    assert crop.left - 1 <= (box.left + box.right) / 2 <= crop.right + 1
    assert crop.top - 1 <= (box.top + box.bottom) / 2 <= crop.bottom + 1


@given(boxes_in_pictures(), MARGINS)
def test_a_crop_holds_the_whole_face_where_the_picture_allows_it(case: tuple[Box, int, int], margin: float) -> None:
    box, width, height = case
    crop = crop_box(box, margin, width, height)
    if max(box.width, box.height) * (1 + 2 * margin) <= min(width, height):
        # Half a pixel of rounding, no more.
        assert crop.left <= box.left + 1
        assert crop.top <= box.top + 1
        assert crop.right >= box.right - 1
        assert crop.bottom >= box.bottom - 1


@pytest.mark.parametrize(
    ("box", "margin", "expected"),
    [
        (Box(40, 40, 60, 60), 0.0, Box(40, 40, 60, 60)),  # a square without margin is itself
        (Box(40, 40, 60, 60), 0.5, Box(30, 30, 70, 70)),  # half a side on each side
        (Box(45, 40, 55, 60), 0.0, Box(40, 40, 60, 60)),  # the longer side counts
        (Box(0, 0, 20, 20), 0.5, Box(0, 0, 40, 40)),  # in the corner: shifted, not cut
        (Box(80, 80, 100, 100), 0.5, Box(60, 60, 100, 100)),  # in the other corner
        (Box(10, 10, 90, 90), 1.0, Box(0, 0, 100, 100)),  # larger than the picture: all of it
    ],
)
def test_crops_of_a_picture_of_100_by_100(box: Box, margin: float, expected: Box) -> None:
    assert crop_box(box, margin, 100, 100) == expected


def test_a_crop_is_cut_from_the_picture_pixel_by_pixel() -> None:
    image = np.arange(20 * 30 * 3, dtype=np.uint8).reshape(20, 30, 3)
    crop = crop_face(image, Box(5, 5, 9, 9), 0.0)
    assert np.array_equal(crop, image[5:9, 5:9])
    assert crop.flags.c_contiguous


def test_a_crop_of_the_right_side_is_not_resampled() -> None:
    spec = InputSpec(64, "bicubic", (0.0, 0.0, 0.0), (1.0, 1.0, 1.0))
    crop = draw_face(1, 64)
    assert np.array_equal(prepare_crop(crop, spec), (crop.astype(np.float32) / 255).transpose(2, 0, 1))


def test_normalising_takes_the_mean_and_divides_by_the_deviation() -> None:
    spec = InputSpec(16, "bilinear", (0.5, 0.25, 0.0), (0.5, 0.25, 2.0))
    white = normalise(np.full((16, 16, 3), 255, np.uint8), spec)
    assert white.dtype == np.float32
    assert white.shape == (3, 16, 16)
    assert white[:, 0, 0].tolist() == [1.0, 3.0, 0.5]


@pytest.mark.parametrize("interpolation", ["bilinear", "bicubic"])
@pytest.mark.parametrize("side", [33, 128, 224, 640])
def test_model_input_is_that_of_timms_evaluation_transform(interpolation: str, side: int) -> None:
    timm_data = pytest.importorskip("timm.data")
    spec = InputSpec(128, interpolation, (0.485, 0.456, 0.406), (0.229, 0.224, 0.225))  # type: ignore[arg-type]
    config = {"input_size": (3, 128, 128), "interpolation": interpolation, "crop_pct": 1.0, "crop_mode": "center"}
    config |= {"mean": spec.mean, "std": spec.std}
    transform = timm_data.create_transform(**timm_data.resolve_data_config(pretrained_cfg=config))
    crop = draw_face(side, side)
    expected = transform(Image.fromarray(crop)).numpy()
    np.testing.assert_allclose(prepare_crop(crop, spec), expected, rtol=0, atol=1e-6)


@pytest.mark.parametrize(
    ("mean", "std"),
    [
        ((0.5, 0.5, 0.5), (0.5, 0.5, 0.5)),  # to [-1, 1]
        ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225)),  # ImageNet's
        ((0.0, 0.0, 0.0), (1.0, 1.0, 1.0)),  # to [0, 1]
    ],
)
def test_looked_up_values_are_the_computed_ones(mean: tuple[float, ...], std: tuple[float, ...]) -> None:
    levels = np.random.default_rng(0).permutation(np.repeat(np.arange(256, dtype=np.uint8), 3)).reshape(16, 16, 3)
    scaled = levels.astype(np.float32) / np.float32(255)
    computed = ((scaled - np.asarray(mean, np.float32)) / np.asarray(std, np.float32)).transpose(2, 0, 1)
    assert np.array_equal(normalise(levels, InputSpec(16, "bicubic", mean, std)), computed)


@pytest.mark.parametrize(
    ("box", "touches"),
    [
        (Box(1, 1, 99, 49), False),  # a pixel of room all round
        (Box(0, 1, 99, 49), True),  # at the left
        (Box(1, 0, 99, 49), True),  # at the top
        (Box(1, 1, 100, 49), True),  # at the right
        (Box(1, 1, 99, 50), True),  # at the bottom
        (Box(-5, 1, 99, 49), True),  # beyond it
    ],
)
def test_a_box_at_the_edge_of_a_picture_touches_it(box: Box, touches: bool) -> None:
    assert touches_border(box, 100, 50) == touches
